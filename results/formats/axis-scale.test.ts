/** How the values of an axis lie. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { axisScaleOf } from './axis-scale.ts';

test.each([
  [[1, 2, 4], 'log'],
  [[4, 1, 2], 'log'],
  [[1, 2, 4, 8], 'log'],
  [[1, 10, 50, 200], 'log'],
  [[1, 2, 3], 'linear'],
  [[20_000, 40_000, 60_000, 80_000], 'linear'],
  // Nothing is logarithmic from nought on, and two values show no factor.
  [[0, 1, 2, 4], 'linear'],
  [[1, 64], 'linear'],
  [['near', 'far', 'near'], 'category'],
  [[1, 'far'], 'category'],
] as const)('%j: %s', (values, scale) => {
  expect(axisScaleOf(values)).toBe(scale);
});

const first = fc.double({ min: 1e-3, max: 1e6, noNaN: true });
const many = fc.integer({ min: 3, max: 12 });

test('equal factors are logarithmic and equal steps are linear, from three values on', () => {
  fc.assert(
    fc.property(first, fc.double({ min: 1.05, max: 20, noNaN: true }), many, (from, factor, length) => {
      expect(axisScaleOf(Array.from({ length }, (_, index) => from * factor ** index))).toBe('log');
    }),
  );
  fc.assert(
    fc.property(first, fc.double({ min: 0.05, max: 20, noNaN: true }), many, (from, step, length) => {
      expect(axisScaleOf(Array.from({ length }, (_, index) => from * (1 + step * index)))).toBe('linear');
    }),
  );
});

test('what the author says stands above what whole numbers show', () => {
  expect(axisScaleOf([1, 2, 3, 4])).toBe('linear');
  expect(axisScaleOf([1, 2, 3, 4], 'factor')).toBe('log');
  expect(axisScaleOf([1, 2], 'factor')).toBe('linear');
});
