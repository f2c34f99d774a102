/** The labels of a figure whose bars lie one below the other, left of its plot, in lines that fit. */
import { INK, VALUE_SIZE } from './figure-text.ts';
import { wrapText } from './font.ts';

const LINE_HEIGHT = 13;

/** The y encoding of such a plot; its axis is left to the labels, which pass through no Vega expression. */
export function rowEncoding(rows: { row: string }[], paddingInner: number): object {
  return {
    field: 'row',
    type: 'nominal',
    sort: null,
    scale: { domain: rows.map(({ row }) => row), paddingInner, paddingOuter: paddingInner / 2 },
    axis: null,
  };
}

/** A layer of it. `system` is what fades a label, where `encoding` says so. */
export function rowLabels(
  rows: { row: string; label: string; system?: string }[],
  width: number,
  encoding: object = {},
): object {
  const values = rows.map(({ row, label, system }) => {
    const lines = wrapText(label, width, VALUE_SIZE);
    return { row, ...(system && { system }), lines, up_px: -(LINE_HEIGHT / 2) * (lines.length - 1) };
  });
  return {
    data: { values },
    mark: {
      type: 'text',
      align: 'right',
      baseline: 'middle',
      fontSize: VALUE_SIZE,
      lineHeight: LINE_HEIGHT,
      color: INK,
      dy: { expr: 'datum.up_px' },
    },
    encoding: { x: { value: -8 }, text: { field: 'lines' }, ...encoding },
  };
}
