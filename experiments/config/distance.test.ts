/** What an experiment may say of its cores and of their distance. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readConfig, readExperiment } from './config.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'config-test-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** An experiment with these lines behind its `trials`, and with a system that says `cores` of its cores. */
async function write({ rest = '', cores = 'cores: { distance: near }' }): Promise<string> {
  const file = path.join(folder, 'x.yaml');
  const text = `experiment: x
title: X
trials: 3
${rest}workload: { operations: [get], keys: 1000, value_bytes: 64, duration_s: 1 }
systems:
  - name: mine
    label: mine
    backend: kernel
    device: loopback
    provenance: software_device
    start: mine --port {port}
    ready: { by: resp_ping }
    client: { backend: kernel }
    ${cores}
`;
  await writeFile(file, text);
  return file;
}

test.each([
  [
    'neither named nor chosen',
    { cores: 'env: {}' },
    [
      'systems[0].server_cores: is missing: it must be a list, or `cores` must say how a pair is chosen',
      'systems[0].client.core: is missing: it must be a number, or `cores` must say how a pair is chosen',
    ],
  ],
  [
    'named and chosen',
    { cores: 'cores: { distance: far }\n    server_cores: [0]' },
    ['systems[0].cores: `server_cores` or `client.core` names the cores already: leave them out, or this'],
  ],
  [
    'at a distance that does not exist',
    { cores: 'cores: { distance: socked }' },
    ["systems[0].cores.distance: 'socked' is not allowed: did you mean 'socket'?"],
  ],
  [
    'not at all at a distance',
    { rest: 'distance: { slices: 0 }\n' },
    ['distance.slices: must be at least 1 (it is 0)'],
  ],
])('cores that are %s', async (_what, written, messages) => {
  const error: Error = await readConfig(await write(written), [0, 1]).catch((caught) => caught);
  expect(error).toHaveProperty('code', 'CONFIG_INVALID');
  for (const message of messages) expect(error.message).toContain(`: ${message}`);
});

test('cores that are chosen need no names', async () => {
  const { config } = await readConfig(await write({}), [0, 1]);
  expect(config.systems).toMatchObject([{ cores: { distance: 'near' }, client: { backend: 'kernel' } }]);
  expect(config.systems[0].server_cores).toBeUndefined();
});

test.each([
  ['distance.slices=5', { slices: 5, extend_s: 0 }],
  ['distance.extend_s=60', { slices: 20, extend_s: 60 }],
  ['distance={ slices: 5 }', { slices: 5, extend_s: 0 }],
  ['distance={ extend_s: 7 }', { slices: 20, extend_s: 7 }],
])('a quick run goes on behind its trials only where the command line says so: %s', async (set, distance) => {
  const file = await write({ rest: 'quick: { trials: 2 }\n' });
  const experiment = await readExperiment(file, { quick: true, set: [set], only: null });
  expect(experiment.distance).toEqual(distance);
});
