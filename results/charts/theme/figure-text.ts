/** Blocks of text over and under the plots of a figure, and the looks that all figures share. */
import { type FontWeight, fontFamily, wrapText } from './font.ts';

export const ink = '#1a1a1a';
export const warningInk = '#a3261b';
/** Font sizes of labels and of values, in pixels. */
export const labelSize = 12;
export const valueSize = 11;

export type TextStyle = { fontSize: number; lineHeight: number; fontWeight: FontWeight; color: string };

export const titleStyle: TextStyle = { fontSize: 15, lineHeight: 20, fontWeight: 'bold', color: ink };
export const captionStyle: TextStyle = {
  fontSize: 10,
  lineHeight: 14,
  fontWeight: 'normal',
  color: '#595959',
};
export const warningStyle: TextStyle = { ...captionStyle, color: warningInk };

/** What stands at the top of every specification. */
export const figureFrame = {
  $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
  background: 'white',
  padding: 16,
  spacing: 14,
};

export const figureConfig = {
  font: fontFamily,
  view: { stroke: null },
  axis: {
    labelColor: ink,
    titleColor: ink,
    labelFontSize: labelSize,
    titleFontSize: labelSize,
    titleFontWeight: 'normal',
  },
  legend: { labelColor: ink, labelFontSize: valueSize, labelLimit: 0, symbolSize: 140, offset: 10 },
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
