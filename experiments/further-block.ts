/**
 * Whether trials go on behind those that are planned. Where cores change their distance, systems are compared at one
 * distance, and chance has it how much of that each of them gets.
 */
import type { DistanceCoverage } from '../results/index.ts';
import { durationInWords } from './duration.ts';

export interface SoFar {
  coverage: DistanceCoverage;
  /** Slices of one distance that each subject and operation is to have. */
  slices: number;
  /** Systems and floors of which a trial succeeded; more trials of the others give no slices either. */
  measurable: ReadonlySet<string>;
  /** The number that the next block has. */
  trial: number;
  /** What a block takes. */
  block_s: number;
  /** What is left of the time that trials may go on. */
  left_s: number;
}

export interface Decision {
  goesOn: boolean;
  /** What is lacking, for the user: `near: 14 of 20 slices of kv-kernel GET; ...`. */
  line: string;
}

/** Null where nothing is lacking, or where more trials would not help. */
export function furtherBlock({
  coverage,
  slices,
  measurable,
  trial,
  block_s,
  left_s,
}: SoFar): Decision | null {
  const { chosen, enough, unknown } = coverage;
  if (enough || unknown !== null || chosen === null) return null;
  const lacking = coverage.lacking.filter(({ subject }) => measurable.has(subject));
  if (lacking.length === 0) return null;
  const least = lacking.reduce((a, b) => (b.slices < a.slices ? b : a));
  const { subject, operation } = least;
  const what =
    least.slices < slices
      ? `${least.slices} of ${slices} slices of ${subject} ${operation.toUpperCase()}`
      : `${subject} ${operation.toUpperCase()} has its slices in too few trials`;
  const found = `${chosen}: ${what}`;
  if (block_s <= left_s) {
    return { goesOn: true, line: `${found}; trial ${trial}, at most ${durationInWords(left_s)} more` };
  }
  const left =
    left_s > 0 ? `${durationInWords(left_s)} left, and trial ${trial}` : `no time left: trial ${trial}`;
  return {
    goesOn: false,
    line: `${found}; ${left} would take ${durationInWords(block_s)} (distance.extend_s)`,
  };
}
