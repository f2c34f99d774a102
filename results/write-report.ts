/** Rebuilds everything that is made from a run folder's raw files, and from nothing else. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { chartFileEndings } from './charts/chart.ts';
import { chartNames } from './charts/charts.ts';
import { pageTheme } from './charts/theme/theme.ts';
import type { Finding } from './claims/evaluate.ts';
import { replaceFile, SUMMARY_FILE, type Summary, summaryFormat } from './formats/index.ts';
import { FIGURE_TEXT_FILE, type ReportOptions, readReport } from './run-report.ts';

/** Names of the files that `writeReport` writes into the run folder, as far as the run has what they show. */
export const reportFiles: string[] = [
  SUMMARY_FILE,
  ...chartNames.flatMap((name) => chartFileEndings.map((ending) => `${name}.${ending}`)),
  FIGURE_TEXT_FILE,
  'report.html',
];

/**
 * Writes `reportFiles` into the run folder `dir`, the same bytes for the same raw files, and returns the
 * summary, what became of the shipped claims, and the names of the files written. Works on a run that is
 * unfinished. Throws ResultsError and FileNotWritten.
 */
export async function writeReport(
  dir: string,
  options: ReportOptions,
): Promise<{ summary: Summary; findings: Finding[]; files: string[] }> {
  const report = await readReport(dir, options);
  const { summary, words } = report;
  const charts = await report.charts();
  const html = await report.page();
  // Loaded here, since a command that only wants the schemas should not wait for the plotting libraries.
  const { renderPng } = await import('./charts/render.ts');

  // What an earlier report drew of something that is not there any more would be taken for this one's.
  const files = [...(await report.linkedFiles()).slice(1), 'report.html'];
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
