import * as fc from 'fast-check';
import { median as librarys } from 'simple-statistics';
import { expect, test } from 'vitest';
import { median } from './median.ts';

test("the median is the library's, to the last bit, of few values and of many, and leaves them in their order", () => {
  const value = fc.double({ min: -1e9, max: 1e9, noNaN: true });
  fc.assert(
    fc.property(fc.array(value, { minLength: 1, maxLength: 70 }), (values) => {
      const before = [...values];
      expect(median(values)).toBe(librarys(values));
      expect(values).toEqual(before);
    }),
  );
  expect(() => median([])).toThrow('at least one data point');
});
