/**
 * Checks of a point that look at what was measured, each by itself: the sentences that it finds, as invalid (backs no claim)
 * or suspect (wants a second look). docs/measuring.md has the thresholds with their reasons.
 */
import { median } from 'simple-statistics';
import type { Pauses } from '../formats/index.ts';
import { formatCount, formatPercent, formatUs } from '../text/format.ts';
import { nameTrials, type TrialOutcome } from './trial-outcome.ts';

export interface Found {
  invalid: string[];
  suspect: string[];
}

/** Lower bounds of what a point can show, with the names that sentences call them. */
export interface LowerBound {
  name: string;
  p50_us: number;
}

/** Share of the window spent on requests and replies, beyond which the generator may be, and is, the limit of what is measured. */
const busyShare = { suspect: 0.8, invalid: 0.95 };
/** By how much the second half of a trial may differ from its first half. */
const DRIFT = 0.25;
/** Share of a trial's time that others may have had of its cores. */
const takenShare = { suspect: 0.01, invalid: 0.1 };
/** Share of the measured window that the load generator may have stood still. */
const standstillShare = { suspect: 0.05, invalid: 0.2 };
/** Gaps for each request: with half as many as requests lie beyond the p99.9, that is the generator's own as much as theirs. */
const GAPS_PER_REQUEST = 0.0005;
/**
 * A point this little above a lower bound shows the bound rather than the system. One below it cannot be, but by this share
 * it can, where the machine's speed differs from trial to trial.
 */
const nearBound = { above: 1.1, below: 0.9 };
/** Share of the median service time that the generator may be behind its schedule, at the p99. */
const scheduleLag = { suspect: 0.1, invalid: 1 };
/** Share of stamped requests whose stamps may be out of order and left out, before those that are left stand for few. */
const OUT_OF_ORDER_SHARE = 0.05;

export function checkAll(outcomes: TrialOutcome[], p50_us: number | null, bounds: LowerBound[]): Found {
  const found = [
    checkSaturation(outcomes),
    checkScheduleLag(outcomes),
    checkDrift(outcomes),
    checkTakenTime(outcomes),
    checkStandstill(outcomes),
    checkGaps(outcomes),
    checkStamps(outcomes),
    checkLowerBounds(p50_us, bounds),
  ];
  return {
    invalid: found.flatMap(({ invalid }) => invalid),
    suspect: found.flatMap(({ suspect }) => suspect),
  };
}

/** Sending and checking replies must leave the generator time to wait for them. */
export function checkSaturation(outcomes: TrialOutcome[]): Found {
  return graded(
    outcomes,
    ({ measurement }) => measurement?.recording?.result.busy_share ?? null,
    busyShare,
    (trials, worst) =>
      `${trials}: the load generator's core is saturated, ${formatPercent(worst)} of its time went to requests and replies, so that its own ` +
      'limits are in the numbers.',
  );
}

export function checkDrift(outcomes: TrialOutcome[]): Found {
  const found = graded(
    outcomes,
    ({ measurement }) => {
      const [operation, ...others] = measurement?.recording?.result.operations ?? [];
      if (!operation || others.length > 0) return null;
      const medians = operation.slice_p50_ns.filter((p50) => p50 !== null);
      if (medians.length < 4) return null;
      const half = Math.floor(medians.length / 2);
      return Math.abs(Math.log(median(medians.slice(half)) / median(medians.slice(0, half))));
    },
    { suspect: Math.log(1 + DRIFT), invalid: Number.POSITIVE_INFINITY },
    (trials, worst) =>
      `${trials}: the p50 of the second half differs from that of the first by up to ${formatPercent(Math.exp(worst) - 1)}: ` +
      'something drifts.',
  );
  return found;
}

export function checkTakenTime(outcomes: TrialOutcome[]): Found {
  const shareOf = (seconds: number, { measurement }: TrialOutcome): number =>
    seconds / measurement!.measurement.elapsed_s;
  const steal = graded(
    outcomes,
    (outcome) => {
      const taken = outcome.measurement?.measurement.interference?.steal_s;
      return taken ? shareOf(Math.max(0, ...Object.values(taken)), outcome) : null;
    },
    takenShare,
    (trials, worst) =>
      `${trials}: the hypervisor gave up to ${formatPercent(worst)} of a core's time to others (steal).`,
  );
  const throttled = graded(
    outcomes,
    (outcome) => {
      const seconds = outcome.measurement?.measurement.interference?.throttled_s;
      return seconds === null || seconds === undefined ? null : shareOf(seconds, outcome);
    },
    takenShare,
    (trials, worst) =>
      `${trials}: a limit of the control group throttled these processes, for up to ${formatPercent(worst)} of the time.`,
  );
  return {
    invalid: [...steal.invalid, ...throttled.invalid],
    suspect: [...steal.suspect, ...throttled.suspect],
  };
}

