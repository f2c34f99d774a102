import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Arrivals } from './arrivals.ts';

/** The first `count` intended times. */
function times(arrivals: Arrivals, count: number): number[] {
  return Array.from({ length: count }, () => {
    const { nextNs } = arrivals;
    arrivals.advance();
    return nextNs;
  });
}

const gaps = (ns: number[]) => ns.slice(1).map((time, i) => time - ns[i]);

const rateOps = fc.double({ min: 0.01, max: 1e8, noNaN: true });
const seed = fc.integer();
const startNs = fc.double({ min: 0, max: 1e13, noNaN: true });

describe('constant arrivals', () => {
  it('begin at the start and are one gap apart for ever, with no rounding that adds up', () => {
    fc.assert(
      fc.property(rateOps, startNs, fc.integer({ min: 1, max: 2000 }), (rate, start, count) => {
        const intended = times(new Arrivals('constant', rate, 1, start), count);
        intended.forEach((ns, i) => {
          expect(ns).toBe(start + i * (1e9 / rate));
        });
      }),
    );
  });

  it('are as many in a window as the rate says', () => {
    const arrivals = new Arrivals('constant', 3000, 1, 0);
    let count = 0;
    for (; arrivals.nextNs < 7e9; arrivals.advance()) count++;
    expect(count).toBe(21_000);
  });
});

describe('Poisson arrivals', () => {
  it('go forward, and are the same for a seed', () => {
    fc.assert(
      fc.property(rateOps, seed, startNs, (rate, of, start) => {
        const intended = times(new Arrivals('poisson', rate, of, start), 500);
        expect(intended).toEqual(times(new Arrivals('poisson', rate, of, start), 500));
        expect(intended[0]).toBeGreaterThanOrEqual(start);
        for (const gap of gaps(intended)) expect(gap).toBeGreaterThanOrEqual(0);
      }),
    );
    const of = (n: number) => times(new Arrivals('poisson', 1, n, 0), 10);
    expect(of(1)).not.toEqual(of(2));
  });

  it('have the mean rate', () => {
    fc.assert(
      fc.property(rateOps, seed, (rate, of) => {
        const count = 20_000;
        const arrivals = new Arrivals('poisson', rate, of, 0);
        arrivals.skip(0, count);
        // Relative deviation of the sum of n exponential gaps: 1 / sqrt(n); 5.5 of them happen once in 10^7.
        const relative = (arrivals.nextNs * rate) / 1e9 / count;
        expect(Math.abs(relative - 1)).toBeLessThan(5.5 / Math.sqrt(count));
      }),
    );
  });

  // Kolmogorov and Smirnov: sqrt(n) D passes 1.95 once in 1,000 samples of the distribution; the seeds are
  // fixed.
  it.each([1, 2, 3, 4, 5])('have exponential gaps (seed %d)', (of) => {
    const rate = 2000;
    const count = 50_000;
    const sorted = gaps(times(new Arrivals('poisson', rate, of, 0), count + 1)).sort((a, b) => a - b);
    let distance = 0;
    sorted.forEach((gap, i) => {
      const expected = 1 - Math.exp((-gap * rate) / 1e9);
      distance = Math.max(distance, expected - i / count, (i + 1) / count - expected);
    });
    expect(Math.sqrt(count) * distance).toBeLessThan(1.95);
  });

  it('have gaps that do not follow from the one before', () => {
    const all = gaps(times(new Arrivals('poisson', 1e9, 6, 0), 50_001));
    const products = all.slice(1).map((gap, i) => (gap - 1) * (all[i] - 1));
    const correlation = products.reduce((sum, product) => sum + product, 0) / products.length;
    expect(Math.abs(correlation)).toBeLessThan(4 / Math.sqrt(products.length));
  });
});

describe('skip', () => {
  it('goes past so many requests from a time on', () => {
    fc.assert(
      fc.property(fc.constantFrom('poisson' as const, 'constant' as const), seed, (kind, of) => {
        const intended = times(new Arrivals(kind, 1e9, of, 0), 200);
        const from = intended.findIndex((ns) => ns >= 50);
        const skipping = new Arrivals(kind, 1e9, of, 0);
        skipping.skip(50, 30);
        expect(skipping.nextNs).toBe(intended[from + 30]);
      }),
    );
  });
});
