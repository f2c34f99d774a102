/** Rebuilds everything that is made from a run folder's raw files, and from nothing else. */
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TopLevelSpec } from 'vega-lite';
import { breakdownSpec } from './charts/breakdown/figure.ts';
import { chartFileEndings } from './charts/chart.ts';
import { distanceSpec } from './charts/distance/figure.ts';
import { distributionSpec } from './charts/distribution/figure.ts';
import { figureSpec } from './charts/latency/figure.ts';
import { splitSpec } from './charts/split/figure.ts';
import { statesSpec } from './charts/states/figure.ts';
import { readClaims, shippedClaims } from './claims/document.ts';
import { aboutSystemsOf, evaluateClaims, type Finding } from './claims/evaluate.ts';
import { ResultsError } from './errors.ts';
import { MANIFEST_FILE, SUMMARY_FILE, type Summary, summaryFormat } from './formats/index.ts';
import { distanceCaption } from './page/distance.ts';
import type { Contents } from './page/sections.ts';
import { type Run, readRun } from './run/run-folder.ts';
import { describeFigure } from './sentences/description.ts';
import { distanceOfRun } from './summary/distance/run-distance.ts';
import { summarize } from './summary/summary.ts';

/** `reference`: set the published values that the run names beside the measured ones, and test claims. */
export interface ReportOptions {
  reference: boolean;
}

/** What can be pasted under the figure. */
const FIGURE_TEXT_FILE = 'figure.txt';

const chartNames = ['figure', 'breakdown', 'split', 'distribution', 'distance', 'states'] as const;

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
 * unfinished. Throws ResultsError.
 */
export async function writeReport(
  dir: string,
  { reference }: ReportOptions,
): Promise<{ summary: Summary; findings: Finding[]; files: string[] }> {
  const run = await readRun(dir);
  const summary = summarize(run, reference);
  // Loaded here, since a command that only wants the schemas should not wait for the plotting libraries.
  const { renderPng } = await import('./charts/render.ts');
  const { renderReport } = await import('./page/report.ts');
  const { reportSections } = await import('./page/sections.ts');
  const { claimsTable } = await import('./page/claims.ts');
  const words = describeFigure(run.manifest, summary);
  const drawn = await drawCharts(run, summary, words.join(' '));
  const charts = Object.values(drawn).filter((chart) => chart !== null);
  const findings = evaluateClaims(summary, await Promise.all((await shippedClaims()).map(readClaims)));
  const tested = reference && aboutSystemsOf(findings).length > 0;
  const contents = { ...drawn, claims: tested ? claimsTable(findings) : null };
  const ofCharts = charts.flatMap(({ name }) => chartFileEndings.map((ending) => `${name}.${ending}`));
  const linked = [MANIFEST_FILE, SUMMARY_FILE, ...ofCharts, FIGURE_TEXT_FILE];
  const sections = reportSections(run, summary, contents, linked);
  const html = await renderReport(run.manifest, summary, sections);

  // What an earlier report drew of something that is not there any more would be taken for this one's.
  const files = [...linked.slice(1), 'report.html'];
  for (const name of reportFiles.filter((one) => !files.includes(one))) {
    await rm(join(dir, name), { force: true, recursive: true });
  }
  await write(join(dir, SUMMARY_FILE), summaryFormat.write(summary));
  for (const chart of charts) {
    await write(join(dir, `${chart.name}.svg`), chart.svg);
    await write(join(dir, `${chart.name}.png`), renderPng(chart.svg));
    await write(join(dir, `${chart.name}.vl.json`), json(chart.spec));
  }
  await write(join(dir, FIGURE_TEXT_FILE), `${words.join('\n\n')}\n`);
  await write(join(dir, 'report.html'), html);
  return { summary, findings, files };
}

/** `words`: what stands under the figure. */
async function drawCharts(run: Run, summary: Summary, words: string): Promise<Omit<Contents, 'claims'>> {
  const { drawChart } = await import('./charts/render.ts');
  const { manifest, calibration } = run;
  const { title } = manifest;
  const distances = distanceOfRun(run);
  const draw = (name: string, what: string, spec: TopLevelSpec) => drawChart(name, `${what}: ${title}`, spec);
  const drawIfAny = (name: string, what: string, spec: TopLevelSpec | null) => spec && draw(name, what, spec);
  const distance = await drawIfAny(
    'distance',
    'Distance of the cores',
    distanceSpec(run, distances, summary),
  );
  return {
    figure: { ...(await drawChart('figure', title, figureSpec(manifest, summary))), caption: words },
    breakdown: await drawIfAny(
      'breakdown',
      'Where the time goes',
      breakdownSpec(manifest, summary, calibration),
    ),
    split: await drawIfAny('split', 'What the kernel takes', splitSpec(manifest, summary)),
    distribution: await draw('distribution', 'Latency distribution', distributionSpec(run, summary)),
    distance: distance && { ...distance, caption: distanceCaption(run, summary) },
    states: await drawIfAny(
      'states',
      'Latency by state of the distance',
      statesSpec(run, distances, summary),
    ),
  };
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
