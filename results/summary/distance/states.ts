/**
 * The states of a machine's distances: the few lengths of a way between which two cores change, found in the readings
 * themselves.
 *
 * A state is a hump of the density of log ns. Two humps are two states where the valley between them is deep against
 * both; then each side is looked at again by itself, with a density as fine as its own spread allows:
 *
 *     density   f(x) = sum of Gaussian kernels of bandwidth h, h = 0.9 min(s, IQR / 1.34) n^(-1/5), but not below 0.04
 *     valley    f(v) < 1/3 of the highest f on either side of v
 *
 * So a slow drift is one broad state, and states that lie close together are told apart if nothing lies between them.
 * The floor of h makes distances one that are less than some 15 % apart. Source of h: B. W. Silverman, Density
 * Estimation for Statistics and Data Analysis (1986), section 3.4.2.
 *
 * A few readings that something disturbed are no state: they scatter, where those of a state agree. Those at the edge
 * of a state that do agree are of it: a program that uses the cores otherwise reads the same distance a little longer.
 */
import { medianSorted, quantileSorted, standardDeviation } from 'simple-statistics';

/** Readings of one distance. */
export interface DistanceState {
  /** `only` where there is one; else from `near` by `middle` (`middle 1`, `middle 2` ...) to `far`. */
  name: string;
  /** There and back: the readings from `low_ns` to `high_ns` are of this state, and no others. */
  low_ns: number;
  high_ns: number;
  median_ns: number;
  /** Of all readings. Those of no state, which lie in a gap, make the sum less than 1. */
  share: number;
}

/** The density in a valley, as a share of both its sides' highest. */
const DEEP = 1 / 3;
/** The smallest bandwidth, of log ns. */
const FINEST = 0.04;
/** The density is known at so many points for each bandwidth, and a kernel ends after so many bandwidths. */
const POINTS_PER_BANDWIDTH = 4;
const KERNEL_ENDS = 4;
/** Fewer readings than these are no state. */
const FEWEST_READINGS = 5;
const FEWEST_SHARE = 0.01;
/** Of a state with a smaller share half the readings agree, that is: they lie within a factor. */
const RARE = 0.1;
const AGREEING = Math.log(1.2);
/** Readings so many quartile ranges beyond the quartiles are none of the state (J. W. Tukey's "far out"). */
const FAR_OUT = 3;

/** Readings from one index to before another, in ascending order. */
interface Range {
  from: number;
  to: number;
}

/** The states of readings in any order, nearest first; none of no reading. */
export function findStates(medians_ns: readonly number[]): DistanceState[] {
  const sorted_ns = medians_ns.filter((ns) => ns > 0).sort((a, b) => a - b);
  if (sorted_ns.length === 0) return [];
  const logs = sorted_ns.map((ns) => Math.log(ns));
  const humps = humpsOf(logs, { from: 0, to: logs.length });
  return humps.map((hump, index) => {
    const { from, to } = withoutFarOut(logs, hump);
    return {
      name: nameOf(index, humps.length),
      low_ns: sorted_ns[from],
      high_ns: sorted_ns[to - 1],
      median_ns: medianSorted(sorted_ns.slice(from, to)),
      share: (to - from) / sorted_ns.length,
    };
  });
}

/** The state of a reading; null where it lies in a gap, or there is none. */
export function stateAt<State extends Pick<DistanceState, 'low_ns' | 'high_ns'>>(
  states: readonly State[],
  median_ns: number | null,
): State | null {
  if (median_ns === null) return null;
  return states.find(({ low_ns, high_ns }) => median_ns >= low_ns && median_ns <= high_ns) ?? null;
}

function nameOf(index: number, states: number): string {
  if (states === 1) return 'only';
  if (index === 0) return 'near';
  if (index === states - 1) return 'far';
  return states === 3 ? 'middle' : `middle ${index}`;
}

function humpsOf(logs: readonly number[], range: Range): Range[] {
  const cut = deepestValley(logs, range);
  if (cut === null) return [range];
  return [...humpsOf(logs, { from: range.from, to: cut }), ...humpsOf(logs, { from: cut, to: range.to })];
}

