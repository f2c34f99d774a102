/**
 * Writes run folders for the tests of `results`: input data in the shape that an experiment leaves behind,
 * with latencies chosen by the test.
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { build, encodeIntoCompressedBase64 } from 'hdr-histogram-js';
import {
  type Axis,
  type LoadResult,
  type Manifest,
  type MeasurementTarget,
  type PointAt,
  packSlices,
  pointsOf,
  type Role,
  type StagesFile,
  type SystemUnderTest,
  sameAt,
  type Trial,
  targetsOf,
  trialFolderName,
  trialsOf,
} from './formats/index.ts';
import { type SyntheticSlices, sentTimesNs, slicesFile } from './test-slices.ts';

/** What one measurement of one trial is to hold. */
export interface SyntheticMeasurement {
  /** Latencies in nanoseconds, one for each hit. */
  latencies_ns: number[];
  misses?: number;
  errors?: number;
  wrong?: number;
  stale?: number;
  torn?: number;
  first_error?: string;
  /** A measurement with stamps behind it: how each latency splits, as shares by the names of stages. */
  stages?: Record<string, number>;
  /** What the server says its command took, where it is not stamped. */
  server_command_us?: number;
  elapsed_s?: number;
  sample?: LoadResult['sample'];
  /** p50 of each tenth of the window. */
  slice_p50_ns?: number[];
  /** The window cut into slices, which hold all latencies. */
  slices?: SyntheticSlices;
  /** What was carried beside it. */
  bulk?: LoadResult['bulk'];
  /** Of the stamped measurement, where it was cut in another way. */
  stamped_slices?: SyntheticSlices;
}

/** A system or a floor. */
interface Subject {
  name: string;
}

export interface SyntheticRun {
  manifest: Manifest;
  /** Null leaves the trial out of the folder. */
  trial(subject: Subject, trial: number, at: PointAt): Partial<Trial> | null;
  /** Null makes the measurement a failed one. */
  measured(subject: Subject, target: MeasurementTarget, trial: number): SyntheticMeasurement | null;
}

const rolesByName = new Map<string, Role>([
  ['redis', 'unmodified'],
  ['kv-sockets', 'unmodified'],
  ['kv-epoll', 'libos_over_epoll'],
  ['kv-kernel', 'libos_over_kernel'],
  ['kv-rdma', 'bypass'],
  ['kv-dpdk', 'bypass'],
]);

/** So that a test need not say it of each system. */
export function roleOf(name: string): Role | null {
  return rolesByName.get(name) ?? null;
}

export function backendOf(name: string): string {
  return roleOf(name) === 'bypass' ? name.slice('kv-'.length) : 'kernel';
}

export function system(name: string, overrides: Partial<SystemUnderTest> = {}): SystemUnderTest {
  return {
    name,
    label: name,
    backend: backendOf(name),
    device: 'loopback',
    transport_note: null,
    workload: {},
    within: {},
    provenance: 'software_device',
    repeats: null,
    role: roleOf(name),
    group: '',
    checkout: null,
    redis_build: null,
    client: { idle: 'poll', backend: 'kernel' },
    server_cores: [0],
    client_cores: [1],
    place: null,
    distance_unknown: null,
    ...overrides,
  };
}

export function target(
  operation: MeasurementTarget['operation'],
  clients = 1,
  value_bytes = 64,
  overrides: Partial<MeasurementTarget> = {},
): MeasurementTarget {
  return { operation, at: {}, clients, value_bytes, pipeline: 1, rate_ops: null, ...overrides };
}

/** An axis of the workload, such as `axis('clients', [1, 2, 4])`. */
export function axis(name: string, values: Axis['values'], overrides: Partial<Axis> = {}): Axis {
  const scale = values.every((value) => typeof value === 'number') ? 'log' : 'category';
  return { name, path: `workload.${name}`, values, unit: null, scale, systems: null, ...overrides };
}

