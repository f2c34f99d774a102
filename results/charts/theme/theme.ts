/**
 * How charts look: the font and the sizes of their texts, how wide they are, and what stands around their plots. One
 * for the page, in pixels of a screen; one for paper, where everything is set at the size at which it is printed. A
 * pixel is 1/96 inch, as in CSS and SVG.
 */
import { dejaVuSans, type Font, type FontWeight } from './font.ts';

export const INK = '#1a1a1a';
export const WARNING_INK = '#a3261b';
const PALE_INK = '#595959';

export const PX_PER_PT = 96 / 72;

export interface TextStyle {
  fontSize: number;
  lineHeight: number;
  fontWeight: FontWeight;
  color: string;
}

/** Titles over pictures and panels; labels of axes and systems; values; captions; numbers inside of bars. */
const textKinds = ['title', 'label', 'value', 'caption', 'inside'] as const;
export type TextKind = (typeof textKinds)[number];

export interface Theme {
  font: Font;
  text: Record<TextKind, TextStyle>;
  /** Of the whole picture; null where it is as wide as what it shows. */
  width: number | null;
  padding: number;
  /** Between what stands one below the other. */
  spacing: number;
  /** Whether the title stands over the plots; whether warnings and caption stand under them. */
  hasTitle: boolean;
  hasCaption: boolean;
  /** Bars are told apart by patterns as well, for print without colours. */
  patterns: boolean;
  /** Whether scales of x and y are logarithmic; null where the chart decides. */
  logX: boolean | null;
  logY: boolean | null;
}

const style = (fontSize: number, lineHeight: number, looks: Partial<TextStyle> = {}): TextStyle => ({
  fontSize,
  lineHeight,
  fontWeight: 'normal',
  color: INK,
  ...looks,
});

/** Of report.html and of the pictures in the run folder. */
export const pageTheme: Theme = {
  font: dejaVuSans,
  text: {
    title: style(15, 20, { fontWeight: 'bold' }),
    label: style(12, 15),
    value: style(11, 13),
    caption: style(10, 14, { color: PALE_INK }),
    inside: style(9.5, 12),
  },
  width: null,
  padding: 16,
  spacing: 14,
  hasTitle: true,
  hasCaption: true,
  patterns: false,
  logX: null,
  logY: null,
};

/** What is asked of a picture for paper. */
export interface PaperOptions {
  font: Font;
  /** Points. No text is smaller, and none larger. */
  fontSizePt: number;
  widthPt: number;
  hasTitle: boolean;
  patterns: boolean;
  logX: boolean | null;
  logY: boolean | null;
}

const PAPER_LINE = 1.18;
/** Pixels. */
const LOWEST_PLOT = 130;

/** Of pictures for paper: as wide as asked, with nothing but the plots in it, and every text at one size. */
export function paperTheme({ font, fontSizePt, widthPt, ...options }: PaperOptions): Theme {
  const fontSize = fontSizePt * PX_PER_PT;
  const plain = style(fontSize, PAPER_LINE * fontSize);
  return {
    font,
    text: {
      title: { ...plain, fontWeight: 'bold' },
      label: plain,
      value: plain,
      caption: { ...plain, color: PALE_INK },
      inside: plain,
    },
    width: widthPt * PX_PER_PT,
    padding: 1,
    spacing: 6,
    hasCaption: false,
    ...options,
  };
}

/** Width of a line of text of this kind, in pixels. */
export function textWidth({ font, text }: Theme, kind: TextKind, words: string): number {
  return font.width(words, text[kind].fontSize, text[kind].fontWeight);
}

/** Lines of text of this kind that are no wider than `width` pixels. */
export function wrapText({ font, text }: Theme, kind: TextKind, words: string, width: number): string[] {
  return font.wrap(words, width, text[kind].fontSize, text[kind].fontWeight);
}

/** Of a mark of type `text`. */
export function textMark({ text }: Theme, kind: TextKind): object {
  const { fontSize, lineHeight, fontWeight, color } = text[kind];
  return { type: 'text', fontSize, lineHeight, fontWeight, color };
}

/** The `title` of a panel. */
export function panelTitle({ text }: Theme, words: string): object {
  const { fontSize, color } = text.label;
  return { text: [words], anchor: 'start', frame: 'group', fontSize, color };
}

export function figureConfig({ font, text }: Theme): object {
  const { fontSize } = text.label;
  return {
    font: font.family,
    view: { stroke: null },
    axis: {
      labelColor: INK,
      titleColor: INK,
      labelFontSize: fontSize,
      titleFontSize: fontSize,
      titleFontWeight: 'normal',
    },
  };
}

/** Pixels for what a picture shows: on paper all but its edges, else what the chart wants. */
export function innerWidth({ width, padding }: Theme, wanted: number): number {
  return width === null ? wanted : width - 2 * padding;
}

/** Of a plot so wide: on the page as the chart wants it, on paper flatter, since columns are short of height. */
export function plotHeight({ width }: Theme, wanted: number, plotWidth: number): number {
  return width === null ? wanted : Math.round(Math.min(wanted, Math.max(LOWEST_PLOT, 0.6 * plotWidth)));
}

/** How many labels of an axis along x have room beside each other, the widest of which is `widest`. */
export function ticksAcross(theme: Theme, plotWidth: number, widest: string): number {
  return Math.max(2, Math.floor(plotWidth / (1.6 * textWidth(theme, 'label', widest))));
}
