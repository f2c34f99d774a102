/** What the manifest of a run says of its backends: read from the libraries themselves. */
import { expect, it } from 'vitest';
import { describeBackends } from '../experiments/machine/backends.ts';

it('the manifest has the versions of what the backends stand on', async () => {
  const described = await describeBackends(['kernel', 'dpdk', 'rdma', 'dpdk', 'no backend']);
  expect(described.map(({ name, versions }) => [name, versions])).toEqual([
    ['kernel', {}],
    ['dpdk', { DPDK: expect.stringMatching(/^\d+\.\d+/) }],
    ['rdma', { libfabric: expect.stringMatching(/^\d+\.\d+/) }],
  ]);
});
