/** The conformance suite on DPDK: over a memif link between two processes, the server in the other one. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { conformanceSuite } from '../conformance/test-suite.ts';
import { twoProcesses } from '../conformance/two-processes.ts';
import { defaultTcpOptions } from '../inet/tcp/options.ts';
import { dpdkBackend } from './backend.ts';
import { MEMIF_MTU } from './port.ts';

const folder = mkdtempSync(join(tmpdir(), 'bypassbench-memif-'));
let worlds = 0;

afterAll(() => rmSync(folder, { recursive: true }));

const backend = twoProcesses((options) => {
  // Two worlds may be alive at once: each is a link of its own.
  const socket = join(folder, `${worlds++}.sock`);
  const side = (role: string, ip: string) =>
    ({
      backend: 'dpdk',
      backendOptions: { device: 'memif', role, socket, ip: `${ip}/24`, packet_buffers: '2048' },
      checked: true,
      ...options,
    }) as const;
  return {
    server: side('server', '10.99.0.1'),
    client: side('client', '10.99.0.2'),
    serverAddress: '10.99.0.1',
    clientAddress: '10.99.0.2',
  };
});

conformanceSuite('dpdk, memif, two processes', {
  ...backend,
  unreadBytes: defaultTcpOptions.receiveWindowBytes,
  datagramBytes: MEMIF_MTU - 28,
  acknowledges: dpdkBackend.acknowledges,
  socketOptions: dpdkBackend.socketOptions,
});
