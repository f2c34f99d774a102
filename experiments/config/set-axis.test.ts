/** `--set sweep.AXIS=VALUES`: the path of an axis has dots of its own, and an axis has several names. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readConfig } from './config.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'set-axis-test-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function write(systems: string, sweep: string, workload: string, rest = ''): Promise<string> {
  const file = path.join(folder, 'x.yaml');
  const lines = ['experiment: x', 'title: X', 'trials: 3', `systems: ${systems}`, `sweep: ${sweep}`];
  await writeFile(file, [...lines, `workload: { ${workload} }`, rest, ''].join('\n'));
  return file;
}

describe('--set of an axis', () => {
  const together = 'zip: { clients: [1, 4], open_loop.rate_ops: [1000, 4000] }';
  const base = (): Promise<string> =>
    write(
      '[redis, kv-kernel]',
      `{ bulk.clients: [0, 2], ${together}, keys: { from: 10, to: 1000, factor: 100 } }`,
      'operations: [get], bulk: { value_bytes: 65536 }, value_bytes: 64, duration_s: 1',
      'quick: { trials: 1, sweep: { bulk.clients: [0] } }',
    );
  const axesOf = async (set: string[], quick = false): Promise<Record<string, unknown>> => {
    const { axes } = await readConfig(await base(), [0, 1], { set, quick });
    return Object.fromEntries(axes.map(({ name, values }) => [name, values]));
  };
  const others = { clients: [1, 4], rate_ops: [1000, 4000], keys: [10, 1000] };

  test.each([
    'sweep.bulk.clients=[1, 4]',
    'sweep.bulk.clients=1,4',
    'sweep.workload.bulk.clients=1,4',
    'sweep.bulk_clients=1,4',
    'sweep.bulk.clients.values=1,4',
  ])('%s', async (set) => {
    for (const quick of [false, true]) {
      expect(await axesOf([set], quick)).toEqual({ bulk_clients: [1, 4], ...others });
    }
  });

  test('that goes on with another, in its place', async () => {
    const own = ['sweep.rate_ops=5,6', 'sweep.zip.clients=2,3'];
    expect(await axesOf(own)).toMatchObject({ clients: [2, 3], rate_ops: [5, 6] });
    expect(await axesOf(['sweep.zip.open_loop.rate_ops=5,6'])).toMatchObject({ rate_ops: [5, 6] });
  });

  test('that has bounds, one of them or others', async () => {
    expect(await axesOf(['sweep.keys.to=100'])).toMatchObject({ keys: [10] });
    expect(await axesOf(['sweep.keys=7'])).toMatchObject({ keys: [7] });
    expect(await axesOf(['sweep.keys={ from: 1, to: 3, step: 1 }'])).toMatchObject({ keys: [1, 2, 3] });
  });

  test('that is not there yet, or is to go', async () => {
    expect(await axesOf(['sweep.pipeline=1,2'])).toEqual({
      bulk_clients: [0, 2],
      ...others,
      pipeline: [1, 2],
    });
    expect(Object.keys(await axesOf(['sweep.bulk.clients=null']))).toEqual(['clients', 'rate_ops', 'keys']);
    await expect(axesOf(['sweep.bluk.clients=1'])).rejects.toThrow(
      "--set sweep.bluk.clients=1: the workload has no `bluk.clients`: did you mean 'bulk.clients'",
    );
  });

  test('of a system, by its key or its name', async () => {
    const workload = 'operations: [get], keys: 1000, value_bytes: 64, duration_s: 1';
    const file = await write(
      '[kv-dpdk, redis-dpdk]',
      '{ systems.kv-dpdk.options.mtu: [1500, 9000] }',
      workload,
    );
    for (const called of ['systems.kv-dpdk.options.mtu', 'mtu']) {
      const { axes } = await readConfig(file, [0, 1], { set: [`sweep.${called}=2000,4000`] });
      expect(axes.map(({ path, values }) => [path, values])).toEqual([
        ['systems.kv-dpdk.options.mtu', [2000, 4000]],
      ]);
    }
  });
});
