import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readConfig } from './config.ts';
import { configText } from './config-text.ts';
import { shippedExperiments } from './experiments.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'config-text-test-'));
});
afterAll(() => rm(folder, { recursive: true }));

test.each([...shippedExperiments()])('%s, printed, is the same experiment', async (_name, file) => {
  const [first] = (await readConfig(file, [0, 1])).config.systems;
  const resolved = await readConfig(file, [0, 1], { set: [`systems.${first.name}.label='a: "b"'`] });
  const printed = path.join(folder, 'printed.yaml');
  await writeFile(printed, configText(resolved));
  const { config, sources } = await readConfig(printed, [0, 1]);
  expect(config).toEqual(resolved.config);
  expect([...sources.values()].flat()).toEqual([]);
});

test('comments say what each system and floor is made of', async () => {
  const text = configText(await readConfig(shippedExperiments().get('redis-figure') as string, [0, 1]));
  expect(text).toContain(
    '  # made of kv-dpdk and kvserver, of experiments/systems/kvserver.yaml\n  - name: kv-dpdk\n',
  );
  expect(text).toContain('  # made of dpdk-frames and device, of experiments/systems/floors.yaml\n');
});
