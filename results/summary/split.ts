/**
 * The paper's split of a latency into parts, by differences between systems:
 *
 *     interface = unmodified - libOS over the kernel
 *     data path = libOS over the kernel - bypass
 *     rest      = bypass
 *     kernel    = interface + data path
 *
 * The paper's libOS polls where the unmodified server sleeps, so its interface holds what polling takes off. Where a
 * group has the same libOS over epoll too, which sleeps as the unmodified server does, the same is told in four parts:
 *
 *     interface = unmodified - libOS over epoll
 *     polling   = libOS over epoll - libOS over the kernel
 *     data path, rest as above
 *
 * Each part is a difference of medians over trials, its share is of the unmodified system's. Intervals are
 * bootstraps over trials: paired by block, or unpaired where too few blocks have all of them (bootstrap.ts).
 */
import {
  isOneAtATime,
  type Point,
  type PollingSplit,
  type Role,
  type Share,
  type Split,
} from '../formats/index.ts';
import { sameTarget } from '../run/run-folder.ts';
import { bootstrapInterval, FEWEST_TRIALS, ofCommonTimes, type Pairing, type Times } from './bootstrap.ts';
import { stateOf } from './doubt.ts';
import { median } from './median.ts';

/**
 * A split for each unmodified system, libOS over the kernel and bypass of a group, and each target with one request in
 * flight: with more a latency holds the wait for the others, with a schedule the wait behind that. Points whose p50 is
 * invalid make none, nor do those of workloads of their own.
 */
export function splits(points: Point[], times: Times = []): Split[] {
  return together(points, ['unmodified', 'libos_over_kernel', 'bypass']).flatMap(
    (systems) => splitOf(systems as [Point, Point, Point], times) ?? [],
  );
}

/** The same in four parts, for each libOS over epoll of the group. */
export function pollingSplits(points: Point[], times: Times = []): PollingSplit[] {
  return together(points, ['unmodified', 'libos_over_epoll', 'libos_over_kernel', 'bypass']).flatMap(
    (systems) => pollingSplitOf(systems as [Point, Point, Point, Point], times) ?? [],
  );
}

/** Points that have these roles, in this order, in one group and at one target: each with each. */
function together(points: Point[], roles: readonly Role[]): Point[][] {
  const valid = points.filter(
    (point) =>
      isOneAtATime(point) && stateOf(point, ['p50']) !== 'invalid' && point.own_workload.length === 0,
  );
  const ofRole = (role: Role): Point[] => valid.filter((point) => point.role === role);
  return ofRole('libos_over_kernel').flatMap((kernel) => {
    const beside = (role: Role): Point[] =>
      role === kernel.role
        ? [kernel]
        : ofRole(role).filter((point) => point.group === kernel.group && sameTarget(point, kernel));
    return roles.reduce<Point[][]>(
      (chosen, role) => chosen.flatMap((some) => beside(role).map((one) => [...some, one])),
      [[]],
    );
  });
}

function splitOf(points: [Point, Point, Point], times: Times): Split | null {
  const [unmodified, kernel, bypass] = points;
  const medians = mediansOf(points, times);
  if (medians === null) return null;
  const { values, share, trials } = medians;
  const [u, k, b] = values;
  return {
    ...targetOf(kernel),
    unmodified: unmodified.system,
    libos_over_kernel: kernel.system,
    bypass: bypass.system,
    unmodified_us: u,
    interface_us: u - k,
    data_path_us: k - b,
    rest_us: b,
    interface: share(0, 1),
    data_path: share(1, 2),
    kernel: share(0, 2),
    trials,
    published: published(unmodified, kernel, bypass),
  };
}

function pollingSplitOf(points: [Point, Point, Point, Point], times: Times): PollingSplit | null {
  const [unmodified, epoll, kernel, bypass] = points;
  const medians = mediansOf(points, times);
  if (medians === null) return null;
  const { values, share, trials } = medians;
  const [u, e, k, b] = values;
  return {
    ...targetOf(kernel),
    unmodified: unmodified.system,
    libos_over_epoll: epoll.system,
    libos_over_kernel: kernel.system,
    bypass: bypass.system,
    unmodified_us: u,
    interface_us: u - e,
    polling_us: e - k,
    data_path_us: k - b,
    rest_us: b,
    interface: share(0, 1),
    polling: share(1, 2),
    data_path: share(2, 3),
    trials,
  };
}

type Target = Pick<Point, 'group' | 'operation' | 'at' | 'clients' | 'value_bytes' | 'pipeline' | 'rate_ops'>;

function targetOf({ group, operation, at, clients, value_bytes, pipeline, rate_ops }: Point): Target {
  return { group, operation, at, clients, value_bytes, pipeline, rate_ops };
}

/** What a split is made of: systems in an order in which each takes away from the one before, the first unmodified. */
interface Medians {
  /** Of each system, in us. */
  values: number[];
  trials: number;
  /** The difference of two systems' medians, by their places, over that of the first. */
  share: (more: number, less: number) => Share;
}

/** Null where they have no trial in common. */
function mediansOf(points: Point[], times: Times): Medians | null {
  const { pairing, samples } = trialsOf(points, times);
  const trials = Math.min(...samples.map((sample) => sample.length));
  if (trials === 0) return null;
  const share = (more: number, less: number): Share => {
    const ofMedians = (...drawn: number[][]): number =>
      (median(drawn[more]) - median(drawn[less])) / median(drawn[0]);
    return {
      share: ofMedians(...samples),
      interval: trials < FEWEST_TRIALS ? null : bootstrapInterval(samples, pairing, ofMedians),
    };
  };
  return { values: samples.map(median), trials, share };
}

/** The p50 of each point by trial: of the trials that all have, or if those are too few, of each by itself. */
function trialsOf(points: Point[], times: Times): { pairing: Pairing; samples: number[][] } {
  const lists = points.map(({ trial_p50_us }) => trial_p50_us);
  const [first, ...others] = ofCommonTimes(lists, times).map(
    (list) => new Map(list.map(({ trial, p50_us }) => [trial, p50_us])),
  );
  const common = [...first.keys()].filter((trial) => others.every((other) => other.has(trial)));
  const unpaired = [first, ...others].map((one) => [...one.values()]);
  if (common.length < FEWEST_TRIALS && unpaired.every((sample) => sample.length >= FEWEST_TRIALS)) {
    return { pairing: 'unpaired', samples: unpaired };
  }
  const samples = [first, ...others].map((one) => common.flatMap((trial) => one.get(trial) ?? []));
  return { pairing: 'paired', samples };
}

function published(unmodified: Point, kernel: Point, bypass: Point): Split['published'] {
  const [u, k, b] = [unmodified, kernel, bypass].map(({ published_us }) => published_us);
  if (u == null || k == null || b == null) return null;
  return { interface: (u - k) / u, data_path: (k - b) / u, kernel: (u - b) / u };
}
