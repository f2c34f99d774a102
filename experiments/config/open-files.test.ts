import { expect, test } from 'vitest';
import { openFilesLimit } from '../../libos/index.ts';
import { checkOpenFiles } from './open-files.ts';
import type { ConfiguredExperiment } from './schema.ts';

function points(
  ...of: [backend: string, clients: number, own?: number, more?: object][]
): ConfiguredExperiment['points'] {
  return of.map(([backend, clients, own, more]) => ({
    at: { clients },
    workload: { clients, protocol: 'resp', ...more },
    systems: [
      {
        name: `on-${backend}`,
        backend,
        client: { backend },
        serves: ['resp', 'relay'],
        workload: own ? { clients: own } : {},
      },
    ],
    floors: [],
  })) as unknown as ConfiguredExperiment['points'];
}

test('more connections than a process may have files are refused with both numbers and the remedy', () => {
  expect(() => checkOpenFiles({ points: points(['kernel', 1], ['rdma', 10_000]) }, 1024)).toThrow(
    /clients of on-rdma: 10000 connections .* may have 1024 here: raise that to 10100 \(as root: ulimit -Hn 10100/,
  );
  expect(() => checkOpenFiles({ points: points(['kernel', 1, 5000]) }, 1024)).toThrow('5000 connections');
});

test('what bulk and a relay have open counts', () => {
  const refused = (more: object): (() => void) => {
    return () => checkOpenFiles({ points: points(['kernel', 900, undefined, more]) }, 1024);
  };
  expect(refused({})).not.toThrow();
  expect(refused({ bulk: { clients: 100 } })).toThrow('1000 connections');
  expect(refused({ protocol: 'relay' })).toThrow('1800 connections');
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
