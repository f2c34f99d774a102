/** A run that was interrupted goes on, and one that has ended gets what it lacks. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { summaryFormat } from '../results/formats/index.ts';
import { redis, testRuns, tinyWorkload } from './experiments-campaign.ts';

const create = testRuns();

test('what is there stays, what lacks is measured, and what is added has its anchor', async () => {
  const second = { ...redis, name: 'second', label: 'second' };
  const run = create({
    trials: 2,
    systems: [redis, second],
    workload: { ...tinyWorkload, operations: ['get'], warmup_s: 0, duration_s: 0.1 },
  });
  const interrupted = run.start();
  const isThere = (number: number): boolean =>
    existsSync(path.join(run.out, 'trials')) &&
    existsSync(path.join(run.trialFolders()[number] ?? '', 'trial.json'));
  while (!isThere(0)) await sleep(10);
  interrupted.kill('SIGINT');
  expect((await interrupted).exitCode).toBe(130);
  const startedAt = (): string[] => run.trials().map(({ started_at }) => started_at);
  const before = startedAt();
  const whole = run.trials().filter(({ is_final }) => is_final).length;
  expect(whole).toBeLessThan(4);

  const resumed = await run.start('--resume');
  expect(resumed.stderr).toContain(`4 trials, of which ${whole} are there, about`);
  expect(run.trials().map(({ status, order }) => [status, order])).toEqual(
    [1, 2, 3, 4].map((order) => ['ok', order]),
  );
  expect(startedAt().slice(0, whole)).toEqual(before.slice(0, whole));
  expect(run.manifest().finished_at).not.toBeNull();

  const config = parse(readFileSync(run.config, 'utf8'));
  config.systems.push({ ...redis, name: 'third', label: 'third' });
  writeFileSync(run.config, stringify(config));
  const added = await run.start('--add', '--trials', '3');
  const { plan, systems } = run.manifest();
  expect(systems.map(({ name }) => name)).toEqual(['redis', 'second', 'third']);
  expect(plan).toMatchObject({ trials: 5, added_trials: 3 });
  const numbersOf = (subject: string): number[] =>
    run
      .trials()
      .filter((trial) => trial.subject === subject)
      .map(({ trial }) => trial);
  // The two that are there lack one trial; the first stands beside the third in all of its trials.
  expect(numbersOf('redis')).toEqual([1, 2, 3, 4, 5]);
  expect(numbersOf('second')).toEqual([1, 2, 3]);
  expect(numbersOf('third')).toEqual([3, 4, 5]);
  expect(added.stderr).toContain('11 trials, of which 4 are there, about');
  const summary = summaryFormat.read(readFileSync(path.join(run.out, 'summary.json'), 'utf8'));
  expect(summary.additions).toMatchObject([
    { first_trial: 3, anchor: 'redis', places: [{ subject: 'third', at: {} }] },
  ]);
  expect(summary.points.map(({ system, trials }) => [system, trials])).toEqual([
    ['redis', 5],
    ['second', 3],
    ['third', 3],
  ]);
  expect(added.stdout.replace(/\s+/g, ' ')).toMatch(/Added at [-\d: ]+ UTC: third; redis was measured again/);
});
