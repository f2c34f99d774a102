import fc from 'fast-check';
import { build, decodeFromCompressedBase64 } from 'hdr-histogram-js';
import { describe, expect, it } from 'vitest';
import { encodeHistogram, LatencyRecorder, percentileDistribution } from './recorder.ts';

/** What the library itself makes of the same values. */
function reference(values: number[]) {
  const histogram = build({
    bitBucketSize: 64,
    lowestDiscernibleValue: 1,
    highestTrackableValue: 3600e9,
    numberOfSignificantValueDigits: 3,
    useWebAssembly: false,
  });
  for (const value of values) histogram.recordValue(value);
  return histogram;
}

const latencyNs = fc.oneof(
  fc.integer({ min: 0, max: 5000 }),
  fc.integer({ min: 0, max: 2 ** 31 - 1 }),
  fc.integer({ min: 2 ** 31 - 3, max: 2 ** 31 + 3 }),
  fc.integer({ min: 2 ** 31, max: 3600e9 }),
);

describe('LatencyRecorder', () => {
  it('counts as the HDR histogram library does, value by value', () => {
    fc.assert(
      fc.property(fc.array(latencyNs, { minLength: 1, maxLength: 300 }), (values) => {
        const recorder = new LatencyRecorder();
        for (const value of values) recorder.record(value);
        const histogram = recorder.histogram();
        const expected = reference(values);
        expect(histogram.totalCount).toBe(values.length);
        for (const percentile of [0, 1, 25, 50, 90, 99, 99.9, 100]) {
          expect(histogram.getValueAtPercentile(percentile)).toBe(expected.getValueAtPercentile(percentile));
        }
        for (const percentile of [0.1, 1, 25, 50, 90, 99, 99.9, 100]) {
          expect(recorder.latencyNsAt(percentile)).toBe(expected.getValueAtPercentile(percentile));
        }
        expect(histogram.mean).toBeCloseTo(expected.mean, 6);
      }),
    );
  });

  it('is emptied into another one, which then holds all, and says what it held', () => {
    fc.assert(
      fc.property(fc.array(fc.array(latencyNs, { maxLength: 60 }), { maxLength: 5 }), (slices) => {
        const recorder = new LatencyRecorder();
        const total = new LatencyRecorder();
        const added = new LatencyRecorder();
        for (const values of slices) {
          for (const value of values) recorder.record(value);
          recorder.addTo(added);
          const { values_ns, counts } = recorder.moveTo(total);
          const again = reference([]);
          for (const [index, value] of values_ns.entries()) again.recordValueWithCount(value, counts[index]);
          expect(encodeHistogram(again)).toBe(encodeHistogram(reference(values)));
          expect(values_ns).toEqual(values_ns.toSorted((a, b) => a - b));
          expect(recorder.histogram().totalCount).toBe(0);
          expect(recorder.latencyNsAt(50)).toBeNull();
        }
        for (const all of [total, added]) {
          expect(encodeHistogram(all.histogram())).toBe(encodeHistogram(reference(slices.flat())));
        }
      }),
    );
  });

  it('keeps every boundary between buckets', () => {
    for (let bit = 0; bit < 42; bit++) {
      for (const value of [2 ** bit - 1, 2 ** bit, 2 ** bit + 1]) {
        const recorder = new LatencyRecorder();
        recorder.record(value);
        expect(recorder.histogram().getValueAtPercentile(100)).toBe(
          reference([value]).getValueAtPercentile(100),
        );
      }
    }
  });

  it('is encoded so that the library decodes and merges it', () => {
    const recorder = new LatencyRecorder();
    for (let i = 1; i <= 1000; i++) recorder.record(i * 1000);
    const encoded = encodeHistogram(recorder.histogram());
    expect(encoded.endsWith('\n')).toBe(true);
    const merged = decodeFromCompressedBase64(encoded.trim());
    merged.add(recorder.histogram());
    expect(merged.totalCount).toBe(2000);
    expect(merged.getValueAtPercentile(50)).toBeGreaterThanOrEqual(499_000);
    expect(merged.getValueAtPercentile(50)).toBeLessThanOrEqual(501_000);
  });

  it('prints the percentile distribution in microseconds', () => {
    const recorder = new LatencyRecorder();
    recorder.record(5_000);
    expect(percentileDistribution(recorder.histogram())).toMatch(/^\s*Value\s+Percentile[\s\S]*\s5\.00\d/);
  });
});
