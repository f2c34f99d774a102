/**
 * Whether trials go on behind those that are planned, and of whom. Where cores change their distance, systems are
 * compared at one distance, and chance has it how much of that each of them gets. A further block holds those that lack
 * some and the systems that they are compared with: so it is short, comes often, and whatever is compared still ran
 * side by side.
 */

import { isPartOf, type RunPlace } from '../results/formats/index.ts';
import { type DistanceCoverage, listed, sharingInWords } from '../results/index.ts';
import { durationInWords } from './duration.ts';
import { isAt, placeName } from './trial/plan.ts';

/** A place of which a trial succeeded, with the seconds that one takes. */
export type Measurable = RunPlace & { seconds: number };

export interface SoFar {
  coverage: DistanceCoverage;
  /** In the order of the experiment; more trials of other places give no slices either. */
  measurable: readonly Measurable[];
  /** The number that the next block has. */
  trial: number;
  /** What is left of the time that trials may go on. */
  left_s: number;
}

export interface Decision {
  goesOn: boolean;
  /** What the next block is of. */
  places: RunPlace[];
  /** What is lacking, for the user: `near: kv-kernel GET 14 of 20 slices, ...`. */
  line: string;
}

type Lacking = DistanceCoverage['lacking'][number];

/** So many are named that lack something. */
const MOST_NAMED = 3;

/** Null where nothing is lacking, or where more trials would not help. */
export function furtherBlock({ coverage, measurable, trial, left_s }: SoFar): Decision | null {
  const { chosen, sharing, unknown } = coverage;
  const lacking = coverage.lacking.filter((one) => measurable.some((place) => isAt(place, one)));
  if (lacking.length === 0 || unknown !== null || chosen === null) return null;
  const block = measurable.filter((place) =>
    lacking.some((one) => isAt(place, one) || (place.subject === one.beside && isPartOf(place.at, one.at))),
  );
  const places = block.map(({ subject, at }) => ({ subject, at }));
  const block_s = block.reduce((sum, { seconds }) => sum + seconds, 0);
  const state = sharing === null ? chosen : `${chosen}, ${sharingInWords[sharing]}`;
  const found = `${state}: ${inWords(lacking)}; `;
  const next = `trial ${trial} of ${block.length === measurable.length ? 'all' : placesInWords(places)}`;
  if (block_s <= left_s) {
    return { goesOn: true, places, line: `${found}${next}, at most ${durationInWords(left_s)} more` };
  }
  const left = left_s > 0 ? `${durationInWords(left_s)} left, and ${next}` : `no time left: ${next}`;
  const line = `${found}${left} would take ${durationInWords(block_s)} (distance.extend_s)`;
  return { goesOn: false, places, line };
}

/** "redis and kv-kernel"; of a sweep with many "12 points of redis and kv-kernel" */
function placesInWords(places: RunPlace[]): string {
  const systems = [...new Set(places.map(({ subject }) => subject))];
  return places.length > systems.length && places.length > MOST_NAMED
    ? `${places.length} points of ${listed(systems)}`
    : listed(places.map(placeName));
}

/** Who lacks most comes first: "kv-kernel GET 14 of 20 slices, kv-dpdk GET 2 of 3 trials, and 2 more" */
function inWords(lacking: Lacking[]): string {
  const ordered = lacking.toSorted((a, b) => a.has / a.wanted - b.has / b.wanted);
  const named = ordered
    .slice(0, MOST_NAMED)
    .map(
      ({ operation, what, has, wanted, ...place }) =>
        `${placeName(place)} ${operation.toUpperCase()} ${has} of ${wanted} ${what}`,
    );
  const more = lacking.length - named.length;
  return `${named.join(', ')}${more > 0 ? `, and ${more} more` : ''}`;
}
