/** Before the tests of each file: the seed of its randomised tests, and how long they run (randomised-budget.ts). */
import fc from 'fast-check';

const { RANDOMISED_MS, RANDOMISED_RUNS, SEED } = process.env;
if (RANDOMISED_MS === undefined || SEED === undefined) {
  throw new Error(
    'no seed and no time for randomised tests: run them by one of the vitest configurations here',
  );
}

fc.configureGlobal({
  seed: Number(SEED),
  interruptAfterTimeLimit: Number(RANDOMISED_MS),
  ...(RANDOMISED_RUNS === undefined ? {} : { numRuns: Number(RANDOMISED_RUNS) }),
});
