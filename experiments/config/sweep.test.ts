/** Experiments with a sweep: which points they have, and what is said of those that cannot be. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { pointName } from '../../results/formats/index.ts';
import { runDuration_s } from '../duration.ts';
import { planTrials } from '../trial/plan.ts';
import { readConfig, readExperiment } from './config.ts';
import { configText } from './config-text.ts';
import type { ResolvedConfig } from './resolved.ts';
import type { Experiment } from './schema.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'sweep-test-'));
});
afterAll(() => rm(folder, { recursive: true }));

interface Parts {
  sweep: string;
  systems?: string;
  workload?: string;
  rest?: string;
}

/** An experiment in which the keys that `workload` does not say are left to the sweep. */
async function write({
  sweep,
  systems = '[redis, kv-kernel]',
  workload = BASE,
  rest = '',
}: Parts): Promise<string> {
  const file = path.join(folder, 'x.yaml');
  const lines = [
    'experiment: x',
    'title: X',
    'trials: 3',
    `sweep: ${sweep}`,
    `systems: ${systems}`,
    `workload: { ${workload} }`,
    rest,
  ];
  await writeFile(file, `${lines.join('\n')}\n`);
  return file;
}

const BASE = 'operations: [get], keys: 1000, value_bytes: 64, duration_s: 1';

async function read(parts: Parts): Promise<ResolvedConfig> {
  return readConfig(await write(parts), [0, 1]);
}

async function pointsOf(parts: Parts): Promise<string[]> {
  const { points } = await read(parts);
  return points.map(({ at }) => pointName(at));
}

async function refusal(parts: Parts, set: string[] = []): Promise<string> {
  const file = await write(parts);
  const error = await readConfig(file, [0, 1], { set }).catch((error: unknown) => error);
  return (error as Error).message.replaceAll(file, 'x.yaml');
}

test('one axis has a point for each value, and everything else is as the experiment says', async () => {
  const { axes, points, config } = await read({ sweep: '{ clients: [1, 2, 4] }' });
  expect(axes).toEqual([
    { name: 'clients', path: 'workload.clients', values: [1, 2, 4], unit: null, scale: 'log', systems: null },
  ]);
  expect(points.map(({ at, workload }) => [at, workload.clients, workload.keys])).toEqual([
    [{ clients: 1 }, 1, 1000],
    [{ clients: 2 }, 2, 1000],
    [{ clients: 4 }, 4, 1000],
  ]);
  for (const { systems } of points) expect(systems.map(({ name }) => name)).toEqual(['redis', 'kv-kernel']);
  expect(config.workload.clients).toBe(1);
});

test('several axes make a grid, the last one the fastest; under zip they go on together', async () => {
  expect(await pointsOf({ sweep: '{ clients: [1, 8], pipeline: [1, 16] }' })).toEqual([
    'clients=1 pipeline=1',
    'clients=1 pipeline=16',
    'clients=8 pipeline=1',
    'clients=8 pipeline=16',
  ]);
  expect(await pointsOf({ sweep: '{ zip: { clients: [1, 8], pipeline: [16, 1] } }' })).toEqual([
    'clients=1 pipeline=16',
    'clients=8 pipeline=1',
  ]);
  const mixed = '{ zip: { clients: [1, 8], pipeline: [16, 1] }, key_distribution: [uniform, single] }';
  expect(await pointsOf({ sweep: mixed })).toHaveLength(4);
});

