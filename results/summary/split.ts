/**
 * The paper's split of a latency into parts, by differences between systems:
 *
 *     interface = unmodified - libOS over the kernel
 *     data path = libOS over the kernel - bypass
 *     rest      = bypass
 *     kernel    = interface + data path
 *
 * Each part is a difference of medians over trials, its share is of the unmodified system's. Intervals are
 * bootstraps over trials, paired by block (bootstrap.ts).
 */
import { median } from 'simple-statistics';
import type { Point, Role, Share, Split } from '../formats/index.ts';
import { sameTarget } from '../run/run-folder.ts';
import { bootstrapInterval, FEWEST_TRIALS } from './bootstrap.ts';
import { stateOf } from './doubt.ts';

/**
 * A split for each unmodified system, libOS over the kernel and bypass of a group, and each target. Points whose p50 is
 * invalid make none.
 */
export function splits(points: Point[]): Split[] {
  const valid = points.filter((point) => stateOf(point, ['p50']) !== 'invalid');
  const ofRole = (role: Role): Point[] => valid.filter((point) => point.role === role);
  return ofRole('libos_over_kernel').flatMap((kernel) => {
    const beside = (role: Role): Point[] =>
      ofRole(role).filter((point) => point.group === kernel.group && sameTarget(point, kernel));
    return beside('unmodified').flatMap((unmodified) =>
      beside('bypass').flatMap((bypass) => splitOf(unmodified, kernel, bypass) ?? []),
    );
  });
}

function splitOf(unmodified: Point, kernel: Point, bypass: Point): Split | null {
  const values = commonTrials([unmodified, kernel, bypass]);
  if (values.length === 0) return null;
  const [u, k, b] = [0, 1, 2].map((index) => values.map((trial) => trial[index]));
  const all = values.map((_, index) => index);
  /** Of the trials that were drawn: the difference of two systems' medians over the unmodified one's. */
  const share = (more: number[], less: number[]): Share => {
    const ofTrials = (drawn: number[]): number => {
      const medianOf = (system: number[]): number => median(drawn.map((trial) => system[trial]));
      return (medianOf(more) - medianOf(less)) / medianOf(u!);
    };
    return {
      share: ofTrials(all),
      interval: values.length < FEWEST_TRIALS ? null : bootstrapInterval(all, all, 'paired', ofTrials),
    };
  };
  const { group, operation, clients, value_bytes } = kernel;
  return {
    group,
    operation,
    clients,
    value_bytes,
    unmodified: unmodified.system,
    libos_over_kernel: kernel.system,
    bypass: bypass.system,
    unmodified_us: median(u!),
    interface_us: median(u!) - median(k!),
    data_path_us: median(k!) - median(b!),
    rest_us: median(b!),
    interface: share(u!, k!),
    data_path: share(k!, b!),
    kernel: share(u!, b!),
    trials: values.length,
    published: published(unmodified, kernel, bypass),
  };
}

/** p50 of the points in each trial that all of them have. */
function commonTrials(points: Point[]): number[][] {
  return points[0].trial_p50_us.flatMap(({ trial }) => {
    const values = points.flatMap(
      (point) => point.trial_p50_us.find((one) => one.trial === trial)?.p50_us ?? [],
    );
    return values.length === points.length ? [values] : [];
  });
}

function published(unmodified: Point, kernel: Point, bypass: Point): Split['published'] {
  const [u, k, b] = [unmodified, kernel, bypass].map(({ published_us }) => published_us);
  if (u == null || k == null || b == null) return null;
  return { interface: (u - k) / u, data_path: (k - b) / u, kernel: (u - b) / u };
}
