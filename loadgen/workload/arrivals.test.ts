import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ArrivalPattern, OnOffPattern } from '../../results/formats/arrival-patterns.ts';
import { type Arrivals, createArrivals, DealtArrivals, skipArrivals } from './arrivals.ts';

/** The first `count` intended times. */
function times(arrivals: Arrivals, count: number): number[] {
  return Array.from({ length: count }, () => {
    const { nextNs } = arrivals;
    arrivals.advance();
    return nextNs;
  });
}

const gaps = (ns: number[]) => ns.slice(1).map((time, i) => time - ns[i]);

/** Kolmogorov's and Smirnov's distance of a sample from a distribution, times sqrt(n): 1.95 is passed once in 1,000. */
function distance(sample: number[], cumulative: (value: number) => number): number {
  const sorted = sample.toSorted((a, b) => a - b);
  const most = sorted.reduce((max, value, i) => {
    const expected = cumulative(value);
    return Math.max(max, expected - i / sorted.length, (i + 1) / sorted.length - expected);
  }, 0);
  return Math.sqrt(sorted.length) * most;
}

const rateOps = fc.double({ min: 0.01, max: 1e8, noNaN: true });
const seed = fc.integer();
const startNs = fc.double({ min: 0, max: 1e13, noNaN: true });
const bursts = fc.record({
  kind: fc.constant('onoff' as const),
  on_ms: fc.double({ min: 0.001, max: 1000, noNaN: true }),
  off_ms: fc.double({ min: 0.001, max: 1000, noNaN: true }),
  times: fc.constantFrom('fixed' as const, 'exponential' as const),
});
const pareto = fc.record({
  kind: fc.constant('pareto' as const),
  shape: fc.double({ min: 1.01, max: 20, noNaN: true }),
});
const pattern = fc.oneof(fc.constantFrom('poisson' as const, 'constant' as const), bursts, pareto);
/** At a rate that every pattern can have. */
const RATE = 20_000;

describe('arrivals of every pattern', () => {
  it('go forward from their start, and are the same for a seed', () => {
    fc.assert(
      fc.property(pattern, seed, startNs, (of, drawn, start) => {
        const intended = times(createArrivals(of, RATE, drawn, start), 300);
        expect(intended).toEqual(times(createArrivals(of, RATE, drawn, start), 300));
        expect(intended[0]).toBeGreaterThanOrEqual(start);
        for (const gap of gaps(intended)) expect(gap).toBeGreaterThanOrEqual(0);
      }),
    );
  });

  it('are others for another seed, but for constant ones', () => {
    fc.assert(
      fc.property(fc.oneof(bursts, pareto, fc.constant('poisson' as const)), fc.nat(1e6), (of, drawn) => {
        const one = times(createArrivals(of, RATE, drawn, 0), 10);
        expect(one).not.toEqual(times(createArrivals(of, RATE, drawn + 1, 0), 10));
      }),
    );
  });

  it('are together, dealt to threads, what one thread has', () => {
    fc.assert(
      fc.property(pattern, seed, fc.integer({ min: 1, max: 7 }), (of, drawn, threads) => {
        const dealt = Array.from({ length: threads }, (_, thread) =>
          times(new DealtArrivals(createArrivals(of, RATE, drawn, 5), thread, threads), 40),
        );
        const merged = Array.from(
          { length: 40 * threads },
          (_, i) => dealt[i % threads][Math.floor(i / threads)],
        );
        expect(merged).toEqual(times(createArrivals(of, RATE, drawn, 5), 40 * threads));
      }),
    );
  });

  it('are skipped from a time on', () => {
    fc.assert(
      fc.property(pattern, seed, (of, drawn) => {
        const intended = times(createArrivals(of, RATE, drawn, 0), 200);
        const fromNs = intended[100];
        const skipping = createArrivals(of, RATE, drawn, 0);
        skipArrivals(skipping, fromNs, 30);
        expect(skipping.nextNs).toBe(intended[intended.findIndex((ns) => ns >= fromNs) + 30]);
      }),
    );
  });
});

