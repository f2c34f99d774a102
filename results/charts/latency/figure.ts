/**
 * The figure of a run, as a Vega-Lite specification: title, one panel (figure-panel.ts) for each number of
 * clients and value size, under each what is doubtful about it, and a caption that says where the numbers
 * come from.
 */
import type { TopLevelSpec } from 'vega-lite';
import type { FloorPoint, Manifest, MeasurementTarget, Summary } from '../../formats/index.ts';
import { referenceUs } from '../../run/reference.ts';
import { captionSentences, mixture } from '../../sentences/caption.ts';
import { formatCount } from '../../text/format.ts';
import { mutedSystems } from '../chart.ts';
import { measuredRow } from '../measured-row.ts';
import {
  captionStyle,
  figureConfig,
  figureFrame,
  textBlock,
  titleStyle,
  warningStyle,
} from '../theme/figure-text.ts';
import { panel } from './panel.ts';

const NARROWEST_PLOT = 560;
const NARROWEST_SYSTEM = 120;

export function figureSpec(manifest: Manifest, summary: Summary, reference: boolean): TopLevelSpec {
  const width = Math.max(NARROWEST_PLOT, manifest.systems.length * NARROWEST_SYSTEM);
  const published = reference && summary.points.some((point) => referenceUs(point) !== null);
  const panels = [...Map.groupBy(summary.points, panelName)];
  const floorsOf = (name: string): FloorPoint[] =>
    summary.floors.filter((floor) => panelName(floor) === name);
  return {
    ...figureFrame,
    params: [mutedSystems],
    datasets: {
      points: summary.points.map((point) => ({
        ...measuredRow(point),
        ...(published && { published_us: referenceUs(point) }),
      })),
      ...(summary.floors.length > 0 && {
        floors: summary.floors.flatMap((floor) =>
          floor.systems.map((system) => measuredRow({ ...floor, system })),
        ),
      }),
    },
    vconcat: [
      textBlock([manifest.title], width, titleStyle),
      ...panels.map(([name, points]) =>
        panel(points, floorsOf(name), panels.length > 1 ? name : null, width, reference),
      ),
      textBlock(mixture(manifest.systems), width, warningStyle),
      textBlock([captionSentences(manifest, summary).join(' ')], width, captionStyle),
    ].filter((part) => part !== null),
    config: figureConfig,
  } as TopLevelSpec;
}

export function panelName(target: MeasurementTarget): string {
  const clients = target.clients === 1 ? 'client' : 'clients';
  return `${formatCount(target.clients)} ${clients}, ${formatCount(target.value_bytes)}-byte values`;
}
