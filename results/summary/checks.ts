/**
 * Checks of a point that look at what was measured. Each finds doubts about the statistics that its finding concerns,
 * and about no others. docs/measuring.md has the thresholds and says why each check doubts what it doubts.
 */
import { median } from 'simple-statistics';
import { type Pauses, type Slice, type Statistic, statistics } from '../formats/index.ts';
import { formatCount, formatPercent, formatSignificant, formatUs } from '../text/format.ts';
import type { Doubt } from './doubt.ts';
import {
  busyShare,
  fellBehind,
  ownLag,
  ownLagOverService,
  ownLagUs,
  unansweredShare,
} from './fallen-behind.ts';
import { nameTrials, type TrialOutcome } from './trial-outcome.ts';

/** Lower bounds of what a point can show, with the names that sentences call them. */
export interface LowerBound {
  name: string;
  p50_us: number;
  /** Whether it is of the point's state of distance, rather than of all of the time. */
  of_state: boolean;
}

/** By how much the second half of a trial may differ from its first half. */
const DRIFT = 0.25;
/** Share of a trial's time that others may have had of its cores. */
const takenShare = { suspect: 0.01, invalid: 0.1 };
/** Share of the measured window that may lie in slices without a reply. */
const silentShare = { suspect: 0, invalid: 0.1 };
/** A slice without a reply says something where so many were to be expected in it. */
const EXPECTED_IN_SLICE = 10;
/** Share of the measured window that the load generator may have stood still. */
const standstillShare = { suspect: 0.05, invalid: 0.2 };
/**
 * Gaps of the generator for each request, from which on a quantile may be the generator's own: half as many as
 * requests lie beyond it.
 */
const gapsPerRequest = [
  { statistic: 'p50', name: 'p50', gaps: 0.25 },
  { statistic: 'p99', name: 'p99', gaps: 0.005 },
  { statistic: 'p999', name: 'p99.9', gaps: 0.0005 },
] as const;
/**
 * A p50 this little above a lower bound shows the bound rather than the system. One below it is impossible, but by
 * this share it happens, where the machine's speed differs from trial to trial.
 */
const nearBound = { above: 1.1, below: 0.9 };
/** Share of stamped requests that may be left out for stamps out of order, before the rest stand for few. */
const OUT_OF_ORDER_SHARE = 0.05;

/** What few but long interruptions change: the slowest requests, and how many there were in the time. */
const TAIL_AND_THROUGHPUT: readonly Statistic[] = ['p99', 'p999', 'throughput'];

/** Of what the trials recorded. */
export function checkAll(outcomes: TrialOutcome[]): Doubt[] {
  return [
    ...checkSaturation(outcomes),
    ...checkScheduleLag(outcomes),
    ...checkKeptUp(outcomes),
    ...checkDrift(outcomes),
    ...checkTakenTime(outcomes),
    ...checkStandstill(outcomes),
    ...checkSilence(outcomes),
    ...checkGaps(outcomes),
    ...checkStamps(outcomes),
  ];
}

/**
 * Sending and checking replies must leave the generator time to wait for them. Every request queues behind the
 * generator's own work then, and the client's stages hold that as well: all statistics.
 */
export function checkSaturation(outcomes: TrialOutcome[]): Doubt[] {
  return graded(outcomes, {
    value: ({ measurement }) => measurement?.recording?.result.busy_share ?? null,
    limits: busyShare,
    about: { suspect: statistics, invalid: statistics },
    sentence: (trials, worst) =>
      `${trials}: the load generator's core is saturated, ${formatPercent(worst)} of its time went to requests and ` +
      'replies, so that its own limits are in the numbers.',
  });
}

/**
 * The windows are of no steady state: all that is measured in them, but not the stages, which are measured after. Where
 * a window was cut into slices, those of one state of distance are looked at: that states change is no drift.
 */
