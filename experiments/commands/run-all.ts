/** `bypassbench run all`: every experiment that ships, one after the other, and one report of all. */
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { ALL_FILE, type AllRuns } from '../../results/formats/index.ts';
import { renderAll, writeAllReport } from '../../results/index.ts';
import { planAll, planInWords } from '../all/plan.ts';
import { openAll, runAll } from '../all/runs.ts';
import { ExperimentError } from '../errors.ts';
import { INTERRUPTED_EXIT_CODE, interruptible } from '../interrupt.ts';
import { busyWarning } from '../machine/machine.ts';
import { Supervisor } from '../machine/process.ts';
import { removeLeftovers } from '../machine/runner-folder.ts';
import { defaultOutFolder } from '../out-folder.ts';

/** In the place of an experiment's name. */
export const ALL = 'all';

export interface AllOptions {
  quick: boolean;
  folder: string | undefined;
  goesOn: 'resume' | 'add' | null;
  set: readonly string[];
  lab: string | undefined;
  only: readonly string[] | null;
}

export async function runAllExperiments(options: AllOptions): Promise<void> {
  const { quick, goesOn, set, lab, only } = options;
  if (lab !== undefined) {
    const what =
      'most experiments that ship go through memory of one machine, or have floors there: run those that can go to a lab ' +
      `one at a time ('bypassbench list --lab ${lab}' shows which)`;
    throw new ExperimentError('OVERRIDE_INVALID', what);
  }
  if (set.length > 0 || only !== null || goesOn === 'add') {
    const what = 'with `all` go --quick, --out and --resume: say anything else of one experiment at a time';
    throw new ExperimentError('OVERRIDE_INVALID', what);
  }
  const plan = await planAll(quick);
  const folder = path.resolve(options.folder ?? defaultOutFolder(ALL, new Date()));
  const runs = await openAll(folder, plan, { quick, resumes: goesOn === 'resume' });
  console.error(planInWords(plan));
  for (const line of await removeLeftovers()) console.error(`warning: ${line}`);
  const busy = busyWarning();
  if (busy !== null) console.error(`warning: ${busy}`);
  await mkdir(folder, { recursive: true });
  const supervisor = new Supervisor();
  const ended = await interruptible(
    (signal) => runAll(folder, runs, plan, { supervisor, signal, say: (line) => console.error(line) }),
    () => supervisor.killAll(),
  );
  const findings = await writeAllReport(folder);
  console.log(renderAll(ended, findings));
  const fromHere = path.relative('', folder);
  const shown = fromHere.startsWith('..') ? folder : fromHere || '.';
  for (const file of [ALL_FILE, 'report.html']) console.log(path.join(shown, file));
  if (ended.finished_at === null) console.error(`interrupted: --resume ${shown} goes on with it`);
  process.exitCode = exitCodeOf(ended);
}

function exitCodeOf({ finished_at, experiments }: AllRuns): number {
  if (finished_at === null) return INTERRUPTED_EXIT_CODE;
  const isGood = ({ status, failed_trials }: AllRuns['experiments'][number]): boolean =>
    status === 'left_out' || (status === 'ended' && failed_trials === 0);
  return experiments.every(isGood) ? 0 : 1;
}
