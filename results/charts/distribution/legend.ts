/** The looks of the curves of the distribution figure, and the legend that names them; its entries fade systems. */
import { fadeMuted, LEGEND_VIEW } from '../chart.ts';
import { INK, VALUE_SIZE } from '../theme/figure-text.ts';
import { textWidth } from '../theme/font.ts';
import type { Series } from './points.ts';

/**
 * Okabe and Ito's colours, told apart with every common colour blindness, without yellow, which is too pale for a
 * line on white. The marks differ as well, for paper without colour; with both, 42 curves have looks of their own.
 */
const colours = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#000000', '#56b4e9', '#e69f00'];
const shapes = ['circle', 'square', 'triangle-up', 'diamond', 'cross', 'triangle-down'];

export interface Look {
  colour: string;
  shape: string;
}

/** By system; a floor's look is that of a system of its own. */
export function curveLooks(all: Series[]): Map<string, Look> {
  const names = [...new Set(all.map(({ system }) => system))];
  return new Map(
    names.map((name, index) => [
      name,
      { colour: colours[index % colours.length], shape: shapes[index % shapes.length] },
    ]),
  );
}

export const dashes = { invalid: [5, 3], floor: [1.5, 2.5], none: [1, 0] };

const ROW_HEIGHT = 20;
const SAMPLE_WIDTH = 30;
const GAP = 22;

type Entry = Look & {
  system: string;
  label: string;
  dash: number[];
  /** In pixels: from where to where the piece of curve goes, its middle, where the label begins, and the height. */
  from: number;
  to: number;
  mark: number;
  text: number;
  y: number;
};

/** Rows of entries within `width` pixels: a piece of the curve with its mark, and the label. */
export function distributionLegend(all: Series[], looks: Map<string, Look>, width: number): object {
  const entries = place(all, looks, width);
  const px = (field: string): object => ({ field, type: 'quantitative', scale: null, axis: null });
  const mark = { cursor: 'pointer', opacity: 1 };
  return {
    name: LEGEND_VIEW,
    width,
    height: entries.at(-1)!.y + ROW_HEIGHT / 2,
    data: { values: entries },
    encoding: { y: px('y'), ...fadeMuted },
    layer: [
      {
        mark: {
          ...mark,
          type: 'rule',
          strokeWidth: 2,
          stroke: { expr: 'datum.colour' },
          strokeDash: { expr: 'datum.dash' },
        },
        encoding: { x: px('from'), x2: { field: 'to' } },
      },
      {
        mark: {
          ...mark,
          type: 'point',
          filled: true,
          size: 45,
          shape: { expr: 'datum.shape' },
          fill: { expr: 'datum.colour' },
        },
        encoding: { x: px('mark') },
      },
      {
        mark: { ...mark, type: 'text', align: 'left', baseline: 'middle', fontSize: VALUE_SIZE, color: INK },
        encoding: { x: px('text'), text: { field: 'label' } },
      },
    ],
  };
}

function place(all: Series[], looks: Map<string, Look>, width: number): Entry[] {
  const entries: Entry[] = [];
  let x = 0;
  let y = ROW_HEIGHT / 2;
  for (const [system, look] of looks) {
    const { label, is_floor } = all.find((series) => series.system === system)!;
    const wide = SAMPLE_WIDTH + 6 + textWidth(label, VALUE_SIZE);
    if (x > 0 && x + wide > width) {
      x = 0;
      y += ROW_HEIGHT;
    }
    const dash = is_floor ? dashes.floor : dashes.none;
    const [mark, text] = [x + SAMPLE_WIDTH / 2, x + SAMPLE_WIDTH + 6];
    entries.push({ system, label, dash, ...look, from: x, to: x + SAMPLE_WIDTH, mark, text, y });
    x += wide + GAP;
  }
  return entries;
}