/** The same run at all points of a grid. Axes named as fields of a target set these. */
export function swept(whole: Manifest, axes: Axis[]): Manifest {
  const grid = axes.reduce<PointAt[]>(
    (points, { name, values, systems }) =>
      points.flatMap((at) => [
        ...(systems === null ? [] : [at]),
        ...values.map((value) => ({ ...at, [name]: value })),
      ]),
    [{}],
  );
  const measurements = grid.flatMap((at) =>
    whole.plan.measurements.map((target) => ({
      ...target,
      at,
      ...Object.fromEntries(Object.entries(at).filter(([name]) => Object.hasOwn(target, name))),
    })),
  );
  return { ...whole, plan: { ...whole.plan, axes, measurements } };
}

/** A finished run of three systems, five trials of SET and GET, all well. */
export function manifest(overrides: Partial<Manifest> = {}): Manifest {
  return {
    schema: 'bypassbench.manifest/5',
    experiment: 'redis-figure',
    title: 'Redis SET and GET latency',
    quick: false,
    command: ['bypassbench', 'run', 'experiments/redis-figure.yaml', '--out', 'runs/a'],
    started_at: '2026-01-02T03:04:05Z',
    finished_at: '2026-01-02T03:14:05Z',
    config: { name: 'redis-figure', trials: 5 },
    plan: {
      trials: 5,
      added_trials: 0,
      added_blocks: [],
      additions: [],
      distance: null,
      protocol: 'resp',
      variants: {},
      axes: [],
      left_out: null,
      figure: null,
      measurements: [target('set'), target('get')],
      mix: null,
      pipeline: 1,
      open_loop: null,
      trace: null,
      keys: 1_000_000,
      key_distribution: 'uniform',
      key_bytes: '16',
      seed: 1,
      warmup_s: 1,
      stages: null,
      duration_s: 5,
      requests: null,
      reference: 'hotos19',
    },
    machine: {
      cpu: 'AMD EPYC 7B13',
      cores: 2,
      governor: null,
      kernel: 'Linux 6.18.5 x86_64',
      os: 'Debian GNU/Linux 12 (bookworm)',
      virtual: true,
      hypervisor: 'KVM',
      memory_bytes: 8 * 2 ** 30,
      load_average_1m: 0.12,
      knobs: [
        { name: 'net.core.busy_poll', value: 'off', absent: null },
        { name: 'turbo', value: null, absent: 'this kernel sets no frequency' },
      ],
    },
    hosts: [],
    distances: [],
    versions: {
      node: 'v24.21.0',
      bypassbench: '0.1.0',
      koffi: '3.3.4',
      redis: 'Redis server v=7.0.15 sha=00000000:0 malloc=jemalloc-5.3.0 bits=64 build=e3a7f2',
    },
    git: { commit: '0123456789abcdef0123456789abcdef01234567', dirty: false },
    systems: [
      system('redis', { label: 'Redis' }),
      system('kv-sockets', { label: 'kvserver on sockets' }),
      system('kv-kernel', { label: 'kvserver on libOS, kernel' }),
    ],
    backends: [],
    floors: [],
    ...overrides,
  };
}

export function run(overrides: Partial<SyntheticRun> = {}): SyntheticRun {
  return {
    manifest: manifest(),
    trial: () => ({}),
    measured: () => ({ latencies_ns: Array.from({ length: 4000 }, (_, index) => 20_000 + index) }),
    ...overrides,
  };
}

/** Writes the run into a new folder, which is removed when the test ends, and returns its path. */
export async function writeRun(synthetic: SyntheticRun): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'bypassbench-results-'));
  // Loaded here: `npm run fuzz` writes runs too, and is no test.
  const { onTestFinished } = await import('vitest');
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  await writeRunInto(dir, synthetic);
  return dir;
}

export async function writeRunInto(dir: string, synthetic: SyntheticRun): Promise<void> {
  const { manifest } = synthetic;
  await mkdir(join(dir, 'trials'), { recursive: true });
  await writeJson(join(dir, 'manifest.json'), manifest);
  let order = 0;
  for (let trial = 1; trial <= manifest.plan.trials; trial++) {
    for (const subject of [...manifest.systems, ...manifest.floors]) {
      for (const at of pointsOf(targetsOf(manifest, subject.name))) {
        if (!trialsOf(manifest, subject.name, at).includes(trial)) continue;
        order += 1;
        const overrides = synthetic.trial(subject, trial, at);
        if (overrides)
          await writeTrial(dir, synthetic, { subject: subject.name, at, trial, order }, overrides);
      }
    }
  }
}

