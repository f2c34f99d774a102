/** `bypassbench goals` as its user calls it. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { execa } from 'execa';
import { afterAll, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { goalsFormat, manifestFormat } from '../results/formats/index.ts';
import { redis, system, tinyWorkload } from './experiments-campaign.ts';

const bypassbench = path.join(import.meta.dirname, '..', 'bin', 'bypassbench');
const folder = mkdtempSync(path.join(os.tmpdir(), 'goals-test-'));
afterAll(() => rmSync(folder, { recursive: true }));

function goals(...args: string[]) {
  return execa(bypassbench, ['goals', ...args], { reject: false });
}

function write(name: string, content: object): string {
  const file = path.join(folder, `${name}.yaml`);
  writeFileSync(file, stringify(content));
  return file;
}

const print = (value: number) => `node -e 'console.log(JSON.stringify({ value: ${value}, unit: "MiB" }))'`;

test('--list runs nothing and says how long each file and all together take', async () => {
  const { stdout, exitCode } = await goals('--list');
  expect(exitCode).toBe(0);
  expect(stdout).toMatch(/^latency +about \d+ min.* Latency of one connection/m);
  expect(stdout).toMatch(/^together +about \d+ min/m);
});

test('programs: met, missed, and one that fails; exit code 1, and all of it in goals.json', async () => {
  const one = { seconds: 1, at_most: 1.5 };
  const file = write('programs', {
    title: 'Programs',
    trials: 3,
    programs: [
      { goal: 'met', program: print(3), over: print(2.5), ...one },
      { goal: 'missed', program: print(5), over: print(2.5), ...one },
      { goal: 'a number', program: print(1), ...one },
      { goal: 'broken', program: 'node -e \'throw new Error("no device")\'', ...one },
    ],
  });
  const out = path.join(folder, 'programs');
  const { stdout, stderr, exitCode } = await goals(file, '--out', out);
  expect(exitCode, stderr).toBe(1);
  expect(stderr).toContain('together   about 18 s');
  expect(stdout).toContain('2 of 4 goals met, 1 missed, 1 cannot be tested here.');
  const { goals: records } = goalsFormat.read(readFileSync(path.join(out, 'goals.json'), 'utf8'));
  expect(records.map(({ goal, result, measured, trials }) => [goal, result, measured, trials])).toEqual([
    ['met', 'met', 1.2, 3],
    ['missed', 'missed', 2, 3],
    ['a number', 'met', 1, 3],
    ['broken', 'cannot be tested here', null, 0],
  ]);
  expect(records[1]?.reason).toBe('the interval 2.00 to 2.00 lies above 1.5');
  expect(records[3]?.reason).toContain('exited with code 1');
});

test('an experiment: its goals are held against its run; a commit that is not there is a reason', async () => {
  const start = ['bypassbench', 'serve', '--frontend', 'sockets', '--bind', '{host}', '--port', '0'];
  const experiment = {
    experiment: 'tiny',
    title: 'Tiny',
    trials: 1,
    workload: { ...tinyWorkload, operations: ['get'] },
    distance: { extend_s: 0 },
    systems: [redis, system('kv', start, { ready: { by: 'json_line' } })],
    goals: [{ measure: 'latency_p50', system: 'kv', over: 'redis', operations: ['get'], at_most: 1 }],
  };
  const other = system('kv', start, { ready: { by: 'json_line' }, checkout: 'no-such-commit' });
  const files = [write('tiny', experiment), write('elsewhere', { ...experiment, systems: [redis, other] })];
  const out = path.join(folder, 'experiment');
  const { stderr, exitCode } = await goals(...files, '--out', out);
  expect(exitCode, stderr).toBe(2);
  const { goals: records } = goalsFormat.read(readFileSync(path.join(out, 'goals.json'), 'utf8'));
  expect(records).toMatchObject([
    { file: 'tiny', goal: 'GET p50, kv over redis', result: 'cannot be tested here' },
    { file: 'elsewhere', result: 'cannot be tested here' },
  ]);
  expect(records[1]?.reason).toContain('no-such-commit is no commit, tag or branch');
  const manifest = manifestFormat.read(readFileSync(path.join(out, 'tiny', 'manifest.json'), 'utf8'));
  expect(manifest.command).toEqual(['bypassbench', 'goals', 'tiny.yaml']);
});
