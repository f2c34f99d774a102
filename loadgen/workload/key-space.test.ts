/** Drawn keys against the exact probabilities of their distributions. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { KeyPermutation } from './key-permutation.ts';
import { type KeyOptions, KeySpace, MAX_KEYS } from './key-space.ts';
import { SeededRandom } from './random.ts';
import { Zipf } from './zipf.ts';

const options: KeyOptions = {
  keys: 50,
  keyDistribution: 'uniform',
  zipfExponent: 0.99,
  hotspot: { keys: 0.2, requests: 0.8 },
  seed: 7,
};
const DRAWS = 50_000;

/** By Pearson; where `counts` come from `shares`, it is about the number of shares. */
function chiSquare(counts: number[], shares: number[]): number {
  const total = counts.reduce((sum, count) => sum + count, 0);
  return counts.reduce((sum, count, index) => {
    const expected = shares[index] * total;
    return sum + (count - expected) ** 2 / expected;
  }, 0);
}

/** Passed once in some ten thousand seeds (the normal approximation at 3.9 standard deviations); seeds are fixed. */
const limit = (classes: number): number => classes - 1 + 3.9 * Math.sqrt(2 * (classes - 1)) + 5;

function counted(classes: number, draw: () => number): number[] {
  const counts = new Array<number>(classes).fill(0);
  for (let i = 0; i < DRAWS; i++) counts[draw()]++;
  return counts;
}

function zipfShares(ranks: number, exponent: number): number[] {
  const weights = Array.from({ length: ranks }, (_, index) => (index + 1) ** -exponent);
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.map((weight) => weight / total);
}

describe('Zipf', () => {
  it.each([0, 0.5, 0.99, 1, 1 + 1e-9, 1.2, 2, 3.5])(
    'has the exact probabilities for the exponent %d',
    (s) => {
      for (const ranks of [1, 2, 3, 40]) {
        const zipf = new Zipf(s, ranks);
        const random = new SeededRandom(11);
        const shares = zipfShares(ranks, s);
        const counts = counted(ranks, () => zipf.draw(random));
        // Classes of fewer than five draws are put together, as the test wants.
        const common = shares.filter((share) => share * DRAWS >= 5).length;
        const merged = (values: number[]): number[] => [
          ...values.slice(0, common),
          ...(common < ranks ? [values.slice(common).reduce((sum, value) => sum + value, 0)] : []),
        ];
        expect(chiSquare(merged(counts), merged(shares))).toBeLessThan(limit(common + 1));
      }
    },
  );

  it.each([0.7, 0.99, 1, 1.3])('has them over 10^9 ranks too, for the exponent %d', (s) => {
    const zipf = new Zipf(s, 1e9);
    const random = new SeededRandom(3);
    // Euler and Maclaurin's sum of k^-s: the first ranks one by one, the rest by its integral.
    const head = 1000;
    const integral = s === 1 ? Math.log(1e9 / head) : (1e9 ** (1 - s) - head ** (1 - s)) / (1 - s);
    let total = integral - head ** -s / 2;
    for (let k = 1; k <= head; k++) total += k ** -s;
    const bounds = [1, 10, 100, 1000];
    const shares: number[] = [];
    let before = 0;
    for (const bound of bounds) {
      let sum = 0;
      for (let k = before + 1; k <= bound; k++) sum += k ** -s;
      shares.push(sum / total);
      before = bound;
    }
    shares.push(1 - shares.reduce((sum, share) => sum + share, 0));
    const counts = counted(shares.length, () => {
      const rank = zipf.draw(random) + 1;
      expect(rank).toBeLessThanOrEqual(1e9);
      const found = bounds.findIndex((bound) => rank <= bound);
      return found < 0 ? bounds.length : found;
    });
    expect(chiSquare(counts, shares)).toBeLessThan(limit(shares.length));
  });

  it('follows a growing number of ranks', () => {
    const grown = new Zipf(0.99, 3);
    grown.grow(40);
    const random = new SeededRandom(11);
    expect(
      chiSquare(
        counted(40, () => grown.draw(random)),
        zipfShares(40, 0.99),
      ),
    ).toBeLessThan(limit(40));
  });
});

