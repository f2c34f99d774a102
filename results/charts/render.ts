/** Vega-Lite specification -> SVG -> PNG, without a canvas, a browser or a font of the machine. */
import { Resvg } from '@resvg/resvg-js';
import * as vega from 'vega';
import { compile, type TopLevelSpec } from 'vega-lite';
import type { Chart } from './chart.ts';
import { fontFiles, textWidth } from './theme/font.ts';

/** Pixels of the PNG for one of the SVG. */
const PNG_SCALE = 2;

interface MeasuredText {
  fontSize?: number;
  fontWeight?: string | number;
}

/**
 * Vega lays out by guessing text widths when it has no canvas. It takes a function of ours instead; there is
 * one for the whole process, and its type declarations leave it out.
 */
const { textMetrics } = vega as unknown as {
  textMetrics: { width: (item: MeasuredText, text: string) => number };
};
textMetrics.width = (item, text) =>
  textWidth(String(text), item.fontSize ?? 11, item.fontWeight === 'bold' ? 'bold' : 'normal');

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

export async function drawChart(name: string, title: string, spec: TopLevelSpec): Promise<Chart> {
  return { name, title, spec, svg: await renderSvg(spec) };
}

export async function renderSvg(spec: TopLevelSpec): Promise<string> {
  const view = new vega.View(vega.parse(compileSpec(spec)), { renderer: 'none', logger: strict });
  try {
    return rounded(await view.toSVG());
  } finally {
    view.finalize();
  }
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

export function renderPng(svg: string): Buffer {
  const resvg = new Resvg(svg, {
    fitTo: { mode: 'zoom', value: PNG_SCALE },
    font: { fontFiles, loadSystemFonts: false, defaultFontFamily: 'DejaVu Sans' },
  });
  return resvg.render().asPng();
}
