import { expect, test } from 'vitest';
import { checkOpenFiles, openFilesLimit } from './open-files.ts';
import type { ConfiguredExperiment } from './schema.ts';

function points(...of: [backend: string, clients: number, own?: number][]): ConfiguredExperiment['points'] {
  return of.map(([backend, clients, own]) => ({
    at: { clients },
    workload: { clients },
    systems: [{ name: `on-${backend}`, backend, client: { backend }, workload: own ? { clients: own } : {} }],
    floors: [],
  })) as unknown as ConfiguredExperiment['points'];
}

test('more connections than a process may have files are refused with both numbers and the remedy', () => {
  expect(() => checkOpenFiles({ points: points(['kernel', 1], ['rdma', 10_000]) }, 1024)).toThrow(
    /10000 clients of on-rdma .* may have 1024 here: raise that to 10100 \(as root: ulimit -Hn 10100/,
  );
  expect(() => checkOpenFiles({ points: points(['kernel', 1, 5000]) }, 1024)).toThrow('5000 clients');
});

test('as many as it may have are not, and connections over memif are no files', () => {
  for (const [limit, of] of [
    [1100, ['kernel', 1000]],
    [1024, ['dpdk', 10_000]],
    [Number.POSITIVE_INFINITY, ['kernel', 10_000]],
  ] as const) {
    expect(() => checkOpenFiles({ points: points([...of]) }, limit)).not.toThrow();
  }
});

test('the limit of this process is a number of files', () => {
  expect(openFilesLimit()).toBeGreaterThan(100);
});
