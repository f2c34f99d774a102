/** Rebuilds everything that is made from a run folder's raw files, and from nothing else. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Summary } from './bundle.ts';
import { ResultsError } from './errors.ts';
import { figureSpec } from './figure.ts';
import { renderReport } from './report.ts';
import { readRun } from './run-folder.ts';
import { summarize } from './summary.ts';

/** `reference`: set the published values beside the measured ones. */
export type ReportOptions = { reference: boolean };

/** Names of the files that `writeReport` writes into the run folder. */
export const reportFiles = [
  'summary.json',
  'figure.svg',
  'figure.png',
  'figure.vl.json',
  'report.html',
] as const;

/**
 * Writes `reportFiles` into the run folder `dir`, the same bytes for the same raw files, and returns the
 * summary. Works on a run that is unfinished. Throws ResultsError.
 */
export async function writeReport(dir: string, { reference }: ReportOptions): Promise<Summary> {
  const run = await readRun(dir);
  const summary = summarize(run);
  const spec = figureSpec(run.manifest, summary, reference);
  // Loaded here, since a command that only wants the schemas should not wait for the plotting libraries.
  const { renderPng, renderSvg } = await import('./render.ts');
  const svg = await renderSvg(spec);
  const contents: Record<(typeof reportFiles)[number], string | Buffer> = {
    'summary.json': json(summary),
    'figure.svg': svg,
    'figure.png': renderPng(svg),
    'figure.vl.json': json(spec),
    'report.html': renderReport(run, summary, svg, reference),
  };
  for (const name of reportFiles) await write(join(dir, name), contents[name]);
  return summary;
}

function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

async function write(path: string, content: string | Buffer): Promise<void> {
  try {
    await writeFile(path, content);
  } catch (error) {
    throw new ResultsError(
      'REPORT_NOT_WRITTEN',
      `${path} cannot be written (${(error as Error).message}); make the run folder writable`,
      { cause: error },
    );
  }
}
