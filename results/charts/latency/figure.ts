/**
 * The figure of a run, as a Vega-Lite specification: title, a row of panels (panel.ts) for each number of clients and
 * value size, in it one for each group of systems, and a caption of at most three lines. It is as narrow as its numbers
 * allow, since a column of a paper is narrow. What else there is to say stands in figure.txt (sentences/description.ts)
 * and in the report.
 */
import type { TopLevelSpec } from 'vega-lite';
import {
  type FloorPoint,
  type Manifest,
  type MeasurementTarget,
  type Point,
  pointName,
  type Summary,
  sameAt,
} from '../../formats/index.ts';
import { shortCaption } from '../../sentences/caption.ts';
import { formatCount } from '../../text/format.ts';
import { mutedSystems } from '../chart.ts';
import { measuredRow } from '../measured-row.ts';
import { captionBlock, figureConfig, figureFrame, textBlock, titleStyle } from '../theme/figure-text.ts';
import { legendOf, neededWidth, panel, usPerPx } from './panel.ts';

const NARROWEST_PLOT = 330;
/** Beside another panel, so that the legend is no wider. */
const NARROWEST_BESIDE = 376;
/** Groups of the same load stand beside each other. */
const COLUMNS = 2;
const PANEL_GAP = 22;

interface OfPanel {
  points: Point[];
  floors: FloorPoint[];
}

export function figureSpec(manifest: Manifest, summary: Summary): TopLevelSpec {
  const { points, floors, reference } = summary;
  const published = points.some(({ published_us }) => published_us !== null);
  const loads = [...Map.groupBy(points, ({ at }) => pointName(at)).values()].map((ofLoad) =>
    [...Map.groupBy(ofLoad, ({ group }) => group).values()].map((ofPanel) => ({
      points: ofPanel,
      floors: floors.filter((floor) => isOfPanel(floor, ofPanel)),
    })),
  );
  const columns = Math.min(COLUMNS, Math.max(1, ...loads.map((panels) => panels.length)));
  const needed = loads.flat().map((of) => neededWidth(of.points, of.floors));
  const panelWidth = Math.max(columns > 1 ? NARROWEST_BESIDE : NARROWEST_PLOT, ...needed);
  const width = columns * panelWidth + (columns - 1) * PANEL_GAP;
  const rowOf = (panels: OfPanel[]): object => {
    const us_per_px = Math.max(...panels.map((of) => usPerPx(of.points, of.floors)));
    const drawn = panels.map((of, index) =>
      panel({
        ...of,
        title: panelTitle(of, loads),
        width: panelWidth,
        us_per_px,
        hasAxis: index % COLUMNS === 0,
        hasLegend: index === 0 || legendOf(of) !== legendOf(panels[0]),
        reference: reference?.name ?? null,
      }),
    );
    return drawn.length === 1 ? drawn[0] : { columns: COLUMNS, spacing: PANEL_GAP, concat: drawn };
  };
  return {
    ...figureFrame,
    params: [mutedSystems],
    datasets: {
      points: points.map((point) => ({
        ...measuredRow(point),
        group: point.group,
        ...(published && { published_us: point.published_us }),
      })),
      ...(floors.length > 0 && {
        floors: loads.flat().flatMap((of) => of.floors.flatMap((floor) => floorRowsOf(floor, of.points))),
      }),
    },
    vconcat: [
      textBlock([manifest.title], width, titleStyle),
      ...loads.map(rowOf),
      captionBlock(shortCaption(manifest, summary), width),
    ].filter((part) => part !== null),
    config: figureConfig,
  } as TopLevelSpec;
}

/** What tells a panel from the others: its group, its load, or both; null where it has neither. */
function panelTitle({ points: [first] }: OfPanel, loads: OfPanel[][]): string | null {
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
    .map(([name, value]) => `, ${name} ${typeof value === 'number' ? formatCount(value) : value}`);
  return `${formatCount(target.clients)} ${clients}, ${formatCount(target.value_bytes)}-byte values${axes.join('')}`;
}
