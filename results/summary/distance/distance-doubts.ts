/** What the distance of its cores makes doubtful about a point's median. */
import type { Measured, MeasurementTarget } from '../../formats/index.ts';
import { sameTarget } from '../../run/run-folder.ts';
import { formatCount, formatDistance, formatPercent } from '../../text/format.ts';
import type { Doubt } from '../doubt.ts';
import { MIXTURE } from './by-state.ts';
import { chosenFor, hasStates, nameTrials, type RunDistance } from './run-distance.ts';

type Numbers = Pick<Measured, 'state' | 'distance_unknown' | 'by_state'>;

/**
 * A point of all states together compares placements as much as systems. That nothing is known of a distance is no
 * doubt where nothing is known to have changed.
 */
export function distanceDoubts(
  { state, distance_unknown, by_state }: Numbers,
  distance: RunDistance,
): Doubt[] {
  const reason =
    distance_unknown !== null
      ? whyUnknown(distance_unknown, distance)
      : state === null && by_state.length > 0
        ? whyMixed(by_state)
        : null;
  return reason === null ? [] : [{ state: 'suspect', about: ['p50', 'throughput'], reason }];
}

/** Of a system that repeats another one: it keeps no state from being chosen, and may have too little of that. */
export function repetitionDoubts(system: string, target: MeasurementTarget, distance: RunDistance): Doubt[] {
  return distance.lacking
    .filter((of) => of.subject === system && sameTarget(of.target, target))
    .map(({ slices, trials }) => {
      const where = slices > 0 ? ` in ${nameTrials(trials.length)}` : '';
      const reason = `Too few slices of ${system} are ${chosenFor(distance, target)}: ${formatCount(slices)}${where}.`;
      return { state: 'suspect', about: ['p50', 'throughput'], reason };
    });
}

function whyMixed(by_state: Numbers['by_state']): string {
  const shares = by_state
    .filter(({ state }) => state !== MIXTURE)
    .map((one) => `${formatPercent(one.share)} ${one.state} (${formatDistance(one)})`);
  return `A mixture of core distances, ${shares.join(', ')}: no state of them has enough of every system.`;
}

function whyUnknown(unknown: string, { pairs }: RunDistance): string | null {
  const fast = pairs.find(({ tooFast }) => tooFast !== null);
  if (fast) return `The distance of the cores is unknown: ${unknown}.`;
  const changed = pairs.find(hasStates);
  if (!changed) return null;
  const states = changed.states.map((state) => `${state.name} (${formatDistance(state)})`);
  return `The distance of its cores is unknown (${unknown}), while that of others changed: ${states.join(', ')}.`;
}