test.each<[string, string, (number | string)[], string | null, string]>([
  ['value_bytes', '{ from: 64, to: 65536, factor: 4 }', [64, 256, 1024, 4096, 16384, 65536], 'bytes', 'log'],
  ['clients', '{ from: 1, to: 10, step: 4 }', [1, 5, 9], null, 'linear'],
  ['clients', '{ from: 1, to: 40, factor: 2.5 }', [1, 3, 6, 16, 39], null, 'log'],
  // Whole numbers that hardly show the factor they are made by.
  ['clients', '{ from: 1, to: 5, factor: 1.6 }', [1, 2, 3, 4], null, 'log'],
  ['clients', '[1, 2, 3, 4]', [1, 2, 3, 4], null, 'linear'],
  ['open_loop.rate_ops', '{ from: 1.1, to: 1.3, step: 0.1 }', [1.1, 1.2, 1.3], 'requests/s', 'linear'],
  ['rate_ops', '{ values: [1000, 5000] }', [1000, 5000], 'requests/s', 'linear'],
  ['key_distribution', '[uniform, single]', ['uniform', 'single'], null, 'category'],
  ['duration_s', '[0.5, 1]', [0.5, 1], 's', 'linear'],
])('%s: %s', async (key, values, expected, unit, scale) => {
  const workload = BASE.split(', ')
    .filter((one) => !one.startsWith(`${key}:`))
    .join(', ');
  const { axes } = await read({ sweep: `{ ${key}: ${values} }`, workload });
  expect(axes[0]).toMatchObject({ name: key.split('.').at(-1), values: expected, unit, scale });
});

test("a key of some systems is an axis of theirs: the others are measured once at the others' points", async () => {
  const parts = {
    systems: '[redis, kv-dpdk]',
    sweep: '{ clients: [1, 8], systems.kv-dpdk.options.mtu: [1500, 9000] }',
  };
  const { axes, points } = await read(parts);
  expect(axes[1]).toMatchObject({ name: 'mtu', path: 'systems.kv-dpdk.options.mtu', systems: ['kv-dpdk'] });
  expect(points.map(({ at, systems }) => [pointName(at), systems.map(({ name }) => name).join()])).toEqual([
    ['clients=1', 'redis'],
    ['clients=1 mtu=1500', 'kv-dpdk'],
    ['clients=1 mtu=9000', 'kv-dpdk'],
    ['clients=8', 'redis'],
    ['clients=8 mtu=1500', 'kv-dpdk'],
    ['clients=8 mtu=9000', 'kv-dpdk'],
  ]);
  expect(points[2].systems[0].options).toMatchObject({ mtu: '9000', device: 'memif' });
  const on = await read({ ...parts, sweep: '{ options.mtu: { values: [1500, 9000], on: kv-dpdk } }' });
  expect(on.points.map(({ at }) => pointName(at))).toEqual(['', 'mtu=1500', 'mtu=9000']);
  const all = await read({ systems: '[kv-dpdk]', sweep: '{ options.mtu: [1500, 9000] }' });
  expect(all.axes[0].systems).toBeNull();
});

test('with --only, an axis of systems that are left out is none', async () => {
  const file = await write({
    systems: '[redis, kv-dpdk]',
    sweep: '{ clients: [1, 8], systems.kv-dpdk.options.mtu: [1500, 9000] }',
  });
  const of = (only: string[]) => readExperiment(file, { quick: false, set: [], only });
  const redis = await of(['redis']);
  expect([redis.axes.length, redis.points.length]).toEqual([1, 2]);
  expect((await of(['kv-dpdk'])).points).toHaveLength(4);
});

test('a parameter of a template may be an axis; what a run says of a system once may not change', async () => {
  const systems = '[{ use: redis-like, name: r, label: R, program: redis-server, package: redis-server }]';
  const { points, config } = await read({
    systems,
    sweep: '{ systems.r.persistence: [--appendonly no, --appendonly yes] }',
  });
  const started = points.map((point) => point.systems[0].start.join(' '));
  expect(started.map((line) => /--appendonly (\w+)/.exec(line)?.[1])).toEqual(['no', 'yes']);
  expect(config.systems[0].name).toBe('r');
  const backends = {
    systems: '[{ use: kvserver, name: kv, backend: kernel }]',
    sweep: '{ systems.kv.backend: [kernel, rdma] }',
  };
  expect(await refusal(backends)).toContain(
    'x.yaml:4:1: sweep: changes `backend` of kv, which a run says of it once',
  );
});

