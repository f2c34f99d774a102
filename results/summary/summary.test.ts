/** summary.json from whole run folders: the numbers of a point and every reason to doubt it. */
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type Manifest, type Point, pointName, type Summary } from '../formats/index.ts';
import { writeReport } from '../index.ts';
import { readRun } from '../run/run-folder.ts';
import { doubts } from '../sentences/doubts.ts';
import {
  axis,
  manifest,
  run,
  type SyntheticRun,
  swept,
  system,
  target,
  trialFolder,
  writeRun,
} from '../test-synthetic-run.ts';
import { type State, stateOf } from './doubt.ts';
import { summarize } from './summary.ts';

const enough = Array.from({ length: 6000 }, () => 20_000);

/** A run of one system and one measurement, planned for `trials`. */
function single(trials: number, overrides: Partial<Manifest> = {}): Manifest {
  const whole = manifest();
  return {
    ...whole,
    systems: [system('redis')],
    plan: { ...whole.plan, trials, measurements: [target('get')] },
    ...overrides,
  };
}

async function summaryOf(synthetic: Partial<SyntheticRun>): Promise<Summary> {
  return summarize(await readRun(await writeRun(run(synthetic))));
}

async function pointOf(synthetic: Partial<SyntheticRun>): Promise<Point> {
  const { points } = await summaryOf(synthetic);
  expect(points).toHaveLength(1);
  return points[0];
}

test('a point for each system and measurement, in the order of the manifest', async () => {
  const { points, ...head } = await summaryOf({});
  expect(head).toEqual({
    schema: 'bypassbench.summary/4',
    distance: null,
    repeats: [],
    splits: [],
    polling_splits: [],
    reference: expect.objectContaining({ name: "HotOS'19, 25 Gb/s ConnectX-4" }),
    experiment: 'redis-figure',
    title: 'Redis SET and GET latency',
    quick: false,
    finished: true,
    additions: [],
    axes: [],
    missing: [],
    pipeline: 1,
    open_loop: null,
    floors: [],
  });
  expect(points.map((point) => `${point.system} ${point.operation}`)).toEqual([
    'redis set',
    'redis get',
    'kv-sockets set',
    'kv-sockets get',
    'kv-kernel set',
    'kv-kernel get',
  ]);
  expect(new Set(points.map((point) => stateOf(point)))).toEqual(new Set(['valid']));
});

test('trials are merged by count: a long trial weighs more than a short one', async () => {
  const point = await pointOf({
    manifest: single(2),
    measured: (_system, _target, trial) =>
      trial === 1
        ? { latencies_ns: Array(9000).fill(1000), elapsed_s: 9 }
        : { latencies_ns: Array(1000).fill(2000), elapsed_s: 2 },
  });
  expect(point.latency_us).toEqual({
    ...{ min: 1, p50: 1, p90: 1, p95: 2, p99: 2, p999: 2, p9999: 2 },
    ...{ max: 2, mean: 1.1 },
  });
  expect(point.trial_p50_us).toEqual([
    { trial: 1, p50_us: 1 },
    { trial: 2, p50_us: 2 },
  ]);
  expect(point.trial_p99_us).toEqual([
    { trial: 1, p99_us: 1 },
    { trial: 2, p99_us: 2 },
  ]);
  expect(point.trial_throughput_ops).toEqual([
    { trial: 1, throughput_ops: 1000 },
    { trial: 2, throughput_ops: 500 },
  ]);
  expect(point.p50_interval_us).toEqual({ low: 1, high: 2, confidence: 0.5 });
  expect(point.samples).toBe(10_000);
  expect(point.throughput_ops).toBe(Math.round(10_000 / 11));
});

test('five trials give the range of their p50 with its true confidence', async () => {
  const p50_ns = [1010, 1040, 1000, 1030, 1020];
  const point = await pointOf({
    manifest: single(5),
    measured: (_system, _target, trial) => ({ latencies_ns: Array(2000).fill(p50_ns[trial - 1]) }),
  });
  expect(point.p50_interval_us).toEqual({ low: 1, high: 1.04, confidence: 0.9375 });
  expect(point.latency_us?.p50).toBe(1.02);
  expect(stateOf(point)).toBe('valid');
});

