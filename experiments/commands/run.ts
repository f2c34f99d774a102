/** `bypassbench run`: from a config file to a run folder with its report. */
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import type { Manifest } from '../../results/formats/index.ts';
import { renderConclusion, stateOf, writeReport } from '../../results/index.ts';
import { runCampaign } from '../campaign.ts';
import { chooseCores, chosenBefore } from '../choose-cores.ts';
import { readExperiment } from '../config/config.ts';
import { checkOpenFiles, openFilesLimit } from '../config/open-files.ts';
import { missingPrograms } from '../config/programs.ts';
import type { ConfiguredExperiment, Experiment } from '../config/schema.ts';
import { addedTo, type EarlierRun, plannedTrials, readEarlierRun, resumed } from '../continued-run.ts';
import { ExperimentError } from '../errors.ts';
import { judgeGoals, renderGoals } from '../goals/result.ts';
import { INTERRUPTED_EXIT_CODE, interruptible } from '../interrupt.ts';
import { type Checkouts, OWN_COMMAND, openCheckouts, ownCheckout } from '../machine/checkout.ts';
import { busyWarning } from '../machine/machine.ts';
import { Supervisor } from '../machine/process.ts';
import { removeLeftovers } from '../machine/runner-folder.ts';
import { unfinishedManifest } from '../manifest.ts';
import { defaultOutFolder, OutFolder } from '../out-folder.ts';
import { Progress } from '../progress.ts';
import { setOption } from './set-option.ts';

/** Width of the table where the output is no terminal. */
const COLUMNS_WITHOUT_TERMINAL = 110;

interface RunOptions {
  quick: boolean;
  set: string[];
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
for distance.extend_s seconds at most; with --quick they do not.

The run folder holds manifest.json, trials/ with every log and histogram, and what is drawn from them:
summary.json, report.html, and the figures as .svg, .png and .vl.json. 'bypassbench report DIR'
draws them again.

--resume goes on with a run that was interrupted: what is there stays, what was cut off is measured. --add goes on with one
that has ended: it measures what the folder lacks of the experiment (values of an axis, systems, trials), beside the run's
first system once more, by way of which alone it is compared with what was measured before. Both refuse where the
configuration, the software or the machine is another one, and say what.

Exit code: 0 when every trial ran and no point of the summary is invalid; 1 otherwise; 130 when interrupted.
Ctrl-C stops everything and leaves a run without an end; a second Ctrl-C kills at once.

Examples:
  bypassbench run redis-figure --quick
  bypassbench run redis-figure --only redis,redis-kernel --out /tmp/two-bars
  bypassbench run redis-figure --resume runs/redis-figure-20261130T124000Z
  bypassbench run redis-figure --set workload.value_bytes=1024 --set systems.kv-dpdk.options.mtu=9000`;

export function command(): Command {
  return new Command('run')
    .description('Run an experiment: start its systems, measure them, draw the figure.')
    .argument('<experiment>', "name of one that ships (see 'bypassbench list'), or a YAML file")
    .option('--quick', "the config's smaller version: fewer keys, shorter, fewer trials", false)
    .option(
      '--out <dir>',
      'folder for the run; an earlier run in it is replaced once a trial has succeeded (default: runs/<experiment>-<UTC time>)',
    )
    .addOption(setOption())
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
  const only = options.only ?? null;
  const set = settings(options);
  const { goesOn, folder } = whereTo(options);
  const configured = await readExperiment(config, { quick: options.quick, set, only });
  const unrunnable = missingPrograms(configured.systems, configured.floors);
  checkOpenFiles(configured, openFilesLimit());
  const out = await OutFolder.open(
    path.resolve(folder ?? defaultOutFolder(configured.experiment, new Date())),
  );
  const { earlier, checkouts, manifest, experiment } = await prepare(configured, {
    out,
    goesOn,
    quick: options.quick,
    command: repeatingCommand(config, { ...options, set }),
  }).catch((error) => {
    out.discard();
    throw error;
  });
  const supervisor = new Supervisor();
  const there = earlier?.trials ?? [];
  const progress = new Progress(
    experiment,
    process.stderr,
    plannedTrials(experiment, manifest, there),
    there,
  );
  for (const line of await removeLeftovers()) progress.warn(line);
  const busy = busyWarning();
  if (busy !== null) progress.warn(busy);
  if (!out.isLocked) progress.warn(`${out.path} cannot be locked: let no other run write to it`);
  const campaign = { experiment, unrunnable, checkouts, manifest, earlier, out, supervisor, progress };
  const cleanUp = (): void => {
    supervisor.killAll();
    progress.stop();
  };
  const failed = await interruptible((signal) => runCampaign({ ...campaign, signal }), cleanUp);
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
  const reference = experiment.reference !== 'none';
  const { summary, findings } = await writeReport(out.path, { reference });
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

interface Preparation {
  out: OutFolder;
  goesOn: 'resume' | 'add' | null;
  quick: boolean;
  command: string[];
}

/** What is known before the first trial: the cores, and what becomes of the run that is there. */
async function prepare(
  configured: ConfiguredExperiment,
  { out, goesOn, quick, command }: Preparation,
): Promise<{ earlier: EarlierRun | null; checkouts: Checkouts; manifest: Manifest; experiment: Experiment }> {
  const earlier = goesOn === null ? null : await readEarlierRun(out.path);
  const checkouts = await openCheckouts(configured, console.error);
  const kept = earlier ? chosenBefore(configured, earlier.manifest) : new Map();
  const chosen = await chooseCores(configured, console.error, kept);
  const now = await unfinishedManifest({ experiment: chosen, checkouts, quick, command });
  const manifest = earlier === null ? now : goesOn === 'add' ? addedTo(earlier, now) : resumed(earlier, now);
  // What is added is compared by way of its anchor, and goes on until no distance has enough of it.
  const experiment = manifest.plan.additions.length === 0 ? chosen : withoutExtension(chosen);
  return { earlier, checkouts, manifest, experiment };
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

function withoutExtension(experiment: Experiment): Experiment {
  return { ...experiment, distance: { ...experiment.distance, extend_s: 0 } };
}

/** The command line of the same run, without where it was written and without this machine's folders. */
function repeatingCommand(config: string, { quick, only, set }: RunOptions): string[] {
  const inCheckout = path.relative(ownCheckout, path.resolve(config));
  const file = inCheckout.startsWith('..') ? path.basename(config) : inCheckout;
  return [
    OWN_COMMAND,
    'run',
    file,
    ...(quick ? ['--quick'] : []),
    ...set.flatMap((setting) => ['--set', setting]),
    ...(only ? ['--only', only.join(',')] : []),
  ];
}
