/**
 * Floors in the figure: a dashed line across each bar of its systems at the floor's p50, and under the system the
 * floor's label with the values. Dashes, a colour of their own and no filling tell a floor from a bar and from a
 * published value. What backs no claim has no line, only words.
 */
import type { FloorPoint } from '../../formats/index.ts';
import { marks } from '../../sentences/doubts.ts';
import { isOfMeans } from '../../sentences/rows.ts';
import { formatUs } from '../../text/format.ts';
import type { LegendEntry } from '../legend.ts';
import { inGroup } from '../measured-row.ts';
import { exactUs, pointTooltip } from '../tooltip.ts';
import type { Drawing } from './bars.ts';
import { valueEncoding } from './direction.ts';

/** Reddish purple, dark: far from the bars' colours, also to those who are colour-blind, and from black. */
export const FLOOR_INK = '#882255';
const dash = [5, 3];

export function floorEntry(isUpright: boolean): LegendEntry {
  return {
    label: isUpright ? 'floor, value below' : 'floor, value at the left',
    line: { colour: FLOOR_INK, dash },
  };
}

/** Whether any has a line. */
export function hasFloorLines(floors: FloorPoint[]): boolean {
  return floors.some((floor) => drawn_us(floor) !== null);
}

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
 * A layer of lines across bars, from the rows of the dataset `floors`, on the places of the layer around it; none where
 * none is drawn.
 */
export function floorLines(floors: FloorPoint[], group: string, drawing: Drawing): object[] {
  if (!hasFloorLines(floors)) return [];
  const { direction, scale, barWidth } = drawing;
  // The symbol `stroke` is a line as long as the root of its area.
  const mark = {
    type: 'point',
    shape: 'stroke',
    size: barWidth ** 2,
    angle: direction.isUpright ? 0 : 90,
    opacity: 1,
    filled: false,
  };
  return [
    {
      data: { name: 'floors' },
      transform: [
        { filter: inGroup({ ...floors[0], group }) },
        { filter: "datum.p50_verdict !== 'invalid' && datum.p50_us !== null" },
      ],
      encoding: {
        [direction.value]: { field: 'p50_us', ...valueEncoding(scale) },
        tooltip: { value: pointTooltip([['p50', exactUs('p50_us')]]) },
      },
      layer: [
        { mark: { ...mark, strokeWidth: 4.5, stroke: 'white' } },
        { mark: { ...mark, strokeWidth: 2.5, strokeDash: dash, stroke: FLOOR_INK } },
      ],
    },
  ];
}

/** Paragraphs that stand at a system: "floor, raw frames:", "SET 0.95", "GET 0.92". */
export function floorTexts(floors: FloorPoint[], system: string): string[] {
  const byName = Map.groupBy(
    floors.filter((floor) => floor.systems.includes(system)),
    ({ name }) => name,
  );
  return [...byName.values()].flatMap((ofFloor) => {
    const values = ofFloor.map((floor) => `${floor.operation.toUpperCase()} ${valueText(floor)}`);
    const means = ofFloor.some(isOfMeans) ? ', means of runs' : '';
    return [`floor, ${ofFloor[0].label}${means}:`, ...values];
  });
}

function valueText({ latency_us, verdicts }: FloorPoint): string {
  if (!latency_us) return 'no data';
  return `${formatUs(latency_us.p50)}${marks[verdicts.p50.state]}`;
}