/** Path of a trial's folder inside the run folder, where there is no sweep. */
export function trialFolder(subject: string, trial: number, order: number): string {
  return `trials/${trialFolderName(subject, null, trial, order)}`;
}

function pointNumber({ plan }: Manifest, at: PointAt): number | null {
  return plan.axes.length === 0
    ? null
    : pointsOf(plan.measurements).findIndex((other) => sameAt(other, at)) + 1;
}

async function writeTrial(
  dir: string,
  synthetic: SyntheticRun,
  which: { subject: string; at: PointAt; trial: number; order: number },
  overrides: Partial<Trial>,
): Promise<void> {
  const { subject, at, trial, order } = which;
  const point = pointNumber(synthetic.manifest, at);
  const folder = join(dir, 'trials', trialFolderName(subject, point, trial, order));
  const measurements: Trial['measurements'] = [];
  for (const target of targetsOf(synthetic.manifest, subject)) {
    if (!sameAt(target.at, at)) continue;
    const { operation, clients, value_bytes } = target;
    const name = `${operation}-c${clients}`;
    const measured = synthetic.measured({ name: subject }, target, trial);
    measurements.push({
      operation,
      clients,
      value_bytes,
      status: measured ? 'ok' : 'failed',
      reason: measured ? null : 'the load generator exited with code 1',
      dir: name,
      elapsed_s: 6.1,
      interference: null,
      generators: null,
    });
    if (measured) {
      await writeLoadResult(join(folder, name), synthetic.manifest, target, measured);
      if (measured.slices) await writeSlices(join(folder, name), target, measured.slices);
      if (measured.stages) {
        const stamped = join(folder, name, 'stamped');
        await writeLoadResult(stamped, synthetic.manifest, target, measured);
        await writeStagesFile(stamped, measured, measured.stages);
        const slices = measured.stamped_slices ?? measured.slices;
        if (slices) await writeSlices(stamped, target, slices);
      }
    }
  }
  await mkdir(folder, { recursive: true });
  await writeJson(join(folder, 'trial.json'), {
    schema: 'bypassbench.trial/2',
    subject,
    at,
    trial,
    order,
    status: 'ok',
    reason: null,
    is_final: true,
    log_tail: null,
    started_at: '2026-01-02T03:04:06Z',
    elapsed_s: 12.5,
    server_command: ['redis-server', '--port', '0'],
    measurements,
    ...overrides,
  } satisfies Trial);
}

async function writeSlices(
  folder: string,
  { operation }: MeasurementTarget,
  slices: SyntheticSlices,
): Promise<void> {
  const file = slicesFile(slices, operation === 'set' ? 'set' : 'get');
  await writeFile(join(folder, 'slices.json.gz'), packSlices(file));
}

/** Every latency in the histogram is a stamped request. */
async function writeStagesFile(
  folder: string,
  { latencies_ns, server_command_us, slices }: SyntheticMeasurement,
  shares: Record<string, number>,
): Promise<void> {
  const file: StagesFile = {
    schema: 'bypassbench.stages/1',
    clocks: 'server_application' in shares ? 'one' : 'client only',
    joined: latencies_ns.length,
    incomplete: 1,
    inconsistent: 0,
    server_command_us: server_command_us ?? null,
    sent_ns: slices ? sentTimesNs(slices) : latencies_ns.map((_, index) => index * 1e5),
    latency_ns: latencies_ns,
    stages_ns: Object.fromEntries(
      Object.entries(shares).map(([name, share]) => [name, latencies_ns.map((ns) => ns * share)]),
    ),
    one_way: null,
  };
  await writeFile(join(folder, 'stages.json.gz'), gzipSync(JSON.stringify(file)));
}

