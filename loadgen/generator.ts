/**
 * The generator's data path: fills the key space if asked to, warms up, measures.
 *
 * A request's latency runs from just before its push to the return of the wait that handed out its reply, both
 * by the monotonic clock of this thread. Requests sent before the measured window opened are no samples.
 */
import { createLibos, type DataPathContext, nowNs } from '../libos/index.ts';
import { ClosedLoop, type LoopControl } from './closed-loop.ts';
import { LoadError } from './errors.ts';
import type { LoadOptions, LoadOutcome, OperationResult } from './options.ts';
import { describeLatencies, LatencyRecorder } from './recorder.ts';
import { type ReplyChecker, Verdict } from './reply-checker.ts';
import { FillRequests, RandomRequests } from './requests.ts';
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

/** Entry of the data path. Returns null when it was told to stop. Throws LoadError, LibosError. */
export function run(context: DataPathContext<GeneratorInput, null>): LoadOutcome | null {
  const { options, progress } = context.data;
  const { backend, backendOptions, wait } = options;
  const libos = createLibos({ backend, backendOptions, idle: wait === 'block' ? 'sleep' : 'poll' });
  try {
    const loop = new ClosedLoop(libos, options.target, options.replyTimeoutS);
    let populateS: number | null = null;
    if (options.populate) {
      const fill = new FillControl(context);
      const workload = new Workload({ ...options, operation: 'set' });
      const window = Math.floor(POPULATE_WINDOW_BYTES / workload.maxRequestBytes);
      loop.connect(1, Math.max(1, Math.min(POPULATE_PIPELINE, window)), workload);
      const startNs = nowNs();
      const source = new FillRequests(options.keys);
      loop.start(source);
      loop.run(source, fill);
      loop.close();
      populateS = (nowNs() - startNs) / 1e9;
    }
    progress[0] = CONNECT;
    const workload = new Workload(options);
    loop.connectIdle(options.idleConnections);
    loop.connect(options.connections, options.pipeline, workload);
    const source = new RandomRequests(workload);
    loop.start(source);
    const warmUp = new MeasureControl(context, WARM_UP, options.warmupS, null);
    loop.run(source, warmUp);
    const before = libos.pollCounts();
    const measure = new MeasureControl(context, MEASURE, options.durationS, options.requests);
    loop.run(source, measure);
    const after = libos.pollCounts();
    const idle_polls = (after.idlePolls - before.idlePolls) / (after.polls - before.polls);
    loop.close();
    return context.stopRequested()
      ? null
      : { ...measure.outcome(populateS), idle_polls, sample: 'round_trip' };
  } finally {
    libos.shutdown();
  }
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
  readonly recorder = new LatencyRecorder();
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
  #counted = 0;
  #lastNs = 0;

  constructor(
    context: DataPathContext<GeneratorInput, null>,
    phase: number,
    durationS: number | null,
    replies: number | null,
  ) {
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
      tally.recorder.record(receivedNs - sentNs);
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
    return nowNs >= this.#endNs || this.#counted === this.#replies || this.#context.stopRequested();
  }

  outcome(populate_s: number | null): Omit<LoadOutcome, 'idle_polls' | 'sample'> {
    const elapsed_s = (this.#lastNs - this.#startNs) / 1e9;
    const results = this.#tallies.map((tally, operation) => result(tally, operation, elapsed_s));
    return { elapsed_s, populate_s, operations: results.filter(({ requests }) => requests > 0) };
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
    ...describeLatencies(tally.recorder.histogram()),
  };
}
