/**
 * How long randomised tests run, and their seed. In `npm test` all properties of fast-check share twenty
 * seconds: each has an equal part of it and ends, as passed, after that or after its number of runs, so that
 * one more property makes no longer suite. `npm run test:long` gives each a time of its own.
 */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const PROPERTY = /\bfc\.assert\(/g;

/** All properties share `all_ms`, or each has `each_ms` and as many runs as fit. */
type RandomisedTime = { all_ms: number } | { each_ms: number };

/** What the workers are given (randomised.ts). Prints the seed, which the environment variable SEED sets. */
export function randomisedEnvironment(time: RandomisedTime): Record<string, string> {
  const seed = process.env.SEED ?? String(Math.floor(Math.random() * 2 ** 31));
  if (!Number.isSafeInteger(Number(seed))) throw new Error(`SEED=${seed} is not a whole number`);
  // Workers, and the configuration when it is loaded once more, take the same.
  process.env.SEED = seed;
  console.log(`randomised tests: seed ${seed} (SEED=${seed} repeats them)`);
  return 'each_ms' in time
    ? { SEED: seed, RANDOMISED_MS: String(time.each_ms), RANDOMISED_RUNS: String(1e9) }
    : { SEED: seed, RANDOMISED_MS: String(Math.floor(time.all_ms / countProperties())) };
}

/** Test files with at least one property, from the root of the repository. */
export function filesWithProperties(): string[] {
  return testFiles().filter((file) => propertiesIn(file) > 0);
}

function countProperties(): number {
  return testFiles().reduce((sum, file) => sum + propertiesIn(file), 0);
}

function testFiles(): string[] {
  return globSync('{experiments,kvserver,libos,loadgen,results,scripts,tests}/**/*.test.ts', { cwd: root });
}

function propertiesIn(file: string): number {
  return readFileSync(join(root, file), 'utf8').match(PROPERTY)?.length ?? 0;
}
