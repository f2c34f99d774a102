/**
 * What a run folder has already, and what it is to get: a run that was interrupted goes on (`--resume`), one that has
 * ended gets what it lacks for a config (`--add`). What is there is never measured again, and never put beside
 * something that was measured another way.
 */
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import {
  FormatError,
  MANIFEST_FILE,
  type Manifest,
  manifestFormat,
  type RunPlace,
  sameAt,
  TRIAL_FILE,
  type Trial,
  trialFormat,
  trialsOf,
} from '../results/formats/index.ts';
import { joinedParts, manifestDifferences, placesOf } from '../results/index.ts';
import type { Experiment } from './config/schema.ts';
import { ExperimentError } from './errors.ts';
import { isAt, type PlannedTrial, placeOf, planBlock } from './trial/plan.ts';

/** What is in the folder. */
export interface EarlierRun {
  folder: string;
  manifest: Manifest;
  /** Those that say something of what they are about, whether they succeeded or failed. */
  trials: Trial[];
  /** Names of folders of trials that were cut off, under trials/. */
  cutOff: string[];
}

/** Throws NOT_CONTINUED where the folder holds no run that this version can go on with. */
export async function readEarlierRun(folder: string): Promise<EarlierRun> {
  const manifest = await read(path.join(folder, MANIFEST_FILE), manifestFormat);
  if (manifest === null) {
    throw new ExperimentError(
      'NOT_CONTINUED',
      `${folder} holds no run to go on with: leave out --resume and --add`,
    );
  }
  const earlier: EarlierRun = { folder, manifest, trials: [], cutOff: [] };
  const names = await readdir(path.join(folder, 'trials')).catch(() => []);
  for (const name of names.sort()) {
    const trial = await read(path.join(folder, 'trials', name, TRIAL_FILE), trialFormat);
    if (trial?.is_final) earlier.trials.push(trial);
    else earlier.cutOff.push(name);
  }
  return earlier;
}

