/**
 * The generator's data path: fills the key space if asked to, warms up, measures.
 *
 * A request's latency runs from just before its push to the return of the wait that handed out its reply, both
 * by the monotonic clock of this thread. Requests sent before the measured window opened are no samples.
 */
import type { Histogram } from 'hdr-histogram-js';
import { createLibos, type DataPathContext, type Libos, nowNs, PauseLog, StampRing } from '../libos/index.ts';
import { ClosedLoop, type LoopControl } from './closed-loop.ts';
import { LoadError } from './errors.ts';
import type { LoadOptions, LoadOutcome, LoadPauses, OperationResult } from './options.ts';
import { describeLatencies, LatencyRecorder } from './recorder.ts';
import { type ReplyChecker, Verdict } from './reply-checker.ts';
import { RequestStamps } from './request-stamps.ts';
import { FillRequests, RandomRequests } from './requests.ts';
import { SLOW_PERCENTILE, SlowRequests } from './slow-requests.ts';
import { operationNames, Workload } from './workload.ts';

export interface GeneratorInput {
  options: LoadOptions;
  /** Shared with the main thread: [phase, done in it, its total]. */
  progress: Float64Array;
}

export const phaseNames = ['connect', 'populate', 'warm-up', 'measure'] as const;
const [CONNECT, POPULATE, WARM_UP, MEASURE] = phaseNames.keys();

const POPULATE_PIPELINE = 128;
const POPULATE_WINDOW_BYTES = 1024 * 1024;
const NO_LATENCY_IS_SLOW = Number.POSITIVE_INFINITY;
/** Parts of the measured window whose medians are told, so that a drift shows. */
const SLICES = 10;

/** Entry of the data path. Resolves to null when it was told to stop. Throws LoadError, LibosError. */
export async function run(context: DataPathContext<GeneratorInput, null>): Promise<LoadOutcome | null> {
  const { options } = context.data;
  const { backend, backendOptions, wait } = options;
  const stamps = options.stampsEvery > 0 ? StampRing.create(null) : null;
  const pauses = new PauseLog();
  const idle = wait === 'block' ? 'sleep' : 'poll';
  const libos = createLibos({ backend, backendOptions, idle, stamps, pauses });
  try {
    const loop = new ClosedLoop(libos, options.target, options.replyTimeoutS, pauses);
    const populate_s = options.populate ? populate(loop, context) : null;
    const measured = measure(loop, libos, context, stamps, pauses);
    loop.close();
    if (context.stopRequested()) return null;
    const { window, slow_requests, ...outcome } = measured;
    const found = await pauses.finish();
    return { ...outcome, populate_s, sample: 'round_trip', pauses: { ...found, window, slow_requests } };
  } finally {
    libos.shutdown();
  }
}

/** Fills the key space. Returns how long that took, in seconds. */
function populate(loop: ClosedLoop, context: DataPathContext<GeneratorInput, null>): number {
  const { options } = context.data;
  const workload = new Workload({ ...options, operation: 'set' });
  const window = Math.floor(POPULATE_WINDOW_BYTES / workload.maxRequestBytes);
  loop.connect(1, Math.max(1, Math.min(POPULATE_PIPELINE, window)), workload, null);
  const startNs = nowNs();
  const source = new FillRequests(options.keys);
  loop.start(source);
  loop.run(source, new FillControl(context));
  loop.close();
  return (nowNs() - startNs) / 1e9;
}

/** Warms up, and measures. */
function measure(
  loop: ClosedLoop,
  libos: Libos,
  context: DataPathContext<GeneratorInput, null>,
  ring: StampRing | null,
  pauses: PauseLog,
): Omit<LoadOutcome, 'populate_s' | 'sample' | 'pauses'> & Pick<LoadPauses, 'window' | 'slow_requests'> {
  const { options, progress } = context.data;
  const monotonicNs = (ns: number) => pauses.monotonicNs(ns);
  const notes = ring === null ? null : new RequestStamps(ring, monotonicNs);
  const serverRing = options.serverStamps === null ? null : StampRing.open(options.serverStamps);
  progress[0] = CONNECT;
  const workload = new Workload(options);
  loop.connectIdle(options.idleConnections);
  loop.connect(options.connections, options.pipeline, workload, notes);
  const source = new RandomRequests(workload);
  loop.start(source);
  const warmUp = new MeasureControl(context, WARM_UP, options.warmupS, null, NO_LATENCY_IS_SLOW);
  loop.run(source, warmUp);
  const before = libos.pollCounts();
  if (notes !== null) notes.active = true;
  serverRing?.recordEvery(options.stampsEvery);
  ring?.recordEvery(options.stampsEvery);
  const control = new MeasureControl(context, MEASURE, options.durationS, options.requests, warmUp.slowNs());
  loop.run(source, control);
  ring?.recordEvery(0);
  serverRing?.recordEvery(0);
  const after = libos.pollCounts();
  ring?.noteClocks();
  return {
    ...control.outcome(),
    idle_polls: (after.idlePolls - before.idlePolls) / (after.polls - before.polls),
    window: control.window(monotonicNs),
    slow_requests: control.slow.result(monotonicNs),
    stamps: ring === null ? null : { client: ring.snapshot(), server: serverRing?.snapshot() ?? null },
  };
}

/** Fills the key space; ends with the last key's reply. */
class FillControl implements LoopControl {
  readonly #context: DataPathContext<GeneratorInput, null>;
  readonly #keys: number;
  #filled = 0;

