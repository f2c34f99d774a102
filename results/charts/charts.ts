/** The charts of a run, by their names, and which of them a run gets. */
import { figureKind, isBulk, isLoad, isSize, mainAxis } from '../run/main-axis.ts';
import { costBars, throughputBars } from './bars/figure.ts';
import { breakdownPicture } from './breakdown/figure.ts';
import { distancePicture } from './distance/figure.ts';
import { distributionPicture } from './distribution/figure.ts';
import { latencyPicture } from './latency/figure.ts';
import type { Picture } from './picture.ts';
import type { ChartSource } from './source.ts';
import { splitPicture } from './split/figure.ts';
import { pollingPicture } from './split/polling.ts';
import { statesPicture } from './states/figure.ts';
import { besideBulk } from './sweep/bulk.ts';
import { loadCurve } from './sweep/load-curve.ts';
import { bandwidthOverSize, costOverAxis, latencyOverAxis, throughputOverAxis } from './sweep/over-axis.ts';
import type { Theme } from './theme/theme.ts';

export const chartNames = [
  'figure',
  'latency',
  'curve',
  'throughput',
  'bandwidth',
  'bulk',
  'cost',
  'breakdown',
  'split',
  'polling',
  'distribution',
  'distance',
  'states',
] as const;
export type ChartName = (typeof chartNames)[number];

type Build = (source: ChartSource, theme: Theme) => Picture | null;

/** Over the main axis where there is one, else as bars. */
const overAxisOr =
  (over: Build, bars: Build): Build =>
  (source, theme) =>
    mainAxis(source.run.manifest) === null ? bars(source, theme) : over(source, theme);

const builders: Record<ChartName, Build> = {
  figure: (source, theme) => builders[figureKind(source.run.manifest)](source, theme),
  latency: overAxisOr(latencyOverAxis, latencyPicture),
  curve: loadCurve,
  throughput: overAxisOr(throughputOverAxis, throughputBars),
  bandwidth: bandwidthOverSize,
  bulk: besideBulk,
  cost: overAxisOr(costOverAxis, costBars),
  breakdown: breakdownPicture,
  split: splitPicture,
  polling: pollingPicture,
  distribution: distributionPicture,
  distance: distancePicture,
  states: statesPicture,
};

/** The charts that stand in the report: those that say more than the figure does, of a run with such axes. */
export function reportedCharts(source: ChartSource): ChartName[] {
  const { manifest } = source.run;
  const kind = figureKind(manifest);
  const isSwept = mainAxis(manifest) !== null;
  const isLoaded = manifest.plan.measurements.some(({ clients, pipeline }) => clients * pipeline > 1);
  const isWanted: Partial<Record<ChartName, boolean>> = {
    latency: kind !== 'latency',
    curve: kind !== 'curve' && mainAxis(manifest, isLoad) !== null,
    throughput: kind !== 'throughput' && (isSwept || isLoaded),
    bandwidth: kind !== 'bandwidth' && mainAxis(manifest, isSize) !== null,
    bulk: kind !== 'bulk' && mainAxis(manifest, isBulk) !== null,
  };
  return chartNames.filter((name) => isWanted[name] ?? true);
}

/** Null where the run has nothing that the chart shows. */
export function pictureOf(name: ChartName, source: ChartSource, theme: Theme): Picture | null {
  return builders[name](source, theme);
}