test('the merged p50 stays inside its interval where ranks alone would leave it out', async () => {
  // Ten trials: ranks 2 and 9 leave out the slowest, which alone holds most of the samples.
  const point = await pointOf({
    manifest: single(10),
    measured: (_system, _target, trial) => ({
      latencies_ns: Array(trial === 10 ? 20_000 : 500).fill(trial * 100),
    }),
  });
  expect(point.latency_us?.p50).toBe(1);
  expect(point.p50_interval_us).toMatchObject({ low: 0.2, high: 1 });
});

test('a system whose every trial failed still has its points', async () => {
  const { points } = await summaryOf({
    trial: ({ name }) =>
      name === 'kv-kernel'
        ? { status: 'failed', reason: 'the server never got ready', measurements: [] }
        : {},
  });
  expect(points.find((point) => point.system === 'kv-kernel' && point.operation === 'set')).toMatchObject({
    latency_us: null,
    p50_interval_us: null,
    throughput_ops: null,
    samples: 0,
    trials: 0,
    trials_planned: 5,
    verdicts: {
      p50: {
        state: 'invalid',
        reasons: [
          'Trials 1, 2, 3, 4 and 5 failed: the server never got ready.',
          'No trial gave a latency sample.',
        ],
      },
    },
  });
  expect(stateOf(points.find((point) => point.system === 'redis')!)).toBe('valid');
});

test('a mix is one point over all its requests', async () => {
  const point = await pointOf({
    manifest: single(2, { plan: { ...single(2).plan, measurements: [target('mix')] } }),
    measured: () => ({ latencies_ns: enough }),
  });
  expect(point).toMatchObject({ operation: 'mix', samples: 12_000 });
  expect(stateOf(point)).toBe('valid');
});

const good = { latencies_ns: enough };
const unfinished = { finished_at: null };

/** Of a point without stages. */
const ALL = ['p50', 'p99', 'p999', 'throughput'];

