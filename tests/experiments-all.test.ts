/** All experiments of a list, one after the other: what fails ends no other, and what was interrupted goes on. */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { type PlannedExperiment, planInWords, planned } from '../experiments/all/plan.ts';
import { openAll, runAll } from '../experiments/all/runs.ts';
import { Supervisor } from '../experiments/machine/process.ts';
import { allFormat } from '../results/formats/index.ts';
import { renderAll, writeAllReport } from '../results/index.ts';
import { redis, system, testRuns, tinyWorkload } from './experiments-campaign.ts';

const create = testRuns();
const workload = { ...tinyWorkload, operations: ['get'] };

/** One that runs, one whose only program is not here, one that contradicts itself, and one more that runs. */
async function plan(): Promise<{ plan: PlannedExperiment[]; folder: string }> {
  const good = create({ systems: [redis], workload });
  const absent = create({ systems: [system('absent', ['no-such-server', '{port}'])], workload });
  const wrong = create({ systems: [redis, redis], workload });
  const named = { first: good.config, absent: absent.config, wrong: wrong.config, last: good.config };
  return {
    folder: good.out,
    plan: await Promise.all(Object.entries(named).map(([name, file]) => planned(name, file, false))),
  };
}

test('an experiment that fails ends no other, and the report has them all', async () => {
  const { plan: list, folder } = await plan();
  expect(planInWords(list)).toMatch(
    /^first +2 s +A test\n.*\nwrong +- +cannot be run: .*'redis' names two systems/s,
  );
  expect(planInWords(list)).toMatch(/\ntogether +about 5 s\nnot run: wrong$/);
  const said: string[] = [];
  const surroundings = { supervisor: new Supervisor(), say: (line: string) => said.push(line) };
  const opened = await openAll(folder, list, { quick: false, resumes: false });
  mkdirSync(folder);
  const ended = await runAll(folder, opened, list, { ...surroundings, signal: new AbortController().signal });
  expect(ended.experiments.map(({ name, status, failed_trials }) => [name, status, failed_trials])).toEqual([
    ['first', 'ended', 0],
    ['absent', 'failed', 0],
    ['wrong', 'failed', 0],
    ['last', 'ended', 0],
  ]);
  expect(ended.finished_at).not.toBeNull();
  expect(said[0]).toBe('\n[experiment 1/4] first, about 5 s left of all');
  expect(said.join('\n')).toMatch(/absent FAILED: absent cannot be run: no-such-server is not on the PATH/);
  expect(allFormat.read(readFileSync(path.join(folder, 'all.json'), 'utf8'))).toEqual(ended);

  const findings = await writeAllReport(folder);
  const page = readFileSync(path.join(folder, 'report.html'), 'utf8');
  for (const id of ['first', 'absent', 'wrong', 'last']) expect(page).toContain(`<section id="${id}"`);
  expect(page.match(/<figure class="chart/g)!.length).toBeGreaterThanOrEqual(4);
  expect(page).toContain('href="./first/report.html"');
  expect(page).not.toMatch(/(src|href)="https?:/);
  expect(findings.every(({ result }) => result === 'cannot be tested here')).toBe(true);
  expect(renderAll(ended, findings, { columns: 100, color: false })).toMatch(
    /^first +ran, .*\nabsent +FAILED: absent cannot be run: .*\nwrong +FAILED: .*\nlast +ran, .*\n\nClaims:/,
  );

  // What ended is not measured again; what did not is.
  const before = readFileSync(path.join(folder, 'first', 'manifest.json'), 'utf8');
  writeFileSync(path.join(folder, 'all.json'), allFormat.write({ ...ended, finished_at: null }));
  rmSync(path.join(folder, 'last'), { recursive: true });
  const waiting = ended.experiments.map((one) =>
    one.name === 'last' ? { ...one, status: 'waiting' as const } : one,
  );
  writeFileSync(path.join(folder, 'all.json'), allFormat.write({ ...ended, experiments: waiting }));
  const again = await openAll(folder, list, { quick: false, resumes: true });
  await runAll(folder, again, list, { ...surroundings, signal: new AbortController().signal });
  expect(readFileSync(path.join(folder, 'first', 'manifest.json'), 'utf8')).toBe(before);
  expect(existsSync(path.join(folder, 'last', 'report.html'))).toBe(true);
});

test('a folder that has some is refused unless it is to go on, and as what it is', async () => {
  const { plan: list, folder } = await plan();
  const open = (quick: boolean, resumes: boolean) => openAll(folder, list, { quick, resumes });
  await expect(open(false, true)).rejects.toThrow(/holds no run of all experiments: leave out --resume/);
  const signal = AbortSignal.abort();
  mkdirSync(folder);
  const surroundings = { supervisor: new Supervisor(), say: () => {}, signal };
  const stopped = await runAll(folder, await open(false, false), list, surroundings);
  expect(stopped.finished_at).toBeNull();
  expect(stopped.experiments[0].status).toBe('waiting');
  await expect(open(false, false)).rejects.toThrow(/holds experiments already: go on with it \(--resume\)/);
  await expect(open(true, true)).rejects.toThrow(/is whole: leave out --quick/);
});
