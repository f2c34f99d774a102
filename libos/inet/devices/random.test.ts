import { describe, expect, it } from 'vitest';
import { Random } from './random.ts';

const sequence = (seed: number, length = 8) => {
  const random = new Random(seed);
  return Array.from({ length }, () => random.next());
};

describe('Random', () => {
  it('repeats itself for the same seed, and for no other', () => {
    expect(sequence(7)).toEqual(sequence(7));
    const seeds = [0, 1, 2, 3, -1, 2 ** 32, 2 ** 33, 2 ** 40 + 1];
    expect(new Set(seeds.flatMap((seed) => sequence(seed))).size).toBe(seeds.length * 8);
  });

  it('spreads evenly, in every tenth and in every bit', () => {
    const random = new Random(1);
    const draws = 100_000;
    const tenths = new Array(10).fill(0);
    const bits = new Array(32).fill(0);
    for (let i = 0; i < draws; i++) {
      tenths[Math.floor(random.fraction() * 10)]++;
      const word = random.next();
      for (let bit = 0; bit < 32; bit++) bits[bit] += (word >>> bit) & 1;
    }
    // Five standard deviations of a binomial count.
    for (const count of tenths)
      expect(Math.abs(count - draws / 10)).toBeLessThan(5 * Math.sqrt(draws * 0.09));
    for (const count of bits) expect(Math.abs(count - draws / 2)).toBeLessThan(5 * Math.sqrt(draws * 0.25));
  });
});
