/** `bypassbench goals`: runs goal files and says which goals are met. */
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { Command } from 'commander';
import { GOALS_FILE, type GoalRecord, goalsFormat, replaceFile } from '../../results/formats/index.ts';
import { writeReport } from '../../results/index.ts';
import { type Campaign, runCampaign } from '../campaign.ts';
import { chooseCores } from '../choose-cores.ts';
import { isHere, placementOf } from '../config/placement.ts';
import { missingPrograms } from '../config/programs.ts';
import { durationInWords } from '../duration.ts';
import { refuseElsewhere } from '../elsewhere.ts';
import { ExperimentError, TrialFailure } from '../errors.ts';
import { findGoals, type GoalFile, type GoalOptions, readGoals } from '../goals/goal-file.ts';
import { runPrograms } from '../goals/programs.ts';
import { exitCodeOf, judgeGoals, renderGoals, untestedGoals } from '../goals/result.ts';
import { hostsBefore } from '../host-states.ts';
import { INTERRUPTED_EXIT_CODE, interruptible } from '../interrupt.ts';
import { gitState, isPath, OWN_COMMAND, openCheckouts, ownCheckout } from '../machine/checkout.ts';
import { busyWarning, machineFacts, softwareVersions } from '../machine/machine.ts';
import { Supervisor } from '../machine/process.ts';
import { removeLeftovers } from '../machine/runner-folder.ts';
import { unfinishedManifest } from '../manifest.ts';
import { defaultOutFolder, OutFolder } from '../out-folder.ts';
import { Progress } from '../progress.ts';
import { RunHosts } from '../run-hosts.ts';
import { labOption } from './lab-option.ts';
import { setOption } from './set-option.ts';

const HELP = `
Each goal is a ratio of one system to another, or to a floor, in the same run. It is met when the whole 95 % interval
of the ratio keeps the bound, missed when the whole interval is beyond it, and else it cannot be tested here, with the
reason. A goal file is an experiment with \`goals:\`, or a list of programs that each print one number.

'not-slower' compares this checkout with another commit, by default the one before: --against names it. The commit is
checked out into .checkouts/ and set up first.

--lab puts the systems of experiments on the hosts of a lab. Goals that ship hold systems against floors, shared memory or
programs of one machine, and are refused there with the reason: it is for goals of your own.

The folder of the output has goals.json and a run folder for each experiment, with its report.

Exit code: 0 when every goal is met; 1 when one is missed; 2 when none is missed but some cannot be tested here; 130
when interrupted.

Examples:
  npm run goals
  npm run goals latency memory
  npm run goals not-slower -- --against v0.1.0
  npm run goals throughput -- --set trials=3
  npm run goals my-goals.yaml -- --lab lab.yaml`;

interface Options {
  list: boolean;
  lab?: string;
  set: string[];
  against?: string;
  out?: string;
}

export function command(): Command {
  return new Command('goals')
    .description('Run the goals of this project and say which are met.')
    .argument(
      '[names...]',
      'goal files by name, by the first words of several, or as path/to/file.yaml; all by default',
    )
    .option('--list', 'show the goal files and how long each takes, and run nothing', false)
    .option(
      '--against <commit>',
      'the commit, tag, branch or ./folder that takes the place of every `checkout`',
    )
    .addOption(setOption())
    .addOption(labOption())
    .option('--out <dir>', 'new or empty folder for the output (default: runs/goals-<UTC time>)')
    .addHelpText('after', HELP)
    .action(run);
}

interface GoalsRun {
  folder: string;
  supervisor: Supervisor;
  signal: AbortSignal;
  options: GoalOptions;
}

async function run(names: string[], { list, set, lab, out, ...rest }: Options): Promise<void> {
  const against = rest.against ?? null;
  const options: GoalOptions = { set, against, lab };
  const files = await Promise.all(findGoals(names).map((file) => readGoals(file, options)));
  if (against !== null && !files.some(comparesCheckouts)) {
    throw new ExperimentError('GOAL_UNKNOWN', '--against: none of these goals compares two checkouts');
  }
  (list ? console.log : console.error)(overview(files));
  if (list) return;
  for (const line of await removeLeftovers()) console.error(`warning: ${line}`);
  const busy = busyWarning();
  if (busy !== null) console.error(`warning: ${busy}`);
  const folder = path.resolve(out ?? defaultOutFolder('goals', new Date()));
  await mkdir(folder, { recursive: true });
  const supervisor = new Supervisor();
  const facts = {
    started_at: new Date().toISOString(),
    git: await gitState(ownCheckout),
    machine: await machineFacts(),
    versions: await softwareVersions(),
  };
  const records: GoalRecord[] = [];
  const finished = await interruptible(
    async (signal) => {
      for (const file of files) {
        if (signal.aborted) return false;
        const found = await runFile(file, {
          folder: path.join(folder, file.name),
          supervisor,
          signal,
          options,
        });
        if (found === null) return false;
        records.push(...found);
      }
      return true;
    },
    () => supervisor.killAll(),
  );
  await replaceFile(
    path.join(folder, GOALS_FILE),
    goalsFormat.write({ schema: goalsFormat.schema, ...facts, goals: records }),
  );
  if (records.length > 0) console.log(renderGoals(records));
  console.log(path.join(path.relative('', folder) || '.', GOALS_FILE));
  process.exitCode = finished ? exitCodeOf(records) : INTERRUPTED_EXIT_CODE;
}

