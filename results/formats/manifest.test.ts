/** Manifests of version 1, in which names said what fields say now. */
import { expect, test } from 'vitest';
import { manifest, system } from '../test-synthetic-run.ts';
import { FormatError } from './format.ts';
import { manifestFormat } from './manifest.ts';

const names = ['redis', 'kv-kernel', 'kv-dpdk', 'constructor'];
const floor = { name: 'frames', label: 'raw frames', cores: [0, 1] };

function version1(config: object): object {
  const now = manifest({
    systems: names.map((name) => system(name)),
    config: config as Record<string, unknown>,
  });
  const { reference: _r, ...plan } = now.plan;
  const systems = now.systems.map(({ role: _role, group: _group, ...rest }) => rest);
  return {
    ...now,
    schema: 'bypassbench.manifest/1',
    plan,
    systems,
    floors: [{ ...floor, system: 'kv-dpdk' }],
  };
}

test('roles come from the names, a floor serves its one system, and the reference is the one there was', () => {
  const upgraded = manifestFormat.read(JSON.stringify(version1({})));
  expect(upgraded.systems.map(({ role, group }) => [role, group])).toEqual([
    ['unmodified', ''],
    ['libos_over_kernel', ''],
    ['bypass', ''],
    [null, ''],
  ]);
  expect(upgraded.floors).toEqual([{ ...floor, systems: ['kv-dpdk'] }]);
  expect(upgraded.plan.reference).toBe('hotos19');
});

test('a run that wanted no published values has none', () => {
  const upgraded = manifestFormat.read(JSON.stringify(version1({ outputs: { reference: false } })));
  expect(upgraded.plan.reference).toBeNull();
});

test('a run from before distances were measured planned all its trials and knows no distance', () => {
  const { distances: _d, ...rest } = manifest();
  const { added_trials: _a, distance: _w, ...plan } = rest.plan;
  const systems = rest.systems.map(({ distance_unknown: _u, ...system }) => system);
  const read = manifestFormat.read(JSON.stringify({ ...rest, plan, systems }));
  expect(read.distances).toEqual([]);
  expect(read.plan).toMatchObject({ trials: 5, added_trials: 0, distance: null });
  expect(read.systems.map(({ distance_unknown }) => distance_unknown)).toEqual([null, null, null]);
});

test('what is damaged is refused, as are other versions', () => {
  const read = (json: object) => () => manifestFormat.read(JSON.stringify(json));
  expect(read({ ...version1({}), systems: 'none' })).toThrow(FormatError);
  expect(read({ ...version1({}), schema: 'bypassbench.manifest/9' })).toThrow(/manifest\/9/);
});
