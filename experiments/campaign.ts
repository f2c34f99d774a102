/**
 * A run: all trials of an experiment, one after the other, into one folder. The manifest is written first,
 * with `finished_at` null, and again when the last trial has ended: what is on disk is always a run that
 * `bypassbench report` can read.
 */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { mean, sum } from 'simple-statistics';
import {
  CALIBRATION_FILE,
  type Manifest,
  type PairDistance,
  type RunPlace,
  type Trial,
} from '../results/formats/index.ts';
import { distanceCoverage, type EndedTrials } from '../results/index.ts';
import type { Experiment } from './config/schema.ts';
import { type EarlierRun, plannedTrials, recordOf } from './continued-run.ts';
import { distanceLines, surveyDistances } from './distances.ts';
import { TrialFailure } from './errors.ts';
import { type Decision, furtherBlock } from './further-block.ts';
import { hostsAfter } from './host-states.ts';
import type { Checkouts } from './machine/checkout.ts';
import { LocalHost } from './machine/local-host.ts';
import type { Supervisor } from './machine/process.ts';
import type { TrialHost } from './machine/trial-host.ts';
import { withAddedBlock, writeManifest } from './manifest.ts';
import type { OutFolder } from './out-folder.ts';
import type { Progress } from './progress.ts';
import type { RunHosts } from './run-hosts.ts';
import { calibrate } from './trial/calibration.ts';
import { runFloorTrial } from './trial/floor-trial.ts';
import { type PlannedTrial, placeName, placeOf, planBlock } from './trial/plan.ts';
import { runSystemTrial } from './trial/system-trial.ts';
import { type EndedTrial, type TrialContext, TrialRun } from './trial/trial-run.ts';
import { Wire } from './wire/wire.ts';

/** One distance is to be seen in so many trials, or in all where fewer are planned: fewer have no interval. */
const TRIALS_OF_ONE_DISTANCE = 3;

export interface Campaign {
  experiment: Experiment;
  /**
   * Why some systems and floors cannot be run on this machine, by name: their trials are recorded as failed.
   */
  unrunnable: ReadonlyMap<string, string>;
  /** Of the systems and floors that are not of the checkout that runs. */
  checkouts: Checkouts;
  /** What is to be run, in a run that goes on with what is there. */
  manifest: Manifest;
  /** What the folder has of it already; null for a new run. */
  earlier: EarlierRun | null;
  /** What is in it is put aside when the run begins. */
  out: OutFolder;
  supervisor: Supervisor;
  /** The other machines of the run. */
  hosts: RunHosts;
  /** Aborts the run: what runs is stopped, and the manifest stays unfinished. */
  signal: AbortSignal;
  progress: Progress;
}

/** Runs all trials; resolves to how many of them failed, or to null when it was interrupted. */
export async function runCampaign(campaign: Campaign): Promise<number | null> {
  const { earlier, unrunnable, out, signal, progress } = campaign;
  for (const reason of unrunnable.values()) progress.warn(reason);
  const there = earlier?.trials ?? [];
  const planned = plannedTrials(campaign.experiment, campaign.manifest, there);
  if (campaign.manifest.finished_at !== null && planned.every((one) => recordOf(one, there) !== null)) {
    progress.announce('nothing is lacking: all trials are there');
    return there.filter(({ status }) => status === 'failed').length;
  }
  const manifest: Manifest = { ...(await withDistances(campaign)), finished_at: null };
  if (earlier === null) await out.begin();
  else await out.goOn(earlier.cutOff);
  await writeManifest(out.path, manifest);
  const interrupted = rejectWhenAborted(signal);
  await calibrateFirst(campaign, interrupted);
  const wire = campaign.experiment.wire === undefined ? null : new Wire();
  try {
    return await runBlocks(campaign, new Blocks(campaign, wire, interrupted), planned, manifest);
  } finally {
    wire?.close();
  }
}

/** Those that are planned, and those that it takes until there is enough of one distance; writes the manifest's end. */
async function runBlocks(
  { out, progress, experiment, hosts }: Campaign,
  blocks: Blocks,
  planned: readonly PlannedTrial[],
  begun: Manifest,
): Promise<number | null> {
  let manifest = begun;
  for (const block of Map.groupBy(planned, ({ trial }) => trial).values()) {
    if (!(await blocks.run(block))) return null;
  }
  const plannedEndMs = performance.now() - blocks.addedBefore_s(manifest) * 1000;
  // What is added later is compared by way of what was measured with it, and has no more trials than that.
  while (manifest.plan.additions.length === 0) {
    const decision = await blocks.further(performance.now() - plannedEndMs);
    if (decision === null) break;
    progress.announce(decision.line);
    if (!decision.goesOn) break;
    manifest = withAddedBlock(manifest, decision.places);
    await writeManifest(out.path, manifest);
    const block = blocks.plan(manifest.plan.trials, decision.places);
    progress.add(block);
    if (!(await blocks.run(block))) return null;
  }
  const after = await hostsAfter(manifest.hosts, experiment, hosts);
  await writeManifest(out.path, { ...manifest, hosts: after, finished_at: new Date().toISOString() });
  return blocks.failed;
}

/** The distances of its cores, where no earlier start of the run has measured them. */
async function withDistances(campaign: Campaign): Promise<Manifest> {
  const { manifest, earlier, progress } = campaign;
  if (earlier !== null && manifest.plan.additions.length === earlier.manifest.plan.additions.length)
    return manifest;
  const distances = await surveyDistances(campaign);
  for (const line of distanceLines(distances)) progress.announce(line);
  const isKnown = ({ client, server }: PairDistance): boolean =>
    manifest.distances.some((known) => known.client === client && known.server === server);
  return { ...manifest, distances: [...manifest.distances, ...distances.filter((one) => !isKnown(one))] };
}

