/** Numbers as people read them. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  formatCount,
  formatIntervalUs,
  formatPercent,
  formatRatio,
  formatRatioFinely,
  formatUs,
} from './format.ts';

test.each([
  [0.5, '0.50'],
  [1.5, '1.50'],
  [9.994, '9.99'],
  [9.996, '10.0'],
  [32.34, '32.3'],
  [99.94, '99.9'],
  [99.96, '100'],
  [1234.5, '1,235'],
])('%d µs is written %s', (us, text) => {
  expect(formatUs(us)).toBe(text);
});

test('counts, intervals, ratios and shares', () => {
  expect(formatCount(1_000_000)).toBe('1,000,000');
  expect(formatIntervalUs({ low: 9.2, high: 32.36 })).toBe('9.20 to 32.4');
  expect(formatRatio(0.284)).toBe('0.28');
  expect(formatPercent(0.9375)).toBe('93.8 %');
  expect(formatPercent(0.75)).toBe('75 %');
  expect(formatPercent(191_801.57)).toBe('19,180,157 %');
});

test.each([
  [0, '0.00', '0.00'],
  [0.000_213_4, '0.00021', '0.000213'],
  [0.000_000_12, '1.2e-7', '1.20e-7'],
  [0.0475, '0.048', '0.0475'],
  [0.0949, '0.095', '0.0949'],
  [0.0951, '0.10', '0.0951'],
  [0.0999, '0.10', '0.100'],
  [0.7241, '0.72', '0.724'],
  [0.9997, '1.00', '1.00'],
  [12.34, '12.34', '12.3'],
  [1234.5, '1234.50', '1,235'],
])('the ratio %d is written %s, and %s where it decides', (ratio, briefly, finely) => {
  expect(formatRatio(ratio)).toBe(briefly);
  expect(formatRatioFinely(ratio)).toBe(finely);
});

test('no ratio above 0 is written as 0', () => {
  fc.assert(
    fc.property(fc.double({ min: 1e-12, max: 1, noNaN: true }), (ratio) => {
      for (const written of [formatRatio(ratio), formatRatioFinely(ratio)]) {
        expect(Math.abs(Number(written) / ratio - 1)).toBeLessThan(0.06);
      }
    }),
  );
});
