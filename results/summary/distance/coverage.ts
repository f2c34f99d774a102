/** Whether a run has enough slices of one state of distance, for the runner to go on until it has. */
import type { Manifest, MeasurementTarget, PointAt } from '../../formats/index.ts';
import { type EndedTrials, type Run, readRun } from '../../run/run-folder.ts';
import {
  countState,
  distanceOfRun,
  keepsBack,
  type PairStates,
  type StateCount,
  stateNames,
  type Wanted,
} from './run-distance.ts';
import type { Sharing } from './slice-states.ts';
import type { DistanceState } from './states.ts';

export interface DistanceCoverage {
  /** Nearest first, of the pair of cores with most readings. */
  states: DistanceState[];
  /**
   * The state that everything is compared in, or while none has enough, the one that is nearest to it; null where
   * there is one state only, or none is known.
   */
  chosen: string | null;
  /** Slices with these cores shared, and no others, are what is lacking; null where all of the state count. */
  sharing: Sharing | null;
  /** What more trials would be for; nothing where every system, floor and operation has all that is wanted of it. */
  lacking: Lacking[];
  /** Why the distance is unknown, half a sentence; null where it is known. */
  unknown: string | null;
}

/** What one system or floor lacks, at one operation and point. */
export interface Lacking {
  subject: string;
  at: PointAt;
  operation: MeasurementTarget['operation'];
  what: 'slices' | 'trials';
  has: number;
  wanted: number;
  /** The system that it is compared with, trial by trial; null for the first one of a group. */
  beside: string | null;
}

/**
 * What is lacking comes in steps, and the next one is asked for when there is enough of the one before: slices of one
 * state; slices of it that are alike in who used the cores; then those of repetitions.
 * `ended`: trials that are not read again, as readRun takes them. Throws ResultsError, as for a run without a trial.
 */
export async function distanceCoverage(
  runFolder: string,
  wanted: Wanted,
  ended?: EndedTrials,
): Promise<DistanceCoverage> {
  const run = await readRun(runFolder, ended);
  const { pairs, chosen, why, company, alike } = distanceOfRun(run, wanted);
  const known = {
    states: pairs[0]?.states ?? [],
    unknown: pairs.length === 0 || pairs[0].tooFast !== null ? why : null,
  };
  const pursued =
    (chosen === null ? closest(run, [{ sharing: null, pairs }], wanted) : null) ??
    (company?.compared === null ? closest(run, alike, wanted) : null);
  if (pursued !== null) {
    const { name, sharing, counts } = pursued;
    const lacking = counts.filter(keepsBack).map((count) => lackingOf(count, run.manifest, wanted));
    return { ...known, chosen: name, sharing, lacking };
  }
  const lacking = chosen === null ? [] : lackingInChosen(run, pairs, chosen, wanted);
  return { ...known, chosen, sharing: null, lacking };
}

interface Pursued {
  name: string;
  sharing: Sharing | null;
  counts: StateCount[];
}

/** Of states that lack something, the one that lacks least; the first of those that lack as much. */
function closest(
  run: Run,
  rules: { sharing: Sharing | null; pairs: PairStates[] }[],
  wanted: Wanted,
): Pursued | null {
  const candidates = rules.flatMap(({ sharing, pairs }) =>
    stateNames(pairs).map((name): Pursued & { missing: number } => {
      const counts = countState(run, pairs, name, wanted);
      const missing = counts.filter(keepsBack).reduce((sum, count) => sum + missingOf(count, wanted), 0);
      return { name, sharing, counts, missing };
    }),
  );
  if (candidates.length === 0) return null;
  return candidates.reduce((best, other) => (other.missing < best.missing ? other : best));
}

/** From 0, as parts of what is wanted. */
function missingOf({ slices, trials }: StateCount, wanted: Wanted): number {
  return Math.max(0, 1 - slices / wanted.slices) + Math.max(0, 1 - trials.length / wanted.trials);
}

/** Repetitions without enough. */
function lackingInChosen(run: Run, pairs: PairStates[], chosen: string, wanted: Wanted): Lacking[] {
  return countState(run, pairs, chosen, wanted)
    .filter(({ enough }) => !enough)
    .map((count) => lackingOf(count, run.manifest, wanted));
}

function lackingOf(count: StateCount, of: Manifest, wanted: Wanted): Lacking {
  const { subject, target, slices, trials, of_trials } = count;
  const beside = besideOf(of, subject);
  const which = { subject, at: target.at, operation: target.operation, beside };
  return slices < wanted.slices
    ? { ...which, what: 'slices', has: slices, wanted: wanted.slices }
    : { ...which, what: 'trials', has: trials.length, wanted: Math.min(wanted.trials, of_trials) };
}

/** A repetition is compared with what it repeats, all else with the first system of its group. */
function besideOf({ systems, floors }: Manifest, subject: string): string | null {
  const served = floors.find(({ name }) => name === subject)?.systems.at(-1);
  const system = systems.find(({ name }) => name === (served ?? subject));
  if (system?.repeats) return system.repeats;
  const first = systems.find(({ group, repeats }) => group === system?.group && repeats === null);
  return !first || first.name === subject ? null : first.name;
}