async function calibrateFirst(campaign: Campaign, interrupted: Promise<never>): Promise<void> {
  const { experiment, out, supervisor, hosts, signal, progress } = campaign;
  if (!experiment.calibration || existsSync(path.join(out.path, CALIBRATION_FILE))) return;
  progress.announce('calibrating the load generator');
  const hostOf = hostsOf(new LocalHost(supervisor), hosts);
  const asked = { experiment, runFolder: out.path, hostOf, signal, interrupted };
  const uncalibrated = await calibrate(asked).catch((error) => {
    if (signal.aborted) return [];
    throw error;
  });
  for (const { backend, host, reason } of uncalibrated) {
    const over = host === null ? backend : `${backend} on host ${host}`;
    progress.warn(`not calibrated over ${over}: ${reason}`);
  }
}

/** Of this machine and the others. */
function hostsOf(local: TrialHost, hosts: RunHosts): TrialContext['hostOf'] {
  return async (host) => (host.launcher === 'local' ? local : hosts.at(host));
}

/** Blocks of trials, one after the other. */
class Blocks {
  /** Trials that failed. */
  failed = 0;
  readonly #campaign: Campaign;
  readonly #wire: Wire | null;
  readonly #local: TrialHost;
  readonly #interrupted: Promise<never>;
  /** What each trial took that succeeded, by place. */
  readonly #elapsed_s = new Map<string, number[]>();
  /** What was looked at already, for the next look. */
  readonly #ended: EndedTrials = new Map();
  #blocks = 0;
  #trials = 0;

  constructor(campaign: Campaign, wire: Wire | null, interrupted: Promise<never>) {
    this.#campaign = campaign;
    this.#wire = wire;
    this.#local = new LocalHost(campaign.supervisor);
    this.#interrupted = interrupted;
  }

  /** The block with this number, of all places or of some. */
  plan(trial: number, only?: readonly RunPlace[]): PlannedTrial[] {
    return planBlock(this.#campaign.experiment, trial, this.#trials, only);
  }

  /** Resolves to false when it was interrupted. */
  async run(block: readonly PlannedTrial[]): Promise<boolean> {
    const { unrunnable, out, signal, progress, hosts } = this.#campaign;
    for (const planned of block) {
      if (signal.aborted) return false;
      const { name } = planned.subject;
      const there = recordOf(planned, this.#campaign.earlier?.trials ?? []);
      if (there !== null) {
        this.#count(planned, there.status, there.elapsed_s);
        continue;
      }
      const startMs = performance.now();
      const context: TrialContext = {
        ...this.#campaign,
        runFolder: out.path,
        wire: this.#wire,
        local: this.#local,
        hostOf: hostsOf(this.#local, hosts),
        interrupted: this.#interrupted,
        onStep: (step) => progress.step(planned, step),
        warn: (message) => progress.warn(message),
      };
      const reason = unrunnable.get(name);
      const outcome = reason
        ? await recordUnrunnable(planned, context, reason)
        : await runTrial(planned, context);
      const { status } = outcome.record;
      this.#count(planned, status, (performance.now() - startMs) / 1000);
      if (status === 'ok') await out.measured();
      progress.trialEnded(planned, outcome);
    }
    this.#blocks++;
    this.#trials += block.length;
    return !signal.aborted;
  }

  /** What blocks took that were added by an earlier start of this run. */
  addedBefore_s({ plan }: Manifest): number {
    const planned = plan.trials - plan.added_trials;
    const added = this.#campaign.earlier?.trials.filter(({ trial }) => trial > planned) ?? [];
    return sum(added.map(({ elapsed_s }) => elapsed_s));
  }

  #count(planned: PlannedTrial, status: Trial['status'], seconds: number): void {
    if (status === 'failed') {
      this.failed++;
      return;
    }
    const key = placeName(placeOf(planned));
    this.#elapsed_s.set(key, [...(this.#elapsed_s.get(key) ?? []), seconds]);
  }

  /** Whether one block more is to run, and what for; `spentMs` is what has been spent on such blocks so far. */
  async further(spentMs: number): Promise<Decision | null> {
    const { out, experiment } = this.#campaign;
    const { slices, extend_s } = experiment.distance;
    if (extend_s === 0 || this.#elapsed_s.size === 0) return null;
    const trials = Math.min(experiment.trials, TRIALS_OF_ONE_DISTANCE);
    return furtherBlock({
      coverage: await distanceCoverage(out.path, { slices, trials }, this.#ended),
      measurable: planBlock({ ...experiment, order: 'listed' }, this.#blocks + 1, this.#trials).flatMap(
        (planned) => {
          const place = placeOf(planned);
          const elapsed_s = this.#elapsed_s.get(placeName(place));
          return elapsed_s ? [{ ...place, seconds: mean(elapsed_s) }] : [];
        },
      ),
      trial: this.#blocks + 1,
      left_s: extend_s - spentMs / 1000,
    });
  }
}

/** Runs one trial and writes its folder. */
function runTrial(planned: PlannedTrial, context: TrialContext): Promise<EndedTrial> {
  return planned.kind === 'system' ? runSystemTrial(planned, context) : runFloorTrial(planned, context);
}

/** Records as failed a trial that cannot be run, such as one of a server that is not installed. */
function recordUnrunnable(planned: PlannedTrial, context: TrialContext, reason: string): Promise<EndedTrial> {
  return new TrialRun(planned, context).run(() =>
    Promise.reject(new TrialFailure(reason, [], { isFinal: false })),
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
