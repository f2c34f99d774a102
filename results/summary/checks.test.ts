/** Each check fires where it must, names the trials, and keeps quiet just below its limit. */
import { describe, expect, test } from 'vitest';
import type { LoadResult, Pauses, Trial } from '../formats/index.ts';
import { mergeHistograms } from '../run/histogram.ts';
import {
  checkDrift,
  checkGaps,
  checkLowerBounds,
  checkSaturation,
  checkScheduleLag,
  checkStamps,
  checkStandstill,
  checkTakenTime,
} from './checks.ts';
import type { TrialOutcome } from './trial-outcome.ts';

interface Given {
  result?: Partial<LoadResult>;
  operation?: Partial<LoadResult['operations'][number]>;
  interference?: Trial['measurements'][number]['interference'];
  pauses?: Pauses;
  requests?: number;
  stages?: { joined: number; inconsistent: number };
}

function outcome(
  trial: number,
  { result, operation, interference, pauses, stages, requests = 1000 }: Given,
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
      recording: { result: { idle_polls: 0.9, schedule_lag_us: null, operations, ...result }, latency_ns },
      pauses: pauses ?? null,
      stamped: stages ? { stages } : null,
    },
  } as unknown as TrialOutcome;
}

const nothing = { invalid: [], suspect: [] };

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

describe('saturation', () => {
  const busy = (...shares: (number | null)[]) =>
    checkSaturation(shares.map((busy_share, index) => outcome(index + 1, { result: { busy_share } })));

  test('of a generator that hardly ever waits', () => {
    expect(busy(0.1, 0.85, 0.9).suspect).toEqual([
      expect.stringMatching(
        /^Trials 2 and 3: the load generator's core is saturated, 90 % of its time went to requests and replies/,
      ),
    ]);
    expect(busy(0.97)).toMatchObject({ suspect: [], invalid: [expect.stringContaining('Trial 1')] });
  });

  test('is not told of one that waits, or does not say', () => {
    expect(busy(0.75, null)).toEqual(nothing);
  });
});

describe('drift', () => {
  const slices = (slice_p50_ns: (number | null)[]) =>
    checkDrift([outcome(1, { operation: { slice_p50_ns } })]);

  test('is told where the second half differs by more than a quarter, whichever way', () => {
    expect(slices([10, 10, 10, 13, 13, 13]).suspect).toEqual([
      'Trial 1: the p50 of the second half differs from that of the first by up to 30 %: something drifts.',
    ]);
    expect(slices([13, 13, 13, 10, 10, 10]).suspect).toHaveLength(1);
  });

  test('is not told of less, of a single slow slice, or of too few slices', () => {
    expect(slices([10, 10, 10, 12, 12, 12])).toEqual(nothing);
    expect(slices([10, 10, 10, 10, 99, 10])).toEqual(nothing);
    expect(slices([10, 99, null])).toEqual(nothing);
  });
});

describe('taken time', () => {
  const taken = (steal_s: Record<string, number>, throttled_s: number | null = null) =>
    checkTakenTime([
      outcome(1, { interference: { steal_s, throttled_s, server_involuntary_switches: null } }),
    ]);

  test('steal, of the core that lost most', () => {
    expect(taken({ 0: 0, 1: 0.04 }).suspect).toEqual([
      "Trial 1: the hypervisor gave up to 2 % of a core's time to others (steal).",
    ]);
    expect(taken({ 0: 0.3, 1: 0 }).invalid).toHaveLength(1);
    expect(taken({ 0: 0.01, 1: 0.02 })).toEqual(nothing);
  });

  test('throttling by a limit of the control group', () => {
    expect(taken({}, 0.1).suspect).toEqual([expect.stringContaining('throttled these processes')]);
    expect(taken({}, 1).invalid).toHaveLength(1);
    expect(taken({}, 0)).toEqual(nothing);
  });
});

describe('pauses of the load generator', () => {
  const standstill = (gaps_ms: number[]) => checkStandstill([outcome(1, { pauses: pauses(gaps_ms) })]);

  test('that together took much of the window', () => {
    expect(standstill([30, 30]).suspect).toEqual([
      expect.stringMatching(/^Trial 1: the load generator stood still for up to 6 % of the measured window/),
    ]);
    expect(standstill([250]).invalid).toHaveLength(1);
    expect(standstill([49])).toEqual(nothing);
  });

  test('that are as many as the slowest requests', () => {
    const gaps = (count: number, requests: number) =>
      checkGaps([outcome(1, { pauses: pauses(Array(count).fill(0.1)), requests })]);
    expect(gaps(10, 10_000).suspect).toEqual([expect.stringContaining('once in 1,000 requests')]);
    expect(gaps(10, 100_000)).toEqual(nothing);
  });

  test('are not asked for where nobody looked', () => {
    expect(checkStandstill([outcome(1, {})])).toEqual(nothing);
    expect(checkGaps([outcome(1, {})])).toEqual(nothing);
  });
});

describe('the schedule of an open loop', () => {
  const lag = (p99: number) =>
    checkScheduleLag([
      outcome(1, {
        result: { schedule_lag_us: { p50: 0, p99, max: p99 } },
        operation: {
          service_time_ns: { min: 0, p50: 10_000, p90: 0, p99: 0, p999: 0, max: 0, mean: 0 },
        },
      }),
    ]);

  test('that was not kept', () => {
    expect(lag(2).suspect).toEqual([
      expect.stringContaining('behind its schedule, at the p99 by up to 20 %'),
    ]);
    expect(lag(11).invalid).toHaveLength(1);
    expect(lag(0.9)).toEqual(nothing);
  });

  test('is none in a closed loop', () => {
    expect(checkScheduleLag([outcome(1, {})])).toEqual(nothing);
  });
});

describe('stamps', () => {
  const stamped = (inconsistent: number) =>
    checkStamps([outcome(3, { stages: { joined: 950, inconsistent } })]);

  test('out of order, of more requests than may be left out', () => {
    expect(stamped(51).suspect).toEqual([
      'Trial 3: up to 5.1 % of the stamped requests have stamps out of order and are left out of the stages.',
    ]);
    expect(stamped(51).invalid).toEqual([]);
  });

  test('of nearly all in order, or of nobody', () => {
    expect(stamped(50)).toEqual(nothing);
    expect(checkStamps([outcome(1, {})])).toEqual(nothing);
  });
});

describe('lower bounds', () => {
  const floor = [{ name: 'its floor frames', p50_us: 10 }];

  test('that a point is too near to, or below', () => {
    expect(checkLowerBounds(10.5, floor).suspect).toEqual([
      expect.stringContaining('its floor frames (10.0 us)'),
    ]);
    expect(checkLowerBounds(8, floor).invalid).toEqual([expect.stringMatching(/^It cannot be/)]);
    expect(checkLowerBounds(12, floor)).toEqual(nothing);
    expect(checkLowerBounds(null, floor)).toEqual(nothing);
  });
});
