import fc from 'fast-check';
import { expect, test } from 'vitest';
import { DeviceMoments } from './moments.ts';
import { DELIVERED, EVERY, HANDED, ON, StampRing, WINDOW_BITS } from './ring.ts';

/** Enter and leave of what was handed over, then of what was delivered. */
function countsOf({ words }: StampRing): bigint[] {
  const counts = new BigUint64Array(words.buffer, words.byteOffset, (DELIVERED + 4) / 2);
  return [...counts.slice(HANDED / 2)];
}

test('of a ring that nobody stamps nothing is written', () => {
  const ring = StampRing.create(null, 4);
  const moments = new DeviceMoments(ring);
  moments.handing();
  moments.handed();
  moments.delivering();
  moments.delivered();
  expect(countsOf(ring)).toEqual([0n, 0n, 0n, 0n]);
  expect(ring.stamping).toBe(false);
});

test('the counter is written in the order of the calls, each to a place of its own', () => {
  const ring = StampRing.create(null, 4);
  ring.stampEvery(1);
  const moments = new DeviceMoments(ring);
  moments.delivering();
  moments.delivered();
  moments.handing();
  moments.handed();
  const [handing, handed, delivering, delivered] = countsOf(ring);
  expect(delivering).toBeGreaterThan(0n);
  expect([delivered >= delivering, handing >= delivered, handed >= handing]).toEqual([true, true, true]);
  expect(ring.stamping).toBe(true);
});

test('the window is the one that the glue in C finds for the same count', () => {
  const ring = StampRing.create(null, 4);
  const moments = new DeviceMoments(ring);
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 1000 }), fc.integer({ min: 12, max: 30 }), (every, bits) => {
      ring.stampEvery(every);
      ring.words[WINDOW_BITS] = bits;
      moments.delivering();
      const count = countsOf(ring)[2];
      expect(ring.words[EVERY]).toBe(every);
      expect(ring.words[ON]).toBe((count >> BigInt(bits)) % BigInt(every) === 0n ? 1 : 0);
    }),
  );
});