function comparesCheckouts(file: GoalFile): boolean {
  return file.kind === 'experiment' && file.experiment.systems.some(({ checkout }) => checkout !== undefined);
}

/** A line for each file, and what all of them take. */
function overview(files: readonly GoalFile[]): string {
  const widest = Math.max(...files.map(({ name }) => name.length));
  const lines = files.map(
    ({ name, title, seconds }) => `${name.padEnd(widest)}   about ${durationInWords(seconds)}   ${title}`,
  );
  const all = files.reduce((sum, { seconds }) => sum + seconds, 0);
  const added_s = files.reduce((sum, file) => sum + addedBy(file), 0);
  const more =
    added_s > 0 ? `; up to ${durationInWords(added_s)} more where the cores change their distance` : '';
  return [...lines, `${'together'.padEnd(widest)}   about ${durationInWords(all)}${more}`].join('\n');
}

function addedBy(file: GoalFile): number {
  return file.kind === 'experiment' ? file.experiment.distance.extend_s : 0;
}

/** Null when it was interrupted. */
async function runFile(file: GoalFile, run: GoalsRun): Promise<GoalRecord[] | null> {
  console.error(`\n${file.name}`);
  if (file.kind === 'experiment') return runExperiment(file, run);
  const interrupted = new Promise<never>((_, reject) => {
    run.signal.addEventListener('abort', () => reject(new TrialFailure('interrupted')), { once: true });
  });
  interrupted.catch(() => {});
  try {
    return await runPrograms({ ...run, goals: file, interrupted, say: console.error });
  } catch (error) {
    if (run.signal.aborted) return null;
    throw error;
  }
}

async function runExperiment(
  { name, file, experiment: configured, goals }: Extract<GoalFile, { kind: 'experiment' }>,
  { folder, supervisor, signal, options }: GoalsRun,
): Promise<GoalRecord[] | null> {
  let prepared: Pick<Campaign, 'unrunnable' | 'checkouts' | 'experiment' | 'hosts'>;
  try {
    refuseElsewhere(configured);
    const here = configured.systems.filter((system) => isHere(placementOf(configured, system)));
    prepared = {
      unrunnable: missingPrograms(here, configured.floors),
      checkouts: await openCheckouts(configured, console.error),
      experiment: await chooseCores(configured, console.error),
      hosts: await RunHosts.open(configured, console.error),
    };
  } catch (error) {
    if (!(error instanceof ExperimentError)) throw error;
    console.error(error.message);
    return untestedGoals(name, goals, error.message.split('\n')[0] ?? '');
  }
  const outFolder = await OutFolder.open(folder);
  const progress = new Progress(prepared.experiment, process.stderr);
  try {
    const shown = path.relative(ownCheckout, path.resolve(file));
    const command = [OWN_COMMAND, 'goals', shown.startsWith('..') ? path.basename(file) : name];
    const { set, against, lab } = options;
    // The folder of a checkout means nothing elsewhere: the manifest has its commit.
    const settings = [
      ...set.flatMap((setting) => ['--set', setting]),
      ...(lab === undefined ? [] : ['--lab', path.basename(lab)]),
      ...(against === null || isPath(against) ? [] : ['--against', against]),
    ];
    const states = await hostsBefore(configured, prepared.hosts);
    const versionsThere = await prepared.hosts.versions(configured);
    const whole = { quick: false, command: [...command, ...settings] };
    const described = { ...prepared, ...whole, hosts: states, versionsThere };
    const failed = await runCampaign({
      ...prepared,
      manifest: await unfinishedManifest(described),
      earlier: null,
      out: outFolder,
      supervisor,
      signal,
      progress,
    });
    if (failed === null) return null;
    const { summary } = await writeReport(folder, { reference: false });
    return judgeGoals(name, goals, summary);
  } finally {
    await prepared.hosts.close();
    progress.stop();
    outFolder.release();
  }
}
