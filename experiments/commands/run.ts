/** `bypassbench run`: from a config file to a run folder with its report. */
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { renderConclusion, stateOf, writeReport } from '../../results/index.ts';
import { runCampaign } from '../campaign.ts';
import { chooseCores } from '../choose-cores.ts';
import { readExperiment } from '../config/config.ts';
import { missingPrograms } from '../config/programs.ts';
import { INTERRUPTED_EXIT_CODE, interruptible } from '../interrupt.ts';
import { OWN_COMMAND, openCheckouts, ownCheckout } from '../machine/checkout.ts';
import { busyWarning } from '../machine/machine.ts';
import { Supervisor } from '../machine/process.ts';
import { removeLeftovers } from '../machine/runner-folder.ts';
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

Exit code: 0 when every trial ran and no point of the summary is invalid; 1 otherwise; 130 when interrupted.
Ctrl-C stops everything and leaves a run without an end; a second Ctrl-C kills at once.

Examples:
  bypassbench run redis-figure --quick
  bypassbench run redis-figure --only redis,redis-kernel --out /tmp/two-bars
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
    .addHelpText('after', HELP)
    .action(run);
}

function parseNames(list: string): string[] {
  const names = list.split(',').map((name) => name.trim());
  if (names.includes('')) throw new InvalidArgumentError('Names of systems, separated by commas.');
  return names;
}

async function run(config: string, options: RunOptions): Promise<void> {
  const only = options.only ?? null;
  const configured = await readExperiment(config, { quick: options.quick, set: options.set, only });
  const unrunnable = missingPrograms(configured.systems, configured.floors);
  const checkouts = await openCheckouts(configured, console.error);
  const experiment = await chooseCores(configured, console.error);
  const out = await OutFolder.open(
    path.resolve(options.out ?? defaultOutFolder(experiment.experiment, new Date())),
  );
  const supervisor = new Supervisor();
  const progress = new Progress(experiment, process.stderr);
  for (const line of await removeLeftovers()) progress.warn(line);
  const busy = busyWarning();
  if (busy !== null) progress.warn(busy);
  if (!out.isLocked) progress.warn(`${out.path} cannot be locked: let no other run write to it`);
  const campaign = {
    experiment,
    unrunnable,
    checkouts,
    quick: options.quick,
    command: repeatingCommand(config, options),
    out,
    supervisor,
    progress,
  };
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
    console.error(`interrupted; what was measured is in ${shownFolder}, and 'bypassbench report' draws it`);
    process.exitCode = INTERRUPTED_EXIT_CODE;
    return;
  }
  const reference = experiment.reference !== 'none';
  const { summary, findings } = await writeReport(out.path, { reference });
  const { columns = COLUMNS_WITHOUT_TERMINAL, isTTY } = process.stdout;
  // hasColors() knows NO_COLOR.
  const color = isTTY && process.stdout.hasColors();
  console.log(renderConclusion(summary, findings, { columns, color, reference }));
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
