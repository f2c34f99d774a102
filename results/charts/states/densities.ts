/** How the latencies of a system are distributed in each state of the distance, and in all of them together. */
import type { FloorPoint, MeasurementTarget, Point, SlicePart, Summary } from '../../formats/index.ts';
import type { Run } from '../../run/run-folder.ts';
import { isOfMeans } from '../../sentences/rows.ts';
import { MIXTURE } from '../../summary/distance/by-state.ts';
import { partsOf } from '../../summary/distance/point-slices.ts';
import type { RunDistance } from '../../summary/distance/run-distance.ts';
import { countPoint } from '../../summary/numbers.ts';
import { type RowTarget, rowTarget } from '../measured-row.ts';

/** A row of the chart's dataset `densities`: a bin of latencies, on a log scale. */
export interface DensityRow {
  hump: string;
  latency_us: number;
  /** Of all requests of the system at this target, those that are in this state and bin. */
  share: number;
}

/** A row of the dataset `humps`: a system, or a floor, at one target in one state, or in all of them. */
export interface HumpRow extends RowTarget {
  /** Joins the bins to it. */
  hump: string;
  system: string;
  label: string;
  state: string;
  slices: number;
  requests: number;
  p5_us: number;
  p50_us: number;
  p95_us: number;
  /** The fullest bin of all states together, which the curves' heights are measured by. */
  largest_share: number;
}

/** Bins for each factor of ten. */
const BINS = 90;
/** Of the requests of a state, the part at either end that is not drawn: the tail has a figure of its own. */
const UNDRAWN = 0.01;
/** Nor is what is so many times as long, or as short, as the median. */
const FAR_OFF = 3;
/** A latency below a nanosecond would have no place on a log scale. */
const SHORTEST_US = 0.001;

/** Requests by latency, in ns. */
type Counts = Map<number, number>;

/** Rows of what has two states at least with slices enough; none of the rest. */
export function densitiesOf(
  run: Run,
  distance: RunDistance,
  { points, floors }: Summary,
): { densities: DensityRow[]; humps: HumpRow[] } {
  const densities: DensityRow[] = [];
  const humps: HumpRow[] = [];
  for (const point of [...points, ...floors.filter((floor) => !isOfMeans(floor)).map(asPoint)]) {
    const { system, label, operation, by_state } = point;
    const seen = by_state.flatMap(({ state, slices, p50_us }) =>
      p50_us === null ? [] : [{ state, slices, p50_us }],
    );
    // Two states, and behind them all of the time.
    if (seen.length < 3) continue;
    const target = rowTarget(point);
    const counts = countsByState(run, distance, point);
    const all = sizeOf(counts.get(MIXTURE)!);
    const medians_us = seen.map(({ p50_us }) => p50_us);
    const drawn = seen.map(({ state, slices, p50_us }) => {
      const hump = [system, operation, ...(target.point ? [target.point] : []), state].join(' ');
      const ofState = counts.get(state)!;
      const around_us = state === MIXTURE ? medians_us : [p50_us];
      const { ends_us, p5_us, p95_us } = spanOf(ofState, around_us);
      const requests = sizeOf(ofState);
      return {
        bins: binned(hump, ofState, ends_us, all),
        row: { hump, system, label, ...target, state, slices, requests, p5_us, p50_us, p95_us },
      };
    });
    const largest_share = Math.max(...drawn.at(-1)!.bins.map(({ share }) => share));
    for (const { bins, row } of drawn) {
      humps.push({ ...row, largest_share });
      densities.push(...bins);
    }
  }
  return { densities, humps };
}

type AsPoint = Pick<Point, 'system' | 'label' | 'by_state' | keyof MeasurementTarget>;

/** A floor is a system of its own here, and fades by its own name. */
function asPoint(floor: FloorPoint): AsPoint {
  return { ...floor, system: floor.name, label: `${floor.label} (floor)` };
}

/** By the names of states, of the requests that count for the point. */
function countsByState(run: Run, distance: RunDistance, of: AsPoint): Map<string, Counts> {
  const byState = new Map(of.by_state.map(({ state }): [string, Counts] => [state, new Map()]));
  const { slices, selection } = countPoint(run, distance, of.system, of);
  for (const one of slices.flatMap((trial) => trial.slices)) {
    const names = typeof one.state === 'string' ? [MIXTURE] : [MIXTURE, one.state.name];
    for (const counts of names.flatMap((name) => byState.get(name) ?? [])) {
      for (const part of partsOf(one, selection)) addTo(counts, part);
    }
  }
  return byState;
}

function addTo(counts: Counts, { values_ns, counts: added }: SlicePart): void {
  for (const [index, ns] of values_ns.entries()) counts.set(ns, (counts.get(ns) ?? 0) + added[index]);
}

function sizeOf(counts: Counts): number {
  return [...counts.values()].reduce((sum, count) => sum + count, 0);
}

interface Span {
  /** From where to where the hump is drawn. */
  ends_us: [number, number];
  p5_us: number;
  p95_us: number;
}

/** `medians_us`: of the states that the requests are of. */
function spanOf(counts: Counts, medians_us: number[]): Span {
  const ascending = [...counts].sort(([a], [b]) => a - b);
  const total = sizeOf(counts);
  const at = (quantile: number): number => {
    let above = quantile * total;
    for (const [ns, count] of ascending) {
      above -= count;
      if (above <= 0) return ns / 1000;
    }
    return ascending.at(-1)![0] / 1000;
  };
  const low_us = Math.max(at(UNDRAWN), Math.min(...medians_us) / FAR_OFF);
  const high_us = Math.min(at(1 - UNDRAWN), Math.max(...medians_us) * FAR_OFF);
  return { ends_us: [low_us, high_us], p5_us: at(0.05), p95_us: at(0.95) };
}

/** Bins from the first to the last, with an empty one on either side; `all`: the requests that shares are of. */
function binned(
  hump: string,
  counts: Counts,
  [low_us, high_us]: [number, number],
  all: number,
): DensityRow[] {
  const binOf = (us: number): number => Math.floor(Math.log10(Math.max(us, SHORTEST_US)) * BINS);
  const first = binOf(low_us) - 1;
  const requests: number[] = Array(binOf(high_us) - first + 2).fill(0);
  for (const [ns, count] of counts) {
    const us = ns / 1000;
    if (us >= low_us && us <= high_us) requests[binOf(us) - first] += count;
  }
  return requests.map((count, index) => ({
    hump,
    latency_us: Number((10 ** ((first + index + 0.5) / BINS)).toPrecision(5)),
    share: Number((count / all).toFixed(6)),
  }));
}
