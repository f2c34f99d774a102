/**
 * The conformance suite as tests of vitest. A backend's own test file calls conformanceSuite with a way to make two
 * libOSes that reach each other, in one process or, by way of twoProcesses, in two; tests of what only that backend has
 * stand in that file.
 */
import { afterAll, describe, it } from 'vitest';
import { type ConformanceCase, runCase, whyLeftOut } from './case.ts';
import { conformanceCases } from './suite.ts';
import type { TestedBackend } from './world.ts';

const LARGE_TIMEOUT_MS = 240_000;

/** `cases`: of a backend that passes all of them in another way, those that this way is about. */
export function conformanceSuite(
  name: string,
  backend: TestedBackend,
  cases: readonly ConformanceCase[] = conformanceCases,
): void {
  describe(`libOS conformance: ${name}`, () => {
    afterAll(() => backend.close?.());
    for (const [group, ofGroup] of Map.groupBy(cases, (one) => one.group)) {
      describe(group, () => {
        for (const one of ofGroup) {
          it(one.name, one.isLarge ? { timeout: LARGE_TIMEOUT_MS } : {}, (context) => {
            const why = whyLeftOut(one, backend);
            if (why !== null) context.skip(why);
            runCase(one, backend);
          });
        }
      });
    }
  });
}
