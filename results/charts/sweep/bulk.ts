/**
 * Requests beside bulk, over an axis of the bulk: for each operation and each value of the other axes a panel with the
 * p99 of the requests, and one with the bandwidth that the bulk had meanwhile.
 */
import type { Axis, Manifest, Point } from '../../formats/index.ts';
import { isBulk, mainAxis } from '../../run/main-axis.ts';
import { hollowMeaning, mixture, runState, trialRange } from '../../sentences/caption.ts';
import { distanceOfFigure } from '../../sentences/distance.ts';
import { axisTitle } from '../../sentences/load.ts';
import { formatCount, formatUs } from '../../text/format.ts';
import { legend } from '../legend.ts';
import { measuredRow } from '../measured-row.ts';
import type { Picture } from '../picture.ts';
import type { ChartSource } from '../source.ts';
import { multiples, multiplesOf } from '../theme/multiples.ts';
import type { Theme } from '../theme/theme.ts';
import { exactUs } from '../tooltip.ts';
import { axisLabel, facetsOf, valueAlong } from './axes.ts';
import { bulkBandwidth, latencyP99, type Shown } from './measures.ts';
import { entriesOf, type LineRow } from './over-axis.ts';
import { linesPanel } from './panel.ts';
import { axisScale, measuredAxis, measuredScale, type PlotScale, valuesAxis } from './scales.ts';

/** Of a panel. */
interface BulkRow extends LineRow {
  measure: string;
}

/** Null where no axis is one of bulk, or nothing was carried. */
export function besideBulk({ run, summary, looks }: ChartSource, theme: Theme): Picture | null {
  const { manifest } = run;
  const axis = mainAxis(manifest, isBulk);
  if (axis === null || summary.points.every(({ bulk }) => bulk === null)) return null;
  const rows = [latencyP99, bulkBandwidth].flatMap((measure) =>
    rowsOf(summary.points, axis, measure, manifest),
  );
  // The two panels of a facet stand beside each other.
  const facets = [...new Set(rows.map(({ panel }) => panel.split(': ')[0]))];
  const panels = facets.flatMap((facet) =>
    [latencyP99, bulkBandwidth].map((measure) => ({ name: panelName(facet, measure), measure })),
  );
  const values = axis.values as number[];
  const x = axisScale(values, theme.logX ?? axis.scale === 'log');
  const scaleOf = ({ field }: Shown): PlotScale =>
    measuredScale(
      rows
        .filter((row) => row.measure === field)
        .flatMap(({ y, low, high }) => [y, low, high].filter((value) => value !== null)),
      theme.logY,
    );
  const scales = new Map([latencyP99, bulkBandwidth].map((measure) => [measure.field, scaleOf(measure)]));
  const widest = Math.max(...[...scales.values()].map(({ domain }) => domain[1]));
  const grid = multiplesOf(
    panels.length,
    { x: axisTitle(axis, manifest), y: '', widest: formatCount(Math.round(widest)), eachHasY: true },
    theme,
  );
  return {
    title: `p99 latency beside bulk, and the bandwidth of the bulk: ${manifest.title}`,
    datasets: { points: rows },
    parts: [
      legend(entriesOf(summary.points, looks), { width: grid.width, left: grid.left, fades: true }, theme),
      multiples(grid, panels.length, theme, (index, hasY, hasX) => {
        const { name, measure } = panels[index];
        const y = scales.get(measure.field)!;
        const title = hasX ? grid.xTitle : null;
        return linesPanel(
          {
            title: name,
            dataset: 'points',
            panel: name,
            size: grid.size,
            x: {
              scale: x,
              axis: valuesAxis(x, values, (value) => axisLabel(axis, value), title, grid.size[0], theme),
            },
            y: { scale: y, axis: measuredAxis(y, [], hasY) },
            looks,
            tooltip: [
              [axisTitle(axis, manifest), "format(datum.x, ',~r')"],
              [measure.title, "format(datum.y, ',.4~r')"],
              ['p50', exactUs('p50_us')],
            ],
          },
          theme,
        );
      }),
    ],
    width: grid.width,
    left: grid.left,
    warnings: mixture(manifest.systems),
    caption: [
      ...runState(manifest),
      `${carried(summary.points)}, beside ${trialRange(summary.points)}; whiskers: ${bulkBandwidth.whiskersOf(summary.points)}.`,
      ...ownWork(summary.points),
      ...distanceOfFigure(summary),
      ...hollowMeaning(rows.some(({ verdict }) => verdict === 'invalid')),
    ],
    canFade: true,
  };
}

function panelName(facet: string, { title }: Shown): string {
  return `${facet}: ${title}`;
}

function rowsOf(points: Point[], axis: Axis, measure: Shown, manifest: Manifest): BulkRow[] {
  return points.flatMap((point) => {
    const x = valueAlong(point, axis);
    if (x === null) return [];
    const interval = measure.intervalOf(point);
    return facetsOf(point, axis, manifest).map((facet) => ({
      ...measuredRow(point),
      panel: panelName(facet, measure),
      measure: measure.field,
      x,
      y: measure.valueOf(point),
      low: interval?.low ?? null,
      high: interval?.high ?? null,
      published: null,
      order: x,
      verdict: measure.stateOf(point),
      is_constant: false,
    }));
  });
}

/** "Streams of GET of 1,048,576 bytes". */
function carried(points: Point[]): string {
  const kinds = points.flatMap(({ bulk }) =>
    bulk ? [`${bulk.request.toUpperCase()} of ${formatCount(bulk.value_bytes)} bytes`] : [],
  );
  return `Streams of ${[...new Set(kinds)].join(', ')}`;
}

/** How much of the latency may be the load generator's own work for the bulk. */
function ownWork(points: Point[]): string[] {
  const waits = points.flatMap(({ bulk }) => bulk?.generator.mean_wait_us ?? []);
  if (waits.length === 0) return [];
  return [
    `Of each latency, ${formatUs(Math.max(...waits))} µs at most, on average, are the load generator's own work for the bulk.`,
  ];
}
