/** What the fuzzer draws cases for, and what must hold of each: one module a target (targets.ts has them by name). */
import type fc from 'fast-check';

/** A case is plain JSON, so that one that fails can be kept in a file and played again. */
export interface Target<Case = unknown> {
  /** What holds, for --help. */
  holds: string;
  cases: fc.Arbitrary<Case>;
  /** Throws when it does not hold. `tell` is told what happens, where there is something to tell. */
  play(testCase: Case, tell?: (line: string) => void): void | Promise<void>;
}

/** A file of the corpus, and one that a failure leaves. */
export interface Found {
  target: string;
  /** What it found: the first line of the error, and what was wrong. */
  found: string;
  case: unknown;
}