  constructor(context: DataPathContext<GeneratorInput, null>) {
    this.#context = context;
    this.#keys = context.data.options.keys;
  }

  reply(
    _operation: number,
    verdict: Verdict,
    _sentNs: number,
    _receivedNs: number,
    checker: ReplyChecker,
  ): void {
    if (verdict !== Verdict.Right) {
      const answer = verdict === Verdict.Failed ? `'${checker.errorText}'` : 'something other than OK';
      throw new LoadError(
        'POPULATE_FAILED',
        `the server answered ${answer} to SET number ${this.#filled + 1}`,
      );
    }
    this.#filled++;
  }

  finished(): boolean {
    const { progress } = this.#context.data;
    progress[0] = POPULATE;
    progress[1] = this.#filled;
    progress[2] = this.#keys;
    return this.#filled === this.#keys || this.#context.stopRequested();
  }
}

/** What was counted of one operation in the measured window. */
class Tally {
  /** Of each slice of the window. */
  readonly recorders = Array.from({ length: SLICES }, () => new LatencyRecorder());
  hits = 0;
  misses = 0;
  errors = 0;
  wrong = 0;
  firstError: string | undefined;
}

/** A window of time, or of a number of replies, in which replies are counted. */
class MeasureControl implements LoopControl {
  readonly #context: DataPathContext<GeneratorInput, null>;
  readonly #phase: number;
  readonly #startNs = nowNs();
  readonly #endNs: number;
  readonly #replies: number;
  readonly #tallies = [new Tally(), new Tally()];
  readonly slow: SlowRequests;
  #slice = 0;
  #counted = 0;
  #lastNs = 0;

  constructor(
    context: DataPathContext<GeneratorInput, null>,
    phase: number,
    durationS: number | null,
    replies: number | null,
    slowNs: number,
  ) {
    this.slow = new SlowRequests(slowNs);
    this.#context = context;
    this.#phase = phase;
    this.#endNs = durationS === null ? Number.POSITIVE_INFINITY : this.#startNs + durationS * 1e9;
    this.#replies = replies ?? Number.POSITIVE_INFINITY;
  }

  reply(
    operation: number,
    verdict: Verdict,
    sentNs: number,
    receivedNs: number,
    checker: ReplyChecker,
  ): void {
    if (sentNs < this.#startNs || this.#counted === this.#replies) return;
    this.#counted++;
    const tally = this.#tallies[operation];
    if (verdict === Verdict.Right) {
      tally.hits++;
      const latencyNs = receivedNs - sentNs;
      tally.recorders[this.#slice].record(latencyNs);
      if (latencyNs >= this.slow.thresholdNs) this.slow.add(sentNs, latencyNs);
    } else if (verdict === Verdict.Miss) {
      tally.misses++;
    } else if (verdict === Verdict.Failed) {
      tally.errors++;
      tally.firstError ??= checker.errorText;
    } else {
      tally.wrong++;
    }
  }

  finished(nowNs: number): boolean {
    const { progress } = this.#context.data;
    const byTime = this.#replies === Number.POSITIVE_INFINITY;
    progress[0] = this.#phase;
    progress[1] = byTime ? nowNs - this.#startNs : this.#counted;
    progress[2] = byTime ? this.#endNs - this.#startNs : this.#replies;
    this.#lastNs = nowNs;
    this.#slice = Math.min(SLICES - 1, Math.floor((SLICES * progress[1]) / progress[2])) || 0;
    return nowNs >= this.#endNs || this.#counted === this.#replies || this.#context.stopRequested();
  }

  /** The latency from which on a request is one of the slowest, going by what was measured so far. */
  slowNs(): number {
    const all = merged(this.#tallies.flatMap((tally) => tally.recorders));
    return all.totalCount === 0 ? 0 : all.getValueAtPercentile(SLOW_PERCENTILE);
  }

  window(monotonicNs: (nowNs: number) => number): LoadPauses['window'] {
    return { start_ns: monotonicNs(this.#startNs), end_ns: monotonicNs(this.#lastNs) };
  }

  outcome(): Pick<LoadOutcome, 'elapsed_s' | 'operations'> {
    const elapsed_s = (this.#lastNs - this.#startNs) / 1e9;
    const results = this.#tallies.map((tally, operation) => result(tally, operation, elapsed_s));
    return { elapsed_s, operations: results.filter(({ requests }) => requests > 0) };
  }
}

function result(tally: Tally, operation: number, elapsedS: number): OperationResult {
  const { hits, misses, errors, wrong } = tally;
  const requests = hits + misses + errors + wrong;
  return {
    operation: operationNames[operation],
    requests,
    hits,
    misses,
    errors,
    wrong,
    throughput_ops: requests / elapsedS,
    ...(tally.firstError === undefined ? {} : { first_error: tally.firstError }),
    ...describeLatencies(merged(tally.recorders)),
    slice_p50_ns: tally.recorders.map((recorder) => medianNs(recorder.histogram())),
  };
}

function merged(recorders: LatencyRecorder[]): Histogram {
  const [all, ...others] = recorders.map((recorder) => recorder.histogram());
  for (const other of others) all.add(other);
  return all;
}

function medianNs(histogram: Histogram): number | null {
  return histogram.totalCount === 0 ? null : histogram.getValueAtPercentile(50);
}
