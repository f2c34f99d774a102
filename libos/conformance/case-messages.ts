/** What `bypassbench conform` and the process that runs the cases (case-runner.ts) say to each other. */
import type { BackendFlags } from '../backend-flags.ts';
import type { WorldSide } from './opening.ts';
import type { Failure } from './protocol.ts';
import type { Traits } from './traits.ts';

/** In how many processes the two sides of a world live. */
export type ProcessCount = 1 | 2;

/** The argument of case-runner.ts, as JSON. */
export interface RunnerTask {
  flags: BackendFlags;
  processes: ProcessCount;
  /** For what the sides of a world share. */
  folder: string;
  /** Those to run, by their places in the suite. */
  cases: readonly number[];
  /** What an earlier process has measured; null: measure it. */
  traits: Traits | null;
  /** How long each side of a world may take until it is open. */
  openTimeoutMs: number;
}

export type CaseOutcome = 'passed' | 'failed' | 'skipped';

/** A line each on descriptor 3, as JSON. */
export type RunnerMessage =
  /** The backend that the flags name. */
  | { kind: 'backend'; name: string; title: string }
  /** It cannot be tried as it was asked for. */
  | { kind: 'refused'; failure: Failure }
  /** Nothing can be run in so many processes. */
  | { kind: 'leftOut'; why: string }
  /** The first connection, or what there is to measure, went wrong. */
  | { kind: 'unmeasured'; why: string }
  | { kind: 'measured'; traits: Traits }
  /** A side of a world is waited for, and then it is there. */
  | { kind: 'opens'; side: WorldSide }
  | { kind: 'opened' }
  | { kind: 'begins'; index: number }
  | {
      kind: 'ends';
      index: number;
      outcome: CaseOutcome;
      why: string | null;
      hung: boolean;
      elapsedMs: number;
    }
  /** The cases are through; `why`: what is wrong about how the other process ended. */
  | { kind: 'through'; why: string | null };
