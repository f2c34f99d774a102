/**
 * The open loop's warm-up and measured window.
 *
 * Samples are the requests that were intended within the window: what waits or is outstanding at its end is sent and
 * waited for, or a stall that begins before it would leave no trace. What has no reply --reply-timeout-s after it is
 * given up and counted.
 */
import { type DataPathContext, type Libos, nowNs } from '../libos/index.ts';
import { Arrivals } from './arrivals.ts';
import type { Connections } from './connections.ts';
import type { GeneratorInput } from './generator.ts';
import { OpenLoop, type OpenLoopControl } from './open-loop.ts';
import type { LoadOptions, LoadOutcome, ScheduleOutcome } from './options.ts';
import { MEASURE, WARM_UP } from './phases.ts';
import { LatencyRecorder, quantilesNs } from './recorder.ts';
import { type ReplyChecker, Verdict } from './reply-checker.ts';
import type { RequestSource } from './requests.ts';
import { Tally } from './tally.ts';

/** Times on the clock of this thread. */
export interface Window {
  startNs: number;
  endNs: number;
}

/** Puts the load of `options.rateOps` on the connections. Throws CONNECTION_LOST, REPLY_TIMEOUT, NOT_RESP. */
export function measureOpenLoop(
  context: DataPathContext<GeneratorInput, null>,
  libos: Libos,
  connections: Connections,
  source: RequestSource,
): Omit<LoadOutcome, 'populate_s' | 'sample'> {
  const { options } = context.data;
  const kind = options.arrivals ?? 'poisson';
  const rateOps = options.rateOps!;
  const scheduleNs = nowNs();
  const window = windowOf(options, kind, rateOps, scheduleNs);
  const measurement = new OpenMeasurement(context, scheduleNs, window);
  const arrivals = new Arrivals(kind, rateOps, options.seed, scheduleNs);
  const loop = new OpenLoop(connections, source, arrivals, measurement, options.wait === 'block');
  loop.sendUntil(window.startNs);
  const before = libos.pollCounts();
  loop.sendUntil(window.endNs);
  const after = libos.pollCounts();
  const deadlineNs = window.endNs + connections.replyTimeoutNs;
  const unanswered = loop.drain(window.startNs, window.endNs, deadlineNs);
  const idle_polls = (after.idlePolls - before.idlePolls) / (after.polls - before.polls);
  return { ...measurement.outcome(unanswered), idle_polls };
}

/** Where --requests is given the window ends with the last of them: the schedule knows when. */
function windowOf(
  { warmupS, durationS, requests, seed }: LoadOptions,
  kind: 'poisson' | 'constant',
  rateOps: number,
  scheduleNs: number,
): Window {
  const startNs = scheduleNs + warmupS * 1e9;
  if (durationS !== null) return { startNs, endNs: startNs + durationS * 1e9 };
  const ahead = new Arrivals(kind, rateOps, seed, scheduleNs);
  ahead.skip(startNs, requests!);
  return { startNs, endNs: ahead.nextNs };
}

class OpenMeasurement implements OpenLoopControl {
  readonly #context: DataPathContext<GeneratorInput, null>;
  readonly #scheduleNs: number;
  readonly #window: Window;
  readonly #tallies = [new Tally(), new Tally()];
  readonly #serviceTimes = [new LatencyRecorder(), new LatencyRecorder()];
  readonly #lag = new LatencyRecorder();
  /** Of the last reply that counts. */
  readonly #lastNs = new Float64Array(1);

  constructor(context: DataPathContext<GeneratorInput, null>, scheduleNs: number, window: Window) {
    this.#context = context;
    this.#scheduleNs = scheduleNs;
    this.#window = window;
  }

  answered(
    operation: number,
    verdict: Verdict,
    intendedNs: number,
    sentNs: number,
    receivedNs: number,
    checker: ReplyChecker,
  ): void {
    if (intendedNs < this.#window.startNs) return;
    this.#lastNs[0] = receivedNs;
    this.#lag.record(sentNs - intendedNs);
    this.#tallies[operation].count(verdict, receivedNs - intendedNs, checker);
    if (verdict === Verdict.Right) this.#serviceTimes[operation].record(receivedNs - sentNs);
  }

  stopped(timeNs: number): boolean {
    const { progress } = this.#context.data;
    const { startNs, endNs } = this.#window;
    const measuring = timeNs >= startNs;
    progress[0] = measuring ? MEASURE : WARM_UP;
    progress[1] = timeNs - (measuring ? startNs : this.#scheduleNs);
    progress[2] = measuring ? endNs - startNs : startNs - this.#scheduleNs;
    return this.#context.stopRequested();
  }

  /** Replies that came after the window were long due: the time until them counts, or throughput would pass capacity. */
  outcome(unanswered: number): Pick<LoadOutcome, 'elapsed_s' | 'operations' | 'schedule'> {
    const { startNs, endNs } = this.#window;
    const elapsed_s = (Math.max(endNs, this.#lastNs[0]) - startNs) / 1e9;
    const operations = this.#tallies.map((tally, operation) => ({
      ...tally.result(operation, elapsed_s),
      service_time_ns: quantilesNs(this.#serviceTimes[operation].histogram()),
    }));
    return {
      elapsed_s,
      operations: operations.filter(({ requests }) => requests > 0),
      schedule: { lag_us: this.#lagUs(), unanswered },
    };
  }

  #lagUs(): ScheduleOutcome['lag_us'] {
    const lagNs = quantilesNs(this.#lag.histogram()) ?? { p50: 0, p99: 0, max: 0 };
    return { p50: lagNs.p50 / 1000, p99: lagNs.p99 / 1000, max: lagNs.max / 1000 };
  }
}
