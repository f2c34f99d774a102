/**
 * The open loop's warm-up and measured window.
 *
 * Samples are the requests that were intended within the window. At its end the waiting ones are still sent
 * and all replies awaited: otherwise a stall that begins just before the end would leave no trace. A request
 * without a reply --reply-timeout-s after the window, or after it was sent, is given up and counted.
 *
 * The achieved rate is of the right replies that come within the window, whenever they were due: beyond the server's
 * capacity the window begins with replies to what the warm-up left.
 */
import { type DataPathContext, nowNs } from '../../libos/index.ts';
import type { Connections } from '../connections/connections.ts';
import {
  INTENDED,
  POSSIBLE,
  RECEIVED,
  type ReplyRecord,
  type ReplySink,
  ReplyStatus,
  SENT,
} from '../connections/reply.ts';
import { OpenLoop, type OpenLoopControl } from '../loops/open-loop.ts';
import { type Arrivals, createArrivals, DealtArrivals, skipArrivals } from '../workload/arrivals.ts';
import { BulkTally } from './bulk-tally.ts';
import { rehearse } from './compilation.ts';
import type { GeneratorInput, LoopOutcome, Measuring } from './measuring.ts';
import { lagOf, ownLagOf } from './merge.ts';
import type { LoadOptions } from './options.ts';
import { MEASURE, WARM_UP } from './phases.ts';
import { ReceivedReplies } from './rates.ts';
import { encodeHistogram, LatencyRecorder, quantilesNs } from './recorder.ts';
import { SLICE_NS, Slices } from './slices.ts';
import { REPORTED_PERCENTILE, SLOW_PERCENTILE, SlowRequests } from './slow-requests.ts';
import { latencyNsAt, newTallies, type Tally } from './tally.ts';

/**
 * The schedule begins this much later: setting up takes milliseconds, which must not count as time of
 * requests.
 */
const SET_UP_NS = 20e6;
/** What a reading of the distance takes: with such a gap in the schedule, it delays nothing. */
const READING_NS = 0.3e6;
/** Half of it is its warm-up. The rest has slices and readings, as the window has. */
const REHEARSAL_S = 0.32;
/** How long a gap is looked for. */
const GAP_PATIENCE_NS = 5e6;
/** How long a slice is with bulk, which is stopped for a reading. */
const BULK_SLICE_NS = 4 * SLICE_NS;
/** A request was sent late that could have been sent so much earlier. */
const LATE_SENDING_NS = 100e3;
/** Without a gap there is a reading where so few of a slice's requests are outstanding. The open loop counts them. */
const OUTSTANDING_SHARE = 0.01;

/** Times in ns by this thread's clock. */
interface Schedule {
  rateOps: number;
  beginNs: number;
  /** The measured window. */
  startNs: number;
  endNs: number;
}

/**
 * Sends `rateOps` requests a second over the connections. Throws CONNECTION_LOST, NOT_RESP, and REPLY_TIMEOUT in the
 * warm-up.
 */
export function measureOpenLoop(measuring: Measuring): LoopOutcome {
  const { context, connections, window, pauses, cost } = measuring;
  const { options } = context.data;
  // A trace is sent once.
  const isRehearsed = options.warmupS > 0 && options.trace === null;
  const rehearsals_s = isRehearsed
    ? rehearse(options.warmupS, REHEARSAL_S, (durationS) => practise(measuring, durationS))
    : 0;
  cost.begin();
  const schedule = scheduleOf(options, beginNs(measuring, isRehearsed));
  const { startNs, endNs } = schedule;
  const measurement = new OpenMeasurement(measuring, schedule);
  const loop = new OpenLoop(
    connections,
    arrivalsOf(measuring, schedule),
    measurement,
    options.idle === 'sleep',
  );
  warmUp(measuring, schedule, measurement, loop);
  window.open();
  loop.ownLag.forget();
  measureWindow(measuring, schedule, measurement, loop);
  loop.drain(startNs, endNs, endNs + connections.replyTimeoutNs);
  measurement.window.end();
  window.close();
  // With bulk, nobody knows what of it the requests cost.
  const spent = connections.bulk === null ? cost.end(measurement.rightReplies, window.vainShare) : null;
  return {
    ...measurement.window.outcome((ns) => pauses.monotonicNs(ns), measurement.rightReplies),
    rehearsals_s,
    cost: spent,
  };
}

