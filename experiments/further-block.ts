/**
 * Whether trials go on behind those that are planned, and of whom. Where cores change their distance, systems are
 * compared at one distance, and chance has it how much of that each of them gets. A further block holds those that lack
 * some and the systems that they are compared with: so it is short, comes often, and whatever is compared still ran
 * side by side.
 */
import { type DistanceCoverage, listed, sharingInWords } from '../results/index.ts';
import { durationInWords } from './duration.ts';

export interface SoFar {
  coverage: DistanceCoverage;
  /**
   * Systems and floors of which a trial succeeded, in the order of the experiment, with the seconds that one takes;
   * more trials of the others give no slices either.
   */
  measurable: ReadonlyMap<string, number>;
  /** The number that the next block has. */
  trial: number;
  /** What is left of the time that trials may go on. */
  left_s: number;
}

export interface Decision {
  goesOn: boolean;
  /** Systems and floors of the next block. */
  subjects: string[];
  /** What is lacking, for the user: `near: kv-kernel GET 14 of 20 slices, ...`. */
  line: string;
}

type Lacking = DistanceCoverage['lacking'][number];

/** So many are named that lack something. */
const MOST_NAMED = 3;

/** Null where nothing is lacking, or where more trials would not help. */
export function furtherBlock({ coverage, measurable, trial, left_s }: SoFar): Decision | null {
  const { chosen, sharing, unknown } = coverage;
  const lacking = coverage.lacking.filter(({ subject }) => measurable.has(subject));
  if (lacking.length === 0 || unknown !== null || chosen === null) return null;
  const wanted = new Set(lacking.flatMap(({ subject, beside }) => [subject, beside]));
  const block = [...measurable].filter(([subject]) => wanted.has(subject));
  const subjects = block.map(([subject]) => subject);
  const block_s = block.reduce((sum, [, seconds]) => sum + seconds, 0);
  const state = sharing === null ? chosen : `${chosen}, ${sharingInWords[sharing]}`;
  const found = `${state}: ${inWords(lacking)}; `;
  const next = `trial ${trial} of ${subjects.length === measurable.size ? 'all' : listed(subjects)}`;
  if (block_s <= left_s) {
    return { goesOn: true, subjects, line: `${found}${next}, at most ${durationInWords(left_s)} more` };
  }
  const left = left_s > 0 ? `${durationInWords(left_s)} left, and ${next}` : `no time left: ${next}`;
  const line = `${found}${left} would take ${durationInWords(block_s)} (distance.extend_s)`;
  return { goesOn: false, subjects, line };
}

/** Who lacks most comes first: "kv-kernel GET 14 of 20 slices, kv-dpdk GET 2 of 3 trials, and 2 more" */
function inWords(lacking: Lacking[]): string {
  const ordered = lacking.toSorted((a, b) => a.has / a.wanted - b.has / b.wanted);
  const named = ordered
    .slice(0, MOST_NAMED)
    .map(
      ({ subject, operation, what, has, wanted }) =>
        `${subject} ${operation.toUpperCase()} ${has} of ${wanted} ${what}`,
    );
  const more = lacking.length - named.length;
  return `${named.join(', ')}${more > 0 ? `, and ${more} more` : ''}`;
}
