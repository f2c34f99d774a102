/**
 * The figure of a run, as a Vega-Lite specification: title, one panel (figure-panel.ts) for each number of
 * clients and value size, under each what is doubtful about it, and a caption that says where the numbers
 * come from.
 */
import type { TopLevelSpec } from 'vega-lite';
import type { FloorPoint, Manifest, MeasurementTarget, Point, Summary } from './bundle.ts';
import { captionSentences } from './caption.ts';
import { doubts } from './doubts.ts';
import { ink, labelSize, panel, valueSize, warningInk } from './figure-panel.ts';
import { type FontWeight, fontFamily, wrapText } from './font.ts';
import { formatCount } from './format.ts';
import { floorRows } from './rows.ts';

const narrowestPlot = 560;
const narrowestSystem = 120;
const title: TextStyle = { fontSize: 15, lineHeight: 20, fontWeight: 'bold', color: ink };
const caption: TextStyle = { fontSize: 10, lineHeight: 14, fontWeight: 'normal', color: '#595959' };

type TextStyle = { fontSize: number; lineHeight: number; fontWeight: FontWeight; color: string };

export function figureSpec(manifest: Manifest, summary: Summary, reference: boolean): TopLevelSpec {
  const width = Math.max(narrowestPlot, manifest.systems.length * narrowestSystem);
  const panels = [...Map.groupBy(summary.points, panelName)];
  const floorsOf = (name: string): FloorPoint[] =>
    summary.floors.filter((floor) => panelName(floor) === name);
  return {
    $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
    background: 'white',
    padding: 16,
    spacing: 14,
    vconcat: [
      textBlock([manifest.title], width, title),
      ...panels.flatMap(([name, points]) => [
        panel(points, floorsOf(name), panels.length > 1 ? name : null, width, reference),
        textBlock(doubtLines(points, floorsOf(name)), width, { ...caption, color: warningInk }),
      ]),
      textBlock([captionSentences(manifest, summary).join(' ')], width, caption),
    ].filter((part) => part !== null),
    config: {
      font: fontFamily,
      view: { stroke: null },
      axis: {
        labelColor: ink,
        titleColor: ink,
        labelFontSize: labelSize,
        titleFontSize: labelSize,
        titleFontWeight: 'normal',
      },
      legend: { labelColor: ink, labelFontSize: valueSize, labelLimit: 0, symbolSize: 140, offset: 10 },
    },
  } as TopLevelSpec;
}

/** A line for each system or floor with points that are not valid: which, and the first of the reasons. */
function doubtLines(points: Point[], floors: FloorPoint[]): string[] {
  return doubts([...points, ...floorRows(floors)]).map(
    (doubt) => `${doubt.label}, ${doubt.targets} ${doubt.verdict}: ${doubt.reasons[0]}`,
  );
}

function panelName(target: MeasurementTarget): string {
  const clients = target.clients === 1 ? 'client' : 'clients';
  return `${formatCount(target.clients)} ${clients}, ${formatCount(target.value_bytes)}-byte values`;
}

/**
 * Text over or under the plots, null when there is none. Its lines are data, as all texts of a run are here:
 * Vega parses titles and values as parts of the specification, and fails on one that reads `constructor`.
 */
function textBlock(paragraphs: string[], width: number, style: TextStyle): object | null {
  const { fontSize, fontWeight, lineHeight } = style;
  const lines = paragraphs.flatMap((paragraph) => wrapText(paragraph, width, fontSize, fontWeight));
  if (lines.length === 0) return null;
  return {
    width,
    height: lines.length * lineHeight,
    data: { values: [{ lines }] },
    mark: { type: 'text', align: 'left', baseline: 'top', ...style },
    encoding: { text: { field: 'lines' }, x: { value: 0 }, y: { value: 0 } },
  };
}
