import { describe, expect, it } from 'vitest';
import { SeededRandom } from './random.ts';
import { GET, SET, Workload, type WorkloadOptions } from './workload.ts';

const options: WorkloadOptions = {
  operation: 'mix',
  weights: [75, 25],
  keys: 1000,
  keyDistribution: 'uniform',
  valueBytes: 64,
  seed: 42,
};
const text = (bytes: Uint8Array) => Buffer.from(bytes).toString('latin1');

describe('Workload', () => {
  it('asks for a key and expects the value that a SET of the key stores', () => {
    const workload = new Workload(options);
    expect(text(workload.request(GET, 7))).toBe('*2\r\n$3\r\nGET\r\n$16\r\nkey:000000000007\r\n');
    const set = text(workload.request(SET, 7));
    const [, value] = /^\*3\r\n\$3\r\nSET\r\n\$16\r\nkey:000000000007\r\n\$64\r\n(.{64})\r\n$/.exec(set)!;
    expect(value.startsWith('000000000007')).toBe(true);
    expect(text(workload.expectedReply(GET, 7))).toBe(`$64\r\n${value}\r\n`);
    expect(text(workload.expectedReply(SET, 7))).toBe('+OK\r\n');
  });

  it('gives every key its own value, the same in every run of a seed', () => {
    const a = new Workload(options);
    const b = new Workload(options);
    const other = new Workload({ ...options, seed: 43 });
    expect(text(a.expectedReply(GET, 999))).toBe(text(b.expectedReply(GET, 999)));
    expect(text(a.expectedReply(GET, 999))).not.toBe(text(a.expectedReply(GET, 998)));
    expect(text(a.expectedReply(GET, 999))).not.toBe(text(other.expectedReply(GET, 999)));
  });

  it.each([1, 5, 12, 13, 100_000])('makes values of %d bytes', (valueBytes) => {
    const workload = new Workload({ ...options, keys: 10, valueBytes });
    expect(text(workload.expectedReply(GET, 9))).toHaveLength(valueBytes + `$${valueBytes}\r\n\r\n`.length);
    expect(text(workload.expectedReply(GET, 9))).not.toBe(text(workload.expectedReply(GET, 8)));
  });

  it('draws keys evenly, and operations in the share asked for', () => {
    const workload = new Workload({ ...options, keys: 10 });
    const draws = 100_000;
    const perKey = new Array(10).fill(0);
    let gets = 0;
    for (let i = 0; i < draws; i++) {
      perKey[workload.nextKey()]++;
      if (workload.nextOperation() === GET) gets++;
    }
    // Chi-square with 9 degrees of freedom: 33.7 is passed once in 10,000 seeds; this seed is fixed.
    const chiSquare = perKey.reduce((sum, n) => sum + (n - draws / 10) ** 2 / (draws / 10), 0);
    expect(chiSquare).toBeLessThan(33.7);
    expect(gets / draws).toBeCloseTo(0.75, 1);
  });

  it('asks for one key only where the distribution is single', () => {
    const workload = new Workload({ ...options, keyDistribution: 'single' });
    expect(new Set(Array.from({ length: 100 }, () => workload.nextKey()))).toEqual(new Set([0]));
  });
});

describe('SeededRandom', () => {
  it('repeats with its seed and differs between neighbouring seeds', () => {
    const draw = (seed: number) =>
      Array.from({ length: 4 }, () => 0).map(
        (
          (random) => () =>
            random.next()
        )(new SeededRandom(seed)),
      );
    expect(draw(1)).toEqual(draw(1));
    expect(draw(1)).not.toEqual(draw(2));
    expect(new Set([0, -1, 2 ** 31, 2 ** 40].map((seed) => draw(seed).join())).size).toBe(3);
  });
});
