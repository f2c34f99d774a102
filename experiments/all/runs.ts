/**
 * All experiments that ship, one after the other, each into a folder of its own. One that fails does not end the
 * others. What has become of each is in all.json at any time, so that what was interrupted can go on.
 */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import {
  ALL_FILE,
  type AllRuns,
  allFormat,
  type ExperimentRecord,
  FormatError,
  MANIFEST_FILE,
  replaceFile,
} from '../../results/formats/index.ts';
import { ResultsError } from '../../results/index.ts';
import { durationInWords } from '../duration.ts';
import { ExperimentError } from '../errors.ts';
import { gitState, ownCheckout } from '../machine/checkout.ts';
import { machineFacts, softwareVersions } from '../machine/machine.ts';
import type { Supervisor } from '../machine/process.ts';
import { prepareRun, reportPrepared, runPrepared } from '../single-run.ts';
import type { PlannedExperiment } from './plan.ts';

/** What is to be run. In a folder that has some of it, only what did not end there. Throws NOT_CONTINUED. */
export async function openAll(
  folder: string,
  plan: readonly PlannedExperiment[],
  { quick, resumes }: { quick: boolean; resumes: boolean },
): Promise<AllRuns> {
  const earlier = await readAll(folder);
  if (!resumes) {
    if (earlier === null) return begun(plan, quick);
    const remedy = 'go on with it (--resume), or name another folder';
    throw new ExperimentError('OUT_NOT_A_RUN', `${folder} holds experiments already: ${remedy}`);
  }
  if (earlier === null) throw notContinued(`${folder} holds no run of all experiments: leave out --resume`);
  if (earlier.quick !== quick) {
    const was = earlier.quick ? 'quick: give --quick' : 'whole: leave out --quick';
    throw notContinued(`the run in ${folder} is ${was}`);
  }
  const known = new Map(earlier.experiments.map((one) => [one.name, one]));
  return { ...earlier, experiments: plan.map((one) => known.get(one.name) ?? recordOf(one)) };
}

function notContinued(message: string): ExperimentError {
  return new ExperimentError('NOT_CONTINUED', message);
}

async function begun(plan: readonly PlannedExperiment[], quick: boolean): Promise<AllRuns> {
  return {
    schema: allFormat.schema,
    quick,
    started_at: new Date().toISOString(),
    finished_at: null,
    git: await gitState(ownCheckout),
    machine: await machineFacts(),
    versions: await softwareVersions(),
    experiments: plan.map(recordOf),
  };
}

function recordOf({ name, title, seconds, problem }: PlannedExperiment): ExperimentRecord {
  const status = problem === null ? 'waiting' : problem.isExcused ? 'left_out' : 'failed';
  const reason = problem?.reason ?? null;
  return { name, title, planned_s: seconds, status, reason, failed_trials: 0, elapsed_s: 0 };
}

async function readAll(folder: string): Promise<AllRuns | null> {
  const file = path.join(folder, ALL_FILE);
  if (!existsSync(file)) return null;
  try {
    return allFormat.read(await readFile(file, 'utf8'));
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    throw notContinued(`${file} ${error.message}: name another folder`);
  }
}

export interface AllSurroundings {
  supervisor: Supervisor;
  signal: AbortSignal;
  say: (line: string) => void;
}

/** Runs what has not ended; resolves to what has become of all. Nothing that one experiment throws ends the others. */
export async function runAll(
  folder: string,
  runs: AllRuns,
  plan: readonly PlannedExperiment[],
  surroundings: AllSurroundings,
): Promise<AllRuns> {
  const { signal, say } = surroundings;
  const write = (): Promise<void> => replaceFile(path.join(folder, ALL_FILE), allFormat.write(runs));
  await write();
  const isLeft = ({ status }: ExperimentRecord): boolean => status !== 'ended' && status !== 'left_out';
  for (const [index, record] of runs.experiments.entries()) {
    if (signal.aborted) break;
    const planned = plan.find(({ name }) => name === record.name);
    if (!isLeft(record) || planned === undefined || planned.problem !== null) continue;
    const behind_s = sumOf(runs.experiments.slice(index + 1).filter(isLeft));
    const number = `[experiment ${index + 1}/${runs.experiments.length}]`;
    say(`\n${number} ${record.name}, ${aboutAll(record.planned_s + behind_s)}`);
    const one = { ...surroundings, folder, file: planned.file, quick: runs.quick, behind_s };
    const ended = await runOne(record, one);
    if (ended.reason !== null) say(`${number} ${record.name} FAILED: ${ended.reason}`);
    runs = { ...runs, experiments: runs.experiments.with(index, ended) };
    await write();
  }
  if (!signal.aborted) runs = { ...runs, finished_at: new Date().toISOString() };
  await write();
  return runs;
}

function aboutAll(seconds: number): string {
  return `about ${durationInWords(seconds)} left of all`;
}

function sumOf(records: readonly ExperimentRecord[]): number {
  return records.reduce((sum, { planned_s }) => sum + planned_s, 0);
}

interface One extends AllSurroundings {
  folder: string;
  file: string;
  quick: boolean;
  behind_s: number;
}

async function runOne(record: ExperimentRecord, one: One): Promise<ExperimentRecord> {
  const { file, quick, behind_s, signal } = one;
  const startMs = performance.now();
  const folder = path.join(one.folder, record.name);
  const ended = (part: Partial<ExperimentRecord>): ExperimentRecord => ({
    ...record,
    reason: null,
    ...part,
    elapsed_s: record.elapsed_s + (performance.now() - startMs) / 1000,
  });
  try {
    const goesOn = existsSync(path.join(folder, MANIFEST_FILE)) ? 'resume' : null;
    const prepared = await prepareRun({
      ...{ config: file, quick, set: [], only: null },
      ...{ folder, goesOn, behind_s },
    });
    try {
      const failed = await runPrepared(prepared, one);
      if (failed === null) return ended({ status: 'interrupted' });
      await reportPrepared(prepared);
      return ended({ status: 'ended', failed_trials: failed });
    } finally {
      prepared.out.release();
    }
  } catch (error) {
    if (signal.aborted) return ended({ status: 'interrupted' });
    return ended({ status: 'failed', reason: reasonOf(error as Error) });
  }
}

/** What is no error for a reader is a fault of this project: where it was thrown belongs to it. */
function reasonOf(error: Error): string {
  const isForReaders = error instanceof ExperimentError || error instanceof ResultsError;
  return isForReaders ? error.message : (error.stack ?? error.message);
}
