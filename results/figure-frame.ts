/** What the figures have in common: the frame around their parts, their texts, their inks. */
import type { TopLevelSpec } from 'vega-lite';
import { type FontWeight, fontFamily, wrapText } from './font.ts';

export const ink = '#1a1a1a';
export const warningInk = '#a3261b';
export const labelSize = 12;
export const valueSize = 11;

export type TextStyle = { fontSize: number; lineHeight: number; fontWeight: FontWeight; color: string };

export const textStyles = {
  title: { fontSize: 15, lineHeight: 20, fontWeight: 'bold', color: ink },
  caption: { fontSize: 10, lineHeight: 14, fontWeight: 'normal', color: '#595959' },
  warning: { fontSize: 10, lineHeight: 14, fontWeight: 'normal', color: warningInk },
} satisfies Record<string, TextStyle>;

/** A figure of some parts, one below the other; parts that are null are left out. */
export function figureFrame(parts: (object | null)[]): TopLevelSpec {
  return {
    $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
    background: 'white',
    padding: 16,
    spacing: 14,
    vconcat: parts.filter((part) => part !== null),
    config: {
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
    },
  } as TopLevelSpec;
}

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
