/** Stages of loads with one connection, or one request outstanding on each; stages.test.ts has several of both. */
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import type { Backend } from '../libos/index.ts';
import { StampedLoads } from './stamped-loads.ts';

const loads = new StampedLoads();
afterEach(() => loads.stopServers());
afterAll(() => loads.remove());

// With several connections the device sends for others before a push has ended.
describe.each<Backend>(['kernel', 'rdma', 'dpdk'])('over %s', (backend) => {
  test.each([
    ['1', '4'],
    ['5', '1'],
  ])('%s connections with %s requests outstanding are joined', async (connections, pipeline) => {
    const joined = await loads.joinedOf(backend, connections, pipeline);
    expect(joined.requests.length).toBeGreaterThan(500);
    expect(joined.incomplete + joined.inconsistent).toBeLessThan(0.01 * joined.requests.length + 20);
  });
});
