/**
 * The paper's split of a latency into parts, by differences between systems:
 *
 *     interface = unmodified - libOS over the kernel
 *     data path = libOS over the kernel - bypass
 *     rest      = bypass
 *     kernel    = interface + data path
 *
 * Each part is a difference of medians over trials, its share is of the unmodified system's. Intervals are
 * bootstraps over trials: paired by block, or unpaired where too few blocks have all three (bootstrap.ts).
 */
import { isOneAtATime, type Point, type Role, type Share, type Split } from '../formats/index.ts';
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
  const valid = points.filter(
    (point) =>
      isOneAtATime(point) && stateOf(point, ['p50']) !== 'invalid' && point.own_workload.length === 0,
  );
  const ofRole = (role: Role): Point[] => valid.filter((point) => point.role === role);
  return ofRole('libos_over_kernel').flatMap((kernel) => {
    const beside = (role: Role): Point[] =>
      ofRole(role).filter((point) => point.group === kernel.group && sameTarget(point, kernel));
    return beside('unmodified').flatMap((unmodified) =>
      beside('bypass').flatMap((bypass) => splitOf([unmodified, kernel, bypass], times) ?? []),
    );
  });
}

function splitOf(points: [Point, Point, Point], times: Times): Split | null {
  const [unmodified, kernel, bypass] = points;
  const { pairing, samples } = trialsOf(points, times);
  const [u, k, b] = samples;
  const trials = Math.min(...samples.map((sample) => sample.length));
  if (trials === 0) return null;
  /** The difference of two systems' medians, by their places among the samples, over the unmodified one's. */
  const share = (more: number, less: number): Share => {
    const ofMedians = (...drawn: number[][]): number =>
      (median(drawn[more]) - median(drawn[less])) / median(drawn[0]);
    return {
      share: ofMedians(...samples),
      interval: trials < FEWEST_TRIALS ? null : bootstrapInterval(samples, pairing, ofMedians),
    };
  };
  const { group, operation, at, clients, value_bytes, pipeline, rate_ops } = kernel;
  return {
    group,
    operation,
    at,
    clients,
    value_bytes,
    pipeline,
    rate_ops,
    unmodified: unmodified.system,
    libos_over_kernel: kernel.system,
    bypass: bypass.system,
    unmodified_us: median(u),
    interface_us: median(u) - median(k),
    data_path_us: median(k) - median(b),
    rest_us: median(b),
    interface: share(0, 1),
    data_path: share(1, 2),
    kernel: share(0, 2),
    trials,
    published: published(unmodified, kernel, bypass),
  };
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
