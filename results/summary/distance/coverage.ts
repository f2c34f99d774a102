/** Whether a run has enough slices of one state of distance, for the runner to go on until it has. */
import { readRun } from '../../run/run-folder.ts';
import { countState, distanceOfRun, type StateCount, stateNames, type Wanted } from './run-distance.ts';
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
  lacking: Pick<StateCount, 'subject' | 'operation' | 'slices'>[];
  /** Why the distance is unknown, half a sentence; null where it is known. */
  unknown: string | null;
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
    Math.min(...counts.get(name)!.map(({ slices }) => Math.min(slices, wanted.slices)));
  const pursued = chosen ?? names.reduce((best, name) => (fewestOf(name) > fewestOf(best) ? name : best));
  const lacking = counts
    .get(pursued)!
    .filter(({ enough }) => !enough)
    .map(({ subject, operation, slices }) => ({ subject, operation, slices }));
  return { states, chosen: pursued, enough: lacking.length === 0, lacking, unknown };
}
