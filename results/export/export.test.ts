/** What is exported of a run: the same rows in every format, each read back by a reader of its own. */
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { HistogramLogReader, listTags } from 'hdr-histogram-js';
import { parquetReadObjects } from 'hyparquet';
import { beforeAll, expect, test } from 'vitest';
import type { Summary } from '../formats/index.ts';
import { mergeHistograms } from '../run/histogram.ts';
import { type Run, readRun } from '../run/run-folder.ts';
import { summarize } from '../summary/summary.ts';
import { point } from '../summary/test-summary.ts';
import { sliced } from '../test-slices.ts';
import {
  axis,
  bulkResult,
  manifest,
  run,
  swept,
  system,
  target,
  writeRun,
  writeRunInto,
} from '../test-synthetic-run.ts';
import { columns, columnsOf, type ExportRow } from './columns.ts';
import { histogramLog } from './hlog.ts';
import { exportRows } from './rows.ts';
import { statisticNames, statisticsOfPoint } from './statistics.ts';
import { csvTable, jsonTable, parquetTable } from './tables.ts';

const label = 'Redis, "unmodified" #1 {100 %} \\x\n';
let exported: Run;
let summary: Summary;
let rows: ExportRow[];

/** Three systems, one of them measured twice, and a floor; the second trial of Redis failed. */
beforeAll(async () => {
  const whole = manifest();
  const dir = await mkdtemp(join(tmpdir(), 'bypassbench-export-'));
  await writeRunInto(
    dir,
    run({
      manifest: {
        ...whole,
        plan: { ...whole.plan, trials: 3, measurements: [target('get')] },
        systems: [
          system('redis', { label }),
          system('kv-kernel'),
          system('kv-kernel-again', { repeats: 'kv-kernel' }),
        ],
        floors: [{ name: 'frames', label: 'raw frames', systems: ['kv-kernel'], cores: [0, 1] }],
      },
      measured: ({ name }, _target, trial) =>
        sliced([110, 112, 111, 110], { latencyOf: () => (name === 'redis' ? 30_000 : 10_000) + 100 * trial }),
      trial: ({ name }, trial) =>
        name === 'redis' && trial === 2 ? { status: 'failed', reason: 'hung, "really"' } : {},
    }),
  );
  exported = await readRun(dir);
  await rm(dir, { recursive: true });
  summary = summarize(exported);
  rows = exportRows(exported);
});

const names = columns.map(({ name }) => name);
const of = (wanted: ExportRow): ExportRow[] =>
  rows.filter((row) => Object.entries(wanted).every(([name, value]) => row[name] === value));

test('a row for each point and statistic, and for each of its trials, with every column', () => {
  expect(rows.every((row) => Object.keys(row).toSorted().join() === names.toSorted().join())).toBe(true);
  expect(names.every((name) => /^[a-z][a-z0-9_]*$/.test(name))).toBe(true);
  const kinds = of({ level: 'point', statistic: 'p50' }).map(({ kind, system }) => `${kind} ${system}`);
  expect(kinds).toEqual(['system redis', 'system kv-kernel', 'repeat kv-kernel-again', 'floor frames']);
  // A run that knows no rates and no cost has none, and one without bulk nothing of that.
  const known = statisticNames
    .slice(0, statisticNames.indexOf('offered'))
    .filter((name) => name !== 'bulk_bandwidth');
  expect(of({ level: 'point', system: 'kv-kernel' }).map(({ statistic }) => statistic)).toEqual(known);
  expect(of({ level: 'trial', system: 'kv-kernel', statistic: 'p99.99' }).map(({ trial }) => trial)).toEqual([
    1, 2, 3,
  ]);
});

test('a point has what the summary says of it, its distance and its date', () => {
  const [, kernel] = summary.points;
  const [p50] = of({ level: 'point', system: 'kv-kernel', statistic: 'p50' });
  expect(p50).toMatchObject({
    value: kernel!.latency_us!.p50,
    ...kernel!.p50_interval_us,
    unit: 'us',
    verdict: kernel!.verdicts.p50.state,
    samples: kernel!.samples,
    distance_low_ns: 110,
    distance_high_ns: 112,
    distance_share: 1,
    measured_at: '2026-01-02T03:04:06Z',
    clients: 1,
    loop: 'closed',
  });
  const [ratio] = of({ level: 'point', system: 'kv-kernel', statistic: 'p50_over_first' });
  expect(ratio!.value).toBe(kernel!.versus_first!.ratio);
  const [p9999] = of({ level: 'point', system: 'kv-kernel', statistic: 'p99.99' });
  expect(p9999).toMatchObject({
    verdict: 'suspect',
    reasons: expect.stringContaining('too few for the p99.99'),
  });
});