/** When the schedule is to begin, for all threads, by this thread's clock. */
function beginNs(measuring: Measuring, isRehearsed: boolean): number {
  const { context, pauses, meeting, gate } = measuring;
  const originNs = pauses.monotonicNs(0);
  const ownNs = (): number => originNs + nowNs();
  if (gate === null) {
    const lastNs = meeting === null ? ownNs() : meeting.meet(ownNs());
    return lastNs - originNs + SET_UP_NS;
  }
  const warmUpNs = context.data.options.warmupS * 1e9;
  if (isRehearsed) {
    gate.stayWarm(ownNs, warmUpNs + 2 * SET_UP_NS, (durationS) => practise(measuring, durationS));
  } else gate.arrive();
  // Of one that is told too late the schedule has begun: it is behind it, and catches up where it can.
  const startNs = gate.waitUntilTold() ?? ownNs();
  return startNs - warmUpNs - originNs;
}

/** Measures in small what nobody wants to know. Returns whether it may go on. */
function practise(measuring: Measuring, durationS: number): boolean {
  const { context, connections } = measuring;
  const { idle, rateOps } = context.data.options;
  const beginNs = nowNs() + SET_UP_NS;
  const endNs = beginNs + durationS * 1e9;
  const schedule = { rateOps: rateOps!, beginNs, startNs: (beginNs + endNs) / 2, endNs };
  const measurement = new OpenMeasurement(measuring, schedule, true);
  const loop = new OpenLoop(connections, arrivalsOf(measuring, schedule), measurement, idle === 'sleep');
  warmUp(measuring, schedule, measurement, loop);
  measureWindow(measuring, schedule, measurement, loop);
  // Only what was sent: beyond the server's capacity the rest would take long.
  loop.drain(Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, nowNs() + connections.replyTimeoutNs);
  return !isOver(measuring);
}

/** Sends what is due before the window. */
function warmUp(
  measuring: Measuring,
  { beginNs, startNs }: Schedule,
  measurement: OpenMeasurement,
  loop: OpenLoop,
): void {
  const { pauses, cost, distance } = measuring;
  measurement.warmUp.bulk.begin();
  pauses.resume();
  if (startNs > beginNs) {
    loop.sendUntil(measurement.learnedNs);
    measurement.learn();
    cost.begin();
    pauses.resume();
  }
  distance.startOver();
  loop.sendUntil(startNs - GAP_PATIENCE_NS - READING_NS);
  measurement.window.read(loop);
  loop.sendUntil(startNs);
}

/** Sends what is due in the window. */
function measureWindow(
  measuring: Measuring,
  { startNs, endNs }: Schedule,
  { window }: OpenMeasurement,
  loop: OpenLoop,
): void {
  window.bulk.begin();
  // On a busy machine the reading may have lasted beyond its time.
  window.begin(Math.max(startNs, nowNs()));
  while (window.sliceEndNs < endNs && !isOver(measuring)) {
    loop.sendUntil(window.sliceEndNs);
    window.turn(loop);
  }
  loop.sendUntil(endNs);
}

/** Nothing more is to be sent, or nothing can be. */
function isOver({ context, connections }: Measuring): boolean {
  return context.stopRequested() || connections.isDeserted;
}

/** What this thread sends of the schedule. */
function arrivalsOf({ context, replay }: Measuring, { rateOps, beginNs }: Schedule): Arrivals {
  if (replay !== null) {
    replay.begin(beginNs);
    return replay.arrivals;
  }
  const { arrivals, scheduleSeed, thread, threads } = context.data.options;
  const whole = createArrivals(arrivals!, rateOps, scheduleSeed, beginNs);
  return threads === 1 ? whole : new DealtArrivals(whole, thread, threads);
}

