/** The counts of one operation in the measured window. */
import type { Histogram } from 'hdr-histogram-js';
import { requestOperations } from '../../results/formats/lists.ts';
import { type ReplyRecord, ReplyStatus } from '../connections/reply.ts';
import type { OperationResult } from './options.ts';
import { describeLatencies, LatencyRecorder } from './recorder.ts';

/** Parts of the measured window, each with a median of its own, so that a drift shows. */
export const SLICES = 10;

export class Tally {
  /** Latencies of right replies by slice of the window; in an open loop response times. */
  readonly #recorders = Array.from({ length: SLICES }, () => new LatencyRecorder());
  #hits = 0;
  #misses = 0;
  #errors = 0;
  #wrong = 0;
  #firstError: string | undefined;

  /** Counts a reply to a request of a slice. Only a right reply is a sample. */
  count({ status, errorText }: ReplyRecord, slice: number, latencyNs: number): void {
    if (status === ReplyStatus.Right) {
      this.#hits++;
      this.#recorders[slice].record(latencyNs);
    } else if (status === ReplyStatus.Miss) {
      this.#misses++;
    } else if (status === ReplyStatus.Failed) {
      this.#errors++;
      this.#firstError ??= errorText;
    } else {
      this.#wrong++;
    }
  }

  histogram(): Histogram {
    const [all, ...others] = this.#recorders.map((recorder) => recorder.histogram());
    for (const other of others) all.add(other);
    return all;
  }

  /** @param operation GET or SET */
  result(operation: number, elapsedS: number): OperationResult {
    const requests = this.#hits + this.#misses + this.#errors + this.#wrong;
    return {
      operation: requestOperations[operation],
      requests,
      hits: this.#hits,
      misses: this.#misses,
      errors: this.#errors,
      wrong: this.#wrong,
      throughput_ops: requests / elapsedS,
      ...(this.#firstError === undefined ? {} : { first_error: this.#firstError }),
      ...describeLatencies(this.histogram()),
      service_time_ns: null,
      slice_p50_ns: this.#recorders.map((recorder) => medianNs(recorder.histogram())),
    };
  }
}

/** Of the latencies of all tallies; 0 without any. */
export function latencyNsAt(tallies: Tally[], percentile: number): number {
  const [all, ...others] = tallies.map((tally) => tally.histogram());
  for (const other of others) all.add(other);
  return all.totalCount === 0 ? 0 : all.getValueAtPercentile(percentile);
}

function medianNs(histogram: Histogram): number | null {
  return histogram.totalCount === 0 ? null : histogram.getValueAtPercentile(50);
}
