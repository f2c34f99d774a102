/**
 * How long a state of distance lasts: the time in it, over how often it was left. A window begins and ends somewhere
 * within a state, so that a mean of the lengths seen would be too short; this is right for any length of windows where
 * a state is as likely to end soon whether it began long ago or not (the estimate of highest likelihood of an
 * exponential length that is cut off at random).
 */
import { type DistanceState, stateAt } from './states.ts';

export interface TimedReading {
  at_s: number;
  /** Null where nothing was read, or it says nothing of the distance. */
  distance_ns: number | null;
}

/** Of one state. */
export interface Lasting {
  total_s: number;
  /** How often another state followed it without a gap in time. */
  left: number;
  /** Null where it never was left. */
  mean_s: number | null;
}

/** By state, in their order. `windows`: readings in the order of time, each without a gap. */
export function lastingOf(
  states: readonly DistanceState[],
  windows: readonly (readonly TimedReading[])[],
): Lasting[] {
  const total_s = states.map(() => 0);
  const left = states.map(() => 0);
  for (const window of windows) {
    const known = window.flatMap(({ at_s, distance_ns }) => {
      const state = stateAt(states, distance_ns);
      return state ? [{ at_s, index: states.indexOf(state) }] : [];
    });
    for (const [next, { at_s, index }] of known.entries()) {
      if (next === 0) continue;
      const before = known[next - 1];
      // Somewhere between the two, so half of the time for either.
      total_s[before.index] += (at_s - before.at_s) / 2;
      total_s[index] += (at_s - before.at_s) / 2;
      if (before.index !== index) left[before.index] += 1;
    }
  }
  return states.map((_, index) => ({
    total_s: total_s[index],
    left: left[index],
    mean_s: left[index] > 0 ? total_s[index] / left[index] : null,
  }));
}
