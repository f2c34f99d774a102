/**
 * The quantiles that the distribution figure draws, from the histograms of all trials merged by count: of the state of
 * distance that the run is compared in.
 */
import { type FloorPoint, type Point, pointName, type Summary } from '../../formats/index.ts';
import { type Histogram, mergeHistograms } from '../../run/histogram.ts';
import type { Run } from '../../run/run-folder.ts';
import { isOfMeans } from '../../sentences/rows.ts';
import type { RunDistance } from '../../summary/distance/run-distance.ts';
import { type State, stateOf } from '../../summary/doubt.ts';
import { countPoint } from '../../summary/numbers.ts';
import { type MeasuredRow, measuredRow, type RowTarget, rowTarget } from '../measured-row.ts';

/** A curve: a system, or a floor, at one target. */
export type Series = MeasuredRow & {
  /** Joins the quantiles to it. */
  series: string;
  is_floor: boolean;
  /** The worst of its quantiles'. */
  verdict: State;
};

export type QuantileRow = RowTarget & {
  series: string;
  system: string;
  /** Share of the requests that took no longer than latency_us. */
  quantile: number;
  latency_us: number;
};

/** Fewer samples beyond a quantile make it a matter of chance. */
const FEWEST_BEYOND = 10;

/** Those that the axis labels, where the curves have a mark. */
export const labelledQuantiles = [0.5, 0.9, 0.99, 0.999, 0.9999];

/** So many for each factor of ten of 1 - quantile that straight lines between them are the curve. */
const quantiles = quantilesOf(12);

/** Those of which something is shown: as close as their areas can be told apart. */
export const touchedQuantiles = quantilesOf(6);

function quantilesOf(stepsPerNine: number): number[] {
  const steps = Array.from({ length: 4 * stepsPerNine }, (_, step) => 1 - 10 ** (-step / stepsPerNine));
  const rounded = steps.map((quantile) => Number(quantile.toFixed(6)));
  return [...new Set([...labelledQuantiles, ...rounded])].sort((a, b) => a - b);
}

/** What has a distribution to draw: systems, and floors whose samples are single exchanges. */
export function distributionSeries({ points, floors }: Summary): Series[] {
  return [
    ...points.map((point) => seriesOf(point, false)),
    // A floor is a curve of its own here, and fades by its own name.
    ...floors
      .filter((floor) => !isOfMeans(floor))
      .map((floor) => seriesOf({ ...floor, system: floor.name }, true)),
  ];
}

function seriesOf(point: Point | (FloorPoint & { system: string }), is_floor: boolean): Series {
  const series = [point.system, point.operation, pointName(point.at)].join(' ').trim();
  return { series, ...measuredRow(point), is_floor, verdict: stateOf(point, ['p50', 'p99', 'p999']) };
}

/**
 * The quantiles of a series, lowest first, of the requests that its point counts; none where nothing was recorded.
 */
export function quantileRows(run: Run, distance: RunDistance, of: Series): QuantileRow[] {
  const { series, system } = of;
  const { samples } = countPoint(run, distance, system, of);
  const merged = mergeHistograms(samples.map(({ latency_ns }) => latency_ns));
  return read(merged).map((point) => ({ series, system, ...rowTarget(of), ...point }));
}

interface QuantilePoint {
  quantile: number;
  latency_us: number;
}

function read(histogram: Histogram): QuantilePoint[] {
  const samples = histogram.totalCount;
  if (samples === 0) return [];
  return quantiles
    .filter((quantile) => (1 - quantile) * samples >= FEWEST_BEYOND - 1e-6)
    .map((quantile) => ({ quantile, latency_us: histogram.getValueAtPercentile(100 * quantile) / 1000 }));
}