test.each<{ reason: string; state: State; about: string[]; synthetic: Partial<SyntheticRun> }>([
  {
    reason: 'Trial 2 failed: the server died with SIGSEGV.',
    state: 'invalid',
    about: ALL,
    synthetic: {
      trial: (_system, trial) =>
        trial === 2 ? { status: 'failed', reason: 'the server died with SIGSEGV' } : {},
    },
  },
  {
    reason: 'Trial 2 failed: no reason was recorded.',
    state: 'invalid',
    about: ALL,
    synthetic: { trial: (_system, trial) => (trial === 2 ? { status: 'failed' } : {}) },
  },
  {
    reason: 'Trials 1 and 3 failed in this measurement: the load generator exited with code 1.',
    state: 'invalid',
    about: ALL,
    synthetic: {
      measured: (_system, _target, trial) => (trial === 2 ? { latencies_ns: [...enough, ...enough] } : null),
    },
  },
  {
    reason: 'Trial 3 ended without this measurement.',
    state: 'invalid',
    about: ALL,
    synthetic: { trial: (_system, trial) => (trial === 3 ? { measurements: [] } : {}) },
  },
  {
    reason: 'Trial 1 measured no request.',
    state: 'invalid',
    about: ALL,
    synthetic: { measured: (_system, _target, trial) => (trial === 1 ? { latencies_ns: [] } : good) },
  },
  {
    reason: 'Trial 3: missing from the run folder, although the run finished.',
    state: 'invalid',
    about: ALL,
    synthetic: { trial: (_system, trial) => (trial === 3 ? null : {}) },
  },
  {
    reason: '2 of 18002 replies were a wrong value.',
    state: 'invalid',
    about: ALL,
    synthetic: { measured: (_system, _target, trial) => (trial === 1 ? { ...good, wrong: 2 } : good) },
  },
  {
    reason: '2 of 18002 replies were a value that had been overwritten before it was asked for.',
    state: 'invalid',
    about: ALL,
    synthetic: { measured: (_system, _target, trial) => (trial === 1 ? { ...good, stale: 2 } : good) },
  },
  {
    reason: '1 of 18001 replies were a value of which a part is of one write and a part of another.',
    state: 'invalid',
    about: ALL,
    synthetic: { measured: (_system, _target, trial) => (trial === 1 ? { ...good, torn: 1 } : good) },
  },
  {
    reason: '3 of 18009 replies were an error: OOM command not allowed.',
    state: 'invalid',
    about: ALL,
    synthetic: {
      measured: (_system, _target, trial) => ({
        ...good,
        misses: 2,
        errors: trial === 2 ? 3 : 0,
        first_error: 'OOM command not allowed',
      }),
    },
  },
  {
    reason: '6 of 18006 replies missed a key that was there.',
    state: 'invalid',
    about: ALL,
    synthetic: { measured: () => ({ ...good, misses: 2 }) },
  },
  {
    reason: 'No trial gave a latency sample.',
    state: 'invalid',
    about: ALL,
    synthetic: { measured: () => ({ latencies_ns: [], misses: 100 }) },
  },
  {
    reason: 'Only 2 of 3 trials ran: the run did not finish.',
    state: 'suspect',
    about: ALL,
    synthetic: { manifest: single(3, unfinished), trial: (_system, trial) => (trial === 3 ? null : {}) },
  },
  {
    reason: '9,999 samples are too few for the p99.9, which wants 10,000: run longer or more trials.',
    state: 'suspect',
    about: ['p999'],
    synthetic: { measured: () => ({ latencies_ns: Array(3333).fill(20_000) }) },
  },
  {
    reason: '999 samples are too few for the p99, which wants 1,000: run longer or more trials.',
    state: 'suspect',
    about: ['p99'],
    synthetic: { measured: () => ({ latencies_ns: Array(333).fill(20_000) }) },
  },
  {
    reason: '18 samples are too few for the p50, which wants 20: run longer or more trials.',
    state: 'suspect',
    about: ['p50'],
    synthetic: { measured: () => ({ latencies_ns: Array(6).fill(20_000) }) },
  },
  {
    reason: 'Only one trial gave samples, so the spread between trials is unknown.',
    state: 'suspect',
    about: ALL,
    synthetic: { manifest: single(1), measured: () => ({ latencies_ns: Array(10_000).fill(20_000) }) },
  },
])('$state, $about: $reason', async ({ reason, state, about, synthetic }) => {
  const { verdicts } = await pointOf({ manifest: single(3), measured: () => good, ...synthetic });
  const doubted = Object.entries(verdicts).filter(([, verdict]) => verdict?.reasons.includes(reason));
  expect(doubted.map(([statistic]) => statistic)).toEqual(about);
  for (const [, verdict] of doubted) expect(verdict?.state).toBe(state);
});

test('the same three trials without a fault are valid, and exactly 10,000 samples suffice', async () => {
  const valid = { state: 'valid', reasons: [] };
  expect((await pointOf({ manifest: single(3), measured: () => good })).verdicts).toEqual({
    p50: valid,
    p99: valid,
    p999: valid,
    throughput: valid,
    stages: null,
  });
  const justEnough = await pointOf({
    manifest: single(2),
    measured: () => ({ latencies_ns: Array(5000).fill(20_000) }),
  });
  expect(stateOf(justEnough)).toBe('valid');
});

test('a trial that was cut off, without trial.json, is a missing one', async () => {
  const dir = await writeRun(run({ manifest: single(3, unfinished), measured: () => good }));
  await rm(join(dir, trialFolder('redis', 3, 3), 'trial.json'));
  const [point] = summarize(await readRun(dir)).points;
  expect(point).toMatchObject({ trials: 2, verdicts: { p50: { state: 'suspect' } } });
});

test('equal doubts about the operations of a system are said once', async () => {
  const { points } = await summaryOf({
    trial: ({ name }, trial) => (name === 'redis' && trial === 1 ? { status: 'failed', reason: 'hung' } : {}),
  });
  expect(doubts(points)).toEqual([
    {
      system: 'redis',
      label: 'Redis',
      targets: 'SET and GET',
      about: 'all statistics',
      state: 'invalid',
      reasons: ['Trial 1 failed: hung.'],
    },
  ]);
});

