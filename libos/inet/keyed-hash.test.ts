import { describe, expect, it } from 'vitest';
import { KeyedHash } from './keyed-hash.ts';

describe('KeyedHash', () => {
  it('hashes as HalfSipHash-2-4 does (vector of its authors for the bytes 0 to 11)', () => {
    // Key 00 01 .. 07, hash 57 f0 87 2f, all little-endian.
    const hash = new KeyedHash(0x03020100, 0x07060504);
    expect(hash.hash(0x03020100, 0x07060504, 0x0b0a0908) >>> 0).toBe(0x2f87f057);
  });
});
