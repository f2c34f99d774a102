/** Where a system of a sweep is measured: `within` bounds the values of axes for it alone. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { pointName } from '../../results/formats/index.ts';
import { availableCores } from '../machine/machine.ts';
import { readConfig, readResolved } from './config.ts';
import { unmeasuredInWords } from './selection.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'within-test-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function pointsOf(
  within: string,
  sweep = 'sweep: { clients: [1, 10, 100], keys: [5, 7] }',
): Promise<string[]> {
  const file = path.join(folder, 'x.yaml');
  const text = `experiment: x
title: X
trials: 3
systems: [{ use: redis, within: ${within} }, kv-dpdk]
workload: { operations: [get], ${sweep.includes('keys') ? '' : 'keys: 10, '}value_bytes: 64, duration_s: 1 }
${sweep}
`;
  await writeFile(file, text);
  const { points } = await readConfig(file, [0, 1]);
  return points.flatMap(({ at, systems, floors }) =>
    systems.some(({ name }) => name === 'redis')
      ? [`${pointName(at)}${floors.some(({ name }) => name === 'kernel-sockets') ? ' with its floor' : ''}`]
      : [],
  );
}

test('a system is measured at the values that it is bound to, and its floor with it', async () => {
  expect(await pointsOf('{ clients: { at_most: 10 } }')).toEqual([
    'clients=1 keys=5 with its floor',
    'clients=1 keys=7 with its floor',
    'clients=10 keys=5',
    'clients=10 keys=7',
  ]);
  expect(await pointsOf('{ clients: { at_least: 10 }, keys: { at_least: 6 } }')).toEqual([
    'clients=10 keys=7',
    'clients=100 keys=7',
  ]);
});

test.each([
  [
    '{ cleints: { at_most: 10 } }',
    undefined,
    /within\.cleints: `sweep` has no axis 'cleints': did you mean 'clients'/,
  ],
  ['{ clients: { at_most: 0 } }', undefined, /within: leaves redis no point of `sweep`/],
  ['{ clients: { most: 0 } }', undefined, /within\.clients\.most: unknown key 'most'/],
  ['{ clients: { at_most: 1 } }', '', /systems\[0\]\.within: is of a `sweep`, which there is not/],
  [
    '{ key_distribution: { at_most: 1 } }',
    'sweep: { key_distribution: [uniform, single] }',
    /within\.key_distribution: is an axis of words/,
  ],
])('%s is refused', async (within, sweep, message) => {
  await expect(pointsOf(within, sweep)).rejects.toThrow(message);
});

describe('a --set that leaves a system no point', () => {
  const resolved = async (
    set: string,
    { systems = 'redis, kv-dpdk', only = null as string[] | null } = {},
  ) => {
    const [server, client = server] = availableCores();
    const file = path.join(folder, 'narrowed.yaml');
    const bound = systems.replace('redis', '{ use: redis, within: { clients: { at_most: 10 } } }');
    const text = `experiment: x
title: X
trials: 3
systems: [${bound}]
defaults: { share_cores: true, server_cores: [${server}], client: { core: ${client} } }
workload: { operations: [get], keys: 10, value_bytes: 64, duration_s: 1 }
sweep: { clients: [1, 10, 100] }
`;
    await writeFile(file, text);
    return readResolved(file, { quick: false, set: [set], only });
  };
  const said = 'redis is measured at none of the values that --set leaves of the sweep (within)';

  test('leaves the system out, and says so', async () => {
    const { config, unmeasured } = await resolved('sweep.clients=20,100');
    expect(config.systems.map(({ name }) => name)).toEqual(['kv-dpdk']);
    expect(unmeasuredInWords(unmeasured)).toBe(said);
    expect((await resolved('sweep.clients=1,100')).unmeasured).toEqual([]);
    const only = ['kv-dpdk'];
    expect((await resolved('sweep.clients=20', { only })).unmeasured).toEqual([]);
  });

  test('is refused where no other one is left', async () => {
    await expect(resolved('sweep.clients=20', { only: ['redis'] })).rejects.toThrow(said);
    await expect(resolved('sweep.clients=20', { systems: 'redis' })).rejects.toThrow(said);
  });
});
