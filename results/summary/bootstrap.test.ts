/**
 * The bootstrap over trials: against hand-made cases and against simple-statistics. How often it covers the truth is in
 * bootstrap.long.test.ts.
 */
import * as fc from 'fast-check';
import { mean, permutationTest, standardDeviation } from 'simple-statistics';
import { describe, expect, test } from 'vitest';
import { bootstrapInterval, differenceInterval, differenceWithinRun, type TrialValue } from './bootstrap.ts';
import { normalSource, uniformSource } from './test-sources.ts';

function trials(values: number[]): TrialValue[] {
  return values.map((value, index) => ({ trial: index + 1, value }));
}

describe('a difference', () => {
  test('is the ratio of the medians, with its interval and what it could tell', () => {
    const difference = differenceInterval(
      trials([20, 21, 22, 23, 24]),
      trials([40, 41, 42, 43, 44]),
      'paired',
    )!;
    expect(difference).toMatchObject({ a: 22, b: 42, ratio: 22 / 42, trials: 5 });
    // A median over 5 trials gets their whole range.
    expect(difference.interval).toEqual({ low: 20 / 40, high: 24 / 44 });
    expect(difference.detectable).toBeCloseTo((24 / 44 - 20 / 40) / 2 / (22 / 42), 12);
  });

  test('within a run is paired, unless too few trials are common and each side has enough', () => {
    const a = trials([10, 11, 12, 13]);
    const elsewhere = [4, 5, 6].map((trial) => ({ trial, value: 20 + trial }));
    const common = trials([20, 22, 24, 26]);
    expect(differenceWithinRun(a, common)).toEqual(differenceInterval(a, common, 'paired'));
    expect(differenceWithinRun(a, elsewhere)).toEqual(differenceInterval(a, elsewhere, 'unpaired'));
    expect(differenceWithinRun(a, elsewhere)!.interval).not.toBeNull();
    // Two trials of one side are too few either way.
    const two = elsewhere.slice(0, 2);
    expect(differenceWithinRun(a, two)).toEqual(differenceInterval(a, two, 'paired'));
    expect(differenceWithinRun(a.slice(0, 1), elsewhere)).toBeNull();
  });

  test('of what was measured apart in time is of the times that both have', () => {
    const times = [{ first_trial: 5 }];
    const anchor = trials([10, 10, 10, 10, 20, 20, 20]);
    const earlier = trials([30, 31, 32, 33]);
    const added = [5, 6, 7].map((trial) => ({ trial, value: 60 }));
    expect(differenceWithinRun(earlier, anchor, times)).toMatchObject({ b: 10, trials: 4 });
    expect(differenceWithinRun(added, anchor, times)).toMatchObject({ b: 20, ratio: 3, trials: 3 });
    expect(differenceWithinRun(added, earlier)!.interval).not.toBeNull();
    expect(differenceWithinRun(added, earlier, times)).toBeNull();
  });

  test('pairs trials by their number, in any order, and leaves out those that one side has not', () => {
    const a = trials([10, 20, 30, 40, 50]);
    const b = [5, 4, 3, 2].map((trial) => ({ trial, value: trial * 20 }));
    expect(differenceInterval(a, b, 'paired')).toEqual({
      a: 35,
      b: 70,
      ratio: 0.5,
      interval: { low: 0.5, high: 0.5 },
      trials: 4,
      detectable: 0,
    });
  });

  test('of pairs does not see what slowed down both', () => {
    const block = [1, 1.5, 0.8, 1.2, 2];
    const a = trials(block.map((slow) => 10 * slow));
    const b = trials(block.map((slow) => 20 * slow));
    expect(differenceInterval(a, b, 'paired')!.interval).toEqual({ low: 0.5, high: 0.5 });
    const unpaired = differenceInterval(a, b, 'unpaired')!;
    expect(unpaired.ratio).toBe(0.5);
    expect(unpaired.interval!.low).toBeLessThan(0.4);
    expect(unpaired.interval!.high).toBeGreaterThan(0.7);
  });

  test('has no interval with fewer than three trials, or three on one side only', () => {
    expect(differenceInterval(trials([1, 2]), trials([2, 4]), 'paired')).toEqual({
      a: 1.5,
      b: 3,
      ratio: 0.5,
      interval: null,
      trials: 2,
      detectable: null,
    });
    expect(differenceInterval(trials([1, 2, 3]), trials([2, 4]), 'unpaired')!.interval).toBeNull();
    expect(differenceInterval(trials([1, 2, 3]), trials([2, 4, 6]), 'paired')!.interval).not.toBeNull();
  });

  test('is null without a common trial, and where a value is not positive', () => {
    expect(differenceInterval([], trials([1, 2, 3]), 'unpaired')).toBeNull();
    expect(differenceInterval([{ trial: 1, value: 5 }], [{ trial: 2, value: 5 }], 'paired')).toBeNull();
    expect(differenceInterval(trials([1, 2, 3]), trials([0, 2, 3]), 'paired')).toBeNull();
  });

  test('is the same each time, and stays within what was measured', () => {
    const pair = fc.tuple(fc.integer({ min: 1, max: 1000 }), fc.integer({ min: 1, max: 1000 }));
    fc.assert(
      fc.property(fc.array(pair, { minLength: 3, maxLength: 12 }), (pairs) => {
        const a = trials(pairs.map(([value]) => value));
        const b = trials(pairs.map(([, value]) => value));
        for (const pairing of ['paired', 'unpaired'] as const) {
          const { interval } = differenceInterval(a, b, pairing)!;
          const [valuesA, valuesB] = [a, b].map((side) => side.map(({ value }) => value));
          expect(interval!.low).toBeGreaterThanOrEqual(Math.min(...valuesA!) / Math.max(...valuesB!));
          expect(interval!.high).toBeLessThanOrEqual(Math.max(...valuesA!) / Math.min(...valuesB!));
          expect(differenceInterval(a, b, pairing)!.interval).toEqual(interval);
        }
      }),
    );
  });
});

describe('the interval', () => {
  test('of a difference of means is that of normal theory when there are many trials', () => {
    const normal = normalSource(7);
    const a = Array.from({ length: 200 }, () => 10 + normal());
    const b = Array.from({ length: 200 }, () => 9 + normal());
    const { low, high } = bootstrapInterval([a, b], 'unpaired', (x, y) => mean(x) - mean(y));
    const half = 1.96 * Math.hypot(standardDeviation(a), standardDeviation(b)) * Math.sqrt(1 / 200);
    expect((high - low) / 2 / half).toBeCloseTo(1, 1);
    expect((low + high) / 2).toBeCloseTo(mean(a) - mean(b), 1);
  });

  test.each([
    { shift: 0, differs: false },
    { shift: 1, differs: true },
  ])('tells a shift of $shift as the permutation test of simple-statistics does', ({ shift, differs }) => {
    const normal = normalSource(11);
    const a = Array.from({ length: 30 }, () => 20 + normal());
    const b = Array.from({ length: 30 }, () => 20 + shift + normal());
    const p = permutationTest(a, b, 'two_side', 5000, uniformSource(3));
    const { low, high } = bootstrapInterval([a, b], 'unpaired', (x, y) => mean(x) - mean(y));
    expect(p < 0.05).toBe(differs);
    expect(low > 0 || high < 0).toBe(differs);
  });
});
