/** A sweep, run: a real Redis and our own server at two points, of a mix of operations. */
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { loadResultFormat, type Summary, summaryFormat } from '../results/formats/index.ts';
import { redis, system, TestRun, tinyWorkload } from './experiments-campaign.ts';

const start = ['bypassbench', 'serve', '--frontend', 'sockets', '--bind', '{host}', '--port', '0'];
const own = system('own', start, { ready: { by: 'json_line', timeout_s: 20 }, workload: { pipeline: 4 } });
const { operations: _o, ...workload } = tinyWorkload;

let run: TestRun;
let output: string;
let summary: Summary;
beforeAll(async () => {
  run = new TestRun({
    systems: [redis, own],
    workload: { ...workload, mix: { get: 3, set: 1 } },
    sweep: { clients: [1, 3] },
  });
  mkdirSync(run.temp);
  const { stdout, stderr } = await run.start();
  output = stdout + stderr;
  summary = summaryFormat.read(readFileSync(path.join(run.out, 'summary.json'), 'utf8'));
});
afterAll(() => rmSync(run.folder, { recursive: true, force: true }));

test('a trial is a start of one system at one point, and has measured with the clients of that', () => {
  const folders = run.trialFolders();
  const names = folders.map((folder) => path.basename(folder).replace(/^\d+-/, ''));
  expect(names.toSorted()).toEqual(['own-p1-t1', 'own-p2-t1', 'redis-p1-t1', 'redis-p2-t1']);
  for (const [index, { subject, at, status, reason, measurements }] of run.trials().entries()) {
    expect([status, reason]).toEqual(['ok', null]);
    expect(at.clients).toBe(names[index].includes('-p1-') ? 1 : 3);
    const file = path.join(folders[index], measurements[0].dir, 'result.json');
    const result = loadResultFormat.read(readFileSync(file, 'utf8'));
    expect(result.connections).toBe(at.clients);
    expect(result.pipeline).toBe(subject === 'own' ? 4 : 1);
    const [get, set] = ['get', 'set'].map(
      (name) => result.operations.find(({ operation }) => operation === name)!,
    );
    expect(get.requests).toBeGreaterThan(1.5 * set.requests);
    expect(get.hits + set.hits).toBe(get.requests + set.requests);
  }
});

test('its points say where they are, with which workload, and what they are compared with', () => {
  expect(summary.axes).toMatchObject([{ name: 'clients', values: [1, 3] }]);
  const mix = { operation: 'mix', rate_ops: null };
  expect(summary.points).toMatchObject([
    { system: 'redis', ...mix, at: { clients: 1 }, clients: 1, pipeline: 1, own_workload: [] },
    { system: 'redis', ...mix, at: { clients: 3 }, clients: 3, pipeline: 1, own_workload: [] },
    { system: 'own', ...mix, at: { clients: 1 }, clients: 1, pipeline: 4, own_workload: ['pipeline'] },
    { system: 'own', ...mix, at: { clients: 3 }, clients: 3, pipeline: 4, own_workload: ['pipeline'] },
  ]);
  for (const { latency_us } of summary.points) expect(latency_us!.p50).toBeGreaterThan(0);
});

test('what the run says of itself: its points, how long they take, what was asked of them', () => {
  expect(output).toMatch(/^4 trials of 2 systems at 2 points, about \d+ s$/m);
  expect(output).toMatch(/\[\d\/4\] redis at clients=3 {3}trial 1 {3}get p50 \S+ us {3}set p50 /);
  const { config, plan } = run.manifest();
  expect(plan.mix).toEqual({ get: 3, set: 1 });
  expect(config).toMatchObject({ sweep: { clients: [1, 3] } });
  expect(config.workload).not.toHaveProperty('clients');
});