const frames = { name: 'frames', label: 'raw frames', systems: ['redis'], cores: [0, 1] };

test('floors have points of their own, with verdicts of their own', async () => {
  const { points, floors } = await summaryOf({
    manifest: single(3, { floors: [frames, { ...frames, name: 'other' }] }),
    trial: ({ name }, trial) => (name === 'other' && trial === 2 ? { status: 'failed', reason: 'hung' } : {}),
    measured: ({ name }) => ({ latencies_ns: Array(5000).fill(name === 'redis' ? 2000 : 900) }),
  });
  expect(points).toHaveLength(1);
  expect(points[0]).toMatchObject({ system: 'redis', latency_us: { p50: 2 } });
  expect(stateOf(points[0])).toBe('valid');
  expect(floors).toMatchObject([
    {
      name: 'frames',
      label: 'raw frames',
      systems: ['redis'],
      operation: 'get',
      clients: 1,
      value_bytes: 64,
      latency_us: { p50: 0.9 },
      p50_interval_us: { low: 0.9, high: 0.9, confidence: 0.75 },
      samples: 15_000,
      trials: 3,
      verdicts: { p50: { state: 'valid', reasons: [] }, stages: null },
    },
    { name: 'other', verdicts: { p50: { state: 'invalid', reasons: ['Trial 2 failed: hung.'] } } },
  ]);
});

test('a few means of runs are enough for a floor, which has no throughput then', async () => {
  const { points, floors } = await summaryOf({
    manifest: single(3, { floors: [frames] }),
    measured: ({ name }) =>
      name === 'redis' ? good : { latencies_ns: Array(4).fill(1500), sample: 'run_mean' },
  });
  expect(points[0].sample).toBe('round_trip');
  expect(stateOf(points[0])).toBe('valid');
  expect(floors).toMatchObject([
    {
      sample: 'run_mean',
      samples: 12,
      trial_p99_us: [],
      trial_throughput_ops: [],
      throughput_ops: null,
      latency_us: { p50: 1.5 },
      verdicts: {
        p50: { state: 'valid', reasons: [] },
        p99: null,
        p999: null,
        throughput: null,
        stages: null,
      },
    },
  ]);
});

test('a result from before there were means is of round trips', async () => {
  const dir = await writeRun(run({ manifest: single(3), measured: () => good }));
  const file = join(dir, trialFolder('redis', 1, 1), 'get-c1', 'result.json');
  const { sample: _none, ...before } = JSON.parse(await readFile(file, 'utf8'));
  await writeFile(file, JSON.stringify(before));
  expect(summarize(await readRun(dir)).points[0].sample).toBe('round_trip');
});

test('a manifest from before there were floors has none', async () => {
  const dir = await writeRun(run({ manifest: single(3), measured: () => good }));
  const { floors: _none, ...before } = single(3);
  await writeFile(join(dir, 'manifest.json'), JSON.stringify(before));
  expect(summarize(await readRun(dir)).floors).toEqual([]);
});

test('the file that a run leaves reads back as what was summarized', async () => {
  const dir = await writeRun(run({ manifest: single(2), measured: () => good }));
  const { summary } = await writeReport(dir, { reference: true });
  expect(JSON.parse(await readFile(join(dir, 'summary.json'), 'utf8'))).toEqual(summary);
});

test('systems are compared with the first of their group; published values stand at the first of each role', async () => {
  const whole = single(3);
  const systems = [
    system('redis'),
    system('kv-sockets'),
    system('echo', { group: 'echo' }),
    system('kv-new', { role: 'bypass', backend: 'dpdk' }),
    system('echo-libos', { group: 'echo', role: 'libos_over_kernel' }),
  ];
  const { points } = await summaryOf({
    manifest: { ...whole, systems },
    measured: ({ name }) => ({ latencies_ns: Array(4000).fill(name.startsWith('echo') ? 5000 : 20_000) }),
  });
  expect(
    points.map(({ system: name, versus_first, published_us }) => [
      name,
      versus_first?.ratio ?? null,
      published_us,
    ]),
  ).toEqual([
    ['redis', null, 32.2],
    ['kv-sockets', 1, null],
    ['kv-new', 1, 10.6],
    ['echo', null, null],
    ['echo-libos', 1, 23.4],
  ]);
});

