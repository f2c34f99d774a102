/**
 * redis-benchmark as the load generator of an experiment. It runs several times, each run a slice of the measured
 * window: before each of them and behind the last one nothing is in flight, and the distance of the cores is read. The
 * time of a slice is what redis-benchmark itself says of it, so that its start counts for nothing.
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Slice } from '../../results/formats/index.ts';
import { LoadError } from '../errors.ts';
import { monotonicNs } from '../floor/distance-path.ts';
import { DistanceReader } from '../floor/distance-reader.ts';
import type { LoadOutcome } from '../measurement/options.ts';
import { reapedS } from '../measurement/process-usage.ts';
import { LatencyRecorder, resultOfRightReplies } from '../measurement/recorder.ts';
import { type BenchmarkRun, readRun } from './redis-benchmark-output.ts';

const execute = promisify(execFile);

export interface MeterOptions {
  host: string;
  port: number;
  operation: 'get' | 'set';
  connections: number;
  pipeline: number;
  /** Keys are drawn uniformly among so many. */
  keys: number;
  valueBytes: number;
  warmupS: number;
  durationS: number;
  core: number | null;
  serverCore: number | null;
}

export interface MeterOutcome extends LoadOutcome {
  versions: Record<string, string>;
}

/** Length of a run: 50 connections are opened in a hundredth of it. */
const RUN_S = 0.5;
/** Requests of the first run, which only finds how many fit into RUN_S; in whole windows. */
const FIRST_WINDOWS = 100;

/** Null when `stop` aborted it. Throws METER_FAILED. */
export async function measureWithRedisBenchmark(
  options: MeterOptions,
  stop: AbortSignal,
): Promise<MeterOutcome | null> {
  const version = await run(['--version'], stop);
  const { core, serverCore } = options;
  const cores = core === null || serverCore === null ? null : { client: core, server: serverCore };
  const reader = cores && (await DistanceReader.start([cores.server, cores.client]));
  try {
    const requests = await warmUp(options, stop);
    const recorder = new LatencyRecorder();
    const busyBeforeS = reapedS();
    const slices = await measureSlices(options, requests, { reader, recorder, stop });
    const busyS = reapedS() - busyBeforeS;
    const unknown = {
      helper: null,
      unknown: 'the cores of server and load generator were not named',
      probes: [],
    };
    const distance = reader?.distance ?? unknown;
    return {
      ...outcomeOf(options.operation, recorder, slices, busyS),
      slices: { cores, ...distance, early_ns: 0, slices, delayed: 0 },
      versions: { 'redis-benchmark': version.replace(/^redis-benchmark /, '').trim() },
    };
  } catch (error) {
    if (stop.aborted) return null;
    throw error;
  } finally {
    await reader?.close();
  }
}

/** How many requests fit into a run. */
async function warmUp(options: MeterOptions, stop: AbortSignal): Promise<number> {
  const { connections, pipeline, warmupS } = options;
  const window = connections * pipeline;
  let requests = FIRST_WINDOWS * window;
  let warmedS = 0;
  do {
    const { requestsPerSecond } = await runTest(options, requests, stop);
    warmedS += requests / requestsPerSecond;
    requests = Math.max(1, Math.round((requestsPerSecond * RUN_S) / window)) * window;
  } while (warmedS < warmupS);
  return requests;
}

interface Window {
  reader: DistanceReader | null;
  recorder: LatencyRecorder;
  stop: AbortSignal;
}

async function measureSlices(
  options: MeterOptions,
  requests: number,
  { reader, recorder, stop }: Window,
): Promise<Slice[]> {
  const { operation, durationS } = options;
  const ofSlice = new LatencyRecorder();
  const slices: Slice[] = [];
  let elapsedNs = 0;
  await reader?.read();
  do {
    const test = await runTest(options, requests, stop);
    const end_ns = monotonicNs();
    const start_ns = end_ns - Math.round((1e9 * test.requests) / test.requestsPerSecond);
    for (const { ns, count } of test.latencies) {
      for (let i = 0; i < count; i++) ofSlice.record(ns);
    }
    const early = { requests: 0, values_ns: [], counts: [] };
    const late = { requests: test.requests, ...ofSlice.moveTo(recorder) };
    slices.push({ start_ns, end_ns, operations: [{ operation, received: test.requests, early, late }] });
    elapsedNs += end_ns - start_ns;
    await reader?.read();
  } while (elapsedNs < durationS * 1e9);
  return slices;
}

async function runTest(
  { host, port, operation, connections, pipeline, keys, valueBytes, core }: MeterOptions,
  requests: number,
  stop: AbortSignal,
): Promise<BenchmarkRun> {
  const flags = {
    h: host,
    p: port,
    c: connections,
    P: pipeline,
    r: keys,
    d: valueBytes,
    n: requests,
    t: operation,
  };
  const words = Object.entries(flags).flatMap(([flag, value]) => [`-${flag}`, String(value)]);
  return readRun(await run(words, stop, core));
}

/** What it prints. It ends with this process. */
async function run(words: string[], stop: AbortSignal, core: number | null = null): Promise<string> {
  const pinned = core === null ? [] : ['taskset', '--cpu-list', String(core)];
  try {
    const argv = ['--pdeathsig', 'KILL', ...pinned, 'redis-benchmark', ...words];
    return (await execute('setpriv', argv, { signal: stop, maxBuffer: 64 * 1024 * 1024 })).stdout;
  } catch (error) {
    const { stderr, message } = error as Error & { stderr?: string };
    const why = stderr?.trim().split('\n').at(-1) || message.trim().split('\n').at(-1);
    throw new LoadError('METER_FAILED', `redis-benchmark failed: ${why} (the package redis-tools has it)`);
  }
}

function outcomeOf(
  operation: MeterOptions['operation'],
  recorder: LatencyRecorder,
  slices: readonly Slice[],
  busyS: number,
): Omit<LoadOutcome, 'slices'> {
  const histogram = recorder.histogram();
  const requests = histogram.totalCount;
  const elapsed_s = slices.reduce((sum, { start_ns, end_ns }) => sum + end_ns - start_ns, 0) / 1e9;
  const throughput_ops = requests / elapsed_s;
  return {
    rehearsals_s: null,
    elapsed_s,
    populate_s: null,
    bulk: null,
    sample: 'round_trip',
    idle_polls: null,
    // It sleeps whenever it has nothing to do: what it ran, its start included, it was busy.
    busy_share: Math.min(1, busyS / elapsed_s),
    counters: {},
    rates: {
      window_s: elapsed_s,
      offered_ops: null,
      achieved_ops: throughput_ops,
      completed_ops: throughput_ops,
      misses_ops: 0,
      errors_ops: 0,
      wrong_ops: 0,
      stale_ops: 0,
      torn_ops: 0,
    },
    cost: null,
    // It waits for all replies, and ends at the first error.
    unanswered: 0,
    schedule_lag_us: null,
    own_lag_us: null,
    sent_late: null,
    threads: null,
    generator: null,
    mergeable: {},
    pauses: null,
    stamps: null,
    operations: [resultOfRightReplies(operation, histogram, throughput_ops)],
  };
}
