import fc from 'fast-check';
import { expect, it } from 'vitest';
import { coresOf, inRanges } from './core-list.ts';

it('lists of cores are written as ranges', () => {
  expect(inRanges([0, 1, 2, 3, 6])).toBe('0-3,6');
  expect(inRanges([5])).toBe('5');
  expect(inRanges([])).toBe('');
});

it('lists of the kernel are read', () => {
  expect(coresOf('0-3,6')).toEqual([0, 1, 2, 3, 6]);
  expect(coresOf('12')).toEqual([12]);
  for (const none of ['', '(null)']) expect(coresOf(none)).toEqual([]);
});

it('what is written is read', () => {
  const cores = fc.uniqueArray(fc.nat(300)).map((all) => all.toSorted((a, b) => a - b));
  fc.assert(
    fc.property(cores, (all) => {
      expect(coresOf(inRanges(all))).toEqual(all);
    }),
  );
});
