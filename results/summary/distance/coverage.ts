/** Whether a run has enough slices of one state of distance, for the runner to go on until it has. */
import type { MeasurementTarget } from '../../formats/index.ts';
import { readRun } from '../../run/run-folder.ts';
import {
  countState,
  distanceOfRun,
  keepsBack,
  type StateCount,
  stateNames,
  type Wanted,
} from './run-distance.ts';
import type { DistanceState } from './states.ts';

export interface DistanceCoverage {
  /** Nearest first, of the pair of cores with most readings. */
  states: DistanceState[];
  /**
   * The state that everything is compared in, or while none has enough, the one that is nearest to it; null where
   * there is one state only, or none is known.
   */
  chosen: string | null;
  /** Whether every system, floor and operation has what is wanted of it; true where there is nothing to choose. */
  enough: boolean;
  /** Those that keep the state from being chosen; where there are none, the repetitions that lack slices of it. */
  lacking: Lacking[];
  /** Why the distance is unknown, half a sentence; null where it is known. */
  unknown: string | null;
}

export interface Lacking {
  subject: string;
  operation: MeasurementTarget['operation'];
  slices: number;
}

/** Throws ResultsError, as for a run without a trial. */
export async function distanceCoverage(runFolder: string, wanted: Wanted): Promise<DistanceCoverage> {
  const run = await readRun(runFolder);
  const { pairs, chosen, why } = distanceOfRun(run, wanted);
  const states = pairs[0]?.states ?? [];
  const unknown = pairs.length === 0 || pairs[0].tooFast !== null ? why : null;
  const names = stateNames(pairs);
  if (names.length === 0) return { states, chosen: null, enough: true, lacking: [], unknown };
  const counts = new Map(names.map((name) => [name, countState(run, pairs, name, wanted)]));
  const fewestOf = (name: string): number =>
    Math.min(
      ...counts
        .get(name)!
        .filter(({ is_repetition }) => !is_repetition)
        .map(({ slices }) => Math.min(slices, wanted.slices)),
    );
  const pursued = chosen ?? names.reduce((best, name) => (fewestOf(name) > fewestOf(best) ? name : best));
  const ofPursued = counts.get(pursued)!;
  const keeping = ofPursued.filter(keepsBack);
  const lacking = (keeping.length > 0 ? keeping : ofPursued.filter(({ enough }) => !enough)).map(lackingOf);
  return { states, chosen: pursued, enough: lacking.length === 0, lacking, unknown };
}

function lackingOf({ subject, target: { operation }, slices }: StateCount): Lacking {
  return { subject, operation, slices };
}
