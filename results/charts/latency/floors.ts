/**
 * Floors in the figure: a dashed line across each bar of its systems at the floor's p50, and under the system the
 * floor's label with the values. Dashes, a colour of their own and no filling tell a floor from a bar and from a
 * published value. What backs no claim has no line, only words.
 */
import type { FloorPoint } from '../../formats/index.ts';
import { marks } from '../../sentences/doubts.ts';
import { isOfMeans } from '../../sentences/rows.ts';
import { formatUs } from '../../text/format.ts';
import { inGroup } from '../measured-row.ts';
import { wrapText } from '../theme/font.ts';
import { exactUs, pointTooltip } from '../tooltip.ts';

/** Reddish purple, dark: far from the bars' colours, also to those who are colour-blind, and from black. */
export const FLOOR_INK = '#882255';
const FLOOR_MARK = 'floor, value below';
const dash = [5, 3];

/** p50 of the floors that are drawn across the bar of this system and operation. */
export function floorLevels(floors: FloorPoint[], bar: { system: string; operation: string }): number[] {
  return floors
    .filter((floor) => floor.systems.includes(bar.system) && floor.operation === bar.operation)
    .flatMap((floor) => drawn_us(floor) ?? []);
}

function drawn_us({ latency_us, verdicts }: FloorPoint): number | null {
  return verdicts.p50.state === 'invalid' ? null : (latency_us?.p50 ?? null);
}

/**
 * A layer of lines `width` pixels long, from the rows of the dataset `floors`, on the x and xOffset of the layer
 * around it; none where none is drawn.
 */
export function floorLines(
  floors: FloorPoint[],
  group: string,
  width: number,
  us: object,
  hasLegend: boolean,
): object[] {
  if (floors.every((floor) => drawn_us(floor) === null)) return [];
  // The symbol `stroke` is a line as long as the root of its area.
  const mark = { type: 'point', shape: 'stroke', size: width ** 2, opacity: 1, filled: false };
  const legend = {
    title: null,
    orient: 'top',
    symbolType: 'stroke',
    symbolStrokeColor: FLOOR_INK,
    symbolStrokeWidth: 2.5,
    symbolDash: dash,
  };
  const scale = { domain: [FLOOR_MARK], range: [FLOOR_INK] };
  return [
    {
      data: { name: 'floors' },
      transform: [
        { filter: inGroup({ ...floors[0], group }) },
        { filter: "datum.p50_verdict !== 'invalid' && datum.p50_us !== null" },
      ],
      encoding: {
        y: { field: 'p50_us', ...us },
        tooltip: { value: pointTooltip([['p50', exactUs('p50_us')]]) },
      },
      layer: [
        { mark: { ...mark, strokeWidth: 4.5, stroke: 'white' } },
        {
          mark: { ...mark, strokeWidth: 2.5, strokeDash: dash },
          encoding: { stroke: { datum: FLOOR_MARK, scale, legend: hasLegend ? legend : null } },
        },
      ],
    },
  ];
}

/** Lines of text that stand under a system, in `floorTextMark`: "floor, raw frames:", "SET 0.95", "GET 0.92". */
export function floorTexts(floors: FloorPoint[], system: string, width: number, fontSize: number): string[] {
  const byName = Map.groupBy(
    floors.filter((floor) => floor.systems.includes(system)),
    ({ name }) => name,
  );
  return [...byName.values()].flatMap((ofFloor) => {
    const values = ofFloor.map((floor) => `${floor.operation.toUpperCase()} ${valueText(floor)}`);
    const means = ofFloor.some(isOfMeans) ? ', means of runs' : '';
    const paragraphs = [`floor, ${ofFloor[0].label}${means}:`, ...values];
    return paragraphs.flatMap((paragraph) => wrapText(paragraph, width, fontSize));
  });
}

function valueText({ latency_us, verdicts }: FloorPoint): string {
  if (!latency_us) return 'no data';
  return `${formatUs(latency_us.p50)}${marks[verdicts.p50.state]}`;
}

export const floorTextMark = { type: 'text', baseline: 'top', color: FLOOR_INK };