/** With --requests the window ends when the schedule has the last of them. */
function scheduleOf(options: LoadOptions, beginNs: number): Schedule {
  const { warmupS, durationS, requests, scheduleSeed, trace } = options;
  const rateOps = options.rateOps!;
  const startNs = beginNs + warmupS * 1e9;
  if (durationS !== null) return { rateOps, beginNs, startNs, endNs: startNs + durationS * 1e9 };
  // Just behind the last request.
  if (trace !== null)
    return { rateOps, beginNs, startNs, endNs: beginNs + trace.survey.spanNs / trace.speed + 1e3 };
  const ahead = createArrivals(options.arrivals!, rateOps, scheduleSeed, beginNs);
  skipArrivals(ahead, startNs, requests!);
  return { rateOps, beginNs, startNs, endNs: ahead.nextNs };
}

/** Places in the array of times: when the last reply came, and the last reading of the distance. */
const LAST = 0;
const READING_START = 1;
const READING_END = 2;
/** When the last slice ended. */
const END = 3;

/** The replies to the requests intended within a window. */
class OpenWindow implements ReplySink {
  readonly slow = new SlowRequests(0);
  readonly bulk: BulkTally;
  readonly #measuring: Measuring;
  readonly #startNs: number;
  readonly #endNs: number;
  /** Requests that may be outstanding at a reading. */
  readonly #most: number;
  readonly #tallies: Tally[];
  readonly #slices: Slices;
  readonly #serviceTimes: LatencyRecorder[];
  /** From when requests were intended, and from when they could have been sent, until they were. */
  readonly #lag = new LatencyRecorder();
  readonly #ownLag = new LatencyRecorder();
  #sentLate = 0;
  /** Replies that came in the window, and how many requests were due in it. */
  readonly #received: ReceivedReplies;
  #due = 0;
  readonly #times = new Float64Array(4);

  constructor(
    measuring: Measuring,
    rateOps: number,
    { startNs, endNs, isWarmUp }: { startNs: number; endNs: number; isWarmUp: boolean },
  ) {
    this.bulk = new BulkTally(measuring.connections, isWarmUp);
    this.#measuring = measuring;
    this.#startNs = startNs;
    this.#endNs = endNs;
    this.#most = OUTSTANDING_SHARE * rateOps * (SLICE_NS / 1e9);
    this.#tallies = newTallies(measuring);
    this.#serviceTimes = this.#tallies.map(() => new LatencyRecorder());
    this.#received = new ReceivedReplies(measuring.operations.length);
    const lengthNs = measuring.connections.bulk === null ? SLICE_NS : BULK_SLICE_NS;
    this.#slices = new Slices(this.#tallies, measuring.distance, measuring.pauses, lengthNs);
  }

  begin(nowNs: number): void {
    this.#slices.begin(nowNs);
  }

  get sliceEndNs(): number {
    return this.#slices.endNs;
  }

  /** Ends a slice where there is a place for a reading, and begins the next. */
  turn(loop: OpenLoop): void {
    const endedNs = this.read(loop);
    this.#slices.end(endedNs, (endedNs - this.#startNs) / (this.#endNs - this.#startNs));
    this.#slices.begin(nowNs());
  }

