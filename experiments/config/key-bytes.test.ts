/** Lengths of keys in a workload, and shapes, which are those of keys and values together. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse } from 'yaml';
import { readConfig } from './config.ts';
import { configText } from './config-text.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'key-bytes-test-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function read(workload: string, rest = '') {
  const file = path.join(folder, 'x.yaml');
  const operations = workload.includes('operations') ? '' : 'operations: [get], ';
  const said = `{ ${operations}duration_s: 1, ${workload} }`;
  await writeFile(file, `experiment: x\ntitle: X\ntrials: 3\nsystems: [redis]\nworkload: ${said}\n${rest}`);
  return readConfig(file, [0, 1]);
}

test('a shape is lengths of keys and values, and is printed as these', async () => {
  const whole = await read('keys: 1000000, shape: etc');
  expect(whole.config.workload).toMatchObject({ key_bytes: 'etc', value_sizes: 'etc' });
  expect(whole.config.workload.value_bytes).toBeGreaterThan(100);
  const { workload } = parse(configText(whole));
  expect(workload).toMatchObject({ key_bytes: 'etc', value_sizes: 'etc' });
  expect(workload).not.toHaveProperty('shape');
});

test('both may be axes', async () => {
  const lengths = await read('keys: 10, value_bytes: 64', 'sweep: { key_bytes: [16, 64, usr] }');
  expect(lengths.points.map(({ workload }) => workload.key_bytes)).toEqual([16, 64, 'usr']);
  const shaped = await read('keys: 10', 'sweep: { shape: [etc, usr] }');
  expect(shaped.points.map(({ workload }) => workload.value_sizes)).toEqual(['etc', 'usr']);
  expect(parse(configText(shaped)).workload).not.toHaveProperty('key_bytes');
});

test.each([
  [
    'keys: 1000, value_bytes: 64, key_bytes: 2',
    /workload\.key_bytes: keys of 2 bytes cannot distinguish 1000 keys/,
  ],
  [
    'keys: 10, value_bytes: 64, key_bytes: long',
    /workload\.key_bytes: .*'long' is none of 32, uniform:20-40/,
  ],
  [
    'keys: 10, shape: etc, value_bytes: 64',
    /workload\.value_bytes: `shape` says that: leave one of them out/,
  ],
  ['keys: 10, shape: etc, key_bytes: 20', /workload\.key_bytes: `shape` says that: leave one of them out/],
  ['keys: 10, shape: ets', /workload\.shape: 'ets' is not allowed: did you mean 'etc'\?/],
  [
    'operations: [new], keys: 10, value_bytes: 64, key_bytes: 8, commands: { new: "SET {new_key} {value} -> ok" }',
    /workload\.key_bytes: new keys have at least 12 bytes/,
  ],
])('%s is refused', async (workload, why) => {
  await expect(read(workload)).rejects.toThrow(why);
});
