/** Rebuilds everything that is made from a run folder's raw files, and from nothing else. */
import { mkdir, rm } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { chartFileEndings } from './charts/chart.ts';
import { chartNames } from './charts/charts.ts';
import { pageTheme } from './charts/theme/theme.ts';
import type { Finding } from './claims/evaluate.ts';
import { MANIFEST_FILE, replaceFile, SUMMARY_FILE, type Summary, summaryFormat } from './formats/index.ts';
import { joinRuns, seenFrom } from './run/join.ts';
import { type Run, readRun } from './run/run-folder.ts';
import { FIGURE_TEXT_FILE, type ReportOptions, RunReport } from './run-report.ts';

/** Names of the files that `writeReport` writes into the run folder, as far as the run has what they show. */
export const reportFiles: string[] = [
  SUMMARY_FILE,
  ...chartNames.flatMap((name) => chartFileEndings.map((ending) => `${name}.${ending}`)),
  FIGURE_TEXT_FILE,
  'report.html',
];

export interface WrittenReport {
  summary: Summary;
  findings: Finding[];
  /** Names of the files written. */
  files: string[];
}

/**
 * Writes `reportFiles` into the run folder `dir`, the same bytes for the same raw files. Works on a run that is
 * unfinished. Throws ResultsError and FileNotWritten.
 */
export function writeReport(dir: string, options: ReportOptions): Promise<WrittenReport> {
  return writeReportInto(dir, [dir], options);
}

/** The same into another folder, which is made, and of several runs joined (run/join.ts). */
export async function writeReportInto(
  dir: string,
  runDirs: string[],
  { reference }: ReportOptions,
): Promise<WrittenReport> {
  const runs: Run[] = [];
  for (const runDir of runDirs) runs.push(seenFrom(await readRun(runDir), dir));
  const [first, ...others] = runs as [Run, ...Run[]];
  const joined = others.length > 0 ? joinRuns([first, ...others]) : first;
  await mkdir(dir, { recursive: true });
  const manifests = runDirs.map((runDir) => join(relative(dir, runDir), MANIFEST_FILE));
  const report = new RunReport(joined, reference, { runs, manifests });
  const { summary, words } = report;
  const charts = await report.charts();
  const html = await report.page();
  // Loaded here, since a command that only wants the schemas should not wait for the plotting libraries.
  const { renderPng } = await import('./charts/render.ts');

  // What an earlier report drew of something that is not there any more would be taken for this one's.
  const files = [...(await report.madeFiles()), 'report.html'];
  for (const name of reportFiles.filter((one) => !files.includes(one))) {
    await rm(join(dir, name), { force: true, recursive: true });
  }
  await replaceFile(join(dir, SUMMARY_FILE), summaryFormat.write(summary));
  for (const chart of charts) {
    await replaceFile(join(dir, `${chart.name}.svg`), chart.svg);
    await replaceFile(join(dir, `${chart.name}.png`), renderPng(chart.svg, pageTheme));
    await replaceFile(join(dir, `${chart.name}.vl.json`), json(chart.spec));
  }
  await replaceFile(join(dir, FIGURE_TEXT_FILE), `${words.join('\n\n')}\n`);
  await replaceFile(join(dir, 'report.html'), html);
  return { summary, findings: await report.findings(), files };
}

function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