test('a floor is measured at the points where one request is in flight', async () => {
  const { points, config } = await read({
    sweep: '{ clients: [1, 8], value_bytes: [64, 1024] }',
    workload: 'operations: [get], keys: 1000, duration_s: 1',
  });
  expect(points.map(({ at, floors }) => [pointName(at), floors.length])).toEqual([
    ['clients=1 value_bytes=64', 1],
    ['clients=1 value_bytes=1024', 1],
    ['clients=8 value_bytes=64', 0],
    ['clients=8 value_bytes=1024', 0],
  ]);
  expect(config.floors.map(({ name }) => name)).toEqual(['kernel-sockets']);
  expect(config.systems[0].floor).toEqual(['kernel-sockets']);
});

test('a system may have some of the workload in its own way, at each point', async () => {
  const systems = '[redis, { use: kv-kernel, workload: { pipeline: 16 } }]';
  const { points } = await read({ systems, sweep: '{ clients: [1, 8] }' });
  const plan = planTrials({
    axes: [],
    points: points as Experiment['points'],
    trials: 1,
    order: 'listed',
    seed: 1,
  });
  const ofSystems = plan.filter(({ kind }) => kind === 'system');
  expect(
    ofSystems.map(({ subject, workload }) => [subject.name, workload.clients, workload.pipeline]),
  ).toEqual([
    ['redis', 1, 1],
    ['kv-kernel', 1, 16],
    ['redis', 8, 1],
    ['kv-kernel', 8, 16],
  ]);
});

test('a quick run has a sweep of its own, and what is swept is nothing that quick says', async () => {
  const file = await write({
    sweep: '{ keys: [1000, 100000] }',
    workload: 'operations: [get], value_bytes: 64, duration_s: 1',
    rest: 'quick: { trials: 1, sweep: { keys: [10, 20] }, workload: { keys: 5, duration_s: 0.5 } }',
  });
  const of = async (quick: boolean) => {
    const { points } = await readExperiment(file, { quick, set: [], only: null });
    return points.map(({ workload }) => [workload.keys, workload.duration_s]);
  };
  expect(await of(false)).toEqual([
    [1000, 1],
    [100000, 1],
  ]);
  expect(await of(true)).toEqual([
    [10, 0.5],
    [20, 0.5],
  ]);
});

test('--set may say another sweep, and its own mistakes', async () => {
  const parts = { sweep: '{ clients: [1, 2, 4] }' };
  const { points } = await readConfig(await write(parts), [0, 1], { set: ['sweep.clients=[3]'] });
  expect(points.map(({ at }) => at)).toEqual([{ clients: 3 }]);
  expect(await refusal(parts, ['sweep.clients=[0]'])).toBe(
    '--set sweep.clients=[0]: must be at least 1 (it is 0)',
  );
});

test('--set may leave a floor no point, since others are measured', async () => {
  const parts = {
    sweep: '{ clients: [1, 4] }',
    systems: '[{ use: redis, floor: f }]',
    rest: "floors: [{ name: f, label: F, command: 'x {operation} {out}' }]",
  };
  const { config } = await readConfig(await write(parts), [0, 1], { set: ['sweep.clients=4'] });
  expect([config.systems.length, config.floors]).toEqual([1, []]);
});

test('weights of a mix are what is measured where no operations are listed', async () => {
  const rest = 'keys: 1000, value_bytes: 64, duration_s: 1';
  const { config } = await read({ sweep: '{ mix.get: [50, 95] }', workload: `mix: { set: 5 }, ${rest}` });
  expect(config.workload).toMatchObject({ operations: ['mix'], mix: { get: 50, set: 5 } });
  const sweep = '{ clients: [1] }';
  expect(await refusal({ sweep, workload: `operations: [get], mix: { get: 1 }, ${rest}` })).toMatch(
    /workload\.operations: list no mix, whose weights `mix` says/,
  );
  expect(await refusal({ sweep, workload: `operations: [mix], ${rest}` })).toMatch(
    /workload\.operations\[0\]: needs its weights: mix: \{ get: 95, set: 5 \}/,
  );
});

