/** A legend over the plots: a sample of each mark with its label, in as many rows as they need. */
import { fadeMuted, LEGEND_VIEW } from './chart.ts';
import { type Theme, textMark, textWidth, wrapText } from './theme/theme.ts';

const SAMPLE_GAP = 6;
const BETWEEN_ENTRIES = 16;
const BETWEEN_ROWS = 5;
const SWATCH_WIDTH = 12;
const LINE_WIDTH = 30;

export interface LegendEntry {
  label: string;
  /** What its entry fades, in a legend whose entries can be pressed. */
  system?: string;
  /** A square filled with this. */
  fill?: string;
  /** A line of this colour, with dashes, and on it a mark of a shape. */
  line?: { colour: string; dash: number[] };
  mark?: { colour: string; shape: string };
  /** A ring of this colour. */
  ring?: string;
}

/** Of published values: the first words of their name; the rest stands in figure.txt. */
export function publishedLabel(reference: string): string {
  return `published (${reference.split(',')[0]})`;
}

/** Where an entry's parts go, in pixels. */
interface Placed {
  /** Its label, in lines. */
  words: string[];
  from: number;
  to: number;
  middle: number;
  text: number;
  y: number;
}

export interface LegendOptions {
  /** Pixels right of the plots' left edge, and left of it, that it may take. */
  width: number;
  left?: number;
  /** Each entry fades its system when it is pressed. */
  fades?: boolean;
}

export function legend(entries: LegendEntry[], options: LegendOptions, theme: Theme): object {
  const { width, left = 0, fades = false } = options;
  const { placed, height } = place(entries, -left, width, theme);
  const looks = fades ? { cursor: 'pointer', opacity: 1 } : { opacity: 1 };
  return {
    ...(fades && { name: LEGEND_VIEW }),
    width,
    height,
    data: { values: placed },
    encoding: { y: at('y'), ...(fades && fadeMuted) },
    layer: [
      ...layerOf(placed, 'fill', {
        mark: {
          ...looks,
          type: 'point',
          shape: 'square',
          filled: true,
          size: 120,
          fill: { expr: 'datum.fill' },
        },
        encoding: { x: at('middle') },
      }),
      ...layerOf(placed, 'line', {
        mark: {
          ...looks,
          type: 'rule',
          strokeWidth: 2,
          stroke: { expr: 'datum.line.colour' },
          strokeDash: { expr: 'datum.line.dash' },
        },
        encoding: { x: at('from'), x2: { field: 'to' } },
      }),
      ...layerOf(placed, 'mark', {
        mark: {
          ...looks,
          type: 'point',
          filled: true,
          size: 45,
          shape: { expr: 'datum.mark.shape' },
          fill: { expr: 'datum.mark.colour' },
        },
        encoding: { x: at('middle') },
      }),
      ...layerOf(placed, 'ring', {
        mark: { ...looks, type: 'point', shape: 'circle', size: 120, stroke: { expr: 'datum.ring' } },
        encoding: { x: at('middle') },
      }),
      {
        mark: { ...looks, ...textMark(theme, 'value'), align: 'left', baseline: 'middle' },
        encoding: { x: at('text'), text: { field: 'words' } },
      },
    ],
  };
}

/** The samples of one kind, where there are any. */
function layerOf(entries: LegendEntry[], kind: 'fill' | 'line' | 'mark' | 'ring', layer: object): object[] {
  const values = entries.filter((entry) => entry[kind] !== undefined);
  return values.length > 0 ? [{ data: { values }, ...layer }] : [];
}

/** A label that is wider than the legend has several lines, the first of them beside its sample. */
function place(
  entries: LegendEntry[],
  start: number,
  width: number,
  theme: Theme,
): { placed: (LegendEntry & Placed)[]; height: number } {
  const { lineHeight } = theme.text.value;
  let x = start;
  let top = 0;
  let lines = 1;
  const placed = entries.map((entry) => {
    const sample = entry.line ? LINE_WIDTH : SWATCH_WIDTH;
    const words = wrapText(theme, 'value', entry.label, width - start - sample - SAMPLE_GAP);
    const wide = sample + SAMPLE_GAP + Math.max(...words.map((line) => textWidth(theme, 'value', line)));
    if (x > start && x + wide > width) {
      x = start;
      top += lines * lineHeight + BETWEEN_ROWS;
      lines = 1;
    }
    lines = Math.max(lines, words.length);
    const [from, to] = [x, x + sample];
    x += wide + BETWEEN_ENTRIES;
    return {
      ...entry,
      words,
      from,
      to,
      middle: from + sample / 2,
      text: to + SAMPLE_GAP,
      y: top + lineHeight / 2,
    };
  });
  return { placed, height: top + lines * lineHeight };
}

/** The channel of a place in pixels. */
function at(field: keyof Placed): object {
  return { field, type: 'quantitative', scale: null, axis: null };
}
