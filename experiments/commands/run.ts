/** `bypassbench run`: from a config file to a run folder with its report. */
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { renderConclusion, stateOf } from '../../results/index.ts';
import { ExperimentError } from '../errors.ts';
import { judgeGoals, renderGoals } from '../goals/result.ts';
import { INTERRUPTED_EXIT_CODE, interruptible } from '../interrupt.ts';
import { busyWarning } from '../machine/machine.ts';
import { Supervisor } from '../machine/process.ts';
import { removeLeftovers } from '../machine/runner-folder.ts';
import { isHeldAgainstPapers, prepareRun, reportPrepared, runPrepared } from '../single-run.ts';
import { labOption } from './lab-option.ts';
import { ALL, runAllExperiments } from './run-all.ts';
import { setOption } from './set-option.ts';

/** Width of the table where the output is no terminal. */
const COLUMNS_WITHOUT_TERMINAL = 110;

interface RunOptions {
  quick: boolean;
  set: string[];
  lab?: string;
  out?: string;
  only?: string[];
  trials?: number;
  duration?: number;
  /** A folder, or true where --out names it. */
  resume?: string | true;
  add?: string | true;
}

const HELP = `
Each trial starts one server, fills its keys, measures every operation, and stops the server; that of a floor
has no server, only a program that measures. A trial that fails (a server that ends, hangs or never gets ready)
is recorded with its reason and the end of its log, and the others go on. A system whose program is not installed
is reported at the start; its trials count as failed.

Where the cores change their distance, trials go on behind those planned until each system has enough of one distance,
for distance.extend_s seconds at most; with --quick for those that the experiment's quick section says, if any.

The run folder holds manifest.json, trials/ with every log and histogram, and what is drawn from them:
summary.json, report.html, and the figures as .svg, .png and .vl.json. 'bypassbench report DIR'
draws them again.

--resume goes on with a run that was interrupted: what is there stays, what was cut off is measured. --add goes on with one
that has ended: it measures what the folder lacks of the experiment (values of an axis, systems, trials), beside the run's
first system once more, by way of which alone it is compared with what was measured before. Both refuse where the
configuration, the software or the machine is another one, and say what.

'run all' runs every experiment that ships, one after the other, without anybody at hand: first it prints what each takes, and
what --quick leaves out. Each has a folder of its own in that of --out (default: runs/all-<UTC time>); report.html there has the
figures of all, and each claim of the papers with the evidence of the experiment that it belongs to. An experiment that fails ends no
other: what failed stands at the end, and the exit code is 1. --resume goes on with those that have not ended.

Exit code: 0 when every trial ran and no point of the summary is invalid; 1 otherwise; 130 when interrupted. Of 'all': 0 when every
experiment ran and no trial failed, whatever is said of its points.
Ctrl-C stops everything and leaves a run without an end; a second Ctrl-C kills at once.

Examples:
  bypassbench run redis-figure --quick
  bypassbench run redis-figure --only redis,redis-kernel --out /tmp/two-bars
  bypassbench run all --quick
  bypassbench run redis-figure --resume runs/redis-figure-20261130T124000Z
  bypassbench run redis-figure --set workload.value_bytes=1024 --set systems.kv-dpdk.options.mtu=9000
  bypassbench run mixed --quick --set sweep.bulk.clients=1,4`;

export function command(): Command {
  return new Command('run')
    .description('Run an experiment: start its systems, measure them, draw the figure.')
    .argument(
      '<experiment>',
      "name of one that ships (see 'bypassbench list'), a YAML file, or 'all' of those that ship",
    )
    .option('--quick', "the config's smaller version: fewer keys, shorter, fewer trials", false)
    .option(
      '--out <dir>',
      'folder for the run; an earlier run in it is replaced once a trial has succeeded (default: runs/<experiment>-<UTC time>)',
    )
    .addOption(setOption())
    .addOption(labOption())
    .option('--only <system,...>', 'measure these systems of the config only', parseNames)
    .option('--trials <number>', 'trials of each system and floor, for --set trials=N', positive)
    .option('--duration <seconds>', 'of each measurement, for --set workload.duration_s=S', positive)
    .option('--resume [dir]', 'finish the interrupted run in this folder, or in that of --out')
    .option(
      '--add [dir]',
      'measure what the run in this folder, or in that of --out, lacks of this experiment',
    )
    .addHelpText('after', HELP)
    .action(run);
}

