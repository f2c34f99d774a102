/** Each check fires where it must, names the trials, and keeps quiet just below its limit. */
import { describe, expect, test } from 'vitest';
import { type LoadResult, type Pauses, type SlicesFile, statistics, type Trial } from '../formats/index.ts';
import { mergeHistograms } from '../run/histogram.ts';
import {
  checkAll,
  checkDrift,
  checkGaps,
  checkKeptUp,
  checkLowerBounds,
  checkSaturation,
  checkScheduleLag,
  checkSilence,
  checkStamps,
  checkStandstill,
  checkTakenTime,
} from './checks.ts';
import type { Doubt } from './doubt.ts';
import type { TrialOutcome } from './trial-outcome.ts';

interface Given {
  result?: Partial<LoadResult>;
  operation?: Partial<LoadResult['operations'][number]>;
  interference?: Trial['measurements'][number]['interference'];
  pauses?: Pauses;
  requests?: number;
  stages?: { joined: number; inconsistent: number };
  slices?: SlicesFile;
}

function outcome(
  trial: number,
  { result, operation, interference, pauses, stages, slices, requests = 1000 }: Given,
): TrialOutcome {
  const latency_ns = mergeHistograms([]);
  latency_ns.recordValueWithCount(10_000, requests);
  const operations = [{ operation: 'get', slice_p50_ns: [], service_time_ns: null, ...operation }];
  return {
    trial,
    record: null,
    measurement: {
      folder: 'x',
      measurement: { elapsed_s: 2, interference: interference ?? null },
      recording: {
        result: {
          idle_polls: 0.9,
          schedule_lag_us: null,
          own_lag_us: null,
          rates: null,
          operations,
          ...result,
        },
        latency_ns,
        slices: slices ?? null,
      },
      pauses: pauses ?? null,
      stamped: stages ? { stages } : null,
    },
  } as unknown as TrialOutcome;
}

/** Which statistics a check doubts, and in which words, in its order. */
function of(doubts: Doubt[], state: Doubt['state']): { about: string; reason: string }[] {
  return doubts
    .filter((doubt) => doubt.state === state)
    .map(({ about, reason }) => ({ about: about.join(' '), reason }));
}

const ALL = 'p50 p99 p999 throughput stages';
const TAIL_AND_THROUGHPUT = 'p99 p999 throughput';

/** A window of one second with gaps of these lengths in ms, from its start on, and one gap after it. */
function pauses(gaps_ms: number[]): Pauses {
  let start_ns = 1e9;
  const gaps = gaps_ms.map((ms) => {
    const gap = { start_ns, duration_ns: ms * 1e6, involuntary_switches: 0 };
    start_ns += gap.duration_ns;
    return gap;
  });
  return {
    schema: 'bypassbench.pauses/1',
    gc: [],
    gaps: [...gaps, { start_ns: 3e9, duration_ns: 1e9, involuntary_switches: 0 }],
    gaps_lost: 0,
    involuntary_switches: 0,
    window: { start_ns: 1e9, end_ns: 2e9 },
  };
}

describe('silence', () => {
  const nothing = { requests: 0, values_ns: [], counts: [] };
  /** What came in each slice of 75 ms; nothing is known of a slice where that is null. */
  const silence = (...received: (number | null)[]) => {
    const slices = received.map((came, index) => ({
      start_ns: index * 75e6,
      end_ns: (index + 1) * 75e6,
      operations: came === 0 ? [] : [{ operation: 'get', received: came, early: nothing, late: nothing }],
    }));
    return checkSilence([outcome(1, { slices: { slices } as unknown as SlicesFile })]);
  };
  const many = Array<number>(19).fill(1000);

  test('of a server that stands still for some of the window', () => {
    const reason = expect.stringMatching(/^Trial 1: no reply came for up to 5 % of the measured window/);
    expect(of(silence(...many, 0), 'suspect')).toEqual([{ about: TAIL_AND_THROUGHPUT, reason }]);
    expect(silence(...many)).toEqual([]);
  });

  test('of a server that stops', () => {
    const [doubt] = silence(...many, ...Array<number>(19).fill(0));
    expect(doubt).toMatchObject({ state: 'invalid', about: statistics });
  });

  test('is not found where little was to be expected, or nobody counted', () => {
    expect(silence(3, 0, 9, 0, 2)).toEqual([]);
    expect(silence(null, 1000, 0)).toEqual([]);
  });
});

describe('saturation', () => {
  const busy = (...shares: (number | null)[]) =>
    checkSaturation(shares.map((busy_share, index) => outcome(index + 1, { result: { busy_share } })));

  test('of a generator that hardly ever waits', () => {
    expect(of(busy(0.1, 0.85, 0.9), 'suspect')).toEqual([
      {
        about: ALL,
        reason: expect.stringMatching(
          /^Trials 2 and 3: the load generator's core is saturated, 90 % of its time went to requests and replies/,
        ),
      },
    ]);
    expect(busy(0.97)).toEqual([
      expect.objectContaining({
        state: 'invalid',
        about: statistics,
        reason: expect.stringContaining('Trial 1'),
      }),
    ]);
  });

  test('is not found of one that waits, or does not say', () => {
    expect(busy(0.75, null)).toEqual([]);
  });
});

