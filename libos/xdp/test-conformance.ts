/** The conformance suite on XDP sockets: over a pair of devices between two processes, the server in the other one. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe } from 'vitest';
import type { ConformanceCase } from '../conformance/case.ts';
import { conformanceSuite } from '../conformance/test-suite.ts';
import { twoProcesses } from '../conformance/two-processes.ts';
import { hasLink } from './test-rights.ts';
import { pairsIn, xdpTraits } from './test-traits.ts';

export function xdpConformance(cases: readonly ConformanceCase[]): void {
  const folder = mkdtempSync(join(tmpdir(), 'bypassbench-xdp-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  describe.runIf(hasLink)('where XDP sockets can be had', () => {
    const suite = { ...xdpTraits, ...twoProcesses(pairsIn(folder)) };
    conformanceSuite('xdp, a pair of devices, two processes', suite, cases);
  });
}
