/**
 * How often the interval of the bootstrap covers the truth, over thousands of experiments: the figures of
 * bootstrap.ts.
 */
import { mean, median } from 'simple-statistics';
import { expect, test } from 'vitest';
import { bootstrapInterval, type Pairing } from './bootstrap.ts';
import { normalSource } from './test-sources.ts';

// Trials that are log-normal, 5 % about their median of 20 and 25, in blocks that vary by 10 %.
function coverage(pairing: Pairing, n: number, center: (values: number[]) => number): number {
  const normal = normalSource(12345);
  const experiments = 2000;
  let covered = 0;
  for (let experiment = 0; experiment < experiments; experiment++) {
    const blocks = Array.from({ length: n }, () => Math.exp(0.1 * normal()));
    const others = pairing === 'paired' ? blocks : blocks.map(() => Math.exp(0.1 * normal()));
    const a = blocks.map((block) => 20 * block * Math.exp(0.05 * normal()));
    const b = others.map((block) => 25 * block * Math.exp(0.05 * normal()));
    const { low, high } = bootstrapInterval([a, b], pairing, (x, y) => center(x) / center(y), 1001);
    if (low <= 0.8 && 0.8 <= high) covered += 1;
  }
  return covered / experiments;
}

test.each<{ pairing: Pairing; n: number; covers: number }>([
  { pairing: 'paired', n: 3, covers: 0.75 },
  { pairing: 'paired', n: 5, covers: 0.94 },
  { pairing: 'paired', n: 10, covers: 0.98 },
  { pairing: 'unpaired', n: 3, covers: 0.9 },
  { pairing: 'unpaired', n: 5, covers: 0.97 },
  { pairing: 'unpaired', n: 10, covers: 0.96 },
])(
  'over $n $pairing trials covers the true ratio of medians $covers of the time',
  ({ pairing, n, covers }) => {
    expect(Math.abs(coverage(pairing, n, median) - covers)).toBeLessThan(0.015);
  },
);

test('of means covers less', () => {
  expect(Math.abs(coverage('paired', 5, mean) - 0.83)).toBeLessThan(0.015);
});
