/** The conformance suite on XDP sockets: over a pair of devices between two processes, the server in the other one. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe } from 'vitest';
import type { ConformanceCase } from '../conformance/case.ts';
import { conformanceSuite } from '../conformance/test-suite.ts';
import { twoProcesses } from '../conformance/two-processes.ts';
import { defaultTcpOptions } from '../inet/tcp/options.ts';
import { xdpBackend } from './backend.ts';
import { hasLink } from './test-rights.ts';

/** Linux' own for a pair of devices. */
const MTU = 1500;

export function xdpConformance(cases: readonly ConformanceCase[]): void {
  const folder = mkdtempSync(join(tmpdir(), 'bypassbench-xdp-'));
  let worlds = 0;
  afterAll(() => rmSync(folder, { recursive: true }));
  describe.runIf(hasLink)('where XDP sockets can be had', () => {
    const backend = twoProcesses((options) => {
      // Two worlds may be alive at once: each is a link of its own.
      const own = join(folder, `${worlds++}`);
      mkdirSync(own);
      const ends = xdpBackend.pairing!.ends(own, { packet_buffers: '4096' });
      if (typeof ends === 'string') throw new Error(ends);
      const side = { ...options, backend: xdpBackend.name, checked: true } as const;
      return {
        server: { ...side, backendOptions: ends.server },
        client: { ...side, backendOptions: ends.client },
        serverAddress: ends.address,
        clientAddress: ends.client.ip.split('/')[0],
      };
    });
    const suite = {
      ...backend,
      unreadBytes: defaultTcpOptions.receiveWindowBytes,
      datagramBytes: MTU - 28,
      acknowledges: xdpBackend.acknowledges,
      socketOptions: xdpBackend.socketOptions,
    };
    conformanceSuite('xdp, a pair of devices, two processes', suite, cases);
  });
}
