import { describe, expect, it } from 'vitest';
import { KeyedHash } from '../keyed-hash.ts';
import { initialSequenceNumber } from './initial-sequence.ts';

const NAMES = [0x0a630001, 5000, 0x0a630002, 6000] as const;

/** The number for these names at this time, less theirs at time 0. */
function since(hash: KeyedHash, nowUs: number): number {
  return (initialSequenceNumber(hash, nowUs, ...NAMES) - initialSequenceNumber(hash, 0, ...NAMES)) | 0;
}

describe('initial sequence numbers', () => {
  it('tick every 4 us (RFC 9293, 3.4.1; RFC 6528, 3)', () => {
    const hash = new KeyedHash(1, 2);
    expect([3.9, 4, 7, 8, 4e6].map((us) => since(hash, us))).toEqual([0, 1, 1, 2, 1e6]);
  });

  it('go round after 4.77 hours', () => {
    const hash = new KeyedHash(1, 2);
    expect(since(hash, 4 * 2 ** 32)).toBe(0);
    expect(since(hash, 4 * (2 ** 32 + 5))).toBe(5);
    expect(since(hash, 4 * (2 ** 32 - 1))).toBe(-1);
  });

  it('depend on the key and on each of the four names (RFC 6528, 3)', () => {
    const hash = new KeyedHash(1, 2);
    const seen = new Set([initialSequenceNumber(hash, 0, ...NAMES)]);
    for (let i = 0; i < NAMES.length; i++) {
      const [a, b, c, d] = NAMES.map((name, index) => (index === i ? name + 1 : name));
      seen.add(initialSequenceNumber(hash, 0, a, b, c, d));
    }
    for (const other of [new KeyedHash(2, 1), new KeyedHash(1, 3)]) {
      seen.add(initialSequenceNumber(other, 0, ...NAMES));
    }
    expect(seen.size).toBe(7);
  });

  it('are signed 32-bit integers', () => {
    const hash = new KeyedHash(0xffff_ffff, 0x8000_0000);
    for (let nowUs = 0; nowUs < 1e12; nowUs += 1.23e10) {
      const sequence = initialSequenceNumber(hash, nowUs, ...NAMES);
      expect(sequence).toBe(sequence | 0);
    }
  });
});
