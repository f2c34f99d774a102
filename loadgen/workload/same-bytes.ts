/**
 * Compares a piece of one array with a piece of another, without a view. Long ones by a call of memcmp, which costs as
 * much as some hundred bytes here and then next to nothing; short ones here.
 */
const { compare } = Buffer.prototype;
const CALL_FROM_BYTES = 96;

/** Whether a[at, at + length) is b[from, from + length); both pieces lie within their arrays. */
export function sameBytes(a: Uint8Array, at: number, b: Uint8Array, from: number, length: number): boolean {
  if (length >= CALL_FROM_BYTES) {
    return compare.call(a as Buffer, b, from, from + length, at, at + length) === 0;
  }
  for (let i = 0; i < length; i++) {
    if (a[at + i] !== b[from + i]) return false;
  }
  return true;
}
