import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Distribution } from './distribution.ts';
import { encodeHistogram, LatencyRecorder } from './recorder.ts';

/** Values up to here have a place of their own each. */
const exact = fc.integer({ min: 1, max: 2047 });

it('says of latencies what a list of them says', () => {
  fc.assert(
    fc.property(
      fc.array(exact, { minLength: 1, maxLength: 60 }),
      fc.integer({ min: 0, max: 100 }),
      (values, percentile) => {
        const recorder = new LatencyRecorder();
        for (const value of values) recorder.record(value);
        const distribution = new Distribution(encodeHistogram(recorder.histogram()));
        const sorted = [...values].sort((one, other) => one - other);
        const rank = Math.max(1, Math.ceil((percentile * values.length) / 100));
        expect(distribution.total).toBe(values.length);
        expect([distribution.min, distribution.max]).toEqual([sorted[0], sorted.at(-1)]);
        expect(distribution.mean).toBeCloseTo(values.reduce((sum, value) => sum + value, 0) / values.length);
        expect(distribution.at(percentile)).toBe(sorted[rank - 1]);
        const limit = values[0];
        expect(distribution.countUpTo(limit)).toBe(values.filter((value) => value <= limit).length);
        expect(distribution.countUpTo(0)).toBe(0);
      },
    ),
  );
});

it('says nothing of none', () => {
  const { total, min, max, mean } = new Distribution(encodeHistogram(new LatencyRecorder().histogram()));
  expect([total, min, max, mean]).toEqual([0, Number.NaN, Number.NaN, Number.NaN]);
});

it('keeps as many significant digits as it is asked to', () => {
  const values = fc.array(fc.integer({ min: 1, max: 1e9 }), { minLength: 1, maxLength: 60 });
  fc.assert(
    fc.property(values, fc.constantFrom(1 as const, 2 as const, 3 as const), (latencies, digits) => {
      const recorder = new LatencyRecorder();
      for (const ns of latencies) recorder.record(ns);
      const { total, min, max } = new Distribution(encodeHistogram(recorder.histogram()), digits);
      expect(total).toBe(latencies.length);
      for (const [found, ns] of [
        [min, Math.min(...latencies)],
        [max, Math.max(...latencies)],
      ]) {
        expect(found).toBeGreaterThanOrEqual(ns);
        expect(found).toBeLessThanOrEqual(ns * (1 + 2 * 10 ** -digits));
      }
    }),
  );
});
