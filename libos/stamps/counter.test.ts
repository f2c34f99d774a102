import { expect, test } from 'vitest';
import { currentCores } from '../affinity.ts';
import { checkCounter } from './counter.ts';

const [first, second = first] = currentCores();

test('the counters of two cores are one clock, to well below the shortest stage', () => {
  // A pause between asking and hearing makes a round worthless; of 20,000 the best one counts.
  const { missing_flags, offset_ns, bound_ns } = checkCounter(first, second);
  expect(missing_flags).toEqual([]);
  expect(bound_ns).toBeGreaterThan(5);
  expect(bound_ns).toBeLessThan(2000);
  expect(Math.abs(offset_ns!)).toBeLessThanOrEqual(bound_ns! + 20);
});

test('one core has nothing to be compared with', () => {
  expect(checkCounter(first, first)).toMatchObject({ offset_ns: null, bound_ns: null });
});

test('a core that is not there is not waited for', () => {
  expect(checkCounter(first, 1000)).toMatchObject({ offset_ns: null });
});