/** The index of the first reading behind the deepest valley with a state on either side; null where none is deep. */
function deepestValley(logs: readonly number[], { from, to }: Range): number | null {
  const part = logs.slice(from, to);
  const { density, before } = densityOf(part);
  const highestBelow = runningMaximum(density);
  const highestAbove = runningMaximum(density.toReversed()).reverse();
  let deepest: number | null = null;
  let depth = DEEP;
  let rejected = -1;
  for (let point = 0; point < density.length; point++) {
    const relative = density[point] / Math.min(highestBelow[point], highestAbove[point]);
    const cut = from + before[point];
    if (!(relative < depth) || cut === rejected) continue;
    if (isState(logs, { from, to: cut }) && isState(logs, { from: cut, to })) {
      depth = relative;
      deepest = cut;
    } else {
      rejected = cut;
    }
  }
  return deepest;
}

/** At evenly spaced points: the density of readings, but for a factor, and how many lie before each point. */
function densityOf(sorted: readonly number[]): { density: Float64Array; before: Int32Array } {
  const spacing = bandwidthOf(sorted) / POINTS_PER_BANDWIDTH;
  const reach = KERNEL_ENDS * POINTS_PER_BANDWIDTH;
  const start = sorted[0] - reach * spacing;
  const points = Math.ceil((sorted.at(-1)! - start) / spacing) + reach + 1;
  const before = new Int32Array(points);
  const density = new Float64Array(points);
  const kernel = Float64Array.from({ length: 2 * reach + 1 }, (_, index) =>
    Math.exp(-(((index - reach) / POINTS_PER_BANDWIDTH) ** 2) / 2),
  );
  for (const log of sorted) {
    const nearest = Math.round((log - start) / spacing);
    before[nearest] += 1;
    for (let offset = -reach; offset <= reach; offset++) density[nearest + offset] += kernel[offset + reach];
  }
  let readings = 0;
  for (let point = 0; point < points; point++) {
    const here = before[point];
    before[point] = readings;
    readings += here;
  }
  return { density, before };
}

function bandwidthOf(sorted: readonly number[]): number {
  const values = [...sorted];
  const spread = Math.min(standardDeviation(values), quartileRange(values) / 1.34);
  return Math.max(FINEST, 0.9 * spread * values.length ** -0.2);
}

function quartileRange(sorted: number[]): number {
  return quantileSorted(sorted, 0.75) - quantileSorted(sorted, 0.25);
}

function runningMaximum(values: Float64Array): Float64Array {
  let highest = 0;
  return values.map((value) => {
    highest = Math.max(highest, value);
    return highest;
  });
}

/** Whether the readings are enough, and if they are a small part of all, whether they agree rather than scatter. */
function isState(logs: readonly number[], range: Range): boolean {
  const readings = range.to - range.from;
  const fewest = Math.max(FEWEST_READINGS, FEWEST_SHARE * logs.length);
  if (readings < fewest) return false;
  return readings >= RARE * logs.length || mostAgreeing(logs, range) >= Math.max(fewest, readings / 2);
}

/** The largest number of readings that lie within a factor. */
function mostAgreeing(logs: readonly number[], { from, to }: Range): number {
  let most = 0;
  let first = from;
  for (let last = from; last < to; last++) {
    while (logs[last] - logs[first] > AGREEING) first++;
    most = Math.max(most, last - first + 1);
  }
  return most;
}

/** The same without what was disturbed, and lies in the gaps beside the state. */
function withoutFarOut(logs: readonly number[], { from, to }: Range): Range {
  const part = logs.slice(from, to);
  const beyond = FAR_OUT * Math.max(FINEST, quartileRange(part));
  const [low, high] = [quantileSorted(part, 0.25) - beyond, quantileSorted(part, 0.75) + beyond];
  const inner = {
    from: from + part.findIndex((log) => log >= low),
    to: from + part.findLastIndex((log) => log <= high) + 1,
  };
  const [below, above] = [
    { from, to: inner.from },
    { from: inner.to, to },
  ];
  return {
    from: isState(logs, below) ? withoutFarOut(logs, below).from : inner.from,
    to: isState(logs, above) ? withoutFarOut(logs, above).to : inner.to,
  };
}
