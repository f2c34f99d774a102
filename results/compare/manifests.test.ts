/** Where two manifests differ. */
import { expect, test } from 'vitest';
import type { Manifest } from '../formats/index.ts';
import { manifestDifferences } from './manifests.ts';

const redis = { name: 'redis', label: 'Redis', server_cores: [0] };

/** As much of a manifest as these tests change. */
function manifest(overrides: Record<string, unknown> = {}): Manifest {
  return {
    experiment: 'redis-figure',
    command: ['bypassbench', 'run', '--out', 'a'],
    started_at: '2026-01-02T03:04:05Z',
    finished_at: null,
    config: { trials: 5, systems: [redis] },
    machine: { cpu: 'A', governor: null },
    hosts: [],
    versions: { node: 'v24.1.0' },
    systems: [redis],
    ...overrides,
  } as unknown as Manifest;
}

function differences(overrides: Record<string, unknown>): string[] {
  return manifestDifferences(manifest(), manifest(overrides)).map(
    ({ path, before, after }) => `${path}: ${before} -> ${after}`,
  );
}

test('when a run was and what folder it wrote are no difference', () => {
  expect(
    differences({ started_at: 'x', finished_at: 'y', command: ['bypassbench', 'run', '--out', 'b'] }),
  ).toEqual([]);
});

test('values by their path, in the order of the manifest', () => {
  expect(
    differences({
      versions: { node: 'v24.2.0', koffi: '3.0.0' },
      machine: { cpu: 'B', governor: 'performance' },
    }),
  ).toEqual([
    'machine.cpu: A -> B',
    'machine.governor: null -> performance',
    'versions.node: v24.1.0 -> v24.2.0',
    'versions.koffi: null -> 3.0.0',
  ]);
});

test('systems go by their names, wherever in the list they stand', () => {
  const kv = { name: 'kv', label: 'kvserver', server_cores: [1] };
  expect(differences({ systems: [kv, { ...redis, server_cores: [2, 3] }] })).toEqual([
    'systems.redis.server_cores: [0] -> [2,3]',
    'systems.kv: null -> {…}',
  ]);
});

test('what one run has and the other says that it has not is told whole', () => {
  expect(differences({ machine: { cpu: 'A', governor: { rate_ops: 5 } } })).toEqual([
    'machine.governor: null -> {"rate_ops":5}',
  ]);
});

test('lists whose elements have no names are compared as a whole', () => {
  expect(differences({ config: { trials: 5, systems: [{ a: 1 }] } })).toEqual([
    'config.systems: {…} -> [{"a":1}]',
  ]);
});

test('settings of hosts by their names, as they were before the first trial, and what the machine says once', () => {
  const machine = { cpu: 'A', load_average_1m: 1, knobs: [] };
  const host = (rx_usecs: string, of: object = machine) => ({
    name: 'server0',
    before: {
      at: rx_usecs,
      versions: {},
      machine: { ...of, load_average_1m: Number(rx_usecs) },
      nics: [{ name: 'ens1', mtu_bytes: 1500, coalescing: { 'rx-usecs': rx_usecs }, unknown: {} }],
      clock: { source: 'tsc', offset_us: Number(rx_usecs), bound_us: 1 },
    },
    after: null,
  });
  const between = (first: object, second: object): string[] =>
    manifestDifferences(manifest({ machine, hosts: [first] }), manifest({ machine, hosts: [second] })).map(
      ({ path, before, after }) => `${path}: ${before} -> ${after}`,
    );
  expect(between(host('8'), host('8'))).toEqual([]);
  expect(between(host('8'), host('0'))).toEqual(['hosts.server0.rx-usecs of ens1: 8 -> 0']);
  const other = { ...machine, cpu: 'B' };
  expect(between(host('8', other), host('8', { ...other, cpu: 'C' }))).toEqual(['hosts.server0.cpu: B -> C']);
});
