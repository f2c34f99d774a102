/** One experiment into one folder: what is known before the first trial, its trials, and its report. */
import path from 'node:path';
import { openFilesLimit } from '../libos/index.ts';
import type { Manifest } from '../results/formats/index.ts';
import { type WrittenReport, writeReport } from '../results/index.ts';
import { runCampaign } from './campaign.ts';
import { chooseCores, chosenBefore } from './choose-cores.ts';
import { readExperiment } from './config/config.ts';
import { checkOpenFiles } from './config/open-files.ts';
import { isHere, placementOf } from './config/placement.ts';
import { missingPrograms } from './config/programs.ts';
import type { ConfiguredExperiment, Experiment } from './config/schema.ts';
import { addedTo, type EarlierRun, plannedTrials, readEarlierRun, resumed } from './continued-run.ts';
import { refuseElsewhere } from './elsewhere.ts';
import { hostsBefore } from './host-states.ts';
import { type Checkouts, OWN_COMMAND, openCheckouts, ownCheckout } from './machine/checkout.ts';
import type { Supervisor } from './machine/process.ts';
import { unfinishedManifest } from './manifest.ts';
import { defaultOutFolder, OutFolder } from './out-folder.ts';
import { Progress } from './progress.ts';
import { RunHosts } from './run-hosts.ts';
import { checkWire } from './wire/wire.ts';

export interface RunRequest {
  /** Name of one that ships, or a file. */
  config: string;
  quick: boolean;
  /** KEY=VALUE, as after --set. */
  set: string[];
  /** A lab file; absent: none. */
  lab?: string | undefined;
  only: string[] | null;
  /** Undefined: one of its own, by its name and the time. */
  folder: string | undefined;
  goesOn: 'resume' | 'add' | null;
  /** Seconds of what is to run behind it. */
  behind_s: number;
}

export interface PreparedRun {
  configured: ConfiguredExperiment;
  experiment: Experiment;
  unrunnable: ReadonlyMap<string, string>;
  out: OutFolder;
  earlier: EarlierRun | null;
  checkouts: Checkouts;
  manifest: Manifest;
  progress: Progress;
  hosts: RunHosts;
}

/** Throws ExperimentError for all that is wrong before anything starts; then no new folder is left behind. */
export async function prepareRun(request: RunRequest): Promise<PreparedRun> {
  const { quick, set, lab, only } = request;
  const configured = await readExperiment(request.config, { quick, set, lab, only });
  refuseElsewhere(configured);
  const here = configured.systems.filter((system) => isHere(placementOf(configured, system)));
  const missing = missingPrograms(here, configured.floors);
  checkOpenFiles(configured, openFilesLimit());
  if (configured.wire !== undefined) checkWire();
  const folder = request.folder ?? defaultOutFolder(configured.experiment, new Date());
  const out = await OutFolder.open(path.resolve(folder));
  const opened = await openHosts(configured).catch((error) => {
    out.discard();
    throw error;
  });
  const known = await beforeFirstTrial(configured, out, request, opened.hosts).catch(async (error) => {
    await opened.hosts.close();
    out.discard();
    throw error;
  });
  const unrunnable = new Map([...missing, ...opened.lacking]);
  const there = known.earlier?.trials ?? [];
  const progress = new Progress(known.experiment, process.stderr, {
    plan: plannedTrials(known.experiment, known.manifest, there),
    there,
    behind_s: request.behind_s,
  });
  if (!out.isLocked) progress.warn(`${out.path} cannot be locked: let no other run write to it`);
  return { configured, unrunnable, out, progress, hosts: opened.hosts, ...known };
}

async function openHosts(
  configured: ConfiguredExperiment,
): Promise<{ hosts: RunHosts; lacking: ReadonlyMap<string, string> }> {
  const hosts = await RunHosts.open(configured, console.error);
  try {
    return { hosts, lacking: await hosts.lacking(configured) };
  } catch (error) {
    await hosts.close();
    throw error;
  }
}

/** How many of its trials failed; null when it was interrupted. */
export async function runPrepared(
  { progress, ...prepared }: PreparedRun,
  { supervisor, signal }: { supervisor: Supervisor; signal: AbortSignal },
): Promise<number | null> {
  try {
    return await runCampaign({ ...prepared, progress, supervisor, signal });
  } finally {
    await prepared.hosts.close();
    progress.stop();
  }
}

/** Draws what was measured. */
export async function reportPrepared({ experiment, out }: PreparedRun): Promise<WrittenReport> {
  return writeReport(out.path, { reference: isHeldAgainstPapers(experiment) });
}

/** Whether published values stand beside it. */
export function isHeldAgainstPapers({ reference }: Pick<Experiment, 'reference'>): boolean {
  return reference !== 'none';
}

/** The cores, and what becomes of the run that is there. */
async function beforeFirstTrial(
  configured: ConfiguredExperiment,
  out: OutFolder,
  request: RunRequest,
  hosts: RunHosts,
): Promise<Pick<PreparedRun, 'earlier' | 'checkouts' | 'manifest' | 'experiment'>> {
  const { goesOn, quick } = request;
  const earlier = goesOn === null ? null : await readEarlierRun(out.path);
  const checkouts = await openCheckouts(configured, console.error);
  const kept = earlier ? chosenBefore(configured, earlier.manifest) : new Map();
  const chosen = await chooseCores(configured, console.error, kept);
  const command = repeatingCommand(request);
  const versionsThere = await hosts.versions(configured);
  const states = await hostsBefore(configured, hosts);
  const described = { experiment: chosen, checkouts, quick, command, hosts: states, versionsThere };
  const now = await unfinishedManifest(described);
  const manifest = earlier === null ? now : goesOn === 'add' ? addedTo(earlier, now) : resumed(earlier, now);
  // What is added is compared by way of its anchor, and goes on until no distance has enough of it.
  const experiment = manifest.plan.additions.length === 0 ? chosen : withoutExtension(chosen);
  return { earlier, checkouts, manifest, experiment };
}

function withoutExtension(experiment: Experiment): Experiment {
  return { ...experiment, distance: { ...experiment.distance, extend_s: 0 } };
}

/** The command line of the same run, without where it was written and without this machine's folders. */
function repeatingCommand({ config, quick, only, set, lab }: RunRequest): string[] {
  return [
    OWN_COMMAND,
    'run',
    withoutFolders(config),
    ...(quick ? ['--quick'] : []),
    ...(lab === undefined ? [] : ['--lab', withoutFolders(lab)]),
    ...set.flatMap((setting) => ['--set', setting]),
    ...(only ? ['--only', only.join(',')] : []),
  ];
}

function withoutFolders(file: string): string {
  const inCheckout = path.relative(ownCheckout, path.resolve(file));
  return inCheckout.startsWith('..') ? path.basename(file) : inCheckout;
}
