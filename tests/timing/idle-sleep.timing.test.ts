/** `idle: 'sleep'` where nothing happens: the thread has the core for a small part of the time, on every backend. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { createLibos } from '../../libos/every-backend.ts';
import { backendNamed } from '../../libos/index.ts';
import { hasRing } from '../../libos/uring/test-traits.ts';
import { hasLink } from '../../libos/xdp/test-rights.ts';
import { timed } from './timed.ts';

const WAIT_MS = 1000;
/** Of the time, with what a machine that is woken often takes for it. */
const SHARE = 0.05;

const isHere: Record<string, boolean> = { uring: hasRing(), xdp: hasLink };

for (const backend of ['kernel', 'uring', 'rdma', 'dpdk', 'xdp'] as const) {
  describe.runIf(isHere[backend] ?? true)(backend, () => {
    timed(`a server over ${backend} that waits takes less than ${SHARE * 100} % of a core`, (endWith) => {
      const folder = mkdtempSync(join(tmpdir(), 'bypassbench-idle-'));
      endWith(() => rmSync(folder, { recursive: true }));
      const ends = backendNamed(backend).pairing!.ends(folder, {});
      if (typeof ends === 'string') throw new Error(ends);
      const { address, server } = ends;
      const libos = createLibos({ backend, backendOptions: server, idle: 'sleep' });
      endWith(() => libos.shutdown());
      const listener = libos.socket('stream');
      libos.bind(listener, { address, port: backend === 'dpdk' ? 6379 : 0 });
      libos.listen(listener, 4);
      const accept = libos.accept(listener);
      const before = process.cpuUsage();
      expect(libos.wait(accept, WAIT_MS)).toBeNull();
      const { user, system } = process.cpuUsage(before);
      expect((user + system) / 1000 / WAIT_MS).toBeLessThan(SHARE);
    });
  });
}
