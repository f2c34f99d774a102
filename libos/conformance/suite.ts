/**
 * What every backend must do: each call, each error, the ownership rules. A backend's own test file calls
 * conformanceSuite with a way to make two libOSes that reach each other, in one process or, by way of
 * twoProcesses, in two; tests of what only that backend has stand in that file.
 */
import { afterAll, describe } from 'vitest';
import { closingTests } from './closing.ts';
import { completionTests } from './completions.ts';
import { connectionTests } from './connections.ts';
import { dataTests } from './data.ts';
import { datagramTests } from './datagrams.ts';
import { limitTests } from './limits.ts';
import { pushTests } from './pushes.ts';
import type { TestedBackend } from './world.ts';

export function conformanceSuite(name: string, backend: TestedBackend): void {
  describe(`libOS conformance: ${name}`, () => {
    afterAll(() => backend.close?.());
    connectionTests(backend);
    dataTests(backend);
    datagramTests(backend);
    closingTests(backend);
    pushTests(backend);
    limitTests(backend);
    completionTests(backend);
  });
}