describe('KeyPermutation', () => {
  it('has each number once, for any bound', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 3000 }), fc.integer(), (bound, seed) => {
        const order = new KeyPermutation(bound, seed);
        const seen = new Set(Array.from({ length: bound }, (_, index) => order.at(index)));
        expect(seen.size).toBe(bound);
        expect(Math.max(...seen)).toBe(bound - 1);
        expect(Math.min(...seen)).toBe(0);
      }),
      { numRuns: 50 },
    );
  });

  it('spreads neighbours over the whole of a large key space', () => {
    for (const bound of [1e9, MAX_KEYS]) {
      const order = new KeyPermutation(bound, 5);
      const tenths = counted(
        10,
        (() => {
          let index = 0;
          return () => Math.floor((order.at(index++) / bound) * 10);
        })(),
      );
      expect(chiSquare(tenths, new Array<number>(10).fill(0.1))).toBeLessThan(limit(10));
    }
  });
});

describe('KeySpace', () => {
  const counts = (changes: Partial<KeyOptions>): number[] => {
    const keys = new KeySpace({ ...options, ...changes });
    return counted(50, () => keys.draw());
  };
  const even = new Array<number>(50).fill(1 / 50);
  const descending = (values: number[]): number[] => [...values].sort((a, b) => b - a);

  it('draws evenly', () => {
    expect(chiSquare(counts({ keyDistribution: 'uniform' }), even)).toBeLessThan(limit(50));
    expect(chiSquare(counts({ keyDistribution: 'sequential' }), even)).toBe(0);
  });

  it('asks for one key only where the distribution is single', () => {
    expect(counts({ keyDistribution: 'single' })[0]).toBe(DRAWS);
  });

  it('goes through all keys in their order, and begins again', () => {
    const keys = new KeySpace({ ...options, keys: 3, keyDistribution: 'sequential' });
    expect(Array.from({ length: 7 }, () => keys.draw())).toEqual([0, 1, 2, 0, 1, 2, 0]);
  });

  it('spreads the popular keys of zipf over the key space', () => {
    const drawn = counts({ keyDistribution: 'zipf' });
    expect(chiSquare(descending(drawn), zipfShares(50, 0.99))).toBeLessThan(limit(50));
    expect(drawn.indexOf(Math.max(...drawn))).toBeGreaterThan(0);
    // A permutation: the second most popular key does not stand beside the first.
    expect(drawn).not.toEqual(descending(drawn));
  });

  it('gives the hot keys their share, each the same', () => {
    const drawn = descending(counts({ keyDistribution: 'hotspot' }));
    const shares = even.map((_, index) => (index < 10 ? 0.8 / 10 : 0.2 / 40));
    expect(chiSquare(drawn, shares)).toBeLessThan(limit(50));
  });

  it('prefers the newest key, as far as it is acknowledged', () => {
    const keys = new KeySpace({ ...options, keyDistribution: 'latest' });
    const old = counted(50, () => keys.draw());
    expect(chiSquare(old.toReversed(), zipfShares(50, 0.99))).toBeLessThan(limit(50));
    const made = Array.from({ length: 10 }, () => keys.make());
    expect(made).toEqual([50, 51, 52, 53, 54, 55, 56, 57, 58, 59]);
    // Acknowledged out of order, and 55 not at all.
    for (const key of [51, 50, 54, 53, 52, 57, 56]) keys.acknowledge(key);
    expect(keys.count).toBe(55);
    const newer = counted(55, () => keys.draw());
    expect(chiSquare(newer.toReversed(), zipfShares(55, 0.99))).toBeLessThan(limit(55));
  });

  it.each(['uniform', 'zipf', 'hotspot', 'latest'] as const)(
    'needs no table for 10^9 keys, and draws from all of them: %s',
    (keyDistribution) => {
      const keys = new KeySpace({ ...options, keys: 1e9, keyDistribution });
      const tenths = counted(10, () => Math.floor(keys.draw() / 1e8));
      expect(Math.min(...tenths)).toBeGreaterThan(0);
    },
  );
});
