/**
 * The closed loop's warm-up and measured window.
 *
 * A request's latency starts just before its push and ends when the wait returns that handed out its reply,
 * by the monotonic clock of this thread. A slice of the window (slices.ts) ends with the replies to all that was
 * sent in it, unless one of them takes long: then the next begins without a reading, so that the other connections
 * need not stand still for it. The window ends with the last reply: a request is a sample however late that comes. What
 * has none within the reply timeout is given up and counted.
 */
import { type DataPathContext, nowNs } from '../../libos/index.ts';
import type { Connections } from '../connections/connections.ts';
import { RECEIVED, type ReplyRecord, ReplyStatus, SENT } from '../connections/reply.ts';
import { ClosedLoop, type LoopControl } from '../loops/closed-loop.ts';
import { BulkTally } from './bulk-tally.ts';
import { rehearse } from './compilation.ts';
import type { GeneratorInput, LoopOutcome, Measuring } from './measuring.ts';
import type { LoadOutcome, LoadPauses } from './options.ts';
import { MEASURE, WARM_UP } from './phases.ts';
import { ReceivedReplies } from './rates.ts';
import { SLICE_NS, Slices, type SlicesContent } from './slices.ts';
import { REPORTED_PERCENTILE, SLOW_PERCENTILE, SlowRequests } from './slow-requests.ts';
import type { StartGate } from './start-gate.ts';
import { latencyNsAt, newTallies, type Tally } from './tally.ts';

/**
 * A slice begins with as many requests at once as may be outstanding, and ends without refilling. It is so long that
 * these are few among its requests.
 */
const WINDOWS_PER_SLICE = 100;
/** It has slices and readings, as the window has. */
const REHEARSAL_S = 0.16;
/**
 * Between the last practice of one of several generators and its window: what that left is collected, and the window
 * set up. Two generators that share a core needed up to 50 ms for it.
 */
const REST_NS = 60e6;
/** How long the end of a slice waits for replies, as a share of its length: ten times what they usually take. */
const PATIENCE_SHARE = 0.1;

/** Throws CONNECTION_LOST, NOT_RESP, and REPLY_TIMEOUT in the warm-up. */
export function measureClosedLoop(measuring: Measuring): LoopOutcome {
  const { context, connections, budget, window, pauses, distance, cost } = measuring;
  const { durationS, requests } = context.data.options;
  const loop = new ClosedLoop(connections);
  const { rehearsals_s, ...warm } = warmUp(measuring, loop);
  const { gate } = measuring;
  const learned = gate === null ? warm : stayWarm(measuring, gate, loop, warm);
  const control = new ClosedWindow(measuring, { phase: MEASURE, durationS, replies: requests, ...learned });
  if (requests !== null) budget.left = requests;
  cost.begin();
  distance.read();
  measuring.meeting?.meet(0);
  gate?.waitForStart(() => pauses.monotonicNs(nowNs()));
  window.open();
  control.measure(loop);
  window.close();
  // With bulk, nobody knows what of it the requests cost.
  const spent = connections.bulk === null ? cost.end(control.rightReplies, window.vainShare) : null;
  const monotonicNs = (ns: number) => pauses.monotonicNs(ns);
  return {
    ...control.outcome(),
    rehearsals_s,
    cost: spent,
    schedule_lag_us: null,
    own_lag_us: null,
    sent_late: null,
    mergedLater: { serviceTimes: [], lag: null, ownLag: null, costReplies: control.rightReplies },
    window: control.window(monotonicNs),
    slow_requests: control.slow.result(control.latencyNsAt(REPORTED_PERCENTILE), monotonicNs),
  };
}

type Learned = Pick<WindowOptions, 'slowNs' | 'sliceNs'>;

