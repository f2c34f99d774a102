/**
 * Latency counts on the hot path, in the buckets of an HDR histogram of 3 digits from 1 ns on, so that
 * turning them into one loses nothing: value v falls into the linear sub-bucket v >> b of the b that keeps 11
 * bits.
 */
import { build, encodeIntoCompressedBase64, type Histogram } from 'hdr-histogram-js';
import type { OperationResult } from './options.ts';

/** 2^11 is the first power of two that holds 2 * 10^3 distinct values. */
const SUB_BUCKET_BITS = 11;
const HALF = 1 << (SUB_BUCKET_BITS - 1);
const FIRST_BUCKET_MASK = (1 << SUB_BUCKET_BITS) - 1;
/**
 * Values from here on do not fit 32-bit integers: their lower bits, which do not count, are divided away
 * first.
 */
const LONG_NS = 2 ** 31;
const LONG_BUCKET = 32 - SUB_BUCKET_BITS;
const HIGHEST_NS = 3600e9;
const HIGHEST_BITS = 42;

const PLACES = (HIGHEST_BITS - SUB_BUCKET_BITS + 2) * HALF;

/** Values in ns, ascending, each so many times. */
export interface LatencyCounts {
  values_ns: number[];
  counts: number[];
}

export class LatencyRecorder {
  readonly #counts = new Float64Array(PLACES);
  /** The places that may hold a count, so that emptying it does not touch the others. */
  #lowest = PLACES;
  #highest = -1;

  record(latencyNs: number): void {
    if (latencyNs >= LONG_NS) {
      this.#recordLong(Math.min(latencyNs, HIGHEST_NS));
      return;
    }
    const bucket = 32 - SUB_BUCKET_BITS - Math.clz32(latencyNs | FIRST_BUCKET_MASK);
    this.#add(bucket * HALF + (latencyNs >>> bucket), 1);
  }

  /** Empties it into `total`. Returns what it held; a value is the lowest one that counts as the same. */
  moveTo(total: LatencyRecorder): LatencyCounts {
    const values_ns: number[] = [];
    const counts: number[] = [];
    for (let place = this.#lowest; place <= this.#highest; place++) {
      const count = this.#counts[place];
      if (count === 0) continue;
      values_ns.push(valueAt(place));
      counts.push(count);
      total.#add(place, count);
      this.#counts[place] = 0;
    }
    this.#lowest = PLACES;
    this.#highest = -1;
    return { values_ns, counts };
  }

  /** The HDR histogram of all that was recorded, in nanoseconds. */
  histogram(): Histogram {
    const histogram = build({
      bitBucketSize: 64,
      lowestDiscernibleValue: 1,
      highestTrackableValue: HIGHEST_NS,
      numberOfSignificantValueDigits: 3,
      useWebAssembly: false,
    });
    for (let place = this.#lowest; place <= this.#highest; place++) {
      if (this.#counts[place] > 0) histogram.recordValueWithCount(valueAt(place), this.#counts[place]);
    }
    return histogram;
  }

  /** Adds what it holds to `total`. */
  addTo(total: LatencyRecorder): void {
    for (let place = this.#lowest; place <= this.#highest; place++) {
      if (this.#counts[place] > 0) total.#add(place, this.#counts[place]);
    }
  }

  /** As the histogram has it, for a percentile above 0, without making one; null without a value. */
  latencyNsAt(percentile: number): number | null {
    let total = 0;
    for (let place = this.#lowest; place <= this.#highest; place++) total += this.#counts[place];
    // The rank is exact but for the last bit of the product.
    const rank = Math.max(1, Math.ceil((percentile / 100) * total * (1 - Number.EPSILON)));
    let passed = 0;
    for (let place = this.#lowest; place <= this.#highest; place++) {
      passed += this.#counts[place];
      if (passed >= rank) return valueAt(place + 1) - 1;
    }
    return null;
  }

  #add(place: number, count: number): void {
    this.#counts[place] += count;
    if (place < this.#lowest) this.#lowest = place;
    if (place > this.#highest) this.#highest = place;
  }

  #recordLong(latencyNs: number): void {
    const high = Math.floor(latencyNs / 2 ** LONG_BUCKET);
    const bucket = 32 - SUB_BUCKET_BITS - Math.clz32(high | FIRST_BUCKET_MASK);
    this.#add((LONG_BUCKET + bucket) * HALF + (high >>> bucket), 1);
  }
}

/** The lowest value that is counted there. */
function valueAt(place: number): number {
  const bucket = Math.max(0, Math.floor(place / HALF) - 1);
  return (place - bucket * HALF) * 2 ** bucket;
}

/** The percentile distribution as text, in microseconds (.hgrm, as HdrHistogram's plotter reads it). */
export function percentileDistribution(histogram: Histogram): string {
  return histogram.outputPercentileDistribution(5, 1000);
}

/** The histogram as one line that every HdrHistogram library decodes and merges (V2, compressed, base64). */
export function encodeHistogram(histogram: Histogram): string {
  return `${encodeIntoCompressedBase64(histogram)}\n`;
}

/** The latencies of a result: some quantiles (null without a sample), and the histogram in both encodings. */
export function describeLatencies(
  histogram: Histogram,
): Pick<OperationResult, 'latency_ns' | 'encoded' | 'distribution'> {
  return {
    latency_ns: quantilesNs(histogram),
    encoded: encodeHistogram(histogram),
    distribution: percentileDistribution(histogram),
  };
}

/** The result of an operation of which a program tells the latencies of right replies: there were no others. */
export function resultOfRightReplies(
  operation: string,
  histogram: Histogram,
  throughput_ops: number,
): OperationResult {
  const requests = histogram.totalCount;
  return {
    operation,
    requests,
    hits: requests,
    misses: 0,
    errors: 0,
    wrong: 0,
    stale: 0,
    torn: 0,
    unanswered: 0,
    at_least_ns: null,
    throughput_ops,
    service_time_ns: null,
    slice_p50_ns: [],
    ...describeLatencies(histogram),
  };
}

/** Null without a sample. */
export function quantilesNs(histogram: Histogram): OperationResult['latency_ns'] {
  if (histogram.totalCount === 0) return null;
  const at = (percentile: number) => histogram.getValueAtPercentile(percentile);
  return {
    min: histogram.minNonZeroValue,
    p50: at(50),
    p90: at(90),
    p99: at(99),
    p999: at(99.9),
    max: at(100),
    mean: histogram.mean,
  };
}