async function read<T>(file: string, format: { read(text: string): T }): Promise<T | null> {
  try {
    return format.read(await readFile(file, 'utf8'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    if (!(error instanceof FormatError)) throw error;
    throw new ExperimentError('NOT_CONTINUED', `${file} ${error.message}: name another folder`, {
      cause: error,
    });
  }
}

/**
 * What belongs to one start of a run and says nothing of how it measures; the plan follows from the configuration. What
 * changed of its hosts between the starts is told as what changed during the run.
 */
const ofOneStart = /^(plan|quick|hosts|machine\.(load_average_1m|knobs)|config\.distance\.extend_s)(\.|$)/;
/** Whole systems and floors, and their versions. */
const named = /^((config\.)?(systems|floors)|versions)\.[^.]+$/;
/** These may be another in what is added. */
const mayDiffer = /^(title|config\.(title|trials|sweep|goals)|floors\.[^.]+\.systems)(\.|$)/;

/**
 * The manifest with which an interrupted run goes on: its own. `now` is what would be measured today; where that is
 * anything else, NOT_CONTINUED says what.
 */
export function resumed({ folder, manifest }: EarlierRun, now: Manifest): Manifest {
  const wasAddedTo = manifest.plan.additions.length > 0;
  refuseDifferences(
    folder,
    manifest,
    now,
    ({ path: where, after }) => wasAddedTo && named.test(where) && after === null,
  );
  return manifest;
}

/**
 * The manifest of a run that has ended, with what it lacks of `now`; what `now` lacks stays. Each added block holds the
 * first system of the run too, at the points of the block: the anchor by which what is measured at another time is
 * compared. The run's own manifest where it lacks nothing. Throws NOT_CONTINUED where what both have is not the same.
 */
export function addedTo({ folder, manifest, cutOff }: EarlierRun, now: Manifest): Manifest {
  if (manifest.finished_at === null || cutOff.length > 0) {
    const remedy = 'finish it with --resume, then add to it';
    throw new ExperimentError('NOT_CONTINUED', `the run in ${folder} lacks trials: ${remedy}`);
  }
  refuseDifferences(
    folder,
    manifest,
    now,
    ({ path: where, before, after }) =>
      mayDiffer.test(where) || (named.test(where) && (before === null || after === null)),
  );
  const axesOf = ({ plan }: Manifest): string => plan.axes.map(({ name }) => name).join(', ') || 'none';
  if (axesOf(manifest) !== axesOf(now)) {
    const both = `the axes of the run in ${folder} are ${axesOf(manifest)}, those of the config ${axesOf(now)}`;
    throw new ExperimentError('NOT_CONTINUED', `${both}: name another folder`);
  }
  const lacking = lackingIn(manifest, now);
  return lacking.length === 0 ? manifest : withAddition(manifest, now, lacking);
}

interface Lacking {
  place: RunPlace;
  trials: number;
  /** The run has none of it. */
  isNew: boolean;
}

function lackingIn(manifest: Manifest, now: Manifest): Lacking[] {
  const there = placesOf(manifest);
  return placesOf(now).flatMap((place) => {
    const isNew = !there.some((one) => isAt(one, place));
    const has = isNew ? 0 : trialsOf(manifest, place.subject, place.at).length;
    return has < now.plan.trials ? [{ place, trials: now.plan.trials - has, isNew }] : [];
  });
}

function withAddition(manifest: Manifest, now: Manifest, lacking: readonly Lacking[]): Manifest {
  const first = manifest.systems.find(({ repeats }) => repeats === null)?.name ?? '';
  const anchors = placesOf(now).filter(
    ({ subject, at }) => subject === first && lacking.some(({ place }) => sameAt(place.at, at)),
  );
  const blocks = Array.from({ length: Math.max(...lacking.map(({ trials }) => trials)) }, (_, index) => {
    const block = lacking.filter(({ trials }) => trials > index).map(({ place }) => place);
    const beside = anchors.filter(
      (anchor) => block.some(({ at }) => sameAt(at, anchor.at)) && !block.some((one) => isAt(one, anchor)),
    );
    return [...beside, ...block];
  });
  const { plan } = manifest;
  const { swept, ...parts } = joinedParts([manifest, now]);
  const addition = {
    first_trial: plan.trials + 1,
    started_at: now.started_at,
    anchor: anchors.length > 0 ? first : null,
    places: lacking.filter(({ isNew }) => isNew).map(({ place }) => place),
  };
  // Older runs do not say of whom their added blocks are: of all.
  const unsaid = Array.from({ length: plan.added_trials - plan.added_blocks.length }, () =>
    placesOf(manifest),
  );
  return {
    ...manifest,
    finished_at: null,
    config: now.config,
    hosts: [
      ...manifest.hosts,
      ...now.hosts.filter(({ name }) => manifest.hosts.every((one) => one.name !== name)),
    ],
    ...parts,
    plan: {
      ...plan,
      ...swept,
      trials: plan.trials + blocks.length,
      added_trials: plan.added_trials + blocks.length,
      added_blocks: [...plan.added_blocks, ...unsaid, ...blocks],
      additions: [...plan.additions, addition],
    },
  };
}

type Difference = ReturnType<typeof manifestDifferences>[number];

/** So many differences are named. */
const MOST_NAMED = 4;

function refuseDifferences(
  folder: string,
  manifest: Manifest,
  now: Manifest,
  isAllowed: (difference: Difference) => boolean,
): void {
  const differences = manifestDifferences(manifest, now).filter(
    (difference) => !ofOneStart.test(difference.path) && !isAllowed(difference),
  );
  if (differences.length === 0) return;
  const words = differences
    .slice(0, MOST_NAMED)
    .map(
      ({ path: where, before, after }) =>
        `${where} was ${before ?? 'not there'} and is ${after ?? 'not there'}`,
    );
  const more = differences.length > MOST_NAMED ? `; and ${differences.length - MOST_NAMED} more` : '';
  throw new ExperimentError(
    'NOT_CONTINUED',
    `the run in ${folder} was made with something else: ${words.join('; ')}${more}. ` +
      'Go on with what it was made with, or name another folder',
  );
}

/** All trials of a manifest, those that are there already too, in the order in which they run. */
export function plannedTrials(
  experiment: Experiment,
  manifest: Manifest,
  there: readonly Trial[],
): PlannedTrial[] {
  const planned: PlannedTrial[] = [];
  for (let trial = 1; trial <= manifest.plan.trials; trial++) {
    planned.push(...plannedBlock(experiment, manifest, there, trial, planned.length));
  }
  return planned;
}

/** One block of them. What a config no longer has keeps its place in the order. */
function plannedBlock(
  experiment: Experiment,
  manifest: Manifest,
  there: readonly Trial[],
  trial: number,
  before: number,
): PlannedTrial[] {
  const last = Math.max(0, ...there.filter((one) => one.trial < trial).map(({ order }) => order));
  const places = placesOf(manifest).filter(({ subject, at }) =>
    trialsOf(manifest, subject, at).includes(trial),
  );
  return planBlock(experiment, trial, Math.max(before, last), places);
}

/** The record of a trial, if it is there. */
export function recordOf(planned: PlannedTrial, there: readonly Trial[]): Trial | null {
  const place = placeOf(planned);
  return (
    there.find(({ subject, at, trial }) => trial === planned.trial && isAt({ subject, at }, place)) ?? null
  );
}