test('variants of the workload are an axis, each with what it says in the place of the workload', async () => {
  const commands = "commands: { read: 'GET {key} -> value', new: 'SET {new_key} {value} -> ok' }";
  const variants =
    'variants: { a: { mix: { read: 1 } }, d: { mix: { read: 9, new: 1 }, key_distribution: latest } }';
  const rest = `${commands}, key_distribution: zipf, keys: 1000, value_bytes: 64, duration_s: 1`;
  const { points } = await read({ sweep: '{ variant: [a, d] }', workload: `${variants}, ${rest}` });
  expect(points.map(({ at, workload }) => [at, workload.mix, workload.key_distribution])).toEqual([
    [{ variant: 'a' }, { read: 1 }, 'zipf'],
    [{ variant: 'd' }, { read: 9, new: 1 }, 'latest'],
  ]);
  expect(points[0].workload.operations).toEqual(['mix']);
  expect(await refusal({ sweep: '{ variant: [a, e] }', workload: `${variants}, ${rest}` })).toMatch(
    /no variant is named 'e'/,
  );
  expect(
    await refusal({ sweep: '{ clients: [1] }', workload: `${variants}, operations: [get], ${rest}` }),
  ).toMatch(/workload\.variants: none of them is measured/);
});

test('operations and sizes of the author are checked where they stand', async () => {
  const sweep = '{ clients: [1] }';
  const rest = 'keys: 1000, duration_s: 1';
  const { config } = await read({
    sweep,
    workload: `operations: [get], value_sizes: 'uniform:1-99', ${rest}`,
  });
  expect(config.workload).toMatchObject({ value_bytes: 50, value_sizes: 'uniform:1-99' });
  expect(
    await refusal({ sweep, workload: `operations: [get], value_sizes: usr, value_bytes: 64, ${rest}` }),
  ).toMatch(/workload\.value_bytes: `value_sizes` says the sizes: leave it out/);
  expect(await refusal({ sweep, workload: `operations: [get], value_sizes: gamma, ${rest}` })).toMatch(
    /workload\.value_sizes: 'gamma' is none of fixed:64/,
  );
  const withCommand = (text: string): Promise<string> =>
    refusal({ sweep, workload: `operations: [a], commands: { a: '${text}' }, value_bytes: 64, ${rest}` });
  expect(await withCommand('GET {kye} -> value')).toMatch(
    /workload\.commands\.a: There is no placeholder \{kye\}/,
  );
  expect(
    await refusal({
      sweep,
      workload: `operations: [b], commands: { a: 'PING -> any' }, value_bytes: 64, ${rest}`,
    }),
  ).toMatch(/workload\.operations\[0\]: there is no operation 'b': did you mean 'a'\?/);
});

test('takes as long as its points together', async () => {
  const of = async (sweep: string) => {
    const file = await write({
      sweep,
      systems: '[redis]',
      workload: 'operations: [get], keys: 1000, duration_s: 1',
    });
    return runDuration_s(await readExperiment(file, { quick: false, set: [], only: null }));
  };
  const [one, four] = [
    await of('{ value_bytes: [64], clients: [2] }'),
    await of('{ value_bytes: [64, 128], clients: [2, 4] }'),
  ];
  expect(four).toBeCloseTo(4 * one);
});

