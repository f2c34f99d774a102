/** Draws charts of a run for paper, and writes them. */
import { mkdir } from 'node:fs/promises';
import { basename, dirname, extname, join } from 'node:path';
import { type ChartName, pictureOf } from '../charts/charts.ts';
import { type Drawn, draw, renderPdf, renderPng, sizeOf } from '../charts/render.ts';
import { overlapping } from '../charts/text-boxes.ts';
import { findFont } from '../charts/theme/find-font.ts';
import { paperTheme, type Theme } from '../charts/theme/theme.ts';
import { ResultsError } from '../errors.ts';
import { replaceFile } from '../formats/index.ts';
import type { RunReport } from '../run-report.ts';
import { chartSource } from '../run-report.ts';
import { choose } from './choose.ts';
import { latexCaption } from './latex.ts';
import { invalid, type PlotFormat, type PlotOptions, plotFormats } from './options.ts';

export interface WrittenPlots {
  files: string[];
  /** What a reader of the picture would stumble over. */
  warnings: string[];
}

/** Of `out`: a folder, or a file whose ending is the one format. */
export async function plot(report: RunReport, options: PlotOptions, out: string): Promise<WrittenPlots> {
  const target = targetOf(options, out);
  const { run, summary } = choose(report.run, report.summary, options);
  // The looks are those of the whole run, so that a system has them in every plot, whoever else is in it.
  const { looks } = chartSource(report.run, report.summary, options.colours);
  const source = { ...chartSource(run, summary), looks };
  const theme = paperTheme({ ...options, font: findFont(options.font) });
  const plotted: WrittenPlots = { files: [], warnings: [] };
  for (const chart of options.charts) {
    const drawn = await draw((sized) => pictureOf(chart, source, sized), theme);
    if (drawn === null) {
      throw new ResultsError(
        'PLOT_EMPTY',
        `${report.run.dir} has nothing that the chart '${chart}' shows; name another one with --chart`,
      );
    }
    plotted.warnings.push(...warningsAbout(chart, drawn, theme));
    const name = target.name ?? chart;
    for (const format of target.formats) {
      const content = await rendered(format, drawn, theme, new Date(report.run.manifest.started_at));
      plotted.files.push(await write(join(target.folder, `${name}.${format}`), content));
    }
    const { picture } = drawn;
    const caption = latexCaption(name, `${report.run.manifest.experiment}-${chart}`, [
      `${picture.title}.`,
      ...picture.warnings,
      ...picture.caption,
    ]);
    plotted.files.push(await write(join(target.folder, `${name}.tex`), caption));
  }
  return plotted;
}

interface Target {
  folder: string;
  /** Null where each chart's own name is taken. */
  name: string | null;
  formats: PlotFormat[];
}

function targetOf({ charts, formats }: PlotOptions, out: string): Target {
  const ending = plotFormats.find((format) => extname(out).toLowerCase() === `.${format}`);
  if (!ending) return { folder: out, name: null, formats };
  if (charts.length > 1)
    throw invalid(`${out} is one file, and ${charts.length} charts are asked for: give a folder`);
  // The ending says which format; others that were asked for stand beside it.
  const others = formats.filter((format) => format !== ending && formats.length > 1);
  return { folder: dirname(out), name: basename(out, extname(out)), formats: [ending, ...others] };
}

function warningsAbout(chart: ChartName, { svg, texts }: Drawn, theme: Theme): string[] {
  const { width } = sizeOf(svg);
  const tooWide = theme.width !== null && width > theme.width + 1;
  const pairs = overlapping(texts);
  return [
    ...(tooWide
      ? [`${chart}: its labels want ${Math.ceil(width * 0.75)}pt; take a wider plot or shorter labels`]
      : []),
    ...pairs
      .slice(0, 3)
      .map(
        ([a, b]) =>
          `${chart}: '${a.text}' lies on '${b.text}'; take a wider plot, a smaller font or fewer systems`,
      ),
  ];
}

async function rendered(
  format: PlotFormat,
  drawn: Drawn,
  theme: Theme,
  madeAt: Date,
): Promise<Buffer | string> {
  if (format === 'pdf') return renderPdf(drawn, theme, madeAt);
  return format === 'png' ? renderPng(drawn.svg, theme) : drawn.svg;
}

async function write(path: string, content: Buffer | string): Promise<string> {
  await mkdir(dirname(path), { recursive: true });
  await replaceFile(path, content);
  return path;
}
