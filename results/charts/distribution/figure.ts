/**
 * The latency distributions of a run, as a Vega-Lite specification: one panel for each operation (and number of
 * clients and value size, where these differ), in it the cumulative distribution of each system, drawn so that the
 * tail has room: each factor of ten of 1 - p is as high as the one before it ("nines").
 */
import type { TopLevelSpec } from 'vega-lite';
import type { Manifest, Summary } from '../../formats/index.ts';
import type { Run } from '../../run/run-folder.ts';
import { mixture, runState, trialRange } from '../../sentences/caption.ts';
import { distanceOfFigure } from '../../sentences/distance.ts';
import { nameTarget } from '../../sentences/doubts.ts';
import { distanceOfRun } from '../../summary/distance/run-distance.ts';
import { mutedSystems } from '../chart.ts';
import { captionBlock, figureConfig, figureFrame, textBlock, titleStyle } from '../theme/figure-text.ts';
import { curveLooks, distributionLegend } from './legend.ts';
import { distributionPanel } from './panel.ts';
import { distributionSeries, type QuantileRow, quantileRows, type Series } from './points.ts';

const PANEL_WIDTH = 310;
const PANEL_HEIGHT = 300;
const PANEL_GAP = 24;
/** What stands left of a panel: the labels of its axis and their title. */
const AXIS_WIDTH = 62;
/** From the left edge of the first panel to the right one of the second. */
const width = 2 * PANEL_WIDTH + PANEL_GAP + AXIS_WIDTH;

export function distributionSpec(run: Run, summary: Summary): TopLevelSpec {
  const { manifest } = run;
  const all = distributionSeries(summary);
  const distance = distanceOfRun(run);
  const quantiles = all.flatMap((series) => quantileRows(run, distance, series));
  const looks = curveLooks(all);
  const panels = [...Map.groupBy(all, (series) => nameTarget(series, all))];
  const domain_us = domainOf(quantiles);
  const size: [number, number] = [panels.length === 1 ? width : PANEL_WIDTH, PANEL_HEIGHT];
  return {
    ...figureFrame,
    params: [mutedSystems],
    datasets: { quantiles, curves: all.map((series) => ({ ...series, ...looks.get(series.system)! })) },
    vconcat: [
      textBlock([`Latency distribution: ${manifest.title}`], width, titleStyle),
      distributionLegend(all, looks, width),
      {
        columns: 2,
        spacing: PANEL_GAP,
        concat: panels.map(([name, series]) =>
          distributionPanel(name, series, quantiles, looks, domain_us, size),
        ),
      },
      captionBlock(caption(manifest, summary, all), width),
    ].filter((part) => part !== null),
    config: figureConfig,
  } as TopLevelSpec;
}

/** The same for all panels, so that they can be compared. */
function domainOf(quantiles: QuantileRow[]): [number, number] {
  const latencies = quantiles.map(({ latency_us }) => latency_us).filter((us) => us > 0);
  if (latencies.length === 0) return [1, 100];
  return [
    latencies.reduce((a, b) => Math.min(a, b)) / 1.15,
    latencies.reduce((a, b) => Math.max(a, b)) * 1.15,
  ];
}

function caption(manifest: Manifest, summary: Summary, all: Series[]): string[] {
  const invalid = all.some(({ verdict }) => verdict === 'invalid');
  const means = summary.floors.length > all.filter(({ is_floor }) => is_floor).length;
  return [
    ...runState(manifest),
    `Share of the requests that took no longer, from the histograms of ${trialRange(summary.points)} merged by count.`,
    ...distanceOfFigure(summary),
    'Curves reach up to 99.99 %, or as far as 10 samples lie beyond.',
    ...(invalid ? ['Dashed: invalid, backs no claim.'] : []),
    ...(all.some(({ is_floor }) => is_floor) ? ['Dotted: floor.'] : []),
    ...mixture(manifest.systems),
    ...(means ? ['Floors whose samples are means of runs have no distribution to draw.'] : []),
  ];
}
