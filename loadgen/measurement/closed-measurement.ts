/**
 * The closed loop's warm-up and measured window.
 *
 * A request's latency starts just before its push and ends when the wait returns that handed out its reply,
 * by the monotonic clock of this thread. A slice of the window (slices.ts) ends with the replies to all that was
 * sent in it: a request is a sample however late its reply comes.
 */
import { type DataPathContext, nowNs } from '../../libos/index.ts';
import type { Connections } from '../connections/connections.ts';
import { RECEIVED, type ReplyRecord, ReplyStatus, SENT } from '../connections/reply.ts';
import { ClosedLoop, type LoopControl } from '../loops/closed-loop.ts';
import type { RequestSource } from '../workload/requests.ts';
import type { GeneratorInput, LoopOutcome, Measuring } from './measuring.ts';
import type { LoadOutcome, LoadPauses } from './options.ts';
import { MEASURE, WARM_UP } from './phases.ts';
import { SLICE_NS, Slices, type SlicesContent } from './slices.ts';
import { REPORTED_PERCENTILE, SLOW_PERCENTILE, SlowRequests } from './slow-requests.ts';
import { latencyNsAt, Tally } from './tally.ts';

/**
 * A slice begins with as many requests at once as may be outstanding, and ends without refilling. It is so long that
 * these are few among its requests.
 */
const WINDOWS_PER_SLICE = 100;

/** Throws CONNECTION_LOST, REPLY_TIMEOUT, NOT_RESP. */
export function measureClosedLoop(measuring: Measuring): LoopOutcome {
  const { context, connections, source, window, pauses, distance } = measuring;
  const { warmupS, durationS, requests, connections: count, pipeline } = context.data.options;
  const loop = new ClosedLoop(connections);
  // All of it is one slice; its readings are for the code to be compiled.
  const warmUp = new ClosedWindow(measuring, {
    phase: WARM_UP,
    durationS: warmupS,
    replies: null,
    slowNs: Number.POSITIVE_INFINITY,
    sliceNs: Number.POSITIVE_INFINITY,
  });
  distance.read();
  warmUp.measure(loop, source);
  distance.startOver();
  const window_ns = WINDOWS_PER_SLICE * count * pipeline * warmUp.nsPerReply;
  const control = new ClosedWindow(measuring, {
    phase: MEASURE,
    durationS,
    replies: requests,
    slowNs: warmUp.latencyNsAt(SLOW_PERCENTILE),
    sliceNs: Math.max(SLICE_NS, window_ns),
  });
  distance.read();
  window.open();
  control.measure(loop, source);
  window.close();
  const monotonicNs = (ns: number) => pauses.monotonicNs(ns);
  return {
    ...control.outcome(),
    schedule: null,
    window: control.window(monotonicNs),
    slow_requests: control.slow.result(control.latencyNsAt(REPORTED_PERCENTILE), monotonicNs),
  };
}

interface WindowOptions {
  phase: number;
  /** The window ends after this time or this many replies; exactly one is set. */
  durationS: number | null;
  replies: number | null;
  /** From which latency on a request is kept as a slow one. */
  slowNs: number;
  sliceNs: number;
}

/** Counts the replies of a window, which ends after a time or after a number of replies. */
class ClosedWindow implements LoopControl {
  readonly slow: SlowRequests;
  readonly #context: DataPathContext<GeneratorInput, null>;
  readonly #connections: Connections;
  readonly #measuring: Measuring;
  readonly #phase: number;
  readonly #durationNs: number;
  readonly #replies: number;
  readonly #tallies = [new Tally(), new Tally()];
  readonly #slices: Slices;
  /** When the window began and when it was last looked at, in ns by this thread's clock. */
  readonly #times = new Float64Array(2);
  #drains = false;
  #counted = 0;

  constructor(measuring: Measuring, { phase, durationS, replies, slowNs, sliceNs }: WindowOptions) {
    this.slow = new SlowRequests(slowNs);
    this.#measuring = measuring;
    this.#context = measuring.context;
    this.#connections = measuring.connections;
    this.#phase = phase;
    this.#durationNs = durationS === null ? Number.POSITIVE_INFINITY : durationS * 1e9;
    this.#replies = replies ?? Number.POSITIVE_INFINITY;
    this.#slices = new Slices(this.#tallies, measuring.distance, measuring.pauses, sliceNs);
  }

  /** Slice by slice: sends, waits for what is outstanding, stands still for a reading. One was taken before. */
  measure(loop: ClosedLoop, source: RequestSource): void {
    this.#times[0] = nowNs();
    do {
      this.#slices.begin(nowNs());
      this.#drains = false;
      loop.start(source);
      loop.run(source, this);
      this.#drains = true;
      loop.run(null, this);
      const lastNs = this.#times[1];
      this.#slices.end(lastNs, this.#done(lastNs));
      this.#measuring.distance.read();
    } while (!this.#isOver(this.#times[1]));
  }

  reply(reply: ReplyRecord): void {
    const { operation, status, timesNs } = reply;
    if (this.#counted === this.#replies) return;
    this.#counted++;
    const sentNs = timesNs[SENT];
    const latencyNs = timesNs[RECEIVED] - sentNs;
    this.#tallies[operation].count(reply, this.#slices.isEarly(sentNs), latencyNs);
    if (status === ReplyStatus.Right && latencyNs >= this.slow.thresholdNs) this.slow.add(sentNs, latencyNs);
  }

  finished(nowNs: number): boolean {
    this.#times[1] = nowNs;
    if (this.#drains) return this.#connections.outstanding === 0 || this.#context.stopRequested();
    const { progress } = this.#context.data;
    const byTime = this.#replies === Number.POSITIVE_INFINITY;
    progress[0] = this.#phase;
    progress[1] = byTime ? this.#slices.measuredNs(nowNs) : this.#counted;
    progress[2] = byTime ? this.#durationNs : this.#replies;
    return this.#slices.isOver(nowNs) || this.#isOver(nowNs);
  }

  /** Mean, over the window so far; 0 without a reply. */
  get nsPerReply(): number {
    return this.#counted === 0 ? 0 : this.#slices.elapsedNs / this.#counted;
  }

  /** Of the latencies so far; 0 without any. */
  latencyNsAt(percentile: number): number {
    return latencyNsAt(this.#tallies, percentile);
  }

  window(monotonicNs: (nowNs: number) => number): LoadPauses['window'] {
    return { start_ns: monotonicNs(this.#times[0]), end_ns: monotonicNs(this.#times[1]) };
  }

  outcome(): Pick<LoadOutcome, 'elapsed_s' | 'operations'> & { slices: SlicesContent } {
    const elapsed_s = this.#slices.elapsedNs / 1e9;
    const results = this.#tallies.map((tally, operation) => tally.result(operation, elapsed_s));
    return {
      elapsed_s,
      operations: results.filter(({ requests }) => requests > 0),
      slices: this.#slices.content(0),
    };
  }

  #isOver(nowNs: number): boolean {
    return (
      this.#counted === this.#replies ||
      this.#slices.measuredNs(nowNs) >= this.#durationNs ||
      this.#context.stopRequested()
    );
  }

  /** The share of the window that is over. */
  #done(nowNs: number): number {
    const byTime = this.#replies === Number.POSITIVE_INFINITY;
    return byTime ? this.#slices.measuredNs(nowNs) / this.#durationNs : this.#counted / this.#replies;
  }
}
