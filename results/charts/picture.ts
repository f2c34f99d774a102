/**
 * A chart as its folder hands it over: what is drawn, and the words around it. Here both become one Vega-Lite
 * specification: on the page with title, warnings and caption in the picture; on paper without, since these stand in
 * the text.
 */
import type { TopLevelSpec } from 'vega-lite';
import { marks } from '../sentences/doubts.ts';
import { mutedSystems } from './chart.ts';
import { figureConfig, type TextStyle, type Theme, WARNING_INK } from './theme/theme.ts';

export interface Picture {
  title: string;
  datasets: Record<string, object[]>;
  /** Legends and plots, one below the other. */
  parts: object[];
  /** Of the plots and what stands right of them, and of what stands left of them, in pixels. */
  width: number;
  left: number;
  /** What must be known before it is believed. */
  warnings: string[];
  /** Sentences, most important first. */
  caption: string[];
  /** Whether all of the caption stands in the picture; else as much as fits into three lines. */
  isCaptionWhole?: boolean;
  /** Whether a reader of the page can fade systems in it. */
  canFade: boolean;
}

/** Lines that a caption may take: what else there is to say stands beside the picture. */
const CAPTION_LINES = 3;

/** Every font has it. */
const SIMPLE_CROSS = '×';

export function specOf(picture: Picture, theme: Theme): TopLevelSpec {
  const { title, datasets, parts } = picture;
  const spec = {
    $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
    background: 'white',
    padding: theme.padding,
    spacing: theme.spacing,
    ...(picture.canFade && { params: [mutedSystems] }),
    datasets,
    vconcat: [
      ...(theme.hasTitle ? textBlock([title], picture, theme.text.title, theme) : []),
      ...parts,
      ...(theme.hasCaption ? wordsBelow(picture, theme) : []),
    ],
    config: figureConfig(theme),
  } as TopLevelSpec;
  if (theme.font.has(marks.invalid)) return spec;
  // What makes the PNG takes another font for all of a text where one character is missing.
  return JSON.parse(JSON.stringify(spec).replaceAll(marks.invalid, SIMPLE_CROSS)) as TopLevelSpec;
}

function wordsBelow(picture: Picture, theme: Theme): object[] {
  const { warnings, caption, isCaptionWhole, width, left } = picture;
  const style = theme.text.caption;
  const words = isCaptionWhole ? caption.join(' ') : fittingWords(caption, width + left, theme);
  return [
    ...textBlock(warnings, picture, { ...style, color: WARNING_INK }, theme),
    ...textBlock([words], picture, style, theme),
  ];
}

/** As many of these sentences as fit into a caption, from the first on. */
function fittingWords(sentences: string[], width: number, { font, text }: Theme): string {
  let words = '';
  for (const sentence of sentences) {
    const longer = words === '' ? sentence : `${words} ${sentence}`;
    if (font.wrap(longer, width, text.caption.fontSize).length <= CAPTION_LINES) words = longer;
  }
  return words;
}

/**
 * Text over or under the plots; none where there is nothing to say. Its lines are data, as all texts of a run are
 * here: Vega parses titles and values as parts of the specification, and fails on one that reads `constructor`.
 */
function textBlock(
  paragraphs: string[],
  { width, left }: Picture,
  style: TextStyle,
  { font }: Theme,
): object[] {
  const { fontSize, fontWeight, lineHeight } = style;
  const lines = paragraphs.flatMap((paragraph) => font.wrap(paragraph, width + left, fontSize, fontWeight));
  if (lines.length === 0) return [];
  return [
    {
      width,
      height: lines.length * lineHeight,
      data: { values: [{ lines }] },
      mark: { type: 'text', align: 'left', baseline: 'top', ...style },
      encoding: { text: { field: 'lines' }, x: { value: -left }, y: { value: 0 } },
    },
  ];
}
