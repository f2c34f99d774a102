/**
 * A run: all trials of an experiment, one after the other, into one folder. The manifest is written first,
 * with `finished_at` null, and again when the last trial has ended: what is on disk is always a run that
 * `bypassbench report` can read.
 */
import { writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { MANIFEST_FILE, type Manifest, manifestFormat } from '../results/formats/index.ts';
import { repeatOf } from './config/checks.ts';
import type { Experiment } from './config/schema.ts';
import { TrialFailure } from './errors.ts';
import { type Checkouts, gitState, ownCheckout } from './machine/checkout.ts';
import { machineFacts, softwareVersions, versionOf } from './machine/machine.ts';
import type { Supervisor } from './machine/process.ts';
import type { Progress } from './progress.ts';
import { calibrate } from './trial/calibration.ts';
import { runFloorTrial } from './trial/floor-trial.ts';
import { type PlannedTrial, planTrials } from './trial/plan.ts';
import { runSystemTrial } from './trial/system-trial.ts';
import { type EndedTrial, type TrialContext, TrialRun } from './trial/trial-run.ts';

/** Processes that wanted to run, on average over the last minute, above which a user is warned. */
const BUSY_LOAD_AVERAGE = 1;

export interface Campaign {
  experiment: Experiment;
  /**
   * Why some systems and floors cannot be run on this machine, by name: their trials are recorded as failed.
   */
  unrunnable: ReadonlyMap<string, string>;
  /** Of the systems and floors that are not of the checkout that runs. */
  checkouts: Checkouts;
  quick: boolean;
  /** The command line that repeats this run. */
  command: string[];
  /** An existing folder. */
  runFolder: string;
  supervisor: Supervisor;
  /** Aborts the run: what runs is stopped, and the manifest stays unfinished. */
  signal: AbortSignal;
  progress: Progress;
}

/** Runs all trials; resolves to how many of them failed, or to null when it was interrupted. */
export async function runCampaign(campaign: Campaign): Promise<number | null> {
  const { experiment, unrunnable, runFolder, signal, progress } = campaign;
  for (const reason of unrunnable.values()) progress.warn(reason);
  const load = os.loadavg()[0];
  if (load > BUSY_LOAD_AVERAGE) {
    progress.warn(
      `this machine has been busy (load average ${load.toFixed(1)}): other work shows in the latencies`,
    );
  }
  const manifest = await unfinishedManifest(campaign);
  await writeManifest(runFolder, manifest);
  const interrupted = rejectWhenAborted(signal);
  if (experiment.calibration) {
    progress.announce('calibrating the load generator');
    const problem = await calibrate(experiment, runFolder, campaign.supervisor, interrupted).catch(
      (error) => {
        if (signal.aborted) return null;
        throw error;
      },
    );
    if (problem !== null) progress.warn(`not calibrated: ${problem}`);
  }
  let failed = 0;
  for (const planned of planTrials(experiment)) {
    if (signal.aborted) return null;
    const context: TrialContext = {
      ...campaign,
      interrupted,
      onStep: (step) => progress.step(planned, step),
    };
    const reason = unrunnable.get(planned.subject.name);
    const outcome = reason
      ? await recordUnrunnable(planned, context, reason)
      : await runTrial(planned, context);
    if (outcome.record.status === 'failed') failed++;
    progress.trialEnded(planned, outcome);
  }
  if (signal.aborted) return null;
  await writeManifest(runFolder, { ...manifest, finished_at: new Date().toISOString() });
  return failed;
}

/** Runs one trial and writes its folder. */
function runTrial(planned: PlannedTrial, context: TrialContext): Promise<EndedTrial> {
  return planned.kind === 'system' ? runSystemTrial(planned, context) : runFloorTrial(planned, context);
}

/** Records as failed a trial that cannot be run, such as one of a server that is not installed. */
function recordUnrunnable(planned: PlannedTrial, context: TrialContext, reason: string): Promise<EndedTrial> {
  return new TrialRun(planned, context).run(
    () => Promise.reject(new TrialFailure(reason)),
    () => Promise.resolve(),
  );
}

function rejectWhenAborted(signal: AbortSignal): Promise<never> {
  const interrupted = new Promise<never>((_, reject) => {
    const stop = (): void => reject(new TrialFailure('the run was interrupted'));
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, { once: true });
  });
  // It may reject while nothing waits for it, between two trials.
  interrupted.catch(() => {});
  return interrupted;
}

async function unfinishedManifest({ experiment, checkouts, quick, command }: Campaign): Promise<Manifest> {
  const { workload } = experiment;
  const { operations, clients, value_bytes, pipeline, open_loop } = workload;
  const { keys, key_distribution, warmup_s, duration_s } = workload;
  return {
    schema: manifestFormat.schema,
    experiment: experiment.experiment,
    title: experiment.title,
    quick,
    command,
    started_at: new Date().toISOString(),
    finished_at: null,
    config: withoutPaths(experiment, checkouts),
    plan: {
      trials: experiment.trials,
      measurements: operations.map((operation) => ({ operation, clients, value_bytes })),
      pipeline,
      open_loop: open_loop ?? null,
      keys,
      key_distribution,
      seed: experiment.seed,
      warmup_s,
      duration_s,
      requests: null,
      stages: experiment.stages ?? null,
      reference: experiment.reference === 'none' ? null : experiment.reference,
    },
    machine: await machineFacts(),
    versions: { ...(await systemVersions(experiment)), ...(await softwareVersions()) },
    git: await gitState(ownCheckout),
    systems: experiment.systems.map(
      ({ name, label, role, group, backend, device, provenance, transport_note, client, server_cores }) => ({
        name,
        label,
        repeats: experiment.repeat && name === repeatOf(experiment.repeat) ? experiment.repeat : null,
        role,
        group,
        backend,
        device,
        provenance,
        checkout: checkouts.get(name)?.git ?? null,
        transport_note,
        client: { backend: client.backend, wait: client.wait },
        server_cores,
        client_cores: [client.core],
      }),
    ),
    floors: experiment.floors.map(({ name, label, cores }) => ({
      name,
      label,
      systems: experiment.systems.filter(({ floor }) => floor.includes(name)).map((system) => system.name),
      cores,
    })),
  };
}

/** A checkout's folder means nothing on another machine: its commit stands in its place. */
function withoutPaths(experiment: Experiment, checkouts: Checkouts): Experiment {
  const systems = experiment.systems.map((system) => {
    const checkout = checkouts.get(system.name);
    return checkout ? { ...system, checkout: checkout.git.commit ?? 'not a clone' } : system;
  });
  return { ...experiment, systems };
}

async function systemVersions({ systems }: Experiment): Promise<Record<string, string>> {
  const versions: Record<string, string> = {};
  for (const { name, version } of systems) {
    const line = version ? await versionOf(version) : null;
    if (line !== null) versions[name] = line;
  }
  return versions;
}

async function writeManifest(runFolder: string, manifest: Manifest): Promise<void> {
  await writeFile(path.join(runFolder, MANIFEST_FILE), manifestFormat.write(manifest));
}