describe('constant arrivals', () => {
  it('begin at the start and are one gap apart for ever, with no rounding that adds up', () => {
    fc.assert(
      fc.property(rateOps, startNs, fc.integer({ min: 1, max: 2000 }), (rate, start, count) => {
        const intended = times(createArrivals('constant', rate, 1, start), count);
        intended.forEach((ns, i) => {
          expect(ns).toBe(start + i * (1e9 / rate));
        });
      }),
    );
  });

  it('are as many in a window as the rate says', () => {
    const arrivals = createArrivals('constant', 3000, 1, 0);
    let count = 0;
    for (; arrivals.nextNs < 7e9; arrivals.advance()) count++;
    expect(count).toBe(21_000);
  });
});

describe('Poisson arrivals', () => {
  it('have the mean rate', () => {
    fc.assert(
      fc.property(rateOps, seed, (rate, of) => {
        const count = 20_000;
        const arrivals = createArrivals('poisson', rate, of, 0);
        skipArrivals(arrivals, 0, count);
        // Relative deviation of the sum of n exponential gaps: 1 / sqrt(n); 5.5 of them happen once in 10^7.
        const relative = (arrivals.nextNs * rate) / 1e9 / count;
        expect(Math.abs(relative - 1)).toBeLessThan(5.5 / Math.sqrt(count));
      }),
    );
  });

  it.each([1, 2, 3, 4, 5])('have exponential gaps (seed %d)', (of) => {
    const sample = gaps(times(createArrivals('poisson', 2000, of, 0), 50_001));
    expect(distance(sample, (ns) => 1 - Math.exp((-ns * 2000) / 1e9))).toBeLessThan(1.95);
  });

  it('have gaps that do not follow from the one before', () => {
    const all = gaps(times(createArrivals('poisson', 1e9, 6, 0), 50_001));
    const products = all.slice(1).map((gap, i) => (gap - 1) * (all[i] - 1));
    const correlation = products.reduce((sum, product) => sum + product, 0) / products.length;
    expect(Math.abs(correlation)).toBeLessThan(4 / Math.sqrt(products.length));
  });
});

describe('gaps of Pareto', () => {
  const cumulative = (shape: number, rate: number) => {
    const leastNs = ((1e9 / rate) * (shape - 1)) / shape;
    return (ns: number) => (ns <= leastNs ? 0 : 1 - (leastNs / ns) ** shape);
  };

  it.each([1.05, 1.2, 1.5, 2, 3, 10])('have its distribution (shape %d)', (shape) => {
    const sample = gaps(times(createArrivals({ kind: 'pareto', shape }, 2000, 7, 0), 50_001));
    expect(distance(sample, cumulative(shape, 2000))).toBeLessThan(1.95);
  });

  it.each([1.2, 1.5, 2, 3])('have the tail index that was asked for, by Hill (shape %d)', (shape) => {
    const sample = gaps(times(createArrivals({ kind: 'pareto', shape }, 2000, 8, 0), 200_001));
    const largest = sample.toSorted((a, b) => b - a).slice(0, 20_001);
    const least = largest[20_000];
    const meanLog = largest.slice(0, -1).reduce((sum, gap) => sum + Math.log(gap / least), 0) / 20_000;
    // Its relative deviation is 1 / sqrt(k); 5.5 of them happen once in 10^7.
    expect(Math.abs(1 / meanLog / shape - 1)).toBeLessThan(5.5 / Math.sqrt(20_000));
  });

  it('have the mean rate, where their variance is finite', () => {
    fc.assert(
      fc.property(fc.double({ min: 3, max: 50, noNaN: true }), rateOps, seed, (shape, rate, of) => {
        const count = 20_000;
        const arrivals = createArrivals({ kind: 'pareto', shape }, rate, of, 0);
        skipArrivals(arrivals, 0, count - 1);
        const relative = (arrivals.nextNs * rate) / 1e9 / count;
        // Of one gap: 1 / sqrt(shape (shape - 2)). Tails beyond the normal distribution's: twice as much is allowed.
        const deviation = 1 / Math.sqrt(shape * (shape - 2) * count);
        expect(Math.abs(relative - 1)).toBeLessThan(11 * deviation);
      }),
    );
  });
});

