/** The interval over trials: exact confidences, and the coverage that they promise. */
import * as fc from 'fast-check';
import { median } from 'simple-statistics';
import { expect, test } from 'vitest';
import { medianInterval } from './interval.ts';

test('there is no interval with fewer than two trials', () => {
  expect(medianInterval([])).toBeNull();
  expect(medianInterval([7])).toBeNull();
});

// Ranks and confidences as in Le Boudec's table for the median (appendix A), which begins at n = 6.
test.each([
  { n: 2, low: 1, high: 2, confidence: 0.5 },
  { n: 3, low: 1, high: 3, confidence: 0.75 },
  { n: 4, low: 1, high: 4, confidence: 0.875 },
  { n: 5, low: 1, high: 5, confidence: 0.9375 },
  { n: 6, low: 1, high: 6, confidence: 0.96875 },
  { n: 8, low: 1, high: 8, confidence: 0.9921875 },
  { n: 9, low: 2, high: 8, confidence: 0.9609375 },
  { n: 20, low: 6, high: 15, confidence: 0.9586105 },
])('$n trials: ranks $low and $high, confidence $confidence', ({ n, low, high, confidence }) => {
  const interval = medianInterval(Array.from({ length: n }, (_, index) => n - index))!;
  expect(interval.low).toBe(low);
  expect(interval.high).toBe(high);
  expect(interval.confidence).toBeCloseTo(confidence, 6);
});

test('equal trials give an interval without width', () => {
  expect(medianInterval([3, 3, 3, 3, 3])).toEqual({ low: 3, high: 3, confidence: 0.9375 });
});

test('it holds the median, lies in the range, and does not depend on the order', () => {
  const trials = fc.array(fc.integer({ min: 1, max: 1000 }), { minLength: 2, maxLength: 60 });
  fc.assert(
    fc.property(trials, (values) => {
      const { low, high, confidence } = medianInterval(values)!;
      expect(low).toBeLessThanOrEqual(median(values));
      expect(high).toBeGreaterThanOrEqual(median(values));
      expect(values).toContain(low);
      expect(values).toContain(high);
      expect(confidence >= 0.95 || (low === Math.min(...values) && high === Math.max(...values))).toBe(true);
      expect(medianInterval(values.toReversed())).toEqual({ low, high, confidence });
    }),
  );
});

test.each([3, 5, 9])('over %i trials from a skewed distribution it covers as often as it says', (n) => {
  let state = 12345;
  const uniform = (): number => {
    state = (state * 48271) % 2147483647;
    return state / 2147483647;
  };
  const trueMedian = Math.LN2;
  const experiments = 20_000;
  let covered = 0;
  let confidence = 0;
  for (let experiment = 0; experiment < experiments; experiment++) {
    const interval = medianInterval(Array.from({ length: n }, () => -Math.log(uniform())))!;
    if (interval.low <= trueMedian && trueMedian <= interval.high) covered += 1;
    confidence = interval.confidence;
  }
  expect(covered / experiments).toBeCloseTo(confidence, 1.7);
});
