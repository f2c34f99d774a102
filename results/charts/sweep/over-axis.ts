/**
 * What a sweep measured over its main axis: latency, throughput or bandwidth as lines, one for each system, in a panel
 * for each operation and each value of the other axes. A system that has not the axis is a level line.
 */
import type { Axis, Manifest, Point, Summary } from '../../formats/index.ts';
import { isSize, mainAxis } from '../../run/main-axis.ts';
import { hollowMeaning, mixture, runState, trialRange } from '../../sentences/caption.ts';
import { distanceOfFigure } from '../../sentences/distance.ts';
import { axisTitle } from '../../sentences/load.ts';
import { formatCount } from '../../text/format.ts';
import { type LegendEntry, legend, publishedLabel } from '../legend.ts';
import { type MeasuredRow, measuredRow } from '../measured-row.ts';
import type { Picture } from '../picture.ts';
import type { ChartSource } from '../source.ts';
import type { Looks } from '../theme/looks.ts';
import { multiples, multiplesOf } from '../theme/multiples.ts';
import { INK, type Theme } from '../theme/theme.ts';
import { exactUs } from '../tooltip.ts';
import { axisLabel, placesAlong } from './axes.ts';
import { floorEntries, floorMeaning, floorRows } from './floors.ts';
import { bandwidth, cost, latencyP50, type Shown, throughput } from './measures.ts';
import { linesPanel } from './panel.ts';
import { axisScale, measuredAxis, measuredScale, valuesAxis } from './scales.ts';

/** A row of the dataset `points`, flat, for spreadsheets too. */
export interface LineRow extends MeasuredRow {
  panel: string;
  x: number;
  y: number | null;
  low: number | null;
  high: number | null;
  /** In the unit of y; null where nothing was published. */
  published: number | null;
  order: number;
  /** Of the statistic that is drawn. */
  verdict: string;
  /** A system that has not the axis: the ends of a level line. */
  is_constant: boolean;
}

export function latencyOverAxis(source: ChartSource, theme: Theme): Picture | null {
  const axis = mainAxis(source.run.manifest);
  return axis && overAxis(source, axis, latencyP50, theme);
}

export function throughputOverAxis(source: ChartSource, theme: Theme): Picture | null {
  const axis = mainAxis(source.run.manifest);
  return axis && overAxis(source, axis, throughput, theme);
}

export function costOverAxis(source: ChartSource, theme: Theme): Picture | null {
  const axis = mainAxis(source.run.manifest);
  return axis && overAxis(source, axis, cost, theme);
}

/** Null where no axis is a size of values. */
export function bandwidthOverSize(source: ChartSource, theme: Theme): Picture | null {
  const axis = mainAxis(source.run.manifest, isSize);
  return axis && overAxis(source, axis, bandwidth, theme);
}

function overAxis(
  { run, summary, looks }: ChartSource,
  axis: Axis,
  measure: Shown,
  theme: Theme,
): Picture | null {
  const { manifest } = run;
  const rows = rowsOf(summary.points, axis, measure, manifest);
  const panels = [...new Set(rows.map(({ panel }) => panel))];
  const floors = floorRows(summary.floors, axis, measure, panels, manifest);
  if (rows.every(({ y }) => y === null)) return null;
  const values = axis.values as number[];
  const x = axisScale(values, theme.logX ?? axis.scale === 'log');
  const measured = rows.flatMap(({ y, low, high, published }) => [y, low, high, published]);
  const y = measuredScale(
    [...measured, ...floors.map((floor) => floor.y)].filter((value) => value !== null),
    theme.logY,
  );
  const grid = multiplesOf(
    panels.length,
    { x: axisTitle(axis, manifest), y: measure.title, widest: formatCount(Math.round(y.domain[1])) },
    theme,
  );
  return {
    title: `${capital(measure.title.replace(/ \(.*/, ''))} over ${axisTitle(axis, manifest)}: ${manifest.title}`,
    datasets: { points: rows, ...(floors.length > 0 && { floors }) },
    parts: [
      legend(
        [
          ...entriesOf(summary.points, looks),
          ...floorEntries(floors, looks),
          ...publishedEntries(rows, summary),
        ],
        { width: grid.width, left: grid.left, fades: true },
        theme,
      ),
      multiples(grid, panels.length, theme, (index, hasY, hasX) =>
        linesPanel(
          {
            title: panels[index],
            dataset: 'points',
            panel: panels[index],
            size: grid.size,
            x: {
              scale: x,
              axis: valuesAxis(
                x,
                values,
                (value) => axisLabel(axis, value),
                hasX ? grid.xTitle : null,
                grid.size[0],
                theme,
              ),
            },
            y: { scale: y, axis: measuredAxis(y, grid.yTitle, hasY) },
            floors,
            looks,
            tooltip: tooltipLines(axis, measure),
          },
          theme,
        ),
      ),
    ],
    width: grid.width,
    left: grid.left,
    warnings: mixture(manifest.systems),
    caption: [
      ...runState(manifest),
      `${capital(measure.title)} of ${trialRange(summary.points)}${whiskers(measure, summary.points)}.`,
      ...floorMeaning(floors),
      ...distanceOfFigure(summary),
      ...marksMeaning(rows),
    ],
    canFade: true,
  };
}

function whiskers({ whiskersOf }: Shown, points: Point[]): string {
  const found = whiskersOf(points);
  return found === null ? '' : `; whiskers: ${found}`;
}

function marksMeaning(rows: readonly LineRow[]): string[] {
  return [
    ...hollowMeaning(rows.some(({ verdict }) => verdict === 'invalid')),
    ...(rows.some(({ is_constant }) => is_constant) ? ['Level lines: systems that have not the axis.'] : []),
  ];
}

function tooltipLines({ name }: Axis, { title }: Shown): [string, string][] {
  return [
    [name.replaceAll('_', ' '), "format(datum.x, ',~r')"],
    [title, "format(datum.y, ',.4~r')"],
    ['p50', exactUs('p50_us')],
  ];
}

function rowsOf(points: Point[], axis: Axis, measure: Shown, manifest: Manifest): LineRow[] {
  return points.flatMap((point) => {
    const interval = measure.intervalOf(point);
    return placesAlong(point, axis, manifest).map(({ panel, x, is_constant }) => ({
      ...measuredRow(point),
      panel,
      x,
      y: measure.valueOf(point),
      low: is_constant ? null : (interval?.low ?? null),
      high: is_constant ? null : (interval?.high ?? null),
      published: is_constant ? null : measure.publishedOf(point),
      order: x,
      verdict: measure.stateOf(point),
      is_constant,
    }));
  });
}

/** The systems of these points, each with its line and its mark. */
export function entriesOf(points: Point[], looks: Looks): LegendEntry[] {
  return [...new Map(points.map(({ system, label }) => [system, label]))].map(([system, label]) => {
    const { colour, shape, dash } = looks.get(system)!;
    return { system, label, line: { colour, dash }, mark: { colour, shape } };
  });
}

/** What black marks are, where there are any. */
function publishedEntries(rows: readonly LineRow[], { reference }: Summary): LegendEntry[] {
  const isPublished = reference !== null && rows.some(({ published }) => published !== null);
  return isPublished
    ? [
        {
          label: `${publishedLabel(reference.name)}, with the system's mark`,
          mark: { colour: INK, shape: 'circle' },
        },
      ]
    : [];
}

/** A first word that is a word begins with a capital; p50 stays as it is. */
export function capital(words: string): string {
  return /^[a-z]+\b/.test(words) ? words[0].toUpperCase() + words.slice(1) : words;
}
