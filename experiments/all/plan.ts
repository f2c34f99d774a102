/** What `bypassbench run all` is going to run, and how long it takes. */
import { leftOutInWords, listed } from '../../results/index.ts';
import { readExperiment } from '../config/config.ts';
import { mainExperiments } from '../config/experiments.ts';
import { durationInWords, runDuration_s } from '../duration.ts';
import { ExperimentError } from '../errors.ts';
import { checkWireRights } from '../wire/wire.ts';

export interface PlannedExperiment {
  name: string;
  file: string;
  title: string;
  seconds: number;
  /** So long its trials may go on behind those that are planned. */
  more_s: number;
  leftOut: string | null;
  /** Why it cannot be run here, and whether that is for want of rights or of a device alone; else null. */
  problem: { reason: string; isExcused: boolean } | null;
}

/** `lab`: on the hosts of that file. */
export async function planAll(quick: boolean, lab?: string): Promise<PlannedExperiment[]> {
  return Promise.all([...mainExperiments()].map(([name, file]) => planned(name, file, quick, lab)));
}

/** One of them. What is wrong with it is its `problem`. */
export async function planned(
  name: string,
  file: string,
  quick: boolean,
  lab?: string,
): Promise<PlannedExperiment> {
  try {
    const configured = await readExperiment(file, { quick, set: [], lab, only: null });
    const { title, leftOut, distance, wire } = configured;
    if (wire !== undefined) checkWireRights();
    return {
      name,
      file,
      title,
      seconds: runDuration_s(configured),
      more_s: distance.extend_s,
      leftOut: leftOut && leftOutInWords(leftOut),
      problem: null,
    };
  } catch (error) {
    if (!(error instanceof ExperimentError)) throw error;
    const problem = { reason: error.message, isExcused: error.code === 'WIRE_IMPOSSIBLE' };
    return { name, file, title: name, seconds: 0, more_s: 0, leftOut: null, problem };
  }
}

/** A line for each experiment, what --quick leaves out of it, and what all of them take. */
export function planInWords(plan: readonly PlannedExperiment[]): string {
  const widest = Math.max(...plan.map(({ name }) => name.length), 'together'.length);
  const longest = Math.max(...plan.map(({ seconds }) => durationInWords(seconds).length));
  const lines = plan.flatMap(({ name, title, seconds, leftOut, problem }) => [
    `${name.padEnd(widest)}   ${(problem === null ? durationInWords(seconds) : '-').padStart(longest)}   ` +
      `${problem === null ? title : `${problem.isExcused ? 'left out' : 'cannot be run'}: ${problem.reason}`}`,
    ...(leftOut === null ? [] : [`${' '.repeat(widest + longest + 6)}left out: ${leftOut}`]),
  ]);
  const seconds = plan.reduce((sum, one) => sum + one.seconds, 0);
  const more_s = plan.reduce((sum, one) => sum + one.more_s, 0);
  const more =
    more_s > 0 ? `; up to ${durationInWords(more_s)} more where the cores change their distance` : '';
  const problems = plan.filter(({ problem }) => problem !== null).map(({ name }) => name);
  return [
    ...lines,
    `${'together'.padEnd(widest)}   about ${durationInWords(seconds)}${more}`,
    ...(problems.length > 0 ? [`not run: ${listed(problems)}`] : []),
  ].join('\n');
}
