/** The report of all experiments that one call of `bypassbench run all` has run: one page, from their folders. */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readClaims, shippedClaims } from './claims/document.ts';
import { evaluateAcross, type Finding } from './claims/evaluate.ts';
import { ResultsError } from './errors.ts';
import {
  ALL_FILE,
  type AllRuns,
  allFormat,
  type ExperimentRecord,
  MANIFEST_FILE,
  replaceFile,
} from './formats/index.ts';
import type { ShownExperiment } from './page/all.ts';
import { readReport } from './run-report.ts';
import { answer, belief, question } from './sentences/answer.ts';
import { leftOutInWords } from './sentences/left-out.ts';

/** Whether the folder is one of `bypassbench run all`. */
export function holdsAll(folder: string): boolean {
  return existsSync(join(folder, ALL_FILE));
}

/** Throws ResultsError where there is none that can be read. */
export async function readAllRuns(folder: string): Promise<AllRuns> {
  try {
    return allFormat.read(await readFile(join(folder, ALL_FILE), 'utf8'));
  } catch (error) {
    throw new ResultsError('RUN_FILE_UNREADABLE', `${join(folder, ALL_FILE)}: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

/** Writes report.html into the folder, of what is there by now. What becomes of each shipped claim. */
export async function writeAllReport(folder: string): Promise<Finding[]> {
  const all = await readAllRuns(folder);
  const experiments: ShownExperiment[] = [];
  for (const record of all.experiments) experiments.push(await shownExperiment(folder, record));
  const summaries = new Map(
    experiments.flatMap(({ record, shown }) => (shown ? [[record.name, shown.summary] as const] : [])),
  );
  const claims = await Promise.all((await shippedClaims()).map(readClaims));
  const findings = evaluateAcross(summaries, claims);
  // Loaded here, since a command that only wants the schemas should not wait for the plotting libraries.
  const { renderAllReport } = await import('./page/all.ts');
  await replaceFile(join(folder, 'report.html'), await renderAllReport(all, experiments, findings));
  return findings;
}

async function shownExperiment(folder: string, record: ExperimentRecord): Promise<ShownExperiment> {
  const dir = join(folder, record.name);
  if (!existsSync(join(dir, MANIFEST_FILE))) return { record, shown: null };
  try {
    const report = await readReport(dir, { reference: true });
    const { run, summary } = report;
    const charts = await report.charts();
    const { left_out } = run.manifest.plan;
    return {
      record,
      shown: {
        question: question(run.manifest, summary),
        answer: answer(run.manifest, summary),
        belief: belief(run.manifest, summary),
        leftOut: left_out && leftOutInWords(left_out),
        charts: charts.map((chart) => ({ ...chart, name: `${record.name}/${chart.name}` })),
        summary,
      },
    };
  } catch (error) {
    // A run that was cut off before its first trial has a manifest and nothing to show.
    if (!(error instanceof ResultsError)) throw error;
    return { record: { ...record, reason: record.reason ?? error.message }, shown: null };
  }
}
