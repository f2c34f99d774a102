/** A run that was interrupted goes on, and one that has ended gets what it lacks. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { summaryFormat } from '../results/formats/index.ts';
import { Gate, gatedRedis, testRuns, tinyWorkload } from './experiments-campaign.ts';

const create = testRuns();

test('what is there stays, what lacks is measured, and what is added has its anchor', async () => {
  const [first, second, third] = ['redis', 'second', 'third'].map((name) => gatedRedis(name));
  const run = create({
    trials: 1,
    systems: [first, second],
    workload: { ...tinyWorkload, operations: ['get'], warmup_s: 0, duration_s: 0.1 },
  });
  // It has no other trial, however late the interrupt comes.
  const gate = new Gate(run, 1);
  const interrupted = run.startWith(gate.env);
  const isThere = (number: number): boolean =>
    existsSync(path.join(run.out, 'trials')) &&
    existsSync(path.join(run.trialFolders()[number] ?? '', 'trial.json'));
  while (!isThere(0)) await sleep(10);
  interrupted.kill('SIGINT');
  expect((await interrupted).exitCode).toBe(130);
  gate.open();
  const startedAt = (): string[] => run.trials().map(({ started_at }) => started_at);
  const before = startedAt()[0];

  const resumed = await run.startWith(gate.env, '--resume');
  expect(resumed.stderr).toContain('2 trials, of which 1 are there, about');
  expect(run.trials()).toMatchObject([1, 2].map((order) => ({ order, status: 'ok', trial: 1 })));
  expect(startedAt()[0]).toBe(before);
  expect(run.manifest().finished_at).not.toBeNull();

  const config = parse(readFileSync(run.config, 'utf8'));
  config.systems.push(third);
  writeFileSync(run.config, stringify(config));
  const added = await run.startWith(gate.env, '--add', run.out);
  expect(added.stderr).toContain('4 trials, of which 2 are there, about');
  const manifest = run.manifest();
  expect(manifest.systems.map(({ name }) => name)).toEqual(['redis', 'second', 'third']);
  expect(manifest.plan).toMatchObject({ trials: 2, added_trials: 1 });
  expect(
    run
      .trials()
      .map(({ subject, trial }) => `${subject} ${trial}`)
      .sort(),
  ).toEqual(['redis 1', 'redis 2', 'second 1', 'third 2']);
  const summary = summaryFormat.read(readFileSync(path.join(run.out, 'summary.json'), 'utf8'));
  expect(summary.additions).toMatchObject([
    { first_trial: 2, anchor: 'redis', places: [{ subject: 'third', at: {} }] },
  ]);
  expect(summary.points.map(({ system, trials }) => [system, trials])).toEqual([
    ['redis', 2],
    ['second', 1],
    ['third', 1],
  ]);
  expect(added.stdout.replace(/\s+/g, ' ')).toMatch(/Added at [-\d: ]+ UTC: third; redis was measured again/);
});