export function checkDrift(outcomes: TrialOutcome[]): Doubt[] {
  const steady: readonly Statistic[] = ['p50', 'p99', 'p999', 'throughput'];
  return graded(outcomes, {
    value: ({ measurement, slice_p50_ns }) => {
      const result = measurement?.recording?.result;
      const [operation, ...others] = result?.operations ?? [];
      // What is offered too much makes latencies grow: checkKeptUp says so.
      if (!result || !operation || others.length > 0 || fellBehind(result) === 'server') return null;
      const medians = slice_p50_ns ?? operation.slice_p50_ns.filter((p50) => p50 !== null);
      if (medians.length < 4) return null;
      const half = Math.floor(medians.length / 2);
      return Math.abs(Math.log(median(medians.slice(half)) / median(medians.slice(0, half))));
    },
    limits: { suspect: Math.log(1 + DRIFT), invalid: Number.POSITIVE_INFINITY },
    about: { suspect: steady, invalid: [] },
    sentence: (trials, worst) =>
      `${trials}: the p50 of the second half differs from that of the first by up to ` +
      `${formatPercent(Math.exp(worst) - 1)}: something drifts.`,
  });
}

/**
 * Time that others had comes in pieces that are long beside a request: few requests wait for each, so the median
 * stays. From a tenth of the time on, the machine is shared and nothing measured on it is the system's.
 */
export function checkTakenTime(outcomes: TrialOutcome[]): Doubt[] {
  const shareOf = (seconds: number, { measurement }: TrialOutcome): number =>
    seconds / measurement!.measurement.elapsed_s;
  const about = { suspect: TAIL_AND_THROUGHPUT, invalid: statistics };
  const steal = graded(outcomes, {
    value: (outcome) => {
      const taken = outcome.measurement?.measurement.interference?.steal_s;
      return taken ? shareOf(Math.max(0, ...Object.values(taken)), outcome) : null;
    },
    limits: takenShare,
    about,
    sentence: (trials, worst) =>
      `${trials}: the hypervisor gave up to ${formatPercent(worst)} of a core's time to others (steal).`,
  });
  const throttled = graded(outcomes, {
    value: (outcome) => {
      const seconds = outcome.measurement?.measurement.interference?.throttled_s;
      return seconds === null || seconds === undefined ? null : shareOf(seconds, outcome);
    },
    limits: takenShare,
    about,
    sentence: (trials, worst) =>
      `${trials}: a limit of the control group throttled these processes, for up to ${formatPercent(worst)} of the time.`,
  });
  return [...steal, ...throttled];
}

/**
 * Gaps in which the load generator's loop did not run: it measures nothing then, and what is outstanding looks late.
 * As with time that others took, the median stays until much of the window is gone.
 */
export function checkStandstill(outcomes: TrialOutcome[]): Doubt[] {
  return graded(outcomes, {
    value: ({ measurement }) => {
      const found = gapsInWindow(measurement?.pauses);
      return found && found.stood_ns / found.window_ns;
    },
    limits: standstillShare,
    about: { suspect: TAIL_AND_THROUGHPUT, invalid: statistics },
    sentence: (trials, worst) =>
      `${trials}: the load generator stood still for up to ${formatPercent(worst)} of the measured window, in gaps ` +
      'of 50 us and more: other work, collections of garbage or the hypervisor.',
  });
}

/**
 * Slices of the window in which nothing came, although at the window's own mean rate many replies would have. A closed
 * loop sends nothing meanwhile, so that hardly a request shows how long it was.
 */
export function checkSilence(outcomes: TrialOutcome[]): Doubt[] {
  return graded(outcomes, {
    value: ({ measurement }) => {
      const { slices } = measurement?.recording?.slices ?? {};
      return slices ? silentIn(slices) : null;
    },
    limits: silentShare,
    about: { suspect: TAIL_AND_THROUGHPUT, invalid: statistics },
    sentence: (trials, worst) =>
      `${trials}: no reply came for up to ${formatPercent(worst)} of the measured window, in slices without any: the ` +
      'server stood still.',
  });
}