/** Gaps in which the load generator's loop did not run: it measures nothing then, and what is outstanding looks late. */
export function checkStandstill(outcomes: TrialOutcome[]): Found {
  return graded(
    outcomes,
    ({ measurement }) => {
      const found = gapsInWindow(measurement?.pauses);
      return found && found.stood_ns / found.window_ns;
    },
    standstillShare,
    (trials, worst) =>
      `${trials}: the load generator stood still for up to ${formatPercent(worst)} of the measured window, in gaps of 50 us and ` +
      'more: other work, collections of garbage or the hypervisor.',
  );
}

/** Pauses of the load generator are late replies to whoever looks at the tail. */
export function checkGaps(outcomes: TrialOutcome[]): Found {
  return graded(
    outcomes,
    ({ measurement }) => {
      const found = gapsInWindow(measurement?.pauses);
      const requests = measurement?.recording?.latency_ns.totalCount;
      return found && requests ? found.count / requests : null;
    },
    { suspect: GAPS_PER_REQUEST, invalid: Number.POSITIVE_INFINITY },
    (trials, worst) =>
      `${trials}: the p99.9 may be the load generator's own: it stood still up to once in ${formatCount(Math.round(1 / worst))} requests, for ` +
      '50 us and more.',
  );
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

export function checkScheduleLag(outcomes: TrialOutcome[]): Found {
  return graded(
    outcomes,
    ({ measurement }) => {
      const result = measurement?.recording?.result;
      const service_ns = result?.operations[0]?.service_time_ns?.p50;
      if (!result?.schedule_lag_us || !service_ns) return null;
      return (result.schedule_lag_us.p99 * 1000) / service_ns;
    },
    scheduleLag,
    (trials, worst) =>
      `${trials}: the load generator sent behind its schedule, at the p99 by up to ${formatPercent(worst)} of the median ` +
      'service time.',
  );
}

/** Stages are means of the requests whose stamps are in order. */
export function checkStamps(outcomes: TrialOutcome[]): Found {
  return graded(
    outcomes,
    ({ measurement }) => {
      const { joined = 0, inconsistent = 0 } = measurement?.stamped?.stages ?? {};
      return inconsistent === 0 ? null : inconsistent / (joined + inconsistent);
    },
    { suspect: OUT_OF_ORDER_SHARE, invalid: Number.POSITIVE_INFINITY },
    (trials, worst) =>
      `${trials}: up to ${formatPercent(worst)} of the stamped requests have stamps out of order and are left out of the stages.`,
  );
}

export function checkLowerBounds(p50_us: number | null, bounds: LowerBound[]): Found {
  const found: Found = { invalid: [], suspect: [] };
  if (p50_us === null) return found;
  for (const bound of bounds) {
    const versus = `the p50 of ${formatUs(p50_us)} us`;
    const floor = `${bound.name} (${formatUs(bound.p50_us)} us)`;
    if (p50_us < nearBound.below * bound.p50_us) {
      found.invalid.push(`It cannot be: ${versus} is below ${floor}.`);
    } else if (p50_us < nearBound.above * bound.p50_us) {
      found.suspect.push(
        `A floor is near: ${versus} is not ${formatPercent(nearBound.above - 1)} above ${floor}, and shows that rather than the system.`,
      );
    }
  }
  return found;
}

/**
 * Grades each trial's value, larger being worse and null telling nothing, and tells of the trials beyond each limit in one
 * sentence.
 */
function graded(
  outcomes: TrialOutcome[],
  worstOf: (outcome: TrialOutcome) => number | null,
  limits: { suspect: number; invalid: number },
  tell: (trials: string, worst: number) => string,
): Found {
  const values = outcomes.flatMap((outcome) => {
    const value = worstOf(outcome);
    return value === null ? [] : [{ outcome, value }];
  });
  const sentences = (from: number, below: number): string[] => {
    const within = values.filter(({ value }) => value > from && !(value > below));
    if (within.length === 0) return [];
    const worst = Math.max(...within.map(({ value }) => value));
    return [tell(nameTrials(within.map(({ outcome }) => outcome)), worst)];
  };
  return {
    invalid: sentences(limits.invalid, Number.POSITIVE_INFINITY),
    suspect: sentences(limits.suspect, limits.invalid),
  };
}
