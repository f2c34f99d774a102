/** Vega-Lite specification -> SVG -> PNG, without a canvas, a browser or a font of the machine. */
import { Resvg } from '@resvg/resvg-js';
import * as vega from 'vega';
import { compile, type TopLevelSpec } from 'vega-lite';
import { fontFiles, textWidth } from './font.ts';

/** Pixels of the PNG for one of the SVG. */
const pngScale = 2;

type MeasuredText = { fontSize?: number; fontWeight?: string | number };

/**
 * Vega lays out by guessing text widths when it has no canvas. It takes a function of ours instead; there is
 * one for the whole process, and its type declarations leave it out.
 */
const { textMetrics } = vega as unknown as {
  textMetrics: { width: (item: MeasuredText, text: string) => number };
};
textMetrics.width = (item, text) =>
  textWidth(String(text), item.fontSize ?? 11, item.fontWeight === 'bold' ? 'bold' : 'normal');

/** Renders to SVG. Vega's warnings are errors: they mean a specification that draws something else. */
export async function renderSvg(spec: TopLevelSpec): Promise<string> {
  const logger = vega.logger(vega.Warn);
  const complain = (...messages: readonly unknown[]): never => {
    throw new Error(`the figure's specification is wrong: ${messages.join(' ')}`);
  };
  logger.warn = complain;
  logger.error = complain;
  const view = new vega.View(vega.parse(compile(spec, { logger }).spec), { renderer: 'none', logger });
  try {
    return await view.toSVG();
  } finally {
    view.finalize();
  }
}

export function renderPng(svg: string): Buffer {
  const resvg = new Resvg(svg, {
    fitTo: { mode: 'zoom', value: pngScale },
    font: { fontFiles, loadSystemFonts: false, defaultFontFamily: 'DejaVu Sans' },
  });
  return resvg.render().asPng();
}