describe('drift', () => {
  const slices = (slice_p50_ns: (number | null)[]) =>
    checkDrift([outcome(1, { operation: { slice_p50_ns } })]);

  test('is found where the second half differs by more than a quarter, whichever way; of the stages nothing is known', () => {
    const reason =
      'Trial 1: the p50 of the second half differs from that of the first by up to 30 %: something drifts.';
    expect(of(slices([10, 10, 10, 13, 13, 13]), 'suspect')).toEqual([
      { about: 'p50 p99 p999 throughput', reason },
    ]);
    expect(of(slices([13, 13, 13, 10, 10, 10]), 'suspect')).toHaveLength(1);
  });

  test('is not found of less, of a single slow slice, or of too few slices', () => {
    expect(slices([10, 10, 10, 12, 12, 12])).toEqual([]);
    expect(slices([10, 10, 10, 10, 99, 10])).toEqual([]);
    expect(slices([10, 99, null])).toEqual([]);
  });
});

describe('taken time', () => {
  const taken = (steal_s: Record<string, number>, throttled_s: number | null = null) =>
    checkTakenTime([
      outcome(1, { interference: { steal_s, throttled_s, server_involuntary_switches: null } }),
    ]);

  test('steal, of the core that lost most', () => {
    expect(of(taken({ 0: 0, 1: 0.04 }), 'suspect')).toEqual([
      {
        about: TAIL_AND_THROUGHPUT,
        reason: "Trial 1: the hypervisor gave up to 2 % of a core's time to others (steal).",
      },
    ]);
    expect(of(taken({ 0: 0.3, 1: 0 }), 'invalid')).toMatchObject([{ about: ALL }]);
    expect(taken({ 0: 0.01, 1: 0.02 })).toEqual([]);
  });

  test('throttling by a limit of the control group', () => {
    expect(of(taken({}, 0.1), 'suspect')).toEqual([
      { about: TAIL_AND_THROUGHPUT, reason: expect.stringContaining('throttled these processes') },
    ]);
    expect(of(taken({}, 1), 'invalid')).toMatchObject([{ about: ALL }]);
    expect(taken({}, 0)).toEqual([]);
  });
});

describe('pauses of the load generator', () => {
  const standstill = (gaps_ms: number[]) => checkStandstill([outcome(1, { pauses: pauses(gaps_ms) })]);

  test('that together took much of the window', () => {
    expect(of(standstill([30, 30]), 'suspect')).toEqual([
      {
        about: TAIL_AND_THROUGHPUT,
        reason: expect.stringMatching(
          /^Trial 1: the load generator stood still for up to 6 % of the measured window/,
        ),
      },
    ]);
    expect(of(standstill([250]), 'invalid')).toMatchObject([{ about: ALL }]);
    expect(standstill([49])).toEqual([]);
  });

  test('that are half as many as the requests beyond a quantile, of that quantile', () => {
    const gaps = (count: number, requests: number) =>
      checkGaps([outcome(1, { pauses: pauses(Array(count).fill(0.1)), requests })]);
    const p999 = (often: string) => ({
      about: 'p999',
      reason: `Trial 1: the p99.9 may be the load generator's own: it stood still up to ${often}, for 50 us and more.`,
    });
    expect(of(gaps(10, 10_000), 'suspect')).toEqual([p999('once in 1,000 requests')]);
    expect(of(gaps(10, 1900), 'suspect')).toEqual([
      { about: 'p99', reason: expect.stringContaining('the p99 may be') },
      p999('once in 190 requests'),
    ]);
    expect(of(gaps(10, 30), 'suspect').map(({ about }) => about)).toEqual(['p50', 'p99', 'p999']);
    expect(of(gaps(30, 20), 'suspect')).toContainEqual(p999('1.50 times a request'));
    expect(gaps(10, 100_000)).toEqual([]);
  });

  test('are not asked for where nobody looked', () => {
    expect(checkStandstill([outcome(1, {})])).toEqual([]);
    expect(checkGaps([outcome(1, {})])).toEqual([]);
  });
});