describe('bursts', () => {
  const fixed: OnOffPattern = { kind: 'onoff', on_ms: 2, off_ms: 6, times: 'fixed' };
  const drawn: OnOffPattern = { kind: 'onoff', on_ms: 3, off_ms: 9, times: 'exponential' };

  it('of fixed times leave one and the same part of each cycle free', () => {
    fc.assert(
      fc.property(bursts, seed, (of, number) => {
        const pattern: ArrivalPattern = { ...of, times: 'fixed' };
        const cycleNs = (of.on_ms + of.off_ms) * 1e6;
        // Five requests a burst, whatever its length.
        const rate = (5 * 1e9) / cycleNs;
        const places = times(createArrivals(pattern, rate, number, 0), 500)
          .map((ns) => ns % cycleNs)
          .toSorted((a, b) => a - b);
        const around = [...gaps(places), places[0] + cycleNs - (places.at(-1) as number)];
        expect(Math.max(...around)).toBeGreaterThanOrEqual(of.off_ms * 1e6 * (1 - 1e-9));
      }),
    );
  });

  it('of fixed times are a Poisson process while on: in whole cycles there are as many', () => {
    const cycles = 2000;
    const counts = new Array(cycles).fill(0);
    const arrivals = createArrivals(fixed, 5000, 3, 0);
    for (; arrivals.nextNs < cycles * 8e6; arrivals.advance()) counts[Math.floor(arrivals.nextNs / 8e6)]++;
    const mean = counts.reduce((sum, count) => sum + count, 0) / cycles;
    const variance = counts.reduce((sum, count) => sum + (count - mean) ** 2, 0) / (cycles - 1);
    // 40 requests in 8 ms. Mean and index of dispersion of a Poisson process, each within 5 deviations.
    expect(Math.abs(mean - 40)).toBeLessThan(5 * Math.sqrt(40 / cycles));
    expect(Math.abs(variance / mean - 1)).toBeLessThan(5 * Math.sqrt(2 / cycles));
  });

  it('start anywhere in their cycle, evenly', () => {
    const phases = Array.from({ length: 500 }, (_, of) => {
      const places = times(createArrivals(fixed, 100_000, of, 0), 2000).map((ns) => ns % 8e6);
      const sorted = places.toSorted((a, b) => a - b);
      const around = [...gaps(sorted), sorted[0] + 8e6 - (sorted.at(-1) as number)];
      return sorted[(around.indexOf(Math.max(...around)) + 1) % sorted.length] / 8e6;
    });
    expect(distance(phases, (share) => share)).toBeLessThan(1.95);
  });

  // Kuczura: the gaps of an interrupted Poisson process are a mixture of two exponential ones.
  it.each([1, 2, 3])('of exponential times are an interrupted Poisson process (seed %d)', (of) => {
    const rate = 2000;
    const [peak, ending, beginning] = [rate * 4, 1e3 / drawn.on_ms, 1e3 / drawn.off_ms];
    const sum = peak + ending + beginning;
    const root = Math.sqrt(sum ** 2 - 4 * peak * beginning);
    const [fast, slow] = [(sum + root) / 2, (sum - root) / 2];
    const share = (peak - slow) / (fast - slow);
    const sample = gaps(times(createArrivals(drawn, rate, of, 0), 50_001));
    const cumulative = (ns: number): number => {
      const s = ns / 1e9;
      return 1 - share * Math.exp(-fast * s) - (1 - share) * Math.exp(-slow * s);
    };
    expect(distance(sample, cumulative)).toBeLessThan(1.95);
  });

  it('have the mean rate', () => {
    fc.assert(
      fc.property(seed, fc.constantFrom(fixed, drawn), (of, pattern) => {
        const count = 20_000;
        const arrivals = createArrivals(pattern, 2000, of, 0);
        skipArrivals(arrivals, 0, count);
        // 24 requests a cycle or 16. An exponential cycle's length deviates by less than its mean.
        const cycles = count / (pattern.times === 'fixed' ? 16 : 24);
        const relative = (arrivals.nextNs * 2000) / 1e9 / count;
        expect(Math.abs(relative - 1)).toBeLessThan(5.5 * Math.sqrt(1 / cycles + 1 / count));
      }),
    );
  });
});
