/** What legends over the plots share: where an entry's parts go, and the legend whose entries fade systems. */
import { fadeMuted, LEGEND_VIEW } from './chart.ts';
import { INK, VALUE_SIZE } from './theme/figure-text.ts';
import type { PlacedEntry } from './theme/legend-rows.ts';

/** The channel of a place in pixels (theme/legend-rows.ts). */
export function legendPlace(field: keyof PlacedEntry): object {
  return { field, type: 'quantitative', scale: null, axis: null };
}

/** Of the marks in a legend whose entries can be pressed. */
export const legendMark = { cursor: 'pointer', opacity: 1 };

/** `samples`: layers that draw an entry's mark; its label follows. */
export function fadingLegend(
  placed: { label: string }[],
  { width, height }: { width: number; height: number },
  samples: object[],
): object {
  return {
    name: LEGEND_VIEW,
    width,
    height,
    data: { values: placed },
    encoding: { y: legendPlace('y'), ...fadeMuted },
    layer: [
      ...samples,
      {
        mark: {
          ...legendMark,
          type: 'text',
          align: 'left',
          baseline: 'middle',
          fontSize: VALUE_SIZE,
          color: INK,
        },
        encoding: { x: legendPlace('text'), text: { field: 'label' } },
      },
    ],
  };
}
