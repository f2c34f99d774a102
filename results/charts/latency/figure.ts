/**
 * The figure of a run, as a Vega-Lite specification: title, a row of panels (panel.ts) for each number of clients and
 * value size, in it one for each group of systems, and a caption of at most three lines. It is as narrow as its numbers
 * allow, since a column of a paper is narrow. What else there is to say stands in figure.txt (sentences/description.ts)
 * and in the report.
 */
import {
  type FloorPoint,
  type MeasurementTarget,
  type Point,
  pointName,
  sameAt,
} from '../../formats/index.ts';
import { shortCaption } from '../../sentences/caption.ts';
import { formatCount, formatNumber } from '../../text/format.ts';
import { type LegendEntry, legend } from '../legend.ts';
import { measuredRow } from '../measured-row.ts';
import type { Picture } from '../picture.ts';
import type { ChartSource } from '../source.ts';
import { innerWidth, type Theme, textWidth } from '../theme/theme.ts';
import { operationEntries, operationsOf, referenceEntry } from './bars.ts';
import { type BarDirection, lying, upright } from './direction.ts';
import { floorEntry, hasFloorLines } from './floors.ts';
import { linesBelow, neededWidth, type OfPanel, panel, scaleOf, sizeOf } from './panel.ts';

/** So that the legend has room in one row. */
const NARROWEST_PLOT = 390;
/** Groups of the same load stand beside each other. */
const COLUMNS = 2;
const PANEL_GAP = 22;
/** Of text under a bar, before bars lie down and have it at their left. */
const MOST_LINES = 7;

export function latencyPicture({ run, summary }: ChartSource, theme: Theme): Picture {
  const { points, floors, reference } = summary;
  const loads = [...Map.groupBy(points, ({ at }) => pointName(at)).values()].map((ofLoad) =>
    [...Map.groupBy(ofLoad, ({ group }) => group).values()].map((ofPanel) => ({
      points: ofPanel,
      floors: floors.filter((floor) => isOfPanel(floor, ofPanel)),
    })),
  );
  const all = loads.flat();
  const operations = operationsOf(points);
  const { columns, direction, panelWidth, axisWidth } = layoutOf(loads, theme);
  const rows = loads.reduce((sum, panels) => sum + Math.ceil(panels.length / columns), 0);
  const size = sizeOf(all, { direction, panelWidth, rows }, theme);
  const width = columns * size.width + (columns - 1) * PANEL_GAP;
  const left = axisWidth + size.labelRoom;
  const published = points.some(({ published_us }) => published_us !== null) ? reference : null;
  const rowOf = (panels: OfPanel[]): object => {
    const scale = scaleOf(panels, size, theme);
    const drawn = panels.map((of, index) => {
      const hasAxis = index % columns === 0;
      const hasPublished = published !== null;
      const title = titleOf(of, loads);
      return panel({ ...of, title, size, scale, hasAxis, hasPublished, operations }, theme);
    });
    return drawn.length === 1 ? drawn[0] : { columns, spacing: PANEL_GAP, concat: drawn };
  };
  const entries: LegendEntry[] = [
    ...operationEntries(operations, theme),
    ...(published ? [referenceEntry(published.name)] : []),
    ...(hasFloorLines(all.flatMap((of) => of.floors)) ? [floorEntry(direction.isUpright)] : []),
  ];
  return {
    title: run.manifest.title,
    datasets: {
      points: points.map((point) => ({
        ...measuredRow(point),
        group: point.group,
        ...(published && { published_us: point.published_us }),
      })),
      ...(floors.length > 0 && {
        floors: all.flatMap((of) => of.floors.flatMap((floor) => floorRowsOf(floor, of.points))),
      }),
    },
    parts: [legend(entries, { width, left }, theme), ...loads.map(rowOf)],
    width,
    left,
    warnings: [],
    caption: [...shortCaption(run.manifest, summary), ...(theme.hasCaption ? ['More: figure.txt.'] : [])],
    canFade: true,
  };
}

interface Layout {
  columns: number;
  direction: BarDirection;
  panelWidth: number;
  /** Left of a panel, the labels of lying bars left out. */
  axisWidth: number;
}

/** Panels beside each other where that is possible, then one below the other, and with lying bars at last. */
function layoutOf(loads: OfPanel[][], theme: Theme): Layout {
  const most = Math.min(COLUMNS, Math.max(1, ...loads.map((panels) => panels.length)));
  const panels = loads.flat();
  const needed = Math.max(...panels.map((of) => neededWidth(of, theme)));
  const axisWidth = textWidth(theme, 'label', '1,000') + theme.text.label.lineHeight + 8;
  const of = (columns: number, panelWidth: number): Layout => ({
    columns,
    direction: upright,
    panelWidth,
    axisWidth,
  });
  if (theme.width === null) return of(most, Math.max(NARROWEST_PLOT, needed));
  const width = innerWidth(theme, 0);
  for (let columns = most; columns > 0; columns--) {
    const panelWidth = (width - axisWidth - (columns - 1) * PANEL_GAP) / columns;
    if (panelWidth >= needed && linesBelow(panels, panelWidth, theme) <= MOST_LINES) {
      return of(columns, panelWidth);
    }
  }
  return { columns: 1, direction: lying, panelWidth: width, axisWidth: 0 };
}

/** What tells a panel from the others: its group, its load, or both; null where it has neither. */
function titleOf({ points: [first] }: OfPanel, loads: OfPanel[][]): string | null {
  const load = loads.length > 1 ? [nameLoad(first)] : [];
  return [...(first.group ? [first.group] : []), ...load].join(', ') || null;
}

/** A row for each of the panel's systems that the floor serves: it was measured once for all of them. */
function floorRowsOf(floor: FloorPoint, points: Point[]): object[] {
  const systems = new Set(points.map(({ system }) => system));
  return floor.systems
    .filter((system) => systems.has(system))
    .map((system) => ({ ...measuredRow({ ...floor, system }), group: points[0].group }));
}

function isOfPanel(floor: FloorPoint, [first, ...others]: Point[]): boolean {
  return (
    sameAt(floor.at, first.at) && [first, ...others].some(({ system }) => floor.systems.includes(system))
  );
}

/** "8 clients, 64-byte values, pipeline 16". */
function nameLoad(target: MeasurementTarget): string {
  const clients = target.clients === 1 ? 'client' : 'clients';
  const axes = Object.entries(target.at)
    .filter(([name]) => name !== 'clients' && name !== 'value_bytes')
    .map(([name, value]) => `, ${name} ${typeof value === 'number' ? formatNumber(value) : value}`);
  return `${formatCount(target.clients)} ${clients}, ${formatCount(target.value_bytes)}-byte values${axes.join('')}`;
}