test('a run beside no published values has none, and one beside unknown ones is refused', async () => {
  const whole = single(3);
  const of = (reference: string | null) =>
    summaryOf({ manifest: { ...whole, plan: { ...whole.plan, reference } } });
  expect(await of(null)).toMatchObject({ reference: null, points: [{ published_us: null }] });
  await expect(of('constructor')).rejects.toMatchObject({ code: 'REFERENCE_UNKNOWN' });
});

const planOf = manifest().plan;
const otherWorkloads: { of: string; plan: Partial<Manifest['plan']> }[] = [
  { of: 'other clients', plan: { measurements: [target('get', 8)] } },
  { of: 'another value size', plan: { measurements: [target('get', 1, 1024)] } },
  { of: 'another pipeline', plan: { measurements: [target('get', 1, 64, { pipeline: 16 })] } },
  { of: 'an open loop', plan: { measurements: [target('get', 1, 64, { rate_ops: 5000 })] } },
];

test.each(otherWorkloads)('nothing was published of points with $of', async ({ plan }) => {
  const measured: SyntheticRun['measured'] = () => ({ latencies_ns: [20_000] });
  const { points, reference } = await summaryOf({
    manifest: manifest({ plan: { ...planOf, trials: 1, measurements: [target('get')], ...plan } }),
    measured,
  });
  expect(points.map(({ published_us }) => published_us)).toEqual([null, null, null]);
  expect(reference!.rounded_shares).toBeNull();
});

test('a sweep has a point for each place in it, set beside the first system at the same place', async () => {
  const mtu = axis('mtu', [1500, 9000], { path: 'systems.kv-dpdk.options.mtu', systems: ['kv-dpdk'] });
  const systems = [system('redis'), system('kv-kernel', { workload: { pipeline: 16 } }), system('kv-dpdk')];
  const { points, axes } = await summaryOf({
    manifest: swept(single(3, { systems }), [axis('clients', [1, 8]), mtu]),
    measured: ({ name }, { at, clients }) => ({
      latencies_ns: [clients * (name === 'redis' ? 40_000 : at.mtu === 9000 ? 10_000 : 20_000)],
    }),
    trial: (_subject, trial, at) => ({ started_at: `2026-01-0${trial}T03:04:0${at.clients}Z` }),
  });
  expect(axes.map(({ name }) => name)).toEqual(['clients', 'mtu']);
  const p50 = ({ latency_us }: Point) => Math.round(latency_us!.p50);
  expect(points.map((point) => [point.system, pointName(point.at), p50(point)])).toEqual([
    ['redis', 'clients=1', 40],
    ['redis', 'clients=8', 320],
    ['kv-kernel', 'clients=1', 20],
    ['kv-kernel', 'clients=8', 160],
    ['kv-dpdk', 'clients=1 mtu=1500', 20],
    ['kv-dpdk', 'clients=1 mtu=9000', 10],
    ['kv-dpdk', 'clients=8 mtu=1500', 160],
    ['kv-dpdk', 'clients=8 mtu=9000', 80],
  ]);
  const ratios = points.map(({ versus_first }) => versus_first && Number(versus_first.ratio.toFixed(2)));
  expect(ratios).toEqual([null, null, 0.5, 0.5, 0.5, 0.25, 0.5, 0.25]);
  expect(points[2]).toMatchObject({ pipeline: 16, own_workload: ['pipeline'] });
  expect(points[1]).toMatchObject({ pipeline: 1, own_workload: [], clients: 8, trials: 3 });
  expect(points[1].measured_at).toBe('2026-01-01T03:04:08Z');
});