test('rates and costs are exported as far as they are known', () => {
  const side = {
    ...{ user_s: 2, system_s: 1, vain_s: null, voluntary_switches: 5, involuntary_switches: 6 },
    ...{ cycles: 7, instructions: null, cache_misses: null },
  };
  const cost = { replies: 1000, server: side, client: null, joules: 3, unknown: [] };
  const rates = {
    ...{ offered_ops: 10, achieved_ops: 9, completed_ops: 8 },
    ...{ misses_ops: 0, errors_ops: 1, wrong_ops: 0, stale_ops: 2, torn_ops: 3 },
  };
  const found = statisticsOfPoint(point('redis', [30], { cost, rates }), []);
  const values = found.map(({ statistic, value, unit }) => [statistic, value, unit]);
  expect(values.slice(values.findIndex(([name]) => name === 'offered'))).toEqual([
    ['offered', 10, 'ops/s'],
    ['completed', 8, 'ops/s'],
    ['misses', 0, 'ops/s'],
    ['errors', 1, 'ops/s'],
    ['wrong', 0, 'ops/s'],
    ['stale', 2, 'ops/s'],
    ['torn', 3, 'ops/s'],
    ['server_core_s', 3, 'core-s/M'],
    ['server_user_s', 2, 'core-s/M'],
    ['server_system_s', 1, 'core-s/M'],
    ['server_voluntary_switches', 5, '1/M'],
    ['server_involuntary_switches', 6, '1/M'],
    ['server_cycles', 7, '1/M'],
    ['joules', 3, 'J/M'],
  ]);
});

test('bulk has a bandwidth of the point and of each trial, and its streams and sizes are of the workload', async () => {
  const dir = await writeRun(
    run({
      manifest: manifest({
        plan: { ...manifest().plan, trials: 2, measurements: [target('get')] },
        systems: [system('redis'), system('kv-dpdk')],
      }),
      measured: ({ name }, _target, trial) => ({
        latencies_ns: [1000],
        stale: name === 'redis' ? 3 : 0,
        torn: name === 'redis' ? trial : 0,
        ...(name === 'redis' && { bulk: bulkResult(2, trial * 5e8, 1, { request: 'set' }) }),
      }),
    }),
  );
  const found = exportRows(await readRun(dir));
  const bandwidths = found.filter(({ statistic }) => statistic === 'bulk_bandwidth');
  expect(
    bandwidths.map(({ level, system, trial, value, unit }) => [level, system, trial, value, unit]),
  ).toEqual([
    ['point', 'redis', null, 6, 'Gbit/s'],
    ['trial', 'redis', 1, 4, 'Gbit/s'],
    ['trial', 'redis', 2, 8, 'Gbit/s'],
  ]);
  const [ofRedis, ofKv] = ['redis', 'kv-dpdk'].map((name) =>
    found.find(({ system, level, statistic }) => system === name && level === 'point' && statistic === 'p50'),
  );
  expect(ofRedis).toMatchObject({
    ...{ bulk_streams: 2, bulk_value_bytes: 1_048_576, bulk_operation: 'set', stale: 6, torn: 3 },
  });
  expect(ofKv).toMatchObject({
    ...{ bulk_streams: null, bulk_value_bytes: null, bulk_operation: null, stale: 0, torn: 0 },
  });
});

test('a failed trial says so, and why', () => {
  const failed = of({ level: 'trial', system: 'redis', trial: 2 });
  expect(failed.every(({ status, reasons }) => status === 'failed' && reasons === 'hung, "really"')).toBe(
    true,
  );
  expect(failed.length).toBeGreaterThan(0);
});

