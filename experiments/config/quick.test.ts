/** What --quick makes of an experiment, and what it says that it leaves out. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { pointName } from '../../results/formats/index.ts';
import { availableCores } from '../machine/machine.ts';
import { readConfig, readExperiment, readResolved } from './config.ts';
import { configText } from './config-text.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'quick-test-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function write(lines: string): Promise<string> {
  const file = path.join(folder, 'x.yaml');
  const [server, client = server] = availableCores();
  const text = `experiment: x
title: X
trials: 5
systems: [redis, kv-kernel, kv-dpdk]
defaults: { share_cores: true, server_cores: [${server}], client: { core: ${client} } }
workload: { operations: [get], keys: 1000, value_bytes: 64, duration_s: 1 }
${lines}
`;
  await writeFile(file, text);
  return file;
}

const swept =
  'sweep: { clients: [1, 2, 4], systems.kv-dpdk.options.mtu: [1500, 9000], pipeline: [1, 16] }\n' +
  'quick: { systems: [redis, kv-kernel], trials: 2, sweep: { clients: [1, 4] } }';

test('a quick run has the systems that it keeps, at the values that it names and at all of other axes', async () => {
  const file = await write(`repeat: kv-dpdk\n${swept}`);
  const quick = await readExperiment(file, { quick: true, set: [], only: null });
  expect(quick.systems.map(({ name }) => name)).toEqual(['redis', 'kv-kernel']);
  expect(quick.axes.map(({ name, values }) => [name, values])).toEqual([
    ['clients', [1, 4]],
    ['pipeline', [1, 16]],
  ]);
  expect(quick.points.map(({ at }) => pointName(at))).toEqual([
    'clients=1 pipeline=1',
    'clients=1 pipeline=16',
    'clients=4 pipeline=1',
    'clients=4 pipeline=16',
  ]);
  expect(quick.leftOut).toEqual({ systems: ['kv-dpdk'], axes: [{ name: 'clients', values: [2] }] });
});

test('a whole run leaves out nothing, and has the repetition', async () => {
  const whole = await readExperiment(await write(`repeat: kv-dpdk\n${swept}`), {
    quick: false,
    set: [],
    only: null,
  });
  expect(whole.systems.map(({ name }) => name)).toEqual(['redis', 'kv-kernel', 'kv-dpdk', 'kv-dpdk-again']);
  expect(whole.axes[1].systems).toEqual(['kv-dpdk', 'kv-dpdk-again']);
  expect(whole.leftOut).toBeNull();
});

describe('the command line is above what a quick run is', () => {
  test('--only may name a system that it would leave out', async () => {
    const quick = await readExperiment(await write(swept), { quick: true, set: [], only: ['kv-dpdk'] });
    expect(quick.systems.map(({ name }) => name)).toEqual(['kv-dpdk']);
    expect(quick.leftOut).toEqual({ systems: [], axes: [{ name: 'clients', values: [2] }] });
  });

  test('--set says values of an axis of both, and the other axes stay', async () => {
    const file = await write(swept);
    const quick = await readExperiment(file, { quick: true, set: ['sweep.clients=[2, 8]'], only: null });
    expect(quick.axes.map(({ name, values }) => [name, values])).toEqual([
      ['clients', [2, 8]],
      ['pipeline', [1, 16]],
    ]);
    expect(quick.leftOut?.axes).toEqual([]);
  });
});

test('axes that go on together are replaced together or alone', async () => {
  const sweep = 'sweep: { zip: { clients: [1, 2], pipeline: [4, 8] } }\n';
  const both = 'quick: { sweep: { zip: { clients: [1], pipeline: [4] } } }';
  const { points } = await readExperiment(await write(sweep + both), { quick: true, set: [], only: null });
  expect(points.map(({ at }) => at)).toEqual([{ clients: 1, pipeline: 4 }]);
  const one = await write(`${sweep}quick: { sweep: { zip: { pipeline: [16, 32] } } }`);
  const { points: mixed } = await readExperiment(one, { quick: true, set: [], only: null });
  expect(mixed.map(({ at }) => at)).toEqual([
    { clients: 1, pipeline: 16 },
    { clients: 2, pipeline: 32 },
  ]);
});

test('what is printed of a quick run is an experiment that is the same', async () => {
  const resolved = await readResolved(await write(swept), { quick: true, set: [] });
  const file = path.join(folder, 'printed.yaml');
  await writeFile(file, configText(resolved));
  const { config, axes } = await readResolved(file, { quick: false, set: [] });
  expect(config).toEqual(resolved.config);
  expect(axes).toEqual(resolved.axes);
});

test.each([
  [
    'quick: { systems: [redis, kv-dpkd] }',
    /quick\.systems\[1\]: no system is named 'kv-dpkd': did you mean 'kv-dpdk'\?/,
  ],
  ['quick: { systems: [redis, redis] }', /quick\.systems\[1\]: 'redis' is listed twice/],
  ['quick: { systems: [] }', /quick\.systems: /],
  [
    'goals: [{ measure: throughput, system: kv-dpdk, over: redis, operations: [get], at_least: 1 }]\nquick: { systems: [redis] }',
    /quick\.systems: leaves out kv-dpdk, which a goal is about: list it too/,
  ],
])('%s is refused', async (lines, message) => {
  await expect(readConfig(await write(lines), availableCores())).rejects.toThrow(message);
});

test('--set says of each key what a quick run has, as of a whole one', async () => {
  const quick =
    'stages: { every: 8, duration_s: 1 }\ncalibration: { duration_s: 1 }\n' +
    'quick: { trials: 2, stages: { duration_s: 2 }, calibration: { duration_s: 2 }, distance: { extend_s: 9 }, ' +
    'workload: { keys: 10, warmup_s: 0.1, duration_s: 2 } }';
  const said = { trials: 3, 'stages.duration_s': 3, 'calibration.duration_s': 3, 'distance.extend_s': 3 };
  const set = Object.entries({ ...said, 'workload.keys': 30, 'workload.duration_s': 3 }).map((one) =>
    one.join('='),
  );
  const all = await readExperiment(await write(quick), { quick: true, set, only: null });
  expect(all).toMatchObject({ trials: 3, stages: { duration_s: 3 }, calibration: { duration_s: 3 } });
  expect(all).toMatchObject({ distance: { extend_s: 3 }, workload: { keys: 30, duration_s: 3 } });
});
