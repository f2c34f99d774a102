/**
 * Latency histograms: decoding what the load generator wrote, merging by count, and reading quantiles.
 *
 * Values are nanoseconds in HdrHistogram's buckets, here 3 significant digits from 1 ns, so a quantile is at
 * most 0.1 % above the true one: HdrHistogram reports the highest value that a bucket stands for. Quantiles
 * of several trials come from the merged histogram; a mean of quantiles is the quantile of nothing.
 *
 * Only the library's JavaScript histograms are used, with 64-bit counts: its WebAssembly ones cannot be
 * added to these, and its default of 32 bits would wrap silently at 4.3 billion requests in a bucket.
 * Both kinds write the same V2 encoding, so it does not matter which one the generator recorded with.
 */
import {
  build,
  decodeFromCompressedBase64,
  encodeIntoCompressedBase64,
  type Histogram,
} from 'hdr-histogram-js';
import type { LoadResult, Point } from '../formats/index.ts';

export type { Histogram };

/**
 * Decodes a histogram in the V2 compressed form (base64 of a cookie, a length and zlib data).
 * Throws whatever the decoder throws when the text is not one; the caller knows the file's name.
 */
export function decodeHistogram(text: string): Histogram {
  return decodeFromCompressedBase64(text, 64, false);
}

/** The same form again: one line. */
export function encodeHistogram(histogram: Histogram): string {
  return `${encodeIntoCompressedBase64(histogram)}\n`;
}

/** A new histogram with the counts of all `histograms` added up; its range holds every safe integer. */
export function mergeHistograms(histograms: Histogram[]): Histogram {
  const merged = emptyHistogram();
  for (const histogram of histograms) merged.add(histogram);
  return merged;
}

/** A histogram of values that come with how often each was counted. */
export function countedHistogram(parts: { values_ns: number[]; counts: number[] }[]): Histogram {
  const histogram = emptyHistogram();
  for (const { values_ns, counts } of parts) {
    for (const [index, value_ns] of values_ns.entries()) {
      histogram.recordValueWithCount(Math.round(value_ns), counts[index]);
    }
  }
  return histogram;
}

/** Its range holds every safe integer. */
export function emptyHistogram(): Histogram {
  return build({
    bitBucketSize: 64,
    highestTrackableValue: Number.MAX_SAFE_INTEGER,
    numberOfSignificantValueDigits: 3,
    autoResize: false,
  });
}

/** The p50 in microseconds of a histogram with at least one value. */
export function medianUs(histogram: Histogram): number {
  return histogram.getValueAtPercentile(50) / 1000;
}

/** The p99 in microseconds of a histogram with at least one value. */
export function p99Us(histogram: Histogram): number {
  return histogram.getValueAtPercentile(99) / 1000;
}

/** The quantiles of a histogram in ns as the load generator tells them; null when it is empty. */
export function latencyNs(histogram: Histogram): LoadResult['operations'][number]['latency_ns'] {
  if (histogram.totalCount === 0) return null;
  const at = (percentile: number): number => histogram.getValueAtPercentile(percentile);
  const [min, mean] = [histogram.minNonZeroValue, histogram.mean];
  return { min, p50: at(50), p90: at(90), p99: at(99), p999: at(99.9), max: at(100), mean };
}

/** The quantiles of a histogram in ns as microseconds, or null when it is empty. */
export function latencyUs(histogram: Histogram): Point['latency_us'] {
  if (histogram.totalCount === 0) return null;
  const at = (percentile: number): number => histogram.getValueAtPercentile(percentile) / 1000;
  return {
    min: at(0),
    p50: medianUs(histogram),
    p90: at(90),
    p95: at(95),
    p99: p99Us(histogram),
    p999: at(99.9),
    p9999: at(99.99),
    max: at(100),
    mean: Math.round(histogram.mean) / 1000,
  };
}
