/**
 * The generator's data path: fills the key space if asked to, warms up, measures.
 *
 * In a closed loop a request's latency runs from just before its push to the return of the wait that handed out its
 * reply, both by the monotonic clock of this thread. Requests sent before the measured window opened are no samples.
 * What an open loop counts is told in open-measurement.ts.
 */
import { createLibos, type DataPathContext, type Libos, nowNs } from '../libos/index.ts';
import { ClosedLoop, type LoopControl } from './closed-loop.ts';
import { Connections } from './connections.ts';
import { LoadError } from './errors.ts';
import { measureOpenLoop } from './open-measurement.ts';
import type { LoadOptions, LoadOutcome } from './options.ts';
import { CONNECT, MEASURE, POPULATE, WARM_UP } from './phases.ts';
import { type ReplyChecker, Verdict } from './reply-checker.ts';
import { FillRequests, RandomRequests, type RequestSource } from './requests.ts';
import { Tally } from './tally.ts';
import { Workload } from './workload.ts';

export interface GeneratorInput {
  options: LoadOptions;
  /** Shared with the main thread: [phase, done in it, its total]. */
  progress: Float64Array;
}

const POPULATE_PIPELINE = 128;
const POPULATE_WINDOW_BYTES = 1024 * 1024;

/** Entry of the data path. Returns null when it was told to stop. Throws LoadError, LibosError. */
export function run(context: DataPathContext<GeneratorInput, null>): LoadOutcome | null {
  const { options, progress } = context.data;
  const { backend, backendOptions, wait } = options;
  const libos = createLibos({ backend, backendOptions, idle: wait === 'block' ? 'sleep' : 'poll' });
  try {
    const connections = new Connections(libos, options.target, options.replyTimeoutS);
    const populate_s = options.populate ? populate(context, connections) : null;
    progress[0] = CONNECT;
    const workload = new Workload(options);
    connections.openIdle(options.idleConnections);
    connections.open(options.connections, options.pipeline, workload);
    const source = new RandomRequests(workload);
    const measure = options.rateOps === null ? measureClosedLoop : measureOpenLoop;
    const measured = measure(context, libos, connections, source);
    connections.close();
    if (context.stopRequested()) return null;
    if (measured.operations.length === 0) throw noReplies(measured.elapsed_s, options.rateOps);
    return { ...measured, populate_s, sample: 'round_trip' };
  } finally {
    libos.shutdown();
  }
}

/** Sets every key. Returns how long that took, in seconds. Throws POPULATE_FAILED. */
function populate(context: DataPathContext<GeneratorInput, null>, connections: Connections): number {
  const { options } = context.data;
  const workload = new Workload({ ...options, operation: 'set' });
  const window = Math.floor(POPULATE_WINDOW_BYTES / workload.maxRequestBytes);
  connections.open(1, Math.max(1, Math.min(POPULATE_PIPELINE, window)), workload);
  const loop = new ClosedLoop(connections);
  const startNs = nowNs();
  const source = new FillRequests(options.keys);
  loop.start(source);
  loop.run(source, new FillControl(context));
  connections.close();
  return (nowNs() - startNs) / 1e9;
}

function measureClosedLoop(
  context: DataPathContext<GeneratorInput, null>,
  libos: Libos,
  connections: Connections,
  source: RequestSource,
): Omit<LoadOutcome, 'populate_s' | 'sample'> {
  const { options } = context.data;
  const loop = new ClosedLoop(connections);
  loop.start(source);
  loop.run(source, new MeasureControl(context, WARM_UP, options.warmupS, null));
  const before = libos.pollCounts();
  const measure = new MeasureControl(context, MEASURE, options.durationS, options.requests);
  loop.run(source, measure);
  const after = libos.pollCounts();
  const idle_polls = (after.idlePolls - before.idlePolls) / (after.polls - before.polls);
  return { ...measure.outcome(), idle_polls, schedule: null };
}

/** A result without a reply says nothing, and no reader takes it. */
function noReplies(elapsedS: number, rateOps: number | null): LoadError {
  const window = `the measured window of ${Number(elapsedS.toPrecision(3))} s`;
  const lower = rateOps === null ? '' : ', a lower --rate';
  const remedy = `give a longer --duration-s${lower}, or see why the server takes so long`;
  return new LoadError('NO_REPLIES', `no reply came to a request of ${window}: ${remedy}`);
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
    this.#tallies[operation].count(verdict, receivedNs - sentNs, checker);
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

  outcome(): Pick<LoadOutcome, 'elapsed_s' | 'operations'> {
    const elapsed_s = (this.#lastNs - this.#startNs) / 1e9;
    const results = this.#tallies.map((tally, operation) => tally.result(operation, elapsed_s));
    return { elapsed_s, operations: results.filter(({ requests }) => requests > 0) };
  }
}