/** Share of the time of these slices; null where it is not known what came in them. */
function silentIn(slices: readonly Slice[]): number | null {
  const timed = slices.map(({ start_ns, end_ns, operations }) => ({
    time_ns: end_ns - start_ns,
    received: operations.map(({ received }) => received),
  }));
  if (timed.some(({ received }) => received.includes(null))) return null;
  const all_ns = sum(timed.map(({ time_ns }) => time_ns));
  const perNs = sum(timed.flatMap(({ received }) => received)) / all_ns;
  const silent = timed.filter(
    ({ time_ns, received }) => sum(received) === 0 && perNs * time_ns >= EXPECTED_IN_SLICE,
  );
  return sum(silent.map(({ time_ns }) => time_ns)) / all_ns;
}

function sum(values: readonly (number | null)[]): number {
  return values.reduce<number>((total, value) => total + (value ?? 0), 0);
}

/**
 * Each pause of the load generator makes a reply late: where there are enough of them, a quantile consists of
 * those.
 */
export function checkGaps(outcomes: TrialOutcome[]): Doubt[] {
  return gapsPerRequest.flatMap(({ statistic, name, gaps }) =>
    graded(outcomes, {
      value: ({ measurement }) => {
        const found = gapsInWindow(measurement?.pauses);
        const requests = measurement?.recording?.latency_ns.totalCount;
        return found && requests ? found.count / requests : null;
      },
      limits: { suspect: gaps, invalid: Number.POSITIVE_INFINITY },
      about: { suspect: [statistic], invalid: [] },
      sentence: (trials, worst) =>
        `${trials}: the ${name} may be the load generator's own: it stood still up to ${howOften(worst)}, ` +
        'for 50 us and more.',
    }),
  );
}

/** "once in 190 requests", "1.5 times a request". */
function howOften(perRequest: number): string {
  const requests = Math.round(1 / perRequest);
  return requests > 1
    ? `once in ${formatCount(requests)} requests`
    : `${formatSignificant(perRequest)} times a request`;
}

function gapsInWindow(
  pauses: Pauses | null | undefined,
): { count: number; stood_ns: number; window_ns: number } | null {
  const { window, gaps } = pauses ?? {};
  if (!window || !gaps) return null;
  const inside = gaps.filter(({ start_ns }) => start_ns >= window.start_ns && start_ns < window.end_ns);
  return {
    count: inside.length,
    stood_ns: inside.reduce((sum, { duration_ns }) => sum + duration_ns, 0),
    window_ns: window.end_ns - window.start_ns,
  };
}

/**
 * A response time counts from when the request was due, so the generator's own lag is part of it, and nothing of the
 * server; what a request waited for room in a window is the server's. The lag at the p99 is in the tail. The median
 * has of it no more than the median response time exceeds the median service time, and no more than all but the latest
 * tenth of the requests were late: fewer than those hardly move it. The rate counts what came in the window, whenever
 * it was due. The stages show the lag as one of their own.
 */
export function checkScheduleLag(outcomes: TrialOutcome[]): Doubt[] {
  const median = graded(outcomes, {
    value: ({ measurement }) => {
      const result = measurement?.recording?.result;
      const { latency_ns, service_time_ns } = result?.operations[0] ?? {};
      const lag = result && ownLagUs(result);
      if (!lag || !latency_ns || !service_time_ns?.p50) return null;
      return Math.min(latency_ns.p50 - service_time_ns.p50, lag.p90 * 1000) / service_time_ns.p50;
    },
    limits: ownLag,
    about: { suspect: ['p50'], invalid: ['p50'] },
    sentence: (trials, worst) =>
      `${trials}: the load generator sent behind its schedule, so that the median response time is up to ` +
      `${formatPercent(worst)} above the median service time.`,
  });
  const tail = graded(outcomes, {
    value: ({ measurement }) => {
      const result = measurement?.recording?.result;
      return result ? ownLagOverService(result) : null;
    },
    limits: ownLag,
    about: { suspect: ['p99', 'p999'], invalid: ['p99', 'p999'] },
    sentence: (trials, worst) =>
      `${trials}: the load generator sent behind its schedule, at the p99 by up to ${formatPercent(worst)} of the ` +
      'median service time.',
  });
  return [...median, ...tail];
}

