/**
 * Plays cases of one target until its time is over or one fails, in a thread of its own: a case that never ends is then
 * ended by who watches it (run.ts), who finds in `shared` what was being played.
 */
import { parentPort, workerData } from 'node:worker_threads';
import fc from 'fast-check';
import { loadTarget, type TargetName } from './targets.ts';

export interface SearchData {
  target: TargetName;
  seed: number;
  untilMs: number;
  shared: SharedArrayBuffer;
}

export interface SearchResult {
  /** Null: none failed. */
  failure: { found: string; case: unknown; seed: number; shrinks: number } | null;
}

/** Of `shared`, in words: cases that were begun, and how long the JSON of the one at hand is, which follows. */
export const BEGUN = 0;
export const CASE_BYTES = 1;
export const CASE_AT = 8;
export const SHARED_BYTES = CASE_AT + 4 * 1024 * 1024;

const CASES_PER_SEED = 50;
/** A failed case is made smaller for so long. */
const SHRINKING_MS = 120_000;

if (parentPort !== null) parentPort.postMessage(await search(workerData as SearchData));

async function search({ target: name, seed, untilMs, shared }: SearchData): Promise<SearchResult> {
  const target = await loadTarget(name);
  const words = new Int32Array(shared, 0, 2);
  const text = Buffer.from(shared, CASE_AT);
  const property = fc.asyncProperty(target.cases, async (testCase) => {
    words[CASE_BYTES] = text.write(JSON.stringify(testCase));
    Atomics.add(words, BEGUN, 1);
    await target.play(testCase);
  });
  for (let next = seed; Date.now() < untilMs; next++) {
    const limits = { numRuns: CASES_PER_SEED, interruptAfterTimeLimit: SHRINKING_MS };
    const outcome = await fc.check(property, { seed: next, ...limits });
    if (!outcome.failed || outcome.counterexample === null) continue;
    const [testCase] = outcome.counterexample;
    const { errorInstance, numShrinks } = outcome;
    const found = errorInstance instanceof Error ? errorInstance.message : String(errorInstance);
    return { failure: { found, case: testCase, seed: next, shrinks: numShrinks } };
  }
  return { failure: null };
}
