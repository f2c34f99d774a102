/**
 * The open loop's warm-up and measured window.
 *
 * Samples are the requests that were intended within the window: what waits or is outstanding at its end is sent and
 * waited for, or a stall that begins before it would leave no trace. What has no reply --reply-timeout-s after it is
 * given up and counted.
 */
import { type DataPathContext, nowNs } from '../libos/index.ts';
import { type ArrivalKind, Arrivals } from './arrivals.ts';
import type { GeneratorInput } from './generator.ts';
import type { Measured, Measuring } from './measuring.ts';
import { OpenLoop, type OpenLoopControl } from './open-loop.ts';
import type { LoadOptions, ScheduleOutcome } from './options.ts';
import { MEASURE, WARM_UP } from './phases.ts';
import { LatencyRecorder, quantilesNs } from './recorder.ts';
import { type ReplyChecker, Verdict } from './reply-checker.ts';
import { SLOW_PERCENTILE, SlowRequests, TOLD_PERCENTILE } from './slow-requests.ts';
import { latencyNsAt, SLICES, Tally } from './tally.ts';

/** On the clock of this thread. */
interface Schedule {
  kind: ArrivalKind;
  rateOps: number;
  beginNs: number;
  /** The measured window. */
  startNs: number;
  endNs: number;
}

/** Puts the load of `rateOps` on the connections. Throws CONNECTION_LOST, REPLY_TIMEOUT, NOT_RESP. */
export function measureOpenLoop({ context, connections, source, window, pauses }: Measuring): Measured {
  const { options } = context.data;
  const schedule = scheduleOf(options, nowNs());
  const { kind, rateOps, beginNs, startNs, endNs } = schedule;
  const measurement = new OpenMeasurement(context, schedule);
  const arrivals = new Arrivals(kind, rateOps, options.seed, beginNs);
  const loop = new OpenLoop(
    connections,
    source,
    arrivals,
    measurement,
    options.wait === 'block',
    window.notes,
  );
  loop.sendUntil(startNs);
  measurement.windowOpens();
  window.open();
  loop.sendUntil(endNs);
  const unanswered = loop.drain(startNs, endNs, endNs + connections.replyTimeoutNs);
  window.close();
  return measurement.outcome(unanswered, (ns) => pauses.monotonicNs(ns));
}

/** Where --requests is given the window ends with the last of them: the schedule knows when. */
function scheduleOf(options: LoadOptions, beginNs: number): Schedule {
  const { warmupS, durationS, requests, seed } = options;
  const kind = options.arrivals!;
  const rateOps = options.rateOps!;
  const startNs = beginNs + warmupS * 1e9;
  if (durationS !== null) return { kind, rateOps, beginNs, startNs, endNs: startNs + durationS * 1e9 };
  const ahead = new Arrivals(kind, rateOps, seed, beginNs);
  ahead.skip(startNs, requests!);
  return { kind, rateOps, beginNs, startNs, endNs: ahead.nextNs };
}

class OpenMeasurement implements OpenLoopControl {
  readonly #context: DataPathContext<GeneratorInput, null>;
  readonly #schedule: Schedule;
  readonly #tallies = [new Tally(), new Tally()];
  readonly #serviceTimes = [new LatencyRecorder(), new LatencyRecorder()];
  readonly #lag = new LatencyRecorder();
  /** Response times of the warm-up, which tell from where on one is slow. */
  readonly #warmUp = new LatencyRecorder();
  #slow = new SlowRequests(Number.POSITIVE_INFINITY);
  /** When the last reply that counts came. */
  readonly #lastNs = new Float64Array(1);

  constructor(context: DataPathContext<GeneratorInput, null>, schedule: Schedule) {
    this.#context = context;
    this.#schedule = schedule;
  }

  windowOpens(): void {
    const warmUp = this.#warmUp.histogram();
    const slowNs = warmUp.totalCount === 0 ? 0 : warmUp.getValueAtPercentile(SLOW_PERCENTILE);
    this.#slow = new SlowRequests(slowNs);
  }

  answered(
    operation: number,
    verdict: Verdict,
    intendedNs: number,
    sentNs: number,
    receivedNs: number,
    checker: ReplyChecker,
  ): void {
    const { startNs, endNs } = this.#schedule;
    const responseNs = receivedNs - intendedNs;
    if (intendedNs < startNs) {
      this.#warmUp.record(responseNs);
      return;
    }
    const slice = Math.floor((SLICES * (intendedNs - startNs)) / (endNs - startNs));
    this.#lastNs[0] = receivedNs;
    this.#lag.record(sentNs - intendedNs);
    this.#tallies[operation].count(verdict, Math.min(SLICES - 1, slice), responseNs, checker);
    if (verdict !== Verdict.Right) return;
    this.#serviceTimes[operation].record(receivedNs - sentNs);
    if (responseNs >= this.#slow.thresholdNs) this.#slow.add(intendedNs, responseNs);
  }

  stopped(timeNs: number): boolean {
    const { progress } = this.#context.data;
    const { beginNs, startNs, endNs } = this.#schedule;
    const measuring = timeNs >= startNs;
    progress[0] = measuring ? MEASURE : WARM_UP;
    progress[1] = timeNs - (measuring ? startNs : beginNs);
    progress[2] = measuring ? endNs - startNs : startNs - beginNs;
    return this.#context.stopRequested();
  }

  /** Replies that came after the window were long due: the time until them counts, or throughput would pass capacity. */
  outcome(unanswered: number, monotonicNs: (nowNs: number) => number): Measured {
    const { startNs, endNs } = this.#schedule;
    const lastNs = Math.max(endNs, this.#lastNs[0]);
    const elapsed_s = (lastNs - startNs) / 1e9;
    const operations = this.#tallies.map((tally, operation) => ({
      ...tally.result(operation, elapsed_s),
      service_time_ns: quantilesNs(this.#serviceTimes[operation].histogram()),
    }));
    return {
      elapsed_s,
      operations: operations.filter(({ requests }) => requests > 0),
      schedule: { lag_us: this.#lagUs(), unanswered },
      window: { start_ns: monotonicNs(startNs), end_ns: monotonicNs(lastNs) },
      slow_requests: this.#slow.result(latencyNsAt(this.#tallies, TOLD_PERCENTILE), monotonicNs),
    };
  }

  #lagUs(): ScheduleOutcome['lag_us'] {
    const lagNs = quantilesNs(this.#lag.histogram()) ?? { p50: 0, p99: 0, max: 0 };
    return { p50: lagNs.p50 / 1000, p99: lagNs.p99 / 1000, max: lagNs.max / 1000 };
  }
}