/** What the window learns from the warm-up, where there is one. */
function warmUp(measuring: Measuring, loop: ClosedLoop): Learned & Pick<LoopOutcome, 'rehearsals_s'> {
  const { context, distance } = measuring;
  const { warmupS, connections, pipeline, sendsLike } = context.data.options;
  // Other programs never stand still.
  const shortestNs = sendsLike === null ? SLICE_NS : Number.POSITIVE_INFINITY;
  if (warmupS === 0) return { slowNs: 0, sliceNs: shortestNs, rehearsals_s: 0 };
  distance.read();
  measuring.meeting?.meet(0);
  measuring.pauses.resume();
  // All of it is one slice.
  const first = practise(measuring, loop, {
    durationS: warmupS,
    slowNs: Number.POSITIVE_INFINITY,
    sliceNs: Number.POSITIVE_INFINITY,
  });
  const windows_ns = WINDOWS_PER_SLICE * connections * pipeline * first.nsPerReply;
  const sliceNs = Math.max(shortestNs, windows_ns, first.bulk.sliceNs);
  let last = first;
  const slowNs = first.latencyNsAt(SLOW_PERCENTILE);
  const rehearsals_s = rehearse(warmupS, REHEARSAL_S, (durationS) => {
    last = practise(measuring, loop, { durationS, slowNs, sliceNs });
    return !context.stopRequested() && !measuring.connections.isDeserted;
  });
  distance.startOver();
  return { slowNs: last.latencyNsAt(SLOW_PERCENTILE), sliceNs, rehearsals_s };
}

/** One of several generators stays warm until shortly before the moment that it is told, and learns from that. */
function stayWarm(measuring: Measuring, gate: StartGate, loop: ClosedLoop, learned: Learned): Learned {
  const { context, connections, pauses } = measuring;
  if (context.data.options.warmupS === 0) {
    gate.arrive();
    return learned;
  }
  let { slowNs } = learned;
  const monotonicNs = (): number => pauses.monotonicNs(nowNs());
  gate.stayWarm(monotonicNs, REST_NS, (durationS) => {
    slowNs = practise(measuring, loop, { ...learned, durationS }).latencyNsAt(SLOW_PERCENTILE);
    return !context.stopRequested() && !connections.isDeserted;
  });
  measuring.distance.startOver();
  return { ...learned, slowNs };
}

