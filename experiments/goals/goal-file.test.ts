/** Goal files: those that ship, how they are named, and what the author of a faulty one is shown. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { placementOf } from '../config/placement.ts';
import { findGoals, type GoalFile, readGoals, shippedGoals } from './goal-file.ts';

const folder = mkdtempSync(path.join(os.tmpdir(), 'goals-test-'));
afterAll(() => rmSync(folder, { recursive: true }));

const plain = { set: [], against: null };
const TOGETHER_MIN = 60;

function readText(text: string): Promise<GoalFile> {
  const file = path.join(folder, 'g.yaml');
  writeFileSync(file, text);
  return readGoals(file, plain);
}

test('those that ship hold, and take less than an hour together', async () => {
  const files = await Promise.all([...shippedGoals().values()].map((file) => readGoals(file, plain)));
  expect(files.length).toBeGreaterThan(5);
  for (const file of files) {
    if (file.kind === 'experiment') expect(file.experiment.experiment).toBe(`goals-${file.name}`);
  }
  const seconds = files.reduce((sum, file) => sum + file.seconds, 0);
  expect(seconds).toBeLessThan(TOGETHER_MIN * 60);
});

test('a name is that of a file, or the first words of several', () => {
  const names = (...wanted: string[]) => findGoals(wanted).map((file) => path.basename(file, '.yaml'));
  expect(names('latency')).toEqual(['latency']);
  expect(names('not-slower')).toEqual(['not-slower-latency', 'not-slower-throughput']);
  expect(names('./mine.yaml')).toEqual(['mine']);
  expect(names()).toEqual([...shippedGoals().keys()]);
  expect(() => names('latence')).toThrow("no goals are named 'latence': did you mean 'latency'?");
});

test('--against takes the place of every checkout, and touches no other system', async () => {
  const [file] = findGoals(['not-slower-latency']);
  const read = await readGoals(file as string, { set: [], against: 'v1' });
  const checkouts = read.kind === 'experiment' ? read.experiment.systems.map(({ checkout }) => checkout) : [];
  expect(checkouts).toEqual([undefined, 'v1', undefined, 'v1', undefined, 'v1', undefined, 'v1']);
});

const programs = `title: T
trials: 3
programs:
  - goal: one
    program: node 'a b.ts' c
    over: node d.ts
    seconds: 2
    at_most: 1.5
`;

test('programs, split as a shell splits words', async () => {
  expect(await readText(programs)).toMatchObject({
    kind: 'programs',
    seconds: 12,
    programs: [{ program: ['node', 'a b.ts', 'c'], over: ['node', 'd.ts'] }],
  });
});

test.each([
  ['seconds: 2', 'second: 2', /g\.yaml:7:5: programs\[0\]\.second: unknown key 'second'.*seconds/],
  ['at_most: 1.5', 'at_least: -1', /g\.yaml:8:5: programs\[0\]\.at_least: must be/],
  ["'a b.ts'", "'a b.ts", /g\.yaml:5:5: programs\[0\]\.program: /],
  ['    at_most: 1.5\n', '', /g\.yaml:4:5: programs\[0\]: has no bound: give at_most, at_least or both/],
])('%s as %s', async (from, to, message) => {
  expect(programs).toContain(from);
  await expect(readText(programs.replace(from, to))).rejects.toThrow(message);
});

test('an experiment without goals, and one whose goal names no system', async () => {
  const experiment = `experiment: e
title: T
trials: 3
systems: [redis, kv-kernel]
workload: { operations: [get], keys: 10, value_bytes: 8, duration_s: 1 }
`;
  await expect(readText(experiment)).rejects.toThrow('has neither `goals` (of an experiment) nor `programs`');
  const goal =
    '{ measure: latency_p50, system: kv-kernl, over: kernel-socket, operations: [get], at_most: 1 }';
  await expect(readText(`${experiment}goals: [${goal}]\n`)).rejects.toThrow(
    /no system is named 'kv-kernl': did you mean 'kv-kernel'\?\n.*no system and no floor is named 'kernel-socket'/,
  );
});

test('--lab puts systems on its hosts, and is refused of programs', async () => {
  const lab = path.join(folder, 'lab.yaml');
  const lan = (last: number): string => `{ lan: { address: 10.0.0.${last}/24, device: NIC } }`;
  writeFileSync(
    lab,
    `lab: l\nplace: { server: s, generators: [c] }\nhosts:\n  s: { server_cores: [2], networks: ${lan(1)} }\n` +
      `  c: { client_cores: [3], networks: ${lan(2)} }\n`,
  );
  const file = path.join(folder, 'on-a-lab.yaml');
  writeFileSync(
    file,
    'experiment: e\ntitle: e\ntrials: 2\nsystems: [redis, kv-kernel]\n' +
      'workload: { operations: [get], keys: 10, value_bytes: 8, duration_s: 1 }\n' +
      'goals: [{ measure: latency_p50, system: kv-kernel, over: redis, operations: [get], at_most: 1 }]\n',
  );
  const { experiment } = (await readGoals(file, { ...plain, lab })) as GoalFile & { kind: 'experiment' };
  const places = experiment.systems.map((system) => {
    const { server, generators } = placementOf(experiment, system);
    return [server.host.name, ...generators.map(({ host }) => host.name)];
  });
  expect(places).toEqual([
    ['s', 'c'],
    ['s', 'c'],
  ]);
  const [memory = ''] = findGoals(['memory']);
  await expect(readGoals(memory, { ...plain, lab })).rejects.toThrow(/memory\.yaml: .*--lab is for goals/);
});
