/** The labels of a figure whose bars lie one below the other, left of its plot, in lines that fit. */
import { type Theme, textMark, textWidth, wrapText } from './theme.ts';

/** Between a label and the plot. */
const GAP = 8;
/** Of the whole picture, what labels may take at most; on the page, and where they are long. */
const WIDEST_SHARE = 0.36;

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

/** Pixels that labels take left of the plot: no more than they need, nor than their share of a picture for paper. */
export function labelRoom(labels: string[], widest: number, theme: Theme): number {
  const needed = Math.max(0, ...labels.map((label) => textWidth(theme, 'value', label)));
  const most = theme.width === null ? widest : Math.min(widest, WIDEST_SHARE * theme.width);
  return Math.ceil(Math.min(needed, most)) + GAP;
}

/** Of the label with the most lines, within `room` pixels. */
export function labelHeight(labels: string[], room: number, theme: Theme): number {
  const lines = labels.map((label) => wrapText(theme, 'value', label, room - GAP).length);
  return Math.max(1, ...lines) * theme.text.value.lineHeight;
}

/** A layer of it, in `room` pixels. `system` is what fades a label, where `encoding` says so. */
export function rowLabels(
  rows: { row: string; label: string; system?: string }[],
  room: number,
  theme: Theme,
  encoding: object = {},
): object {
  const { lineHeight } = theme.text.value;
  const values = rows.map(({ row, label, system }) => {
    const lines = wrapText(theme, 'value', label, room - GAP);
    return { row, ...(system && { system }), lines, up_px: -(lineHeight / 2) * (lines.length - 1) };
  });
  return {
    data: { values },
    mark: {
      ...textMark(theme, 'value'),
      align: 'right',
      baseline: 'middle',
      dy: { expr: 'datum.up_px' },
    },
    encoding: { x: { value: -GAP }, text: { field: 'lines' }, ...encoding },
  };
}
