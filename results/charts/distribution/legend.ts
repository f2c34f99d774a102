/** The looks of the curves of the distribution figure, and the legend that names them; its entries fade systems. */
import { fadingLegend, legendMark, legendPlace } from '../legend.ts';
import { placeInRows } from '../theme/legend-rows.ts';
import { systemColours } from '../theme/palette.ts';
import type { Series } from './points.ts';

/** The marks differ as the colours do, for paper without colour; with both, 42 curves have looks of their own. */
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
      { colour: systemColours[index % systemColours.length], shape: shapes[index % shapes.length] },
    ]),
  );
}

export const dashes = { invalid: [5, 3], floor: [1.5, 2.5], none: [1, 0] };

const SAMPLE_WIDTH = 30;

type Entry = Look & {
  system: string;
  label: string;
  dash: number[];
};

/** Rows of entries within `width` pixels: a piece of the curve with its mark, and the label. */
export function distributionLegend(all: Series[], looks: Map<string, Look>, width: number): object {
  const { placed, height } = placeInRows(entriesOf(all, looks), SAMPLE_WIDTH, width);
  return fadingLegend(placed, { width, height }, [
    {
      mark: {
        ...legendMark,
        type: 'rule',
        strokeWidth: 2,
        stroke: { expr: 'datum.colour' },
        strokeDash: { expr: 'datum.dash' },
      },
      encoding: { x: legendPlace('from'), x2: { field: 'to' } },
    },
    {
      mark: {
        ...legendMark,
        type: 'point',
        filled: true,
        size: 45,
        shape: { expr: 'datum.shape' },
        fill: { expr: 'datum.colour' },
      },
      encoding: { x: legendPlace('mark') },
    },
  ]);
}

function entriesOf(all: Series[], looks: Map<string, Look>): Entry[] {
  return [...looks].map(([system, look]) => {
    const { label, is_floor } = all.find((series) => series.system === system)!;
    return { system, label, dash: is_floor ? dashes.floor : dashes.none, ...look };
  });
}
