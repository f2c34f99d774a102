/** `bypassbench plot DIR`: charts of a run for a paper, as PDF, SVG and PNG. */
import { join } from 'node:path';
import { Command } from 'commander';
import { chartNames } from '../charts/charts.ts';
import { ResultsError } from '../errors.ts';
import {
  defaultOptions,
  listOf,
  type PlotOptions,
  parseCharts,
  parseFontSize,
  parseFormats,
  parseLabels,
  parseWidth,
  plotFormats,
} from '../plot/options.ts';
import { plot } from '../plot/plot.ts';
import { readStyle } from '../plot/style-file.ts';
import { readReport } from '../run-report.ts';

interface Flags {
  chart?: PlotOptions['charts'];
  width?: number;
  font?: string;
  fontSize?: number;
  format?: PlotOptions['formats'];
  systems?: string[];
  labels?: Record<string, string>;
  patterns?: true;
  logX?: true;
  logY?: true;
  title?: boolean;
  reference: boolean;
  style?: string;
  out?: string;
}

export function command(): Command {
  return new Command('plot')
    .summary('draw charts of a run for a paper')
    .description(
      'Draws charts of a run at the width at which they are printed: no text is smaller than asked, and none lies on ' +
        'another. PDF has text as text in embedded fonts. Beside each picture stands its caption for LaTeX (.tex).',
    )
    .argument('<dirs...>', "the run's folder, as 'bypassbench run' wrote it; several are joined")
    .option(
      '--chart <name,...>',
      `of ${chartNames.join(', ')}; figure, the one that fits, unless given`,
      parseCharts,
    )
    .option('--width <length>', 'of the picture: 3.33in, 85mm, 240pt (the default, one column)', parseWidth)
    .option('--font <name>', 'Times (the default), Helvetica, DejaVu Sans ..., or a .ttf or .otf file')
    .option('--font-size <pt>', 'of every text; 8 unless given', parseFontSize)
    .option('--format <format,...>', `of ${plotFormats.join(', ')}; pdf unless given`, parseFormats)
    .option('--systems <name,...>', 'these systems only, in this order', listOf)
    .option('--labels <name=label,...>', 'other labels for systems', parseLabels)
    .option('--patterns', 'patterns beside colours, for print in grey')
    .option('--log-x', 'the values along x on a logarithmic scale')
    .option('--log-y', 'the values along y on a logarithmic scale')
    .option('--title', "the chart's title over it")
    .option('--no-title', 'no title, as is usual in a paper (the default)')
    .option('--no-reference', 'leave out the published values')
    .option('--style <file>', 'a YAML file with the looks of all plots of a paper; options go before it')
    .option(
      '--out <path>',
      "a file, or a folder; 'plots' in the run's folder unless given; for several runs it must be named",
    )
    .addHelpText('after', HELP)
    .action(async (dirs: [string, ...string[]], flags: Flags) => {
      if (flags.out === undefined && dirs.length > 1) {
        throw new ResultsError(
          'OUT_MISSING',
          'plots of several runs go to a place of their own: name it with --out',
        );
      }
      const options = await optionsOf(flags);
      const report = await readReport(dirs, { reference: flags.reference });
      const { files, warnings } = await plot(report, options, flags.out ?? join(dirs[0], 'plots'));
      for (const warning of warnings) process.stderr.write(`${warning}\n`);
      process.stdout.write(`written: ${files.join('\n         ')}\n`);
    });
}

/** What is asked for stands before the style file, and this before what is usual. */
async function optionsOf({ style, ...flags }: Flags): Promise<PlotOptions> {
  const ofStyle = style === undefined ? {} : await readStyle(style);
  const { chart, width, font, fontSize, format, systems, labels, patterns, logX, logY, title } = flags;
  const asked: Partial<PlotOptions> = {
    charts: chart,
    widthPt: width,
    font,
    fontSizePt: fontSize,
    formats: format,
    systems,
    labels: labels && { ...ofStyle.labels, ...labels },
    patterns,
    logX,
    logY,
    hasTitle: title,
  };
  const given = Object.fromEntries(Object.entries(asked).filter(([, value]) => value !== undefined));
  return { ...defaultOptions, ...ofStyle, ...given };
}

const HELP = `
The figure is what fits the run: bars of latency without a sweep, latency over the axis of one, latency over the
achieved rate where the offered rate is the axis. 'curve' is that for clients and pipelines too, with the knee: the
highest rate at which the p99 is at most twice that at the lowest load. Other axes make small multiples.

A style file has any of these:
  width: 3.33in
  font: Times
  font_size: 8
  format: [pdf, svg]
  labels: { redis: Redis, kv-dpdk: kvserver on DPDK }
  colours: { redis: '#0072b2' }
  order: [redis, kv-dpdk]
  patterns: true
  title: false

In LaTeX: \\includegraphics{figure} without a width, since the picture has the one that was asked for.

Exit code: 0; 1 on an error. What could not be kept apart in so narrow a picture is said on standard error.`;
