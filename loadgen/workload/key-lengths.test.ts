import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type KeySizes, meanKeyBytes, parseKeySizes } from '../../results/formats/key-sizes.ts';
import { KeyLengths, writeKey } from './key-lengths.ts';
import { MAX_KEYS } from './key-space.ts';

const sizesOf = (text: string): KeySizes => {
  const sizes = parseKeySizes(text);
  if (typeof sizes === 'string') throw new Error(sizes);
  return sizes;
};

/** As a reader of docs/load-generator.md would write it. */
function keyText(number: number, length: number): string {
  const digits = String(number).padStart(12, '0');
  if (length <= 12) return digits.slice(12 - length);
  return `${'key:'.slice(0, length - 12)}${digits}`.padEnd(length, 'x');
}

function keyOf(lengths: KeyLengths, number: number): string {
  const length = lengths.at(number);
  const bytes = new Uint8Array(length + 2).fill(33);
  writeKey(bytes, 1, number, length);
  const text = Buffer.from(bytes).toString('latin1');
  expect([text.at(0), text.at(-1)]).toEqual(['!', '!']);
  return text.slice(1, -1);
}

const number = fc.integer({ min: 0, max: MAX_KEYS - 1 });
const anySizes = fc.constantFrom('32', '13', 'uniform:12-80', 'list:12,16=3,300', 'etc', 'usr');

describe('a key', () => {
  it('has the bytes of its number in the length asked for', () => {
    fc.assert(
      fc.property(number, fc.integer({ min: 1, max: 400 }), (key, length) => {
        const lengths = new KeyLengths({ kind: 'fixed', bytes: length });
        expect(keyOf(lengths, key)).toBe(keyText(key, length));
        expect(lengths).toMatchObject({ fixed: length, most: length });
      }),
    );
  });

  it('is the same for every load, and another one for every number', () => {
    fc.assert(
      fc.property(anySizes, fc.uniqueArray(number, { minLength: 2, maxLength: 20 }), (text, keys) => {
        const [one, other] = [new KeyLengths(sizesOf(text)), new KeyLengths(sizesOf(text))];
        const written = keys.map((key) => keyOf(one, key));
        expect(keys.map((key) => keyOf(other, key))).toEqual(written);
        expect(new Set(written).size).toBe(keys.length);
        for (const key of written) expect(key.length).toBeLessThanOrEqual(one.most);
      }),
    );
  });

  it('of twelve bytes and fewer tells as many apart as it has digits', () => {
    const lengths = new KeyLengths(sizesOf('list:1,2'));
    expect(new Set(Array.from({ length: 10 }, (_, key) => keyOf(lengths, key))).size).toBe(10);
  });
});

describe('lengths of keys', () => {
  const KEYS = 200_000;
  /** Of n draws the distance is above that once in a thousand times (Kolmogorov). */
  const MOST = 1.95 / Math.sqrt(KEYS);
  const bySize = (text: string, from: number): Map<number, number> => {
    const lengths = new KeyLengths(sizesOf(text));
    const counts = new Map<number, number>();
    for (let key = from; key < from + KEYS; key++) {
      const length = lengths.at(key);
      counts.set(length, (counts.get(length) ?? 0) + 1);
    }
    return counts;
  };

  it.each([0, 10 ** 9, 3 * 2 ** 32 - 100_000])('of ETC are those of its formula, from key %d on', (from) => {
    const counts = bySize('etc', from);
    const atMost = (bytes: number): number =>
      Math.exp(-((1 + (0.078688 * (bytes + 0.5 - 30.7984)) / 8.20449) ** (-1 / 0.078688)));
    let seen = 0;
    for (let bytes = 12; bytes < 250; bytes++) {
      seen += counts.get(bytes) ?? 0;
      expect(Math.abs(seen / KEYS - atMost(bytes))).toBeLessThan(MOST);
    }
    expect(Math.min(...counts.keys())).toBeGreaterThanOrEqual(12);
    expect(Math.max(...counts.keys())).toBeLessThanOrEqual(250);
    const mean = [...counts].reduce((sum, [bytes, count]) => sum + bytes * count, 0) / KEYS;
    expect(meanKeyBytes(sizesOf('etc'))).toBe(Math.round(mean));
  });

  it('of USR are 16 and 21 bytes, of a list what it says by weights, of a range all alike', () => {
    const usr = bySize('usr', 0);
    expect([...usr.keys()].toSorted()).toEqual([16, 21]);
    expect(usr.get(16)! / KEYS).toBeCloseTo(0.5, 2);
    expect(bySize('list:20=3,30', 0).get(30)! / KEYS).toBeCloseTo(0.25, 2);
    const range = bySize('uniform:20-29', 0);
    expect(range.size).toBe(10);
    for (const count of range.values()) expect(count / KEYS).toBeCloseTo(0.1, 2);
  });

  it('have nothing to do with neighbouring numbers', () => {
    const lengths = new KeyLengths(sizesOf('usr'));
    let same = 0;
    for (let key = 0; key < KEYS; key++) if (lengths.at(key) === lengths.at(key + 1)) same++;
    expect(same / KEYS).toBeCloseTo(0.5, 2);
  });

  it.each([
    '',
    '0',
    'pareto:1,2,0.3',
    'fixed:3',
    'uniform:5-2',
    'gev:1,2',
    'gev:1,2,3',
    '20000',
    'ETC',
    '3x',
  ])("are not '%s'", (text) => {
    expect(parseKeySizes(text)).toMatch(/^'/);
  });
});
