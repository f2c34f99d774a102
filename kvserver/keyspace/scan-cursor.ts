/**
 * Cursors of SCAN. They count in reversed bits: an entry that is there from the first call to the last is found at
 * least once although the table grows or shrinks in between (dict.c, dictScan).
 */

/** The cursor after this one for a table with this mask: plus one, counted from the highest bit down. */
export function nextCursor(cursor: number, mask: number): number {
  return reverseBits((reverseBits(cursor | ~mask) + 1) | 0);
}

/** Reverses all 32 bits; unsigned. */
function reverseBits(value: number): number {
  value = ((value >>> 1) & 0x55555555) | ((value & 0x55555555) << 1);
  value = ((value >>> 2) & 0x33333333) | ((value & 0x33333333) << 2);
  value = ((value >>> 4) & 0x0f0f0f0f) | ((value & 0x0f0f0f0f) << 4);
  value = ((value >>> 8) & 0x00ff00ff) | ((value & 0x00ff00ff) << 8);
  return ((value >>> 16) | (value << 16)) >>> 0;
}