/** A window that is not measured. */
function practise(
  measuring: Measuring,
  loop: ClosedLoop,
  options: Learned & { durationS: number },
): ClosedWindow {
  const window = new ClosedWindow(measuring, { phase: WARM_UP, replies: null, ...options });
  window.measure(loop);
  return window;
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

/** Places in the array of times. */
const START = 0;
/** When the window was last looked at. */
const NOW = 1;
const LAST_REPLY = 2;
/** While the end of a slice waits: for requests sent from this time on, and how long. */
const AWAITED = 3;
const PATIENCE_END = 4;
/** When the last slice ended. */
const END = 5;

/** Counts the replies of a window, which ends after a time or after a number of replies. */
class ClosedWindow implements LoopControl {
  readonly slow: SlowRequests;
  readonly bulk: BulkTally;
  readonly #context: DataPathContext<GeneratorInput, null>;
  readonly #connections: Connections;
  readonly #measuring: Measuring;
  readonly #phase: number;
  readonly #durationNs: number;
  readonly #replies: number;
  readonly #tallies: Tally[];
  readonly #received: ReceivedReplies;
  readonly #slices: Slices;
  readonly #sliceNs: number;
  /** In ns by this thread's clock. */
  readonly #times = new Float64Array(6);
  #drains = false;
  #counted = 0;

  constructor(measuring: Measuring, { phase, durationS, replies, slowNs, sliceNs }: WindowOptions) {
    this.slow = new SlowRequests(slowNs);
    this.bulk = new BulkTally(measuring.connections, phase === WARM_UP);
    this.#measuring = measuring;
    this.#context = measuring.context;
    this.#connections = measuring.connections;
    this.#phase = phase;
    this.#durationNs = durationS === null ? Number.POSITIVE_INFINITY : durationS * 1e9;
    this.#replies = replies ?? Number.POSITIVE_INFINITY;
    this.#sliceNs = sliceNs;
    this.#tallies = newTallies(measuring);
    this.#received = new ReceivedReplies(measuring.operations.length);
    this.#slices = new Slices(this.#tallies, measuring.distance, measuring.pauses, sliceNs);
  }

  /** Slice by slice: sends, waits for what is outstanding, stands still for a reading. One was taken before. */
  measure(loop: ClosedLoop): void {
    const times = this.#times;
    const { distance } = this.#measuring;
    times[START] = nowNs();
    this.bulk.begin();
    for (let isLast = false; !isLast; ) {
      const startNs = nowNs();
      this.#slices.begin(startNs);
      this.#drains = false;
      loop.start();
      loop.run(this);
      const sentNs = times[NOW];
      isLast = this.#isOver(sentNs);
      times[AWAITED] = isLast ? Number.NEGATIVE_INFINITY : startNs;
      times[PATIENCE_END] = isLast ? Number.POSITIVE_INFINITY : sentNs + PATIENCE_SHARE * this.#sliceNs;
      this.#drains = true;
      loop.drain(this);
      // What was waited for in vain at the end is no time of the window.
      const endNs = isLast ? Math.max(sentNs, times[LAST_REPLY]) : times[NOW];
      this.#slices.end(endNs, this.#done(endNs));
      times[END] = endNs;
      const isIdle = this.#connections.outstanding === 0;
      if (isIdle) distance.read();
      else distance.skip();
      isLast ||= isIdle && this.#isOver(times[NOW]);
    }
  }

  reply(reply: ReplyRecord): void {
    const { operation, status, timesNs } = reply;
    const tally = this.#tallies[operation];
    if (status === ReplyStatus.Unanswered) {
      if (this.#phase === WARM_UP) throw this.#connections.timedOut(timesNs[RECEIVED]);
      tally.countUnanswered(reply);
      return;
    }
    if (status === ReplyStatus.Lost) {
      tally.countLost(reply, this.#connections.replyTimeoutNs);
      return;
    }
    this.#times[LAST_REPLY] = timesNs[RECEIVED];
    if (this.#counted === this.#replies) return;
    this.#counted++;
    const sentNs = timesNs[SENT];
    const latencyNs = timesNs[RECEIVED] - sentNs;
    tally.count(reply, this.#slices.isEarly(sentNs), latencyNs);
    this.#received.count(reply);
    if (status !== ReplyStatus.Right) return;
    tally.countReceived();
    if (latencyNs >= this.slow.thresholdNs) this.slow.add(sentNs, latencyNs);
  }

  finished(nowNs: number): boolean {
    const times = this.#times;
    times[NOW] = nowNs;
    if (this.#drains) {
      return (
        !this.#connections.awaits(times[AWAITED]) ||
        nowNs >= times[PATIENCE_END] ||
        this.#context.stopRequested()
      );
    }
    const { progress } = this.#context.data;
    const byTime = this.#replies === Number.POSITIVE_INFINITY;
    progress[0] = this.#phase;
    progress[1] = byTime ? this.#slices.measuredNs(nowNs) : this.#counted;
    progress[2] = byTime ? this.#durationNs : this.#replies;
    return this.#slices.isOver(nowNs) || this.#isOver(nowNs);
  }

  get rightReplies(): number {
    return this.#tallies.reduce((sum, tally) => sum + tally.right, 0);
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
    return { start_ns: monotonicNs(this.#times[START]), end_ns: monotonicNs(this.#times[NOW]) };
  }

  outcome(): Pick<LoadOutcome, 'elapsed_s' | 'operations' | 'bulk' | 'rates' | 'unanswered'> & {
    slices: SlicesContent;
  } {
    const elapsed_s = this.#slices.elapsedNs / 1e9;
    const results = this.#tallies.map((tally, operation) =>
      tally.result(this.#received.right(operation) / elapsed_s),
    );
    return {
      elapsed_s,
      operations: results.filter(({ requests, unanswered }) => requests + unanswered > 0),
      bulk: this.bulk.result(this.#slices.elapsedNs, this.#times[END]),
      rates: this.#received.rates(elapsed_s, null, { right: this.rightReplies, elapsedS: elapsed_s }),
      unanswered: this.#tallies.reduce((sum, tally) => sum + tally.unanswered, this.bulk.unanswered),
      slices: this.#slices.content(0),
    };
  }

  #isOver(nowNs: number): boolean {
    return (
      this.#counted === this.#replies ||
      this.#slices.measuredNs(nowNs) >= this.#durationNs ||
      this.#connections.isDeserted ||
      // Where some were never answered, no further one is sent in their place.
      (this.#measuring.budget.left === 0 && this.#connections.outstanding === 0) ||
      this.#context.stopRequested()
    );
  }

  /** The share of the window that is over. */
  #done(nowNs: number): number {
    const byTime = this.#replies === Number.POSITIVE_INFINITY;
    return byTime ? this.#slices.measuredNs(nowNs) / this.#durationNs : this.#counted / this.#replies;
  }
}
