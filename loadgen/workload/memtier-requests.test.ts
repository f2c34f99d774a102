import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MEMTIER_SET, MemtierRequests, type MemtierWorkload, rangeOf } from './memtier-requests.ts';

const workload: MemtierWorkload = {
  ratio: { sets: 1, gets: 10 },
  patterns: { set: 'R', get: 'R' },
  keyMinimum: 0,
  keyMaximum: 999,
  keyStddev: null,
  keyMedian: null,
  keyZipfExponent: 1,
  keyPrefix: 'memtier-',
  version: 2,
  dataBytes: 32,
  randomData: false,
  seed: 0,
  distinctClientSeed: false,
  requestsPerClient: null,
};

/** The next requests of a client, as [is it a SET, key]. */
function requests(of: Partial<MemtierWorkload>, count: number, client = 0, clients = 1): [boolean, number][] {
  const source = new MemtierRequests({ ...workload, ...of }, client, clients);
  const found: [boolean, number][] = [];
  while (found.length < count && source.advance()) found.push([source.operation === MEMTIER_SET, source.key]);
  return found;
}

describe('MemtierRequests', () => {
  it('has so many SETs, then so many GETs, and ends after its requests', () => {
    const counts = fc.integer({ min: 0, max: 5 });
    fc.assert(
      fc.property(counts, counts, fc.integer({ min: 1, max: 60 }), (sets, gets, limit) => {
        fc.pre(sets + gets > 0);
        const found = requests({ ratio: { sets, gets }, requestsPerClient: limit }, 100);
        const expected = Array.from({ length: limit }, (_, i) => i % (sets + gets) < sets);
        expect(found.map(([isSet]) => isSet)).toEqual(expected);
      }),
    );
  });

  it('goes through keys in order, SETs and GETs each by themselves, and begins anew', () => {
    const found = requests(
      { ratio: { sets: 1, gets: 2 }, patterns: { set: 'S', get: 'S' }, keyMinimum: 5, keyMaximum: 7 },
      12,
    );
    expect(found.filter(([isSet]) => isSet).map(([, key]) => key)).toEqual([5, 6, 7, 5]);
    expect(found.filter(([isSet]) => !isSet).map(([, key]) => key)).toEqual([5, 6, 7, 5, 6, 7, 5, 6]);
  });

  it('parts the keys of a parallel pattern among the clients: each key is of one', () => {
    const sizes = fc.tuple(fc.nat(1000), fc.integer({ min: 1, max: 40 }), fc.nat(400));
    fc.assert(
      fc.property(sizes, ([keyMinimum, clients, more]) => {
        const parallel = {
          ...workload,
          patterns: { set: 'P', get: 'P' } as const,
          keyMinimum,
          keyMaximum: keyMinimum + clients * clients + more,
        };
        let next = keyMinimum;
        for (let client = 0; client < clients; client++) {
          const { minimum, maximum } = rangeOf(parallel, client, clients);
          expect(minimum).toBe(next);
          next = maximum + 1;
        }
        expect(next).toBe(parallel.keyMaximum + 1);
      }),
    );
  });

  it.each([
    ['R', 499.5, 289],
    ['G', 499.5, 166],
  ] as const)('draws keys %s within the range, about their middle', (pattern, middle, deviation) => {
    const keys = requests({ patterns: { set: pattern, get: pattern } }, 20_000).map(([, key]) => key);
    expect(Math.min(...keys)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...keys)).toBeLessThanOrEqual(999);
    const mean = keys.reduce((sum, key) => sum + key, 0) / keys.length;
    const variance = keys.reduce((sum, key) => sum + (key - mean) ** 2, 0) / keys.length;
    // Ten standard errors of the mean.
    expect(Math.abs(mean - middle)).toBeLessThan((10 * deviation) / Math.sqrt(keys.length));
    expect(Math.sqrt(variance) / deviation).toBeCloseTo(1, 1);
  });

  it('draws the first keys of Zipf most often', () => {
    const keys = requests({ patterns: { set: 'Z', get: 'Z' } }, 20_000).map(([, key]) => key);
    const share = (wanted: number): number => keys.filter((key) => key === wanted).length / keys.length;
    expect(Math.min(...keys)).toBe(1);
    expect(Math.max(...keys)).toBeLessThanOrEqual(999);
    expect(share(1) / share(2)).toBeGreaterThan(1.7);
    expect(share(1) / share(2)).toBeLessThan(2.3);
  });

  it('draws the same for all clients, unless each has a seed of its own', () => {
    const of = (client: number, distinctClientSeed: boolean) =>
      requests({ distinctClientSeed }, 50, client, 9);
    expect(of(1, false)).toEqual(of(8, false));
    expect(of(1, true)).not.toEqual(of(8, true));
    expect(of(0, true)).toEqual(of(0, false));
  });
});
