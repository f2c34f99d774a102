/** `bypassbench list`, `systems` and `config`: what they print, and what `run` makes of what `config` prints. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { execa } from 'execa';
import { afterAll, expect, test } from 'vitest';
import { parse } from 'yaml';
import { command as configCommand } from '../experiments/commands/config.ts';
import { command as systemsCommand } from '../experiments/commands/systems.ts';
import { availableCores } from '../experiments/machine/machine.ts';
import { answer } from './answer.ts';
import { bypassbench } from './experiments-campaign.ts';
import { refusal } from './refusal.ts';

const folder = mkdtempSync(path.join(os.tmpdir(), 'experiments-commands-'));
afterAll(() => rmSync(folder, { recursive: true }));

const twoCores = availableCores().length > 1;

test.runIf(twoCores)('list has a line for each experiment that ships, and how long it takes', async () => {
  const { stdout, exitCode } = await execa(bypassbench, ['list']);
  expect(exitCode).toBe(0);
  expect(stdout).toMatch(/│ redis-figure +│ SET and GET latency of .* │ \d\d min.* │ \d min.* │/);
  expect(stdout).toMatch(/│ valkey +│ .* │ \d min.* │ 1 min.* │/);
});

test('systems has those that ship and those of the folder, and says what is not here', async () => {
  const own = `systems:
  absent: { use: redis-like, program: no-such-server, package: no-such-package, label: absent }
`;
  writeFileSync(path.join(folder, 'systems.yaml'), own);
  const { stdout, exitCode } = await answer(systemsCommand(), folder);
  expect(exitCode).toBe(0);
  expect(stdout).toMatch(/│ kv-kernel +│ system: kvserver, libOS over the kernel +│ +│ yes +│/);
  expect(stdout).toMatch(/│ absent +│ system: absent +│ no-such-server .* │ no +│/);
  expect(stdout).toMatch(/│ kv-dpdk +│ system: kvserver, libOS over DPDK +│ memif +│ \? +│/);
  expect(stdout).toMatch(/│ kvserver +│ template: /);
  expect(stdout).toMatch(/│ dpdk-frames +│ floor: raw DPDK frames/);

  writeFileSync(
    path.join(folder, 'systems.yaml'),
    own.replace('label: absent', 'lable: absent, role: bypas'),
  );
  const wrong = await refusal(systemsCommand(), folder);
  expect(wrong).toMatch(
    /systems\.yaml:2:\d+: systems\.absent\.lable: unknown key 'lable': did you mean 'label'\?/,
  );
  expect(wrong).toMatch(/systems\.absent\.role: 'bypas' is not allowed: did you mean 'bypass'\?/);
  rmSync(path.join(folder, 'systems.yaml'));
});

test.runIf(twoCores)(
  'config prints an experiment that is the same again, with what --set changes',
  async () => {
    const set = ['--set', 'trials=2', '--set', 'systems.kv-dpdk.options.mtu=9000'];
    const first = await answer(configCommand(), 'redis-figure', '--quick', ...set);
    expect(first.exitCode).toBe(0);
    const printed = parse(first.stdout);
    expect(printed).toMatchObject({ trials: 2, workload: { keys: 100_000 }, reference: 'hotos19' });
    expect(printed.systems.at(-1)).toMatchObject({
      name: 'kv-dpdk',
      options: { device: 'memif', mtu: '9000' },
    });
    const file = path.join(folder, 'again.yaml');
    writeFileSync(file, first.stdout);
    const again = await answer(configCommand(), file);
    expect(parse(again.stdout)).toEqual(printed);

    expect(await refusal(configCommand(), 'redis-figure', '--set', 'trails=2')).toBe(
      "bypassbench: --set trails=2: unknown key 'trails': did you mean 'trials'?\n",
    );
  },
);
