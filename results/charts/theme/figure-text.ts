/** Blocks of text over and under the plots of a figure, and the looks that all figures share. */
import { FONT_FAMILY, type FontWeight, wrapText } from './font.ts';

export const INK = '#1a1a1a';
export const WARNING_INK = '#a3261b';
/** Font sizes of labels and of values, in pixels. */
export const LABEL_SIZE = 12;
export const VALUE_SIZE = 11;

export interface TextStyle {
  fontSize: number;
  lineHeight: number;
  fontWeight: FontWeight;
  color: string;
}

export const titleStyle: TextStyle = { fontSize: 15, lineHeight: 20, fontWeight: 'bold', color: INK };
export const captionStyle: TextStyle = {
  fontSize: 10,
  lineHeight: 14,
  fontWeight: 'normal',
  color: '#595959',
};
export const warningStyle: TextStyle = { ...captionStyle, color: WARNING_INK };

/** What stands at the top of every specification. */
export const figureFrame = {
  $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
  background: 'white',
  padding: 16,
  spacing: 14,
};

export const figureConfig = {
  font: FONT_FAMILY,
  view: { stroke: null },
  axis: {
    labelColor: INK,
    titleColor: INK,
    labelFontSize: LABEL_SIZE,
    titleFontSize: LABEL_SIZE,
    titleFontWeight: 'normal',
  },
  legend: { labelColor: INK, labelFontSize: VALUE_SIZE, labelLimit: 0, symbolSize: 140, offset: 10 },
};

/**
 * Text over or under the plots, null when there is none. Its lines are data, as all texts of a run are here:
 * Vega parses titles and values as parts of the specification, and fails on one that reads `constructor`.
 */
export function textBlock(paragraphs: string[], width: number, style: TextStyle): object | null {
  const { fontSize, fontWeight, lineHeight } = style;
  const lines = paragraphs.flatMap((paragraph) => wrapText(paragraph, width, fontSize, fontWeight));
  if (lines.length === 0) return null;
  return {
    width,
    height: lines.length * lineHeight,
    data: { values: [{ lines }] },
    mark: { type: 'text', align: 'left', baseline: 'top', ...style },
    encoding: { text: { field: 'lines' }, x: { value: 0 }, y: { value: 0 } },
  };
}

/** Lines that a figure's caption may take: what else there is to say stands beside the figure. */
const CAPTION_LINES = 3;

/** As many of these sentences as fit into a caption, from the first on; null when there is none. */
export function captionBlock(sentences: string[], width: number): object | null {
  const { fontSize } = captionStyle;
  let text = '';
  for (const sentence of sentences) {
    const longer = text === '' ? sentence : `${text} ${sentence}`;
    if (wrapText(longer, width, fontSize).length <= CAPTION_LINES) text = longer;
  }
  return textBlock([text], width, captionStyle);
}