test('CSV needs no quotes: what would need them, and what TeX obeys, is replaced', () => {
  const [head, ...lines] = csvTable(columns, rows).trimEnd().split('\n');
  expect(head!.split(',')).toEqual(names.filter((name) => name !== 'reasons'));
  expect(lines).toHaveLength(rows.length);
  expect(new Set(lines.map((line) => line.split(',').length))).toEqual(new Set([names.length - 1]));
  expect(lines.join('')).not.toMatch(/["#%{}\\]/);
  const cells = lines[0].split(',');
  const at = (name: string): string => cells[head!.split(',').indexOf(name)]!;
  expect([at('label'), at('quick'), at('trial')]).toEqual(["Redis; 'unmodified' 1 100 x", 'FALSE', '']);
  expect(at('value')).toBe(String(rows[0].value));
});

test('JSON and Parquet have the rows as they are', async () => {
  const json = JSON.parse(jsonTable(columns, rows));
  expect(json).toEqual(rows);
  const { buffer } = parquetTable(columns, rows);
  const read = await parquetReadObjects({ file: buffer as ArrayBuffer });
  const numbers = read.map((row) =>
    Object.fromEntries(
      Object.entries(row).map(([name, value]) => [name, typeof value === 'bigint' ? Number(value) : value]),
    ),
  );
  expect(numbers).toEqual(json);
});

test("HdrHistogram's log holds each trial's histogram, in order of time, by its tag", () => {
  const log = histogramLog([{ run: exported, summary }]);
  expect(listTags(log)).toContain('kv-kernel/GET/t3');
  const reader = new HistogramLogReader(log, 64);
  const read = [];
  for (let next = reader.nextIntervalHistogram(); next; next = reader.nextIntervalHistogram()) {
    read.push({
      tag: next.tag,
      start: next.startTimeStampMsec,
      histogram: mergeHistograms([next]),
    });
  }
  expect(read.map(({ start }) => start)).toEqual(read.map(({ start }) => start).toSorted((a, b) => a - b));
  expect(read[0].start).toBe(Date.parse('2026-01-02T03:04:06Z'));
  const merged = mergeHistograms(
    read.filter(({ tag }) => tag?.startsWith('kv-kernel/')).map(({ histogram }) => histogram),
  );
  const { samples, latency_us } = summary.points[1];
  expect(merged.totalCount).toBe(samples);
  expect(merged.getValueAtPercentile(50) / 1000).toBe(latency_us!.p50);
});

test('each axis of a sweep has a column, empty for systems that have it not', async () => {
  const dir = await writeRun(
    run({
      manifest: swept(
        manifest({
          plan: { ...manifest().plan, trials: 2, measurements: [target('get')] },
          systems: [system('redis'), system('kv-dpdk', { workload: { pipeline: 4 } })],
        }),
        [axis('clients', [1, 8]), axis('DPDK mtu', [1500, 9000], { unit: 'bytes', systems: ['kv-dpdk'] })],
      ),
    }),
  );
  const sweep = await readRun(dir);
  const ofSweep = columnsOf(sweep.manifest.plan.axes);
  const at = ofSweep.filter(({ name }) => name.startsWith('at_'));
  expect(at.map(({ name, kind, unit }) => [name, kind, unit])).toEqual([
    ['at_clients', 'number', ''],
    ['at_dpdk_mtu', 'number', 'bytes'],
  ]);
  const p50 = exportRows(sweep).filter(({ level, statistic }) => level === 'point' && statistic === 'p50');
  expect(
    p50.map((row) => [
      row.system,
      row.at_clients,
      row.at_dpdk_mtu,
      row.clients,
      row.pipeline,
      row.own_workload,
    ]),
  ).toEqual([
    ['redis', 1, undefined, 1, 1, null],
    ['redis', 8, undefined, 8, 1, null],
    ['kv-dpdk', 1, 1500, 1, 4, 'pipeline'],
    ['kv-dpdk', 1, 9000, 1, 4, 'pipeline'],
    ['kv-dpdk', 8, 1500, 8, 4, 'pipeline'],
    ['kv-dpdk', 8, 9000, 8, 4, 'pipeline'],
  ]);
  const line = csvTable(ofSweep, p50).split('\n')[1];
  expect(line.split(',')[ofSweep.findIndex(({ name }) => name === 'at_dpdk_mtu')]).toBe('');
});

test('docs/export.md has the columns and statistics', () => {
  const text = readFileSync(join(import.meta.dirname, '../../docs/export.md'), 'utf8');
  const documented = [...text.matchAll(/^\| `([\w.]+)` \| (.*) \|$/gm)].map(([, ...cells]) =>
    cells.join(' | '),
  );
  const ofColumns = documented.slice(0, columns.length);
  expect(ofColumns).toEqual(columns.map(({ name, unit, about }) => `${name} | ${unit || '–'} | ${about}`));
  expect(documented.slice(columns.length).map((row) => row.split(' | ')[0])).toEqual(statisticNames);
});