async function writeLoadResult(
  folder: string,
  { plan }: Manifest,
  target: MeasurementTarget,
  measured: SyntheticMeasurement,
): Promise<void> {
  await mkdir(folder, { recursive: true });
  const histogram = build({ lowestDiscernibleValue: 1, numberOfSignificantValueDigits: 3 });
  for (const value of measured.latencies_ns) histogram.recordValue(value);
  const hits = histogram.totalCount;
  const { misses = 0, errors = 0, wrong = 0, stale = 0, torn = 0 } = measured;
  const { first_error, elapsed_s = 5, sample = 'round_trip' } = measured;
  const requests = hits + misses + errors + wrong + stale + torn;
  const operation = target.operation === 'mix' ? 'get' : target.operation;
  const at = (percentile: number): number => histogram.getValueAtPercentile(percentile);
  const result: LoadResult = {
    schema: 'bypassbench.load/2',
    target: '127.0.0.1:43211',
    backend: 'kernel',
    idle: 'poll',
    protocol: 'resp',
    connections: target.clients,
    idle_connections: 0,
    pipeline: target.pipeline,
    loop: target.rate_ops === null ? 'closed' : 'open',
    rate_ops: target.rate_ops,
    arrivals: target.rate_ops === null ? null : 'poisson',
    trace: null,
    keys: plan.keys,
    key_distribution: plan.key_distribution,
    zipf_exponent: null,
    hotspot: null,
    key_bytes: 16,
    key_sizes: null,
    commands: {},
    value_sizes: null,
    mix: null,
    value_bytes: target.value_bytes,
    seed: plan.seed,
    core: 1,
    warmup_s: plan.warmup_s,
    rehearsals_s: 0.3,
    elapsed_s,
    schedule_lag_us: null,
    own_lag_us: null,
    sent_late: null,
    threads: null,
    generator: null,
    unanswered: null,
    rates: null,
    cost: null,
    idle_polls: 0.5,
    busy_share: 0.2,
    counters: {},
    sample,
    versions: { node: 'v24.21.0' },
    bulk: measured.bulk ?? null,
    operations: [
      {
        operation,
        requests,
        hits,
        misses,
        errors,
        wrong,
        stale,
        torn,
        unanswered: 0,
        at_least_ns: null,
        throughput_ops: hits / elapsed_s,
        ...(first_error && { first_error }),
        service_time_ns: null,
        latency_ns: hits
          ? {
              min: at(0),
              p50: at(50),
              p90: at(90),
              p99: at(99),
              p999: at(99.9),
              max: at(100),
              mean: histogram.mean,
            }
          : null,
        slice_p50_ns: measured.slice_p50_ns ?? [],
        histogram: `${operation}.hdr`,
      },
    ],
  };
  await writeJson(join(folder, 'result.json'), result);
  await writeFile(join(folder, `${operation}.hdr`), `${encodeIntoCompressedBase64(histogram)}\n`);
}

async function writeJson(path: string, value: unknown): Promise<void> {
  await writeFile(path, `${JSON.stringify(value, null, 2)}\n`);
}

/** What so many streams carried, all of it right; the generator's own work took a tenth of the time. */
export function bulkResult(
  connections: number,
  bytes_per_s: number,
  elapsed_s: number,
  overrides: Partial<NonNullable<LoadResult['bulk']>> = {},
): NonNullable<LoadResult['bulk']> {
  const value_bytes = 1_048_576;
  const hits = Math.round((bytes_per_s * elapsed_s) / value_bytes);
  return {
    connections,
    value_bytes,
    request: 'get',
    bytes_per_s,
    elapsed_s,
    generator: { share: 0.1, longest_us: 50, mean_wait_us: 2 },
    replies: {
      operation: 'bulk',
      requests: hits,
      hits,
      misses: 0,
      errors: 0,
      wrong: 0,
      stale: 0,
      torn: 0,
      unanswered: 0,
      at_least_ns: null,
      throughput_ops: hits / elapsed_s,
      service_time_ns: null,
      latency_ns: null,
      slice_p50_ns: [],
      histogram: 'bulk.hdr',
    },
    ...overrides,
  };
}
