/** Numbers as people read them. */
import { expect, test } from 'vitest';
import { formatCount, formatIntervalUs, formatPercent, formatRatio, formatUs } from './format.ts';

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