test.each<Parts>([
  {
    sweep: '{ clients: [1, 8], value_bytes: { from: 64, to: 256, factor: 4 } }',
    workload: 'operations: [get], keys: 1000, duration_s: 1',
  },
  {
    systems: '[redis, kv-dpdk]',
    sweep: '{ systems.kv-dpdk.options.mtu: [1500, 9000], open_loop.rate_ops: [1000, 2000] }',
  },
])('printed, it is the same experiment: $sweep', async (parts) => {
  const resolved = await read(parts);
  const text = configText(resolved);
  expect(text).toMatch(/^# \d points/);
  const printed = path.join(folder, 'printed.yaml');
  await writeFile(printed, text);
  const again = await readConfig(printed, [0, 1]);
  expect(again.config).toEqual(resolved.config);
  expect(again.points).toEqual(resolved.points);
});

test('arrivals are an axis, as a word or by a parameter', async () => {
  const openLoop = (arrivals: string) => `${BASE}, open_loop: { rate_ops: 100${arrivals} }`;
  const words = await read({ sweep: '{ arrivals: [poisson, constant] }', workload: openLoop('') });
  expect(words.points.map(({ workload }) => workload.open_loop?.arrivals)).toEqual(['poisson', 'constant']);
  const workload = openLoop(', arrivals: { kind: pareto }');
  const shapes = await read({ sweep: '{ open_loop.arrivals.shape: [1.5, 3] }', workload });
  expect(shapes.points.map(({ at, workload }) => [at, workload.open_loop?.arrivals])).toEqual([
    [{ shape: 1.5 }, { kind: 'pareto', shape: 1.5 }],
    [{ shape: 3 }, { kind: 'pareto', shape: 3 }],
  ]);
});

test.each([
  ['bursts', "must be poisson or constant or a mapping (key: value) (it is 'bursts')"],
  ['{ kind: onof }', "kind: 'onof' is not allowed: did you mean 'onoff'?"],
  ['{ kind: pareto, shape: 1 }', 'shape: must be at least 1.01 (it is 1)'],
  [
    '{ kind: onoff, on_ms: 1, off_ms: 1000000, times: fixed }',
    '100 requests a second are 1.00e+8 within a burst, more than 6,666,666: give a lower rate, or a longer on_ms',
  ],
])('arrivals that cannot be are refused: %s', async (arrivals, message) => {
  const workload = `${BASE}, open_loop: { rate_ops: 100, arrivals: ${arrivals} }`;
  expect(await refusal({ sweep: '{ clients: [1] }', workload })).toContain(message);
});

test.each<[what: string, parts: Parts, message: string]>([
  [
    'a typo in a key',
    { sweep: '{ clinets: [1] }' },
    "x.yaml:4:10: sweep.clinets: the workload has no `clinets`: did you mean 'clients'?; a key of a system is written systems.redis.options.KEY",
  ],
  [
    'a value that cannot be',
    { sweep: '{ pipeline: [1, 100000] }' },
    'x.yaml:4:24: sweep.pipeline[1]: must be at most 10000 (it is 100000)',
  ],
  [
    'a generated value that cannot be',
    { sweep: '{ pipeline: { from: 1, to: 100000, factor: 100000 } }' },
    'x.yaml:4:10: sweep.pipeline: must be at most 10000 (it is 100000)',
  ],
  [
    'a word for a number',
    { sweep: '{ clients: [many] }' },
    "x.yaml:4:20: sweep.clients[0]: must be a number (it is 'many')",
  ],
  [
    'a number that is none',
    { sweep: '{ clients: [1, .nan] }' },
    'x.yaml:4:23: sweep.clients[1]: must be text or a number or true or false (it is NaN)',
  ],
  [
    'a word for a number, of one kind of several',
    { sweep: '{ clients: { from: one, to: 8, factor: 2 } }' },
    "x.yaml:4:21: sweep.clients.from: must be a number (it is 'one')",
  ],
  [
    'an unknown system',
    { sweep: '{ systems.kv-krenel.options.mtu: [1, 2] }' },
    "no system is named 'kv-krenel': did you mean 'kv-kernel'?",
  ],
  [
    'an unknown system in `on`',
    { sweep: '{ options.mtu: { values: [1, 2], on: [rdis] } }' },
    "x.yaml:4:41: sweep.options.mtu.on: no system is named 'rdis': did you mean 'redis'?",
  ],
  [
    'an unknown key of a system',
    { sweep: '{ systems.redis.optoins: [1, 2] }' },
    "unknown key 'optoins': did you mean 'options'?",
  ],
  [
    '`on` for the workload',
    { sweep: '{ clients: { values: [1], on: redis } }' },
    '`on` is for keys of systems',
  ],
  [
    'a key that is also in the workload',
    { sweep: '{ keys: [1, 2] }' },
    'x.yaml:6:32: workload.keys: is an axis of `sweep`, which says its values: leave it out',
  ],
  [
    'a key that a system has of its own',
    { sweep: '{ pipeline: [1, 2] }', systems: '[redis, { use: kv-kernel, workload: { pipeline: 4 } }]' },
    'systems[1].workload.pipeline: is an axis of `sweep`',
  ],
  ['a value twice', { sweep: '{ clients: [1, 2, 1] }' }, 'x.yaml:4:26: sweep.clients[2]: has 1 twice'],
  [
    'an axis twice',
    { sweep: '{ clients: [1], workload.clients: [2] }' },
    'is the axis `workload.clients` once more: leave one out',
  ],
  ['no values', { sweep: '{ clients: [] }' }, 'sweep.clients: must have at least one element'],
  ['no mapping', { sweep: '[1, 2]' }, 'sweep: must be a mapping (key: value)'],
  [
    'half a range',
    { sweep: '{ clients: { from: 1, to: 8 } }' },
    'x.yaml:4:10: sweep.clients: needs `from`, `to`, and a `factor` or a `step`',
  ],
  [
    'a range and values',
    { sweep: '{ clients: { values: [1], to: 8 } }' },
    '`values` says them all: leave out from, to, factor and step',
  ],
  [
    'a range that goes down',
    { sweep: '{ clients: { from: 8, to: 1, step: 1 } }' },
    '`to` (1) must be no less than `from` (8)',
  ],
  [
    'a factor that leads nowhere',
    { sweep: '{ clients: { from: 1, to: 8, factor: 1 } }' },
    '`factor` must be above 1, and `from` above 0',
  ],
  [
    'a step that leads nowhere',
    { sweep: '{ clients: { from: 1, to: 8, step: 0 } }' },
    '`step` must be above 0',
  ],
  [
    'a typo in a range',
    { sweep: '{ clients: { from: 1, to: 8, facter: 2 } }' },
    "unknown key 'facter': did you mean 'factor'?",
  ],
  [
    'unlike lengths',
    { sweep: '{ zip: { clients: [1, 2], pipeline: [1] } }' },
    'sweep.zip.pipeline: has 1 values where `clients`, which goes on with `pipeline`, has 2',
  ],
  ['too many values', { sweep: '{ clients: { from: 1, to: 5000, step: 1 } }' }, 'has more than 1000 values'],
  [
    'too many points',
    { sweep: '{ clients: { from: 1, to: 100, step: 1 }, pipeline: { from: 1, to: 11, step: 1 } }' },
    'makes 1100 points, more than 1000',
  ],
  [
    'stages elsewhere',
    { sweep: '{ clients: [1, 2] }', rest: 'stages: { duration_s: 1, at: { client: 1 } }' },
    "stages.at.client: `sweep` has no axis 'client': did you mean 'clients'?",
  ],
  [
    'a floor of no point',
    {
      sweep: '{ clients: [2, 4] }',
      systems: '[{ use: redis, floor: f }]',
      rest: "floors: [{ name: f, label: F, command: 'x {operation} {out}' }]",
    },
    'a floor is one request at a time, as no point of `sweep` is: leave it out',
  ],
  [
    'a rate of its own in a closed loop',
    { sweep: '{ clients: [2, 4] }', systems: '[{ use: redis, workload: { open_loop: { rate_ops: 5 } } }]' },
    'the workload is a closed loop, which has no rate',
  ],
])('%s', async (_what, parts, message) => {
  expect(await refusal(parts)).toContain(message);
});