describe('the schedule of an open loop', () => {
  const quantiles = { min: 0, p50: 10_000, p90: 0, p99: 0, p999: 0, max: 0, mean: 0 };
  /** Of a service time of 10 us; lags and the median response time in us. */
  const lags = (own: { p90?: number; p99: number } | null, response_us = 10, schedule_p99 = own?.p99 ?? 0) =>
    checkScheduleLag([
      outcome(1, {
        result: {
          schedule_lag_us: { p50: 0, p99: schedule_p99, max: schedule_p99 },
          own_lag_us: own && { p50: 0, p90: 0, p999: own.p99, max: own.p99, ...own },
        },
        operation: {
          service_time_ns: quantiles,
          latency_ns: { ...quantiles, p50: response_us * 1000 },
        },
      }),
    ]);

  test('that was not kept by some requests, which are the tail', () => {
    expect(of(lags({ p99: 2 }), 'suspect')).toEqual([
      { about: 'p99 p999', reason: expect.stringContaining('behind its schedule, at the p99 by up to 20 %') },
    ]);
    expect(of(lags({ p99: 11 }), 'invalid')).toMatchObject([{ about: 'p99 p999' }]);
    expect(lags({ p99: 0.9 })).toEqual([]);
  });

  test('that was not kept by so many that the median is later for it', () => {
    expect(of(lags({ p90: 2, p99: 2 }, 11.5), 'suspect')).toEqual([
      {
        about: 'p50',
        reason:
          'Trial 1: the load generator sent behind its schedule, so that the median response time is up to 15 % above ' +
          'the median service time.',
      },
      { about: 'p99 p999', reason: expect.any(String) },
    ]);
    expect(of(lags({ p90: 11, p99: 11 }, 21), 'invalid')).toMatchObject([
      { about: 'p50' },
      { about: 'p99 p999' },
    ]);
  });

  test('is kept where requests waited for room in the windows, however long', () => {
    expect(lags({ p99: 0.5 }, 1_000_000, 2_000_000)).toEqual([]);
  });

  test('was not kept, as far as anybody knows, in results that do not tell the two apart', () => {
    expect(of(lags(null, 21, 11), 'invalid')).toMatchObject([{ about: 'p50' }, { about: 'p99 p999' }]);
  });

  test('is none in a closed loop', () => {
    expect(checkScheduleLag([outcome(1, {})])).toEqual([]);
  });
});

describe('a server that is offered more than it can take', () => {
  const quantiles = { min: 0, p50: 10_000, p90: 0, p99: 0, p999: 0, max: 0, mean: 0 };
  const rates = {
    ...{ window_s: 1, offered_ops: 1000, achieved_ops: 700, completed_ops: 650 },
    ...{ misses_ops: 100, errors_ops: 0, wrong_ops: 0, stale_ops: 0, torn_ops: 0 },
  };
  const own = (p99: number) => ({ p50: 0, p90: 0, p99, p999: p99, max: p99 });
  const trial = (result: Partial<LoadResult> = {}) =>
    outcome(1, {
      result: {
        rates,
        unanswered: 0,
        schedule_lag_us: { p50: 1e5, p99: 3e5, max: 3e5 },
        own_lag_us: own(0.5),
        ...result,
      },
      operation: {
        service_time_ns: quantiles,
        latency_ns: { ...quantiles, p50: 1e8 },
        slice_p50_ns: [1e6, 2e6, 3e6, 4e6, 5e6, 6e6],
      },
    });

  test('is what is said, once: of the latencies, which are those of the window', () => {
    expect(checkAll([trial()])).toEqual([
      {
        state: 'suspect',
        about: ['p50', 'p99', 'p999'],
        reason:
          'Trial 1: the server did not keep up with the offered rate, of which it answered up to 20 % too little: ' +
          'latencies grow as long as the window lasts.',
      },
    ]);
  });

  test('is none that answers, whatever it answers', () => {
    expect(checkKeptUp([trial({ rates: { ...rates, errors_ops: 151 } })])).toEqual([]);
    expect(checkKeptUp([trial({ rates: { ...rates, offered_ops: null } }), outcome(2, {})])).toEqual([]);
  });

  test('is not known where the generator could not offer it', () => {
    const late = [trial({ own_lag_us: own(11) })];
    expect(checkKeptUp(late)).toEqual([]);
    expect(of(checkScheduleLag(late), 'invalid')).toMatchObject([{ about: 'p99 p999' }]);
    expect(checkKeptUp([trial({ busy_share: 0.96 })])).toEqual([]);
  });

  test('is said of the requests that it never answered instead, where there are some', () => {
    expect(checkKeptUp([trial({ unanswered: 1 })])).toEqual([]);
  });
});

describe('stamps', () => {
  const stamped = (inconsistent: number) =>
    checkStamps([outcome(3, { stages: { joined: 950, inconsistent } })]);

  test('out of order, of more requests than may be left out', () => {
    expect(stamped(51)).toEqual([
      {
        state: 'suspect',
        about: ['stages'],
        reason:
          'Trial 3: up to 5.1 % of the stamped requests have stamps out of order and are left out of the stages.',
      },
    ]);
  });

  test('of nearly all in order, or of nobody', () => {
    expect(stamped(50)).toEqual([]);
    expect(checkStamps([outcome(1, {})])).toEqual([]);
  });
});

describe('lower bounds', () => {
  const floor = [{ name: 'its floor frames', p50_us: 10 }];

  test('that a point is too near to, or below', () => {
    expect(of(checkLowerBounds(10.5, floor), 'suspect')).toEqual([
      { about: 'p50', reason: expect.stringContaining('its floor frames (10.0 us)') },
    ]);
    expect(of(checkLowerBounds(8, floor), 'invalid')).toEqual([
      { about: 'p50 throughput', reason: expect.stringMatching(/^Impossible: the p50/) },
    ]);
    expect(checkLowerBounds(12, floor)).toEqual([]);
    expect(checkLowerBounds(null, floor)).toEqual([]);
  });
});
