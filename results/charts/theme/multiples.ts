/** Small multiples: panels of one size, with the numbers of their axes at the left and at the bottom alone. */
import { innerWidth, type Theme, textMark, textWidth, wrapText } from './theme.ts';

const PAGE_WIDTH = 720;
const MOST_COLUMNS = 4;
const PANEL_GAP = 22;
/** Of a panel, in pixels: on the page, and on paper, where columns are narrow. */
const NARROWEST = { page: 210, paper: 112 };
const FLATTEST = 120;
const LINES = { ratio: 0.62, highest: 260 };

export interface Multiples {
  columns: number;
  size: [number, number];
  /** Of all panels, without what stands left of them. */
  width: number;
  left: number;
  /** Between two columns. */
  gap: number;
  /** Each panel has numbers of its own along y. */
  eachHasY: boolean;
  /** Titles of the axes, in lines that are no longer than a panel is wide, or high. */
  xTitle: string[];
  yTitle: string[];
}

/** The axes of all panels: their titles, and the widest label of those at the left. */
export interface Axes {
  x: string;
  y: string;
  widest: string;
  /** Panels have scales of their own along y, and so numbers. */
  eachHasY?: boolean;
  /** Height over width, and the largest height in pixels. */
  shape?: { ratio: number; highest: number };
}

export function multiplesOf(
  panels: number,
  { x, y, widest, eachHasY = false, shape = LINES }: Axes,
  theme: Theme,
): Multiples {
  const labels = textWidth(theme, 'label', widest) + 10;
  const gap = eachHasY ? PANEL_GAP + labels : PANEL_GAP;
  const { lineHeight } = theme.text.label;
  const sized = (lines: number): Omit<Multiples, 'xTitle' | 'yTitle'> => {
    const left = labels + lines * lineHeight;
    const width = innerWidth(theme, PAGE_WIDTH) - left;
    const narrowest = theme.width === null ? NARROWEST.page : NARROWEST.paper;
    const fitting = Math.floor((width + gap) / (narrowest + gap));
    // Four are two by two where they are large.
    const most = panels <= 4 && theme.width === null ? 2 : MOST_COLUMNS;
    const columns = Math.max(1, Math.min(panels, most, fitting));
    const panelWidth = (width - (columns - 1) * gap) / columns;
    const height = Math.round(Math.min(shape.highest, Math.max(FLATTEST, shape.ratio * panelWidth)));
    return { columns, size: [panelWidth, height], width, left, gap, eachHasY };
  };
  const [, height] = sized(1).size;
  const yTitle = wrapText(theme, 'label', y, height);
  const grid = sized(yTitle.length);
  return { ...grid, xTitle: wrapText(theme, 'label', x, grid.size[0]), yTitle };
}

/** `draw`: makes a panel, with the numbers of y where it is in the first column, and with the title of x. */
export function multiples(
  { columns, xTitle, gap, eachHasY }: Multiples,
  panels: number,
  { text }: Theme,
  draw: (index: number, hasY: boolean, hasXTitle: boolean) => object,
): object {
  const drawn = Array.from({ length: panels }, (_, index) =>
    draw(index, eachHasY || index % columns === 0, index + columns >= panels),
  );
  if (drawn.length === 1) return drawn[0];
  // Plots, and not what stands around them, are in line: so the rows are as far apart as that wants.
  const { lineHeight } = text.label;
  const titleOfX = panels % columns === 0 ? 0 : xTitle.length * lineHeight;
  const spacing = { row: 2 * lineHeight + titleOfX + 24, column: gap };
  return { columns, bounds: 'flush', spacing, concat: drawn };
}

/** The title of a panel, as high over the plot in all of them, whatever stands at the top of their axes. */
export function titleAbove(title: string, theme: Theme): object {
  return {
    data: { values: [{ words: [title] }] },
    mark: { ...textMark(theme, 'label'), fontWeight: 'bold', align: 'left', baseline: 'bottom' },
    encoding: { x: { value: 0 }, y: { value: -8 }, text: { field: 'words' } },
  };
}
