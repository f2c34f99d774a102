/** The counts of one operation in the measured window, which slices.ts cuts into slices. */
import type { Slice, SlicePart } from '../../results/formats/index.ts';
import { INTENDED, RECEIVED, type ReplyRecord, ReplyStatus } from '../connections/reply.ts';
import type { Measuring } from './measuring.ts';
import type { OperationResult } from './options.ts';
import { describeLatencies, LatencyRecorder } from './recorder.ts';

/** Parts of the measured window, each with a median of its own, so that a drift shows. */
const TENTHS = 10;

/** The replies of a part of the slice that is going on; latencies are of the right ones. */
class Part {
  readonly recorder = new LatencyRecorder();
  #replies = 0;

  count(): void {
    this.#replies++;
  }

  moveTo(total: LatencyRecorder): SlicePart {
    const requests = this.#replies;
    this.#replies = 0;
    return { requests, ...this.recorder.moveTo(total) };
  }
}

export class Tally {
  readonly #operation: string;
  readonly #samplesMisses: boolean;
  /** Latencies of the slices that are over, by tenth of the window; in an open loop response times. */
  readonly #tenths = Array.from({ length: TENTHS }, () => new LatencyRecorder());
  readonly #early = new Part();
  readonly #late = new Part();
  #hits = 0;
  #misses = 0;
  #errors = 0;
  #wrong = 0;
  #stale = 0;
  #torn = 0;
  #delayed = 0;
  /** Right replies that came in the slice that is going on, whatever they were replies to. */
  #received = 0;
  /** How long the requests had waited that were given up: nobody knows how long they would have taken. */
  readonly #givenUp = new LatencyRecorder();
  #unanswered = 0;
  #leastAgeNs = Number.POSITIVE_INFINITY;
  #firstError: string | undefined;

  /**
   * @param operation its name
   * @param samplesMisses whether a miss is a reply as good as any
   */
  constructor(operation: string, samplesMisses = false) {
    this.#operation = operation;
    this.#samplesMisses = samplesMisses;
  }

  /** Counts a reply to a request of the slice that is going on. Only a right reply is a sample, and perhaps a miss. */
  count({ status, errorText }: ReplyRecord, isEarly: boolean, latencyNs: number): void {
    const part = isEarly ? this.#early : this.#late;
    part.count();
    if (status === ReplyStatus.Right) {
      this.#hits++;
      part.recorder.record(latencyNs);
    } else if (status === ReplyStatus.Miss) {
      this.#misses++;
      if (this.#samplesMisses) part.recorder.record(latencyNs);
    } else if (status === ReplyStatus.Failed) {
      this.#errors++;
      this.#firstError ??= errorText;
    } else if (status === ReplyStatus.Stale) {
      this.#stale++;
    } else if (status === ReplyStatus.Torn) {
      this.#torn++;
    } else {
      this.#wrong++;
    }
  }

  /** Counts a right reply as one that the server gave in the slice that is going on. */
  countReceived(): void {
    this.#received++;
  }

  /** Counts a request that was given up, with the time that it had waited. */
  countUnanswered({ timesNs }: ReplyRecord): void {
    this.#giveUp(timesNs[RECEIVED] - timesNs[INTENDED]);
  }

  /**
   * Counts a datagram that was lost, however soon that was known: as one that waited for as long as a request may,
   * since nobody who waits for it would know sooner.
   */
  countLost({ timesNs }: ReplyRecord, replyTimeoutNs: number): void {
    this.#giveUp(Math.max(replyTimeoutNs, timesNs[RECEIVED] - timesNs[INTENDED]));
  }

  #giveUp(ageNs: number): void {
    this.#unanswered++;
    this.#leastAgeNs = Math.min(this.#leastAgeNs, ageNs);
    this.#givenUp.record(ageNs);
  }

  /** Counts a right reply that a reading of the distance made late: no sample, but the server gave it. */
  countDelayed(): void {
    this.#delayed++;
  }

  get delayed(): number {
    return this.#delayed;
  }

  /** The slice is over: what came in it, and room for the next. `done` is its place in the window, 0 to 1. */
  closeSlice(done: number): Slice['operations'][number] {
    const tenth = this.#tenths[Math.min(TENTHS - 1, Math.floor(TENTHS * done))];
    const received = this.#received;
    this.#received = 0;
    return {
      operation: this.#operation,
      received,
      early: this.#early.moveTo(tenth),
      late: this.#late.moveTo(tenth),
    };
  }

  /** Requests that were given up are in it with the time that they had waited: with less than they take. */
  latenciesTo(total: LatencyRecorder): void {
    const recorders = [this.#early.recorder, this.#late.recorder, ...this.#tenths, this.#givenUp];
    for (const recorder of recorders) recorder.addTo(total);
  }

  /** Right replies to the requests of the window. */
  get right(): number {
    return this.#hits + this.#delayed;
  }

  get unanswered(): number {
    return this.#unanswered;
  }

  /** @param throughput_ops right replies per second */
  result(throughput_ops: number): OperationResult {
    const requests = this.#hits + this.#misses + this.#errors + this.#wrong + this.#stale + this.#torn;
    return {
      operation: this.#operation,
      requests,
      hits: this.#hits,
      misses: this.#misses,
      errors: this.#errors,
      wrong: this.#wrong,
      stale: this.#stale,
      torn: this.#torn,
      unanswered: this.#unanswered,
      at_least_ns: this.#unanswered === 0 ? null : this.#leastAgeNs,
      throughput_ops,
      ...(this.#firstError === undefined ? {} : { first_error: this.#firstError }),
      ...describeLatencies(allLatencies([this]).histogram()),
      service_time_ns: null,
      slice_p50_ns: this.#tenths.map((recorder) => recorder.latencyNsAt(50)),
    };
  }
}

/** One for each operation. What is sent like another program is counted as that program counts it: misses too. */
export function newTallies({ operations, context }: Measuring): Tally[] {
  const { sendsLike } = context.data.options;
  return operations.map((operation) => new Tally(operation, sendsLike !== null));
}

/** Of the latencies of all tallies; 0 without any. */
export function latencyNsAt(tallies: readonly Tally[], percentile: number): number {
  return allLatencies(tallies).latencyNsAt(percentile) ?? 0;
}

function allLatencies(tallies: readonly Tally[]): LatencyRecorder {
  const all = new LatencyRecorder();
  for (const tally of tallies) tally.latenciesTo(all);
  return all;
}