function positive(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !(value > 0) || !Number.isFinite(value))
    throw new InvalidArgumentError('A number above 0.');
  return value;
}

function parseNames(list: string): string[] {
  const names = list.split(',').map((name) => name.trim());
  if (names.includes('')) throw new InvalidArgumentError('Names of systems, separated by commas.');
  return names;
}

async function run(config: string, options: RunOptions): Promise<void> {
  const { goesOn, folder } = whereTo(options);
  const { quick, lab } = options;
  const set = settings(options);
  const only = options.only ?? null;
  if (config === ALL) return runAllExperiments({ quick, folder, goesOn, set, lab, only });
  const prepared = await prepareRun({ config, quick, set, lab, only, folder, goesOn, behind_s: 0 });
  const { experiment, out, progress } = prepared;
  for (const line of await removeLeftovers()) progress.warn(line);
  const busy = busyWarning();
  if (busy !== null) progress.warn(busy);
  const supervisor = new Supervisor();
  const cleanUp = (): void => {
    supervisor.killAll();
    progress.stop();
  };
  const failed = await interruptible((signal) => runPrepared(prepared, { supervisor, signal }), cleanUp);
  const shownFolder = shown(out.path);
  if (out.replaced !== null) {
    console.error(`no trial succeeded: the earlier run is kept in ${shown(out.replaced)}`);
  }
  if (failed === null) {
    console.error(
      `interrupted; what was measured is in ${shownFolder}: 'bypassbench report' draws it, --resume goes on with it`,
    );
    process.exitCode = INTERRUPTED_EXIT_CODE;
    return;
  }
  const reference = isHeldAgainstPapers(experiment);
  const { summary, findings } = await reportPrepared(prepared);
  const { columns = COLUMNS_WITHOUT_TERMINAL, isTTY } = process.stdout;
  // hasColors() knows NO_COLOR.
  const color = isTTY && process.stdout.hasColors();
  console.log(renderConclusion(summary, findings, { columns, color, reference }));
  const goals = judgeGoals(experiment.experiment, experiment.goals ?? [], summary);
  if (goals.length > 0) console.log(`\n${renderGoals(goals)}\n`);
  for (const file of (await readdir(out.path)).sort()) console.log(path.join(shownFolder, file));
  if (failed > 0)
    console.error(
      `${failed} ${failed === 1 ? 'trial' : 'trials'} failed; the reasons stand above and in trial.json`,
    );
  const measured = [...summary.points, ...summary.floors];
  if (failed > 0 || measured.some((point) => stateOf(point) === 'invalid')) process.exitCode = 1;
}

function shown(folder: string): string {
  const fromHere = path.relative('', folder);
  return fromHere.startsWith('..') ? folder : fromHere || '.';
}

/** What --trials and --duration say, above what --set does. */
function settings({ set, trials, duration }: RunOptions): string[] {
  return [
    ...set,
    ...(trials === undefined ? [] : [`trials=${trials}`]),
    ...(duration === undefined ? [] : [`workload.duration_s=${duration}`]),
  ];
}

/** The folder, and whether a run in it goes on. Each of --out, --resume and --add may name it. */
function whereTo({ out, resume, add }: RunOptions): {
  goesOn: 'resume' | 'add' | null;
  folder: string | undefined;
} {
  const refuse = (why: string): never => {
    throw new ExperimentError('NOT_CONTINUED', why);
  };
  const goesOn = resume !== undefined ? 'resume' : add !== undefined ? 'add' : null;
  if (resume !== undefined && add !== undefined) refuse('--resume and --add: one of them at a time');
  const said = resume ?? add;
  const named = typeof said === 'string' ? said : undefined;
  if (named !== undefined && out !== undefined && path.resolve(named) !== path.resolve(out)) {
    refuse(`--${goesOn} ${named} and --out ${out} are two folders: name one`);
  }
  const folder = named ?? out;
  if (goesOn !== null && folder === undefined) refuse(`--${goesOn}: name the folder of the run`);
  if (goesOn !== null && !existsSync(folder ?? '')) refuse(`--${goesOn}: no such folder: ${folder}`);
  return { goesOn, folder };
}
