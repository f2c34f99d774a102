/** What the planned trials of a system or floor gave for one point. */
import type { MeasurementRecord, TrialRecord } from '../run/run-folder.ts';

export interface TrialOutcome {
  trial: number;
  /** Null when the trial is not in the run folder. */
  record: TrialRecord | null;
  /** Null when the trial holds no such measurement. */
  measurement: MeasurementRecord | null;
  /** p50 of each slice of its window that counts, in their order; null where the window was not cut. */
  slice_p50_ns: number[] | null;
}

/** "Trial 2", "Trials 2 and 3", "Trials 1, 2 and 5". */
export function nameTrials(outcomes: TrialOutcome[]): string {
  const numbers = outcomes.map((outcome) => outcome.trial);
  const last = numbers.pop();
  return numbers.length === 0 ? `Trial ${last}` : `Trials ${numbers.join(', ')} and ${last}`;
}
