/**
 * Stages of loads with one connection, or one request outstanding on each, and with several of both; of the latter
 * stages.test.ts has one backend of each kind.
 */
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import type { Backend } from '../libos/index.ts';
import { hasRing } from '../libos/uring/test-traits.ts';
import { hasLink } from '../libos/xdp/test-rights.ts';
import { StampedLoads } from './stamped-loads.ts';

const loads = new StampedLoads();
afterEach(() => loads.stopServers());
afterAll(() => loads.remove());

/** Else its own tests say what is lacking. */
const isHere: Record<Backend, boolean> = { uring: hasRing(), xdp: hasLink };

// With several connections the device sends for others before a push has ended.
describe.for<Backend>(['kernel', 'uring', 'rdma', 'dpdk', 'xdp'])('over %s', (backend) => {
  test.runIf(isHere[backend] ?? true).for([
    ['1', '4'],
    ['5', '1'],
    ['5', '4'],
  ])('%s connections with %s requests outstanding are joined', async ([connections, pipeline]) => {
    const joined = await loads.joinedOf(backend, connections, pipeline);
    expect(joined.requests.length).toBeGreaterThan(500);
    expect(joined.incomplete + joined.inconsistent).toBeLessThan(0.01 * joined.requests.length + 20);
  });
});
