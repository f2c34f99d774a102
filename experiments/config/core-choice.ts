/**
 * Which two cores `cores: { distance: ... }` means. Some choices follow from the machine's topology alone; near and far
 * are measured, on one pair of each kind that there is.
 */
import { type CorePair, describeRelation } from '../../libos/index.ts';
import { ExperimentError } from '../errors.ts';
import type { CoreDistance } from './schema.ts';

/** Two cores with their distance, there and back; null where it was not or could not be measured. */
export interface MeasuredPair {
  pair: CorePair;
  median_ns: number | null;
}

export interface ChosenPair {
  pair: CorePair;
  /** Half a sentence: `by sysfs they share ...`. */
  why: string;
}

const wantedRelation: Partial<Record<CoreDistance, CorePair['relation']>> = {
  siblings: 'siblings',
  cache: 'one cache',
  socket: 'one socket',
  other_socket: 'two sockets',
};

/**
 * The pairs that a choice is between, of `pairs`, which are one of each kind, the nearest first. Throws
 * CORES_UNAVAILABLE, which names what there is, where there is none.
 */
export function candidatesOf(distance: CoreDistance, pairs: readonly CorePair[]): CorePair[] {
  const wanted = wantedRelation[distance];
  const apart = pairs.filter(({ relation }) => relation !== 'siblings');
  const measurable = apart.length > 0 ? apart : [...pairs];
  const candidates =
    wanted === undefined ? measurable : pairs.filter(({ relation }) => relation === wanted).slice(0, 1);
  if (candidates.length > 0) return candidates;
  const there = pairs.map((pair) => `cores ${pair.cores.join(' and ')} ${describeRelation(pair)}`);
  const found = there.length === 0 ? 'it may use one core only' : there.join('; ');
  throw new ExperimentError(
    'CORES_UNAVAILABLE',
    `cores: { distance: ${distance} }: no two cores that this process may use lie like that: ${found}`,
  );
}

/** The one of the candidates that is meant. */
export function chosenOf(distance: CoreDistance, candidates: readonly MeasuredPair[]): ChosenPair {
  const sign = distance === 'far' ? -1 : 1;
  const rank = ({ median_ns }: MeasuredPair): number => (median_ns === null ? Infinity : sign * median_ns);
  const [best, ...others] = candidates.toSorted((a, b) => rank(a) - rank(b));
  const { pair, median_ns } = best;
  const place = describeRelation(pair);
  if (wantedRelation[distance] !== undefined) return { pair, why: place };
  if (others.length === 0) return { pair, why: `${place}; there is no pair of another kind` };
  if (median_ns === null) return { pair, why: `${place}; no distance could be measured` };
  const rest = others.map((other) => `${other.pair.cores.join(' and ')}: ${lengthInWords(other)}`);
  const most = distance === 'far' ? 'longest' : 'shortest';
  return { pair, why: `${place}; the ${most} way, ${lengthInWords(best)} (${rest.join('; ')})` };
}

function lengthInWords({ median_ns }: MeasuredPair): string {
  return median_ns === null ? 'unknown' : `${Math.round(median_ns)} ns`;
}
