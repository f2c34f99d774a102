/**
 * The latency distributions of a run, as a Vega-Lite specification: one panel for each operation (and number of
 * clients and value size, where these differ), in it the cumulative distribution of each system, drawn so that the
 * tail has room: each factor of ten of 1 - p is as high as the one before it ("nines").
 */
import type { Manifest, Summary } from '../../formats/index.ts';
import { mixture, runState, trialRange } from '../../sentences/caption.ts';
import { distanceOfFigure } from '../../sentences/distance.ts';
import { nameTarget } from '../../sentences/doubts.ts';
import { type LegendEntry, legend } from '../legend.ts';
import type { Picture } from '../picture.ts';
import type { ChartSource } from '../source.ts';
import type { Looks } from '../theme/looks.ts';
import { multiples, multiplesOf } from '../theme/multiples.ts';
import type { Theme } from '../theme/theme.ts';
import { distributionPanel, X_TITLE, Y_TITLE } from './panel.ts';
import { distributionSeries, type QuantileRow, quantileRows, type Series } from './points.ts';

const SHAPE = { ratio: 0.95, highest: 300 };

export function distributionPicture({ run, summary, distance, looks }: ChartSource, theme: Theme): Picture {
  const { manifest } = run;
  const all = distributionSeries(summary);
  const quantiles = all.flatMap((series) => quantileRows(run, distance, series));
  const panels = [...Map.groupBy(all, (series) => nameTarget(series, all))];
  const domain_us = domainOf(quantiles);
  const axes = { x: X_TITLE, y: Y_TITLE, widest: '99.99 %', shape: SHAPE };
  const grid = multiplesOf(panels.length, axes, theme);
  return {
    title: `Latency distribution: ${manifest.title}`,
    datasets: {
      quantiles,
      curves: all.map((series) => {
        const { colour, shape, dash } = looks.get(series.system)!;
        return { ...series, colour, shape, dash };
      }),
    },
    parts: [
      legend(entriesOf(all, looks), { width: grid.width, left: grid.left, fades: true }, theme),
      multiples(grid, panels.length, theme, (index, hasY, hasX) => {
        const [title, series] = panels[index];
        return distributionPanel(
          { title, series, quantiles, looks, domain_us, size: grid.size, hasX, hasY },
          theme,
        );
      }),
    ],
    width: grid.width,
    left: grid.left,
    warnings: [],
    caption: caption(manifest, summary, all),
    canFade: true,
  };
}

/** A piece of the curve with its mark, and the label. */
function entriesOf(all: Series[], looks: Looks): LegendEntry[] {
  return [...new Map(all.map(({ system, label }) => [system, label]))].map(([system, label]) => {
    const { colour, shape, dash } = looks.get(system)!;
    return { system, label, line: { colour, dash }, mark: { colour, shape } };
  });
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