  /** Reads the distance in a gap of the schedule, or where hardly anything is outstanding. Returns when it began. */
  read(loop: OpenLoop): number {
    const { distance } = this.#measuring;
    const stoppedNs = nowNs();
    const hasRoom = loop.findGap(this.#endNs, READING_NS, GAP_PATIENCE_NS, this.#most);
    const startNs = nowNs();
    // Requests beside which bulk was stopped for the reading are no samples either.
    const isWithoutBulk = this.#measuring.connections.bulk !== null;
    const delays = isWithoutBulk || (hasRoom && distance.isKnown);
    if (delays) this.#times[READING_START] = isWithoutBulk ? stoppedNs : startNs;
    if (hasRoom) distance.read();
    else distance.skip();
    if (delays) this.#times[READING_END] = nowNs();
    return startNs;
  }

  /** Ends the last slice: nothing is outstanding. */
  end(): void {
    this.#times[END] = nowNs();
    this.#slices.end(this.#times[END], 1);
    this.#measuring.distance.read();
  }

  /** Counts a reply that came in the window or behind it, whatever it is a reply to. */
  receive(reply: ReplyRecord): void {
    if (reply.status === ReplyStatus.Right) this.#tallies[reply.operation].countReceived();
    if (reply.timesNs[RECEIVED] < this.#endNs) this.#received.count(reply);
  }

  /** Counts a request that was given up when the window had begun, whenever it was due. */
  giveUp(reply: ReplyRecord): void {
    if (reply.timesNs[INTENDED] >= this.#startNs) this.#due++;
    this.#countSending(reply);
    const tally = this.#tallies[reply.operation];
    if (reply.status === ReplyStatus.Lost) tally.countLost(reply, this.#measuring.connections.replyTimeoutNs);
    else tally.countUnanswered(reply);
  }

  /** Counts a reply to a request that was due in the window. */
  reply(reply: ReplyRecord): void {
    const { operation, status, timesNs } = reply;
    const times = this.#times;
    const intendedNs = timesNs[INTENDED];
    const sentNs = timesNs[SENT];
    const receivedNs = timesNs[RECEIVED];
    const responseNs = receivedNs - intendedNs;
    const isRight = status === ReplyStatus.Right;
    times[LAST] = receivedNs;
    this.#due++;
    if (isRight && intendedNs < times[READING_END] && receivedNs > times[READING_START]) {
      this.#tallies[operation].countDelayed();
      return;
    }
    this.#countSending(reply);
    this.#tallies[operation].count(reply, this.#slices.isEarly(intendedNs), responseNs);
    if (!isRight) return;
    this.#serviceTimes[operation].record(receivedNs - sentNs);
    if (responseNs >= this.slow.thresholdNs) this.slow.add(intendedNs, responseNs);
  }

  #countSending({ timesNs }: ReplyRecord): void {
    const ownNs = timesNs[SENT] - timesNs[POSSIBLE];
    this.#lag.record(timesNs[SENT] - timesNs[INTENDED]);
    this.#ownLag.record(ownNs);
    if (ownNs > LATE_SENDING_NS) this.#sentLate++;
  }

  /** Of the latencies so far; 0 without any. */
  latencyNsAt(percentile: number): number {
    return latencyNsAt(this.#tallies, percentile);
  }

  /** @param costReplies right replies that the cost is of */
  outcome(
    monotonicNs: (nowNs: number) => number,
    costReplies: number,
  ): Omit<LoopOutcome, 'rehearsals_s' | 'cost'> {
    const lastNs = Math.max(this.#endNs, this.#times[LAST]);
    const elapsed_s = (lastNs - this.#startNs) / 1e9;
    const windowS = (this.#endNs - this.#startNs) / 1e9;
    const right = this.#tallies.reduce((sum, tally) => sum + tally.right, 0);
    const counted = this.#tallies
      .map((tally, operation) => ({
        ...tally.result(this.#received.right(operation) / windowS),
        serviceTimes: this.#serviceTimes[operation].histogram(),
      }))
      .filter(({ requests, unanswered }) => requests + unanswered > 0);
    const lag = this.#lag.histogram();
    const ownLag = this.#ownLag.histogram();
    const isAlone = this.#measuring.meeting === null && this.#measuring.gate === null;
    return {
      elapsed_s,
      operations: counted.map(({ serviceTimes, ...result }) => ({
        ...result,
        service_time_ns: quantilesNs(serviceTimes),
      })),
      bulk: this.bulk.result(this.#slices.elapsedNs, this.#times[END]),
      rates: this.#received.rates(windowS, this.#due, { right, elapsedS: elapsed_s }),
      unanswered: this.#tallies.reduce((sum, tally) => sum + tally.unanswered, this.bulk.unanswered),
      slices: this.#slices.content(this.#tallies.reduce((sum, { delayed }) => sum + delayed, 0)),
      schedule_lag_us: lagOf(lag),
      own_lag_us: ownLagOf(ownLag),
      sent_late: this.#sentLate,
      window: { start_ns: monotonicNs(this.#startNs), end_ns: monotonicNs(lastNs) },
      slow_requests: this.slow.result(this.latencyNsAt(REPORTED_PERCENTILE), monotonicNs),
      mergedLater: {
        serviceTimes: isAlone ? [] : counted.map(({ serviceTimes }) => encodeHistogram(serviceTimes)),
        lag: isAlone ? null : encodeHistogram(lag),
        ownLag: isAlone ? null : encodeHistogram(ownLag),
        costReplies,
      },
    };
  }
}

class OpenMeasurement implements OpenLoopControl {
  readonly #context: DataPathContext<GeneratorInput, null>;
  readonly #connections: Connections;
  readonly #schedule: Schedule;
  /** Of the window: a rehearsal is a part of the warm-up. */
  readonly #phase: number;
  /**
   * The third quarter of the warm-up shows from when on a response is slow. Before it, the load catches up
   * with what came due while code was compiled; in the last quarter, with what came due during learn().
   */
  readonly learnedNs: number;
  readonly #settledNs: number;
  /** Does all that the measured window does, so that the code is compiled when that begins. */
  readonly warmUp: OpenWindow;
  readonly window: OpenWindow;
  /** Since learn(). */
  rightReplies = 0;

  constructor(measuring: Measuring, schedule: Schedule, isRehearsal = false) {
    const { rateOps, beginNs, startNs, endNs } = schedule;
    this.#context = measuring.context;
    this.#connections = measuring.connections;
    this.#schedule = schedule;
    this.#phase = isRehearsal ? WARM_UP : MEASURE;
    this.#settledNs = beginNs + 0.5 * (startNs - beginNs);
    this.learnedNs = beginNs + 0.75 * (startNs - beginNs);
    const warmUp = { startNs: this.#settledNs, endNs: startNs, isWarmUp: true };
    this.warmUp = new OpenWindow(measuring, rateOps, warmUp);
    this.window = new OpenWindow(measuring, rateOps, { startNs, endNs, isWarmUp: false });
  }

  /** Takes milliseconds, in which nothing is sent. */
  learn(): void {
    this.window.slow.thresholdNs = this.warmUp.latencyNsAt(SLOW_PERCENTILE);
    this.rightReplies = 0;
  }

  reply(reply: ReplyRecord): void {
    const { status, timesNs } = reply;
    const { startNs } = this.#schedule;
    const isInWindow = timesNs[RECEIVED] >= startNs;
    if (status === ReplyStatus.Unanswered) {
      if (!isInWindow || this.#phase === WARM_UP) throw this.#connections.timedOut(timesNs[RECEIVED]);
      this.window.giveUp(reply);
      return;
    }
    if (status === ReplyStatus.Lost) {
      if (isInWindow) this.window.giveUp(reply);
      return;
    }
    if (status === ReplyStatus.Right) this.rightReplies++;
    if (isInWindow) this.window.receive(reply);
    const intendedNs = timesNs[INTENDED];
    if (intendedNs < this.#settledNs) return;
    const window = intendedNs < startNs ? this.warmUp : this.window;
    window.reply(reply);
  }

  stopped(timeNs: number): boolean {
    const { progress } = this.#context.data;
    const { beginNs, startNs, endNs } = this.#schedule;
    const measuring = timeNs >= startNs;
    progress[0] = measuring ? this.#phase : WARM_UP;
    progress[1] = Math.max(0, timeNs - (measuring ? startNs : beginNs));
    progress[2] = measuring ? endNs - startNs : startNs - beginNs;
    return this.#context.stopRequested();
  }
}
