/** Manifests of older versions: in the first names said what fields say now, none before the third had sweeps. */
import { expect, test } from 'vitest';
import { axis, manifest, swept, system } from '../test-synthetic-run.ts';
import { FormatError } from './format.ts';
import { type Manifest, manifestFormat, pointsOf, targetsOf, trialsOf } from './manifest.ts';

const names = ['redis', 'kv-kernel', 'kv-dpdk', 'constructor'];
const floor = { name: 'frames', label: 'raw frames', cores: [0, 1] };

function version1(config: object): object {
  const now = manifest({
    systems: names.map((name) => system(name)),
    config: config as Record<string, unknown>,
  });
  const { reference: _r, ...plan } = version2().plan;
  const systems = now.systems.map(({ role: _role, group: _group, ...rest }) => rest);
  return {
    ...now,
    schema: 'bypassbench.manifest/1',
    plan,
    systems,
    floors: [{ ...floor, system: 'kv-dpdk' }],
  };
}

/** One point, whose pipeline and rate stood in the plan alone. */
function version2(overrides: Partial<Manifest['plan']> = {}): { plan: Record<string, unknown> } {
  const { plan, ...now } = manifest();
  const { axes: _a, mix: _m, ...older } = { ...plan, ...overrides };
  const measurements = [{ operation: 'get', clients: 8, value_bytes: 64 }];
  return { ...now, schema: 'bypassbench.manifest/2', plan: { ...older, measurements } } as never;
}

test('a run from before sweeps has one point, with the pipeline and the rate of its plan', () => {
  const open_loop = { rate_ops: 5000, arrivals: 'poisson' as const };
  const older = version2({ pipeline: 16, open_loop, trials: 4, added_trials: 1 });
  older.plan.added_blocks = [['redis']];
  const read = manifestFormat.read(JSON.stringify(older));
  expect(read.plan).toMatchObject({ axes: [], mix: null, added_blocks: [[{ subject: 'redis', at: {} }]] });
  const target = { operation: 'get', at: {}, clients: 8, value_bytes: 64, pipeline: 16, rate_ops: 5000 };
  expect(read.plan.measurements).toEqual([target]);
  expect(targetsOf(read, 'redis')).toEqual([target]);
  expect(trialsOf(read, 'redis', {})).toEqual([1, 2, 3, 4]);
  expect(trialsOf(read, 'kv-kernel', {})).toEqual([1, 2, 3]);
});

test('what was added later has no trial of the time before', () => {
  const { plan } = manifest();
  const place = (subject: string) => ({ subject, at: {} });
  const addition = { first_trial: 3, started_at: '2026-01-02T03:04:05Z', anchor: 'redis' };
  const later = {
    plan: {
      ...plan,
      trials: 4,
      added_trials: 2,
      added_blocks: [
        [place('redis'), place('kv-dpdk')],
        [place('redis'), place('kv-dpdk')],
      ],
      additions: [{ ...addition, places: [place('kv-dpdk')] }],
    },
  };
  expect(trialsOf(later, 'redis', {})).toEqual([1, 2, 3, 4]);
  expect(trialsOf(later, 'kv-kernel', {})).toEqual([1, 2]);
  expect(trialsOf(later, 'kv-dpdk', {})).toEqual([3, 4]);
});

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

test('what a client does while nothing comes was called `wait`, also in the configuration', () => {
  const { systems, ...now } = manifest();
  const older = (idle: string) => ({ backend: 'kernel', wait: idle === 'sleep' ? 'block' : idle });
  const idles = systems.map((_system, index) => (index === 0 ? 'sleep' : 'poll'));
  const version3 = {
    ...now,
    schema: 'bypassbench.manifest/3',
    systems: systems.map((system, index) => ({ ...system, client: older(idles[index]) })),
    config: {
      title: 'X',
      systems: idles.map((idle, index) => ({ name: String(index), client: older(idle) })),
    },
  };
  const read = manifestFormat.read(JSON.stringify(version3));
  expect(read.systems.map(({ client }) => client)).toEqual(
    idles.map((idle) => ({ backend: 'kernel', idle })),
  );
  expect(read.config).toEqual({
    title: 'X',
    systems: idles.map((idle, index) => ({ name: String(index), client: { backend: 'kernel', idle } })),
  });
});

test('a run from before hosts were looked at has none', () => {
  const { hosts: _h, systems, ...now } = manifest();
  const older = { ...now, systems: systems.map(({ place: _p, ...system }) => system) };
  const read = manifestFormat.read(JSON.stringify({ ...older, schema: 'bypassbench.manifest/4' }));
  expect(read.hosts).toEqual([]);
  expect(read.systems.map(({ place }) => place)).toEqual([null, null, null]);
});

test('what is damaged is refused, as are other versions', () => {
  const read = (json: object) => () => manifestFormat.read(JSON.stringify(json));
  expect(read({ ...version1({}), systems: 'none' })).toThrow(FormatError);
  expect(read({ ...version1({}), schema: 'bypassbench.manifest/9' })).toThrow(/manifest\/9/);
});

test('a sweep has a target for each operation at each point, of each system with the axes and the workload that it has', () => {
  const systems = [system('redis'), system('kv-dpdk'), system('kv-kernel', { workload: { pipeline: 16 } })];
  const floors = [{ ...floor, systems: ['kv-dpdk'] }];
  const mtu = axis('mtu', [1500, 9000], { path: 'systems.kv-dpdk.options.mtu', systems: ['kv-dpdk'] });
  const of = swept(manifest({ systems, floors }), [axis('clients', [1, 8]), mtu]);
  const pointsFor = (subject: string) => pointsOf(targetsOf(of, subject));
  expect(pointsFor('redis')).toEqual([{ clients: 1 }, { clients: 8 }]);
  expect(pointsFor('kv-dpdk')).toEqual([
    { clients: 1, mtu: 1500 },
    { clients: 1, mtu: 9000 },
    { clients: 8, mtu: 1500 },
    { clients: 8, mtu: 9000 },
  ]);
  // One request at a time.
  expect(pointsFor('frames')).toEqual([{ clients: 1 }]);
  const workloads = targetsOf(of, 'kv-kernel').map(({ operation, clients, pipeline }) => [
    operation,
    clients,
    pipeline,
  ]);
  expect(workloads).toEqual([
    ['set', 1, 16],
    ['get', 1, 16],
    ['set', 8, 16],
    ['get', 8, 16],
  ]);
  expect(manifestFormat.read(manifestFormat.write(of))).toEqual(of);
});
