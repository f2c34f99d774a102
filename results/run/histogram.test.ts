/** Histograms: merging adds counts, quantiles are those of the values, every encoding is read. */
import * as fc from 'fast-check';
import { build, encodeIntoCompressedBase64, initWebAssembly } from 'hdr-histogram-js';
import { expect, test } from 'vitest';
import { decodeHistogram, type Histogram, latencyUs, medianUs, mergeHistograms } from './histogram.ts';

const hourNs = 3600e9;

function record(values: number[], highestTrackableValue = hourNs): Histogram {
  const histogram = build({ bitBucketSize: 64, highestTrackableValue, numberOfSignificantValueDigits: 3 });
  for (const value of values) histogram.recordValue(value);
  return histogram;
}

/** All counts of a histogram, by way of its encoding: equal texts are equal histograms. */
function counts(histogram: Histogram): string {
  return encodeIntoCompressedBase64(mergeHistograms([histogram]));
}

const latencies = fc.array(fc.integer({ min: 1, max: hourNs }), { maxLength: 40 });

test('merging is the same as recording everything into one histogram, through the encoding', () => {
  fc.assert(
    fc.property(fc.array(latencies, { minLength: 1, maxLength: 5 }), (trials) => {
      const decoded = trials.map((values) => decodeHistogram(encodeIntoCompressedBase64(record(values))));
      const merged = mergeHistograms(decoded);
      expect(counts(merged)).toBe(counts(record(trials.flat())));
      expect(latencyUs(merged)).toEqual(latencyUs(mergeHistograms([record(trials.flat())])));
    }),
  );
});

test('histograms of unlike ranges merge, in any order', () => {
  const narrow = record([5_000, 6_000], 10_000);
  const wide = record([7_000, 3_000_000_000]);
  expect(counts(mergeHistograms([narrow, wide]))).toBe(counts(mergeHistograms([wide, narrow])));
  expect(latencyUs(mergeHistograms([narrow, wide]))?.max).toBeCloseTo(3_000_000, -4);
});

test('a merged quantile is not the mean of the quantiles', () => {
  const fast = record(Array(900).fill(1_000));
  const slow = record(Array(100).fill(2_000));
  expect(medianUs(mergeHistograms([fast, slow]))).toBe(1);
});

test('quantiles of 1 to 1000 ns are exact', () => {
  const histogram = record(Array.from({ length: 1000 }, (_, index) => index + 1));
  expect(latencyUs(histogram)).toEqual({
    ...{ min: 0.001, p50: 0.5, p90: 0.9, p95: 0.95, p99: 0.99, p999: 0.999, p9999: 1 },
    ...{ max: 1, mean: 0.501 },
  });
});

test('a quantile is at most 0.1 % above the value of that rank, never below', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: hourNs }), { minLength: 1, maxLength: 200 }), (values) => {
      const latency = latencyUs(record(values))!;
      const sorted = values.toSorted((a, b) => a - b);
      const exact = { p50: 0.5, p90: 0.9, p95: 0.95, p99: 0.99, p999: 0.999, p9999: 0.9999, max: 1 };
      for (const [name, quantile] of Object.entries(exact)) {
        const value_us = sorted[Math.ceil(Number((quantile * values.length).toFixed(6))) - 1] / 1000;
        const reported_us = latency[name as keyof typeof exact];
        expect(reported_us).toBeGreaterThanOrEqual(value_us);
        expect(reported_us).toBeLessThanOrEqual(value_us * 1.001);
      }
    }),
  );
});

test('an empty histogram has no latency', () => {
  expect(latencyUs(mergeHistograms([]))).toBeNull();
  expect(latencyUs(decodeHistogram(encodeIntoCompressedBase64(record([]))))).toBeNull();
});

test('histograms recorded packed, in 32 bits or by WebAssembly are read and merged alike', async () => {
  await initWebAssembly();
  const variants = [
    build({ bitBucketSize: 'packed' }),
    build({ bitBucketSize: 32 }),
    build({ bitBucketSize: 64, useWebAssembly: true }),
  ];
  for (const histogram of variants) {
    for (const value of [1, 20_000, 30_000_000]) histogram.recordValue(value);
  }
  const decoded = variants.map((histogram) => decodeHistogram(encodeIntoCompressedBase64(histogram)));
  for (const histogram of variants) histogram.destroy();
  expect(counts(mergeHistograms(decoded))).toBe(
    counts(record([1, 1, 1, 20_000, 20_000, 20_000, 30_000_000, 30_000_000, 30_000_000])),
  );
});

test('counts beyond 32 bits are kept', () => {
  const histogram = build({ bitBucketSize: 64 });
  histogram.recordValueWithCount(1_000, 3e9);
  const decoded = decodeHistogram(encodeIntoCompressedBase64(histogram));
  expect(mergeHistograms([decoded, decoded]).totalCount).toBe(6e9);
});

test.each([
  ['nothing', ''],
  ['no base64', 'not a histogram'],
  ['other bytes', Buffer.from('hello world!').toString('base64')],
  ['a histogram cut short', encodeIntoCompressedBase64(record([1, 2, 3])).slice(0, 24)],
])('%s is refused', (_name, text) => {
  expect(() => decodeHistogram(text)).toThrow();
});
