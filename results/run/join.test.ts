/** Several runs as one: what is compared, what is not, and what is not joined at all. */
import { cp, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { AxisScale, Manifest, Summary } from '../formats/index.ts';
import { summarize } from '../summary/summary.ts';
import { axis, manifest, run, swept, system, target, writeRun } from '../test-synthetic-run.ts';
import { writeReportInto } from '../write-report.ts';
import { joinedParts, joinRuns } from './join.ts';
import { type Run, readRun } from './run-folder.ts';

const p50_us: Record<string, number> = { redis: 30, 'kv-kernel': 12, 'kv-dpdk': 4 };

let runsWritten = 0;

/** `slow`: by how much everything took longer, as on another day. */
function written(
  names: string[],
  clients: number[],
  slow = 1,
  of: Partial<Manifest> = {},
  plan: Partial<Manifest['plan']> = {},
): Promise<string> {
  const whole = manifest();
  const started_at = new Date(Date.UTC(2026, 0, 2) + 60_000 * ++runsWritten).toISOString();
  return writeRun(
    run({
      manifest: swept(
        manifest({
          systems: names.map((name) => system(name)),
          plan: { ...whole.plan, trials: 3, measurements: [target('get')], ...plan },
          ...of,
        }),
        [axis('clients', clients)],
      ),
      measured: ({ name }, at, trial) => ({
        latencies_ns: Array(3000).fill(1000 * slow * (p50_us[name] ?? 1) * at.clients + 50 * trial),
      }),
      trial: () => ({ started_at }),
    }),
  );
}

async function joined(...dirs: Promise<string>[]): Promise<Summary> {
  const runs: Run[] = [];
  for (const dir of dirs) runs.push(await readRun(await dir));
  return summarize(joinRuns(runs as [Run, ...Run[]]));
}

test('systems and points are the union, and each is compared within its own run', async () => {
  const { points, additions, axes } = await joined(
    written(['redis', 'kv-kernel'], [1, 8]),
    written(['redis', 'kv-dpdk'], [4, 8], 2),
  );
  expect(axes.map(({ values }) => values)).toEqual([[1, 4, 8]]);
  expect(
    points.map(({ system: name, clients, trials, versus_first }) => [
      name,
      clients,
      trials,
      versus_first && Number(versus_first.ratio.toFixed(2)),
    ]),
  ).toEqual([
    ['redis', 1, 3, null],
    ['redis', 4, 3, null],
    ['redis', 8, 6, null],
    ['kv-kernel', 1, 3, 0.4],
    ['kv-kernel', 8, 3, 0.4],
    // Of a slower day: against Redis of the same day.
    ['kv-dpdk', 4, 3, 0.13],
    ['kv-dpdk', 8, 3, 0.13],
  ]);
  expect(points.every(({ verdicts }) => verdicts.p50.state === 'valid')).toBe(true);
  expect(additions).toMatchObject([{ first_trial: 4, anchor: 'redis' }]);
});

test('without a system that both runs have nothing of one is compared with the other', async () => {
  const { points, additions } = await joined(written(['redis'], [1]), written(['kv-dpdk'], [1]));
  expect(points.map(({ versus_first }) => versus_first)).toEqual([null, null]);
  expect(additions[0].anchor).toBeNull();
});

const unlike: { what: string; other: () => Promise<string> }[] = [
  { what: 'their keys differ', other: () => written(['redis'], [1], 1, {}, { keys: 10 }) },
  {
    what: 'they measure other operations',
    other: () => written(['redis'], [1], 1, {}, { measurements: [target('set')] }),
  },
  {
    what: 'the workloads differ at clients=1',
    other: () => written(['redis'], [1], 1, {}, { measurements: [target('get', 1, 1024)] }),
  },
  {
    what: 'redis is another system in each, by its device',
    other: () => written([], [1], 1, { systems: [system('redis', { device: 'eth0' })] }),
  },
];

test.each(unlike)('not joined: $what', async ({ what, other }) => {
  await expect(joined(written(['redis'], [1]), other())).rejects.toMatchObject({
    code: 'RUNS_NOT_JOINED',
    message: expect.stringContaining(what),
  });
});

test('a run is not joined with itself, or with its copy', async () => {
  const dir = await written(['redis'], [1]);
  const copy = await mkdtemp(join(tmpdir(), 'bypassbench-joined-'));
  onTestFinished(() => rm(copy, { recursive: true, force: true }));
  await cp(dir, copy, { recursive: true });
  for (const same of [dir, copy]) {
    await expect(
      joined(written(['redis'], [1]), Promise.resolve(dir), Promise.resolve(same)),
    ).rejects.toMatchObject({
      code: 'RUNS_NOT_JOINED',
      message: expect.stringMatching(
        /both hold the trial of redis that started at 2026-01-02T00:\d\d.*once$/,
      ),
    });
  }
});

test('a report of joined runs in a folder of its own leads to the files of each', async () => {
  const dirs = [await written(['redis', 'kv-kernel'], [1]), await written(['redis', 'kv-dpdk'], [1])];
  const into = await mkdtemp(join(tmpdir(), 'bypassbench-joined-'));
  onTestFinished(() => rm(into, { recursive: true, force: true }));
  const out = join(into, 'report');
  const { files } = await writeReportInto(out, dirs, { reference: true });
  expect(files).toContain('report.html');
  const page = await readFile(join(out, 'report.html'), 'utf8');
  const links = [...page.matchAll(/href="(\.\/[^"]*(?:manifest|trial)\.json)"/g)].map(([, link]) => link);
  expect(links.filter((link) => link?.endsWith('manifest.json'))).toHaveLength(2);
  expect(links.length).toBe(2 + 2 * 2 * 3);
  for (const link of links) expect((await readFile(join(out, link))).length).toBeGreaterThan(0);
  expect(page).toContain('<h2>Runs</h2>');
  expect(page).toContain('redis was measured again with it');
});

test.each<[number[], AxisScale, number[], AxisScale, AxisScale]>([
  [[1, 2], 'linear', [4, 8], 'linear', 'log'],
  [[1, 2, 3, 4], 'log', [5, 6], 'linear', 'log'],
  [[1, 64], 'linear', [32, 96], 'linear', 'linear'],
])('the scale of %j (%s) and %j (%s) together is %s', (few, scaleOfFew, others, scaleOfOthers, scale) => {
  const manifests = [
    swept(manifest(), [axis('clients', few, { scale: scaleOfFew })]),
    swept(manifest(), [axis('clients', others, { scale: scaleOfOthers })]),
  ];
  const values = [...few, ...others].toSorted((a, b) => a - b);
  expect(joinedParts(manifests).swept.axes).toMatchObject([{ values, scale }]);
});
