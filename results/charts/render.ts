/** Picture -> Vega-Lite specification -> SVG, PNG and PDF, without a canvas, a browser or a font of the machine. */
import { Resvg } from '@resvg/resvg-js';
import * as vega from 'vega';
import { compile, type TopLevelSpec } from 'vega-lite';
import { type Picture, specOf } from './picture.ts';
import { type TextBox, textBoxes } from './text-boxes.ts';
import { dejaVuSans, type Font, type FontWeight } from './theme/font.ts';
import { patternDefinitions } from './theme/patterns.ts';
import type { Theme } from './theme/theme.ts';

/** Pixels of the PNG for one of the SVG: on screens, and at 300 dots an inch on paper. */
const SCREEN_SCALE = 2;
const PAPER_SCALE = 300 / 96;

interface MeasuredText {
  font?: string;
  fontSize?: number;
  fontWeight?: string | number;
}

/** Fonts that charts were drawn in, as Vega knows them. */
const fonts = new Map<string, Font>([[dejaVuSans.family, dejaVuSans]]);

/**
 * Vega lays out by guessing text widths when it has no canvas. It takes a function of ours instead; there is
 * one for the whole process, and its type declarations leave it out.
 */
const { textMetrics } = vega as unknown as {
  textMetrics: { width: (item: MeasuredText, text: string) => number };
};
textMetrics.width = (item, text) => {
  const weight: FontWeight = item.fontWeight === 'bold' ? 'bold' : 'normal';
  return (fonts.get(item.font ?? '') ?? dejaVuSans).width(String(text), item.fontSize ?? 11, weight);
};

/** Vega's warnings are errors: they mean a specification that draws something else. */
const strict = vega.logger(vega.Warn);
const complain = (...messages: readonly unknown[]): never => {
  throw new Error(`the figure's specification is wrong: ${messages.join(' ')}`);
};
strict.warn = complain;
strict.error = complain;

export function compileSpec(spec: TopLevelSpec): vega.Spec {
  return compile(spec, { logger: strict }).spec;
}

export interface Drawn {
  picture: Picture;
  spec: TopLevelSpec;
  svg: string;
  texts: TextBox[];
}

/** More attempts than the width of a picture for paper has ever wanted. */
const MOST_ATTEMPTS = 6;
/** Pixels that stay free at the right. */
const CLOSE_ENOUGH = 1.5;

/**
 * Draws what `build` makes; null where it makes nothing. On paper it is exactly as wide as the theme asks: what axes
 * and labels take beside the plots shows when they are drawn, and the plots get the rest.
 */
export async function draw(build: (theme: Theme) => Picture | null, theme: Theme): Promise<Drawn | null> {
  fonts.set(theme.font.family, theme.font);
  let best: { drawn: Drawn; free: number } | null = null;
  let width = theme.width;
  for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt++) {
    const picture = build({ ...theme, width });
    if (picture === null) return null;
    const drawn = await drawSpec(picture, specOf(picture, theme));
    if (theme.width === null || width === null) return drawn;
    const free = theme.width - sizeOf(drawn.svg).width;
    if (free >= 0 && (best === null || free < best.free)) best = { drawn, free };
    if (free >= 0 && free < CLOSE_ENOUGH) break;
    width += free;
  }
  // What cannot be drawn so narrow is drawn as narrow as it can be.
  if (best === null) return draw(build, { ...theme, width: null });
  const { picture, spec } = best.drawn;
  const { padding } = theme;
  const sides = { left: padding, top: padding, right: padding + best.free, bottom: padding };
  return drawSpec(picture, { ...spec, padding: sides });
}

async function drawSpec(picture: Picture, spec: TopLevelSpec): Promise<Drawn> {
  return withView(spec, async (view) => {
    const svg = rounded(await view.toSVG());
    return {
      picture,
      spec,
      svg: svg.replace(/(?<=<svg[^>]*>)/, patternDefinitions(svg)),
      texts: textBoxes(view),
    };
  });
}

export async function renderSvg(spec: TopLevelSpec): Promise<string> {
  return withView(spec, async (view) => rounded(await view.toSVG()));
}

async function withView<T>(spec: TopLevelSpec, use: (view: vega.View) => Promise<T>): Promise<T> {
  const view = new vega.View(vega.parse(compileSpec(spec)), { renderer: 'none', logger: strict });
  try {
    return await use(view);
  } finally {
    view.finalize();
  }
}

/** In pixels. */
export function sizeOf(svg: string): { width: number; height: number } {
  const [, width, height] = /^<svg[^>]* width="([\d.]+)" height="([\d.]+)"/.exec(svg) ?? [];
  return { width: Number(width), height: Number(height) };
}

/** With places to a hundredth of a pixel: Vega writes all digits, which half of a crowded picture would be. */
function rounded(svg: string): string {
  const places = / (?:transform|d)="[^"]*"/g;
  return svg.replace(/<(?:g|path|rect|line|text) [^>]*>/g, (tag) =>
    tag.replace(places, (place) =>
      place.replace(/\d+\.\d{3,}(?:e-\d+)?/g, (number) => String(Number(Number(number).toFixed(2)))),
    ),
  );
}

/** For a screen, or at the resolution of print. */
export function renderPng(svg: string, { font, width }: Theme): Buffer {
  const resvg = new Resvg(svg, {
    fitTo: { mode: 'zoom', value: width === null ? SCREEN_SCALE : PAPER_SCALE },
    font: { fontFiles: font.files, loadSystemFonts: false, defaultFontFamily: dejaVuSans.name },
  });
  return resvg.render().asPng();
}

/** `madeAt`: the date in the file, so that equal runs make equal files. */
export async function renderPdf(
  { spec, svg, picture }: Drawn,
  { font }: Theme,
  madeAt: Date,
): Promise<Buffer> {
  // A run draws none: it need not wait for what writes them.
  const { pdfOf } = await import('./pdf.ts');
  const { width, height } = sizeOf(svg);
  return withView(spec, (view) =>
    pdfOf(view, {
      size: [width, height],
      font,
      title: picture.title,
      madeAt,
    }),
  );
}
