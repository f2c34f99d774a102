/**
 * The closed loop's warm-up and measured window.
 *
 * A request's latency starts just before its push and ends when the wait returns that handed out its reply,
 * by the monotonic clock of this thread. Requests sent before the measured window opened are no samples.
 */
import { type DataPathContext, nowNs } from '../../libos/index.ts';
import { RECEIVED, type ReplyRecord, ReplyStatus, SENT } from '../connections/reply.ts';
import { ClosedLoop, type LoopControl } from '../loops/closed-loop.ts';
import type { GeneratorInput, LoopOutcome, Measuring } from './measuring.ts';
import type { LoadOutcome, LoadPauses } from './options.ts';
import { MEASURE, WARM_UP } from './phases.ts';
import { REPORTED_PERCENTILE, SLOW_PERCENTILE, SlowRequests } from './slow-requests.ts';
import { latencyNsAt, SLICES, Tally } from './tally.ts';

const NO_LATENCY_IS_SLOW = Number.POSITIVE_INFINITY;

/** Throws CONNECTION_LOST, REPLY_TIMEOUT, NOT_RESP. */
export function measureClosedLoop({ context, connections, source, window, pauses }: Measuring): LoopOutcome {
  const { warmupS, durationS, requests } = context.data.options;
  const loop = new ClosedLoop(connections);
  loop.start(source);
  const warmUp = new MeasureControl(context, WARM_UP, warmupS, null, NO_LATENCY_IS_SLOW);
  loop.run(source, warmUp);
  window.open();
  const control = new MeasureControl(
    context,
    MEASURE,
    durationS,
    requests,
    warmUp.latencyNsAt(SLOW_PERCENTILE),
  );
  loop.run(source, control);
  window.close();
  const monotonicNs = (ns: number) => pauses.monotonicNs(ns);
  return {
    ...control.outcome(),
    schedule: null,
    window: control.window(monotonicNs),
    slow_requests: control.slow.result(control.latencyNsAt(REPORTED_PERCENTILE), monotonicNs),
  };
}

/** Counts the replies of a window, which ends after a time or after a number of replies. */
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

  reply(reply: ReplyRecord): void {
    const { operation, status, timesNs } = reply;
    const sentNs = timesNs[SENT];
    if (sentNs < this.#startNs || this.#counted === this.#replies) return;
    this.#counted++;
    const latencyNs = timesNs[RECEIVED] - sentNs;
    this.#tallies[operation].count(reply, this.#slice, latencyNs);
    if (status === ReplyStatus.Right && latencyNs >= this.slow.thresholdNs) this.slow.add(sentNs, latencyNs);
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

  /** Of the latencies so far; 0 without any. */
  latencyNsAt(percentile: number): number {
    return latencyNsAt(this.#tallies, percentile);
  }

  window(monotonicNs: (nowNs: number) => number): LoadPauses['window'] {
    return { start_ns: monotonicNs(this.#startNs), end_ns: monotonicNs(this.#lastNs) };
  }

  outcome(): Pick<LoadOutcome, 'elapsed_s' | 'operations'> {
    const elapsed_s = (this.#lastNs - this.#startNs) / 1e9;
    const results = this.#tallies.map((tally, operation) => tally.result(operation, elapsed_s));
    return { elapsed_s, operations: results.filter(({ requests }) => requests > 0) };
  }
}
