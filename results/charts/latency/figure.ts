/**
 * The figure of a run, as a Vega-Lite specification: title, one panel (panel.ts) for each group of systems, number of
 * clients and value size, and a caption of at most three lines. It is as narrow as its numbers allow, since a column of
 * a paper is narrow. What else there is to say stands in figure.txt (sentences/figure-text.ts) and in the report.
 */
import type { TopLevelSpec } from 'vega-lite';
import type { FloorPoint, Manifest, MeasurementTarget, Point, Summary } from '../../formats/index.ts';
import { shortCaption } from '../../sentences/caption.ts';
import { formatCount } from '../../text/format.ts';
import { mutedSystems } from '../chart.ts';
import { measuredRow } from '../measured-row.ts';
import { captionBlock, figureConfig, figureFrame, textBlock, titleStyle } from '../theme/figure-text.ts';
import { neededWidth, panel } from './panel.ts';

const NARROWEST_PLOT = 330;

export function figureSpec(manifest: Manifest, summary: Summary): TopLevelSpec {
  const { points, floors, reference } = summary;
  const published = points.some(({ published_us }) => published_us !== null);
  const panels = [...Map.groupBy(points, panelName)].map(([name, ofPanel]) => ({
    name,
    points: ofPanel,
    floors: floors.filter((floor) => isOfPanel(floor, ofPanel)),
  }));
  const needed = panels.map((of) => neededWidth(of.points, of.floors));
  const width = Math.max(NARROWEST_PLOT, ...needed);
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
        floors: panels.flatMap((of) => of.floors.flatMap((floor) => floorRowsOf(floor, of.points))),
      }),
    },
    vconcat: [
      textBlock([manifest.title], width, titleStyle),
      ...panels.map((of) =>
        panel(of.points, of.floors, panels.length > 1 ? of.name : null, width, reference?.name ?? null),
      ),
      captionBlock(shortCaption(manifest, summary), width),
    ].filter((part) => part !== null),
    config: figureConfig,
  } as TopLevelSpec;
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
    floor.clients === first.clients &&
    floor.value_bytes === first.value_bytes &&
    [first, ...others].some(({ system }) => floor.systems.includes(system))
  );
}

/** "echo, 8 clients, 64-byte values"; a run of one family has no group to name. */
function panelName({ group, ...target }: Point): string {
  return `${group && `${group}, `}${nameLoad(target)}`;
}

function nameLoad(target: MeasurementTarget): string {
  const clients = target.clients === 1 ? 'client' : 'clients';
  return `${formatCount(target.clients)} ${clients}, ${formatCount(target.value_bytes)}-byte values`;
}
