import { describe, expect, it } from 'vitest';
import { InitialSequenceNumbers } from './initial-sequence.ts';

const NAMES = [0x0a630001, 5000, 0x0a630002, 6000] as const;

/** What `next` gives at this time, less what it gives for these names at time 0. */
function since(numbers: InitialSequenceNumbers, nowUs: number): number {
  return (numbers.next(nowUs, ...NAMES) - numbers.next(0, ...NAMES)) | 0;
}

describe('InitialSequenceNumbers', () => {
  it('hashes as HalfSipHash-2-4 does (vector of its authors for the bytes 0 to 11)', () => {
    // Key 00 01 .. 07, hash 57 f0 87 2f, all little-endian.
    const numbers = new InitialSequenceNumbers(0x03020100, 0x07060504);
    expect(numbers.hash(0x03020100, 0x07060504, 0x0b0a0908) >>> 0).toBe(0x2f87f057);
  });

  it('tick every 4 us (RFC 9293, 3.4.1; RFC 6528, 3)', () => {
    const numbers = new InitialSequenceNumbers(1, 2);
    expect([3.9, 4, 7, 8, 4e6].map((us) => since(numbers, us))).toEqual([0, 1, 1, 2, 1e6]);
  });

  it('go round after 4.77 hours', () => {
    const numbers = new InitialSequenceNumbers(1, 2);
    expect(since(numbers, 4 * 2 ** 32)).toBe(0);
    expect(since(numbers, 4 * (2 ** 32 + 5))).toBe(5);
    expect(since(numbers, 4 * (2 ** 32 - 1))).toBe(-1);
  });

  it('depend on the key and on each of the four names (RFC 6528, 3)', () => {
    const numbers = new InitialSequenceNumbers(1, 2);
    const seen = new Set([numbers.next(0, ...NAMES)]);
    for (let i = 0; i < NAMES.length; i++) {
      const [a, b, c, d] = NAMES.map((name, index) => (index === i ? name + 1 : name));
      seen.add(numbers.next(0, a, b, c, d));
    }
    for (const other of [new InitialSequenceNumbers(2, 1), new InitialSequenceNumbers(1, 3)]) {
      seen.add(other.next(0, ...NAMES));
    }
    expect(seen.size).toBe(7);
  });

  it('are signed 32-bit integers', () => {
    const numbers = new InitialSequenceNumbers(0xffff_ffff, 0x8000_0000);
    for (let nowUs = 0; nowUs < 1e12; nowUs += 1.23e10) {
      const sequence = numbers.next(nowUs, ...NAMES);
      expect(sequence).toBe(sequence | 0);
    }
  });
});
