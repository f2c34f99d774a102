import fc from 'fast-check';
import { expect, it } from 'vitest';
import { sameBytes } from './same-bytes.ts';

it('tells pieces apart by any byte, and looks at nothing around them', () => {
  const piece = fc.record({
    length: fc.integer({ min: 0, max: 300 }),
    at: fc.nat(20),
    from: fc.nat(20),
    changed: fc.nat(299),
  });
  fc.assert(
    fc.property(piece, ({ length, at, from, changed }) => {
      const a = new Uint8Array(at + length + 7).fill(1);
      const b = new Uint8Array(from + length + 5).fill(2);
      for (let i = 0; i < length; i++) {
        a[at + i] = i * 7;
        b[from + i] = i * 7;
      }
      expect(sameBytes(a, at, b, from, length)).toBe(true);
      if (changed >= length) return;
      a[at + changed] ^= 1;
      expect(sameBytes(a, at, b, from, length)).toBe(false);
    }),
  );
});