/**
 * More was offered than the server can take. Latencies count from when requests were due and are right, but they grow
 * for as long as the window lasts. Where requests were never answered, that is said of them instead (trial-checks.ts);
 * where a result does not tell the generator's lag from the server's, its schedule was not kept, and no more is known.
 */
export function checkKeptUp(outcomes: TrialOutcome[]): Doubt[] {
  return graded(outcomes, {
    value: ({ measurement }) => {
      const result = measurement?.recording?.result;
      if (!result || result.own_lag_us === null || (result.unanswered ?? 0) > 0) return null;
      if (fellBehind(result) !== 'server') return null;
      return unansweredShare(result.rates);
    },
    limits: { suspect: 0, invalid: Number.POSITIVE_INFINITY },
    about: { suspect: ['p50', 'p99', 'p999'], invalid: [] },
    sentence: (trials, worst) =>
      `${trials}: the server did not keep up with the offered rate, of which it answered up to ${formatPercent(worst)} ` +
      'too little: latencies grow as long as the window lasts.',
  });
}

/** Stages are means of the requests whose stamps are in order. */
export function checkStamps(outcomes: TrialOutcome[]): Doubt[] {
  return graded(outcomes, {
    value: ({ measurement }) => {
      const { joined = 0, inconsistent = 0 } = measurement?.stamped?.stages ?? {};
      return inconsistent === 0 ? null : inconsistent / (joined + inconsistent);
    },
    limits: { suspect: OUT_OF_ORDER_SHARE, invalid: Number.POSITIVE_INFINITY },
    about: { suspect: ['stages'], invalid: [] },
    sentence: (trials, worst) =>
      `${trials}: up to ${formatPercent(worst)} of the stamped requests have stamps out of order and are left out of ` +
      'the stages.',
  });
}

/**
 * A bound is the p50 of an exchange with less in it. A p50 near it is the bound's; with one below it, the rate of the
 * same requests is as impossible.
 */
export function checkLowerBounds(
  p50_us: number | null,
  bounds: Pick<LowerBound, 'name' | 'p50_us'>[],
): Doubt[] {
  if (p50_us === null) return [];
  return bounds.flatMap((bound): Doubt[] => {
    const versus = `the p50 of ${formatUs(p50_us)} us`;
    const floor = `${bound.name} (${formatUs(bound.p50_us)} us)`;
    if (p50_us < nearBound.below * bound.p50_us) {
      const reason = `Impossible: ${versus} is below ${floor}.`;
      return [{ state: 'invalid', about: ['p50', 'throughput'], reason }];
    }
    if (p50_us >= nearBound.above * bound.p50_us) return [];
    const reason =
      `A floor is near: ${versus} is not ${formatPercent(nearBound.above - 1)} above ${floor}, ` +
      'and shows that rather than the system.';
    return [{ state: 'suspect', about: ['p50'], reason }];
  });
}

interface Grading {
  /** Larger is worse; null where the trial says nothing. */
  value: (outcome: TrialOutcome) => number | null;
  /** Values above these. */
  limits: { suspect: number; invalid: number };
  /** The statistics that are doubtful beyond each limit. */
  about: { suspect: readonly Statistic[]; invalid: readonly Statistic[] };
  /** From the names of the trials and the worst value of theirs. */
  sentence: (trials: string, worst: number) => string;
}

/** Grades each trial's value, and names the trials beyond each limit in one sentence. */
function graded(outcomes: TrialOutcome[], { value, limits, about, sentence }: Grading): Doubt[] {
  const values = outcomes.flatMap((outcome) => {
    const found = value(outcome);
    return found === null ? [] : [{ outcome, found }];
  });
  const beyond = (state: Doubt['state'], from: number, to: number): Doubt[] => {
    const within = values.filter(({ found }) => found > from && !(found > to));
    if (within.length === 0) return [];
    const worst = Math.max(...within.map(({ found }) => found));
    const reason = sentence(nameTrials(within.map(({ outcome }) => outcome)), worst);
    return [{ state, about: about[state], reason }];
  };
  return [
    ...beyond('invalid', limits.invalid, Number.POSITIVE_INFINITY),
    ...beyond('suspect', limits.suspect, limits.invalid),
  ];
}
