/**
 * Before the tests of each file: the seed of its randomised tests, and how long they run (randomised-budget.ts). And
 * behind each test: its runs have ended. A worker runs this for each of its files, a module that they import but once.
 */
import fc from 'fast-check';
import { afterEach } from 'vitest';
import { limitProperties } from './randomised-time.ts';
import { lastRunEnded } from './whole-runs.ts';

const { RANDOMISED_MS, RANDOMISED_RUNS, SEED } = process.env;
if (RANDOMISED_MS === undefined || SEED === undefined) {
  throw new Error(
    'no seed and no time for randomised tests: run them by one of the vitest configurations here',
  );
}

fc.configureGlobal({
  seed: Number(SEED),
  ...(RANDOMISED_RUNS === undefined ? {} : { numRuns: Number(RANDOMISED_RUNS) }),
});

limitProperties(Number(RANDOMISED_MS));
afterEach(lastRunEnded);
