/**
 * Integers of any width up to 64 bits (63 without a sign), at any bit of a string: their highest bit comes first, and
 * bits behind the end of the string are zeros. No bigint is made for what a number holds exactly.
 */
import { type Int64, toInt64 } from '../resp/numbers.ts';

/** So wide an integer is a number, and wider ones are read and written in two parts. */
const NUMBER_BITS = 53;
const LOW_BITS = 32;
const LOW_SPAN = 2 ** LOW_BITS;

// What becomes of a result that is too large or too small.
/** Its lowest bits are kept. */
export const WRAP = 0;
/** It becomes the largest or smallest that fits. */
export const SATURATE = 1;
/** It is not kept. */
export const FAIL = 2;

/** A string's bytes[start, start + length). */
export interface StringBytes {
  readonly bytes: Uint8Array;
  readonly valueStart: number;
  readonly valueLength: number;
}

export function readBitInteger(string: StringBytes, offset: number, bits: number, isSigned: boolean): Int64 {
  if (bits <= NUMBER_BITS) {
    const value = readBits(string, offset, bits);
    return isSigned && value >= 2 ** (bits - 1) ? value - 2 ** bits : value;
  }
  const highBits = bits - LOW_BITS;
  let high = readBits(string, offset, highBits);
  if (isSigned && high >= 2 ** (highBits - 1)) high -= 2 ** highBits;
  const low = readBits(string, offset + highBits, LOW_BITS);
  const near = high * LOW_SPAN + low;
  return Number.isSafeInteger(near) ? near : (BigInt(high) << BigInt(LOW_BITS)) + BigInt(low);
}

/** The value fits so many bits, which lie in the string. */
export function writeBitInteger(string: StringBytes, offset: number, bits: number, value: Int64): void {
  if (bits <= NUMBER_BITS && typeof value === 'number') {
    writeBits(string, offset, bits, value < 0 ? value + 2 ** bits : value);
    return;
  }
  const highBits = bits - LOW_BITS;
  const high = typeof value === 'number' ? Math.floor(value / LOW_SPAN) : Number(value >> BigInt(LOW_BITS));
  const low = typeof value === 'number' ? value - high * LOW_SPAN : Number(BigInt.asUintN(LOW_BITS, value));
  writeBits(string, offset, highBits, high < 0 ? high + 2 ** highBits : high);
  writeBits(string, offset + highBits, LOW_BITS, low);
}

/** The sum as an integer of so many bits; null where it does not fit and `overflow` is FAIL. */
export function addWithin(
  value: Int64,
  added: Int64,
  bits: number,
  isSigned: boolean,
  overflow: number,
): Int64 | null {
  if (typeof value === 'number' && typeof added === 'number') {
    const sum = value + added;
    const span = 2 ** bits;
    const max = (isSigned ? span / 2 : span) - 1;
    const min = isSigned ? -span / 2 : 0;
    if (Number.isSafeInteger(sum)) {
      if (sum >= min && sum <= max) return sum;
      if (overflow === FAIL) return null;
      if (bits <= NUMBER_BITS) {
        if (overflow === SATURATE) return sum > max ? max : min;
        const rest = sum - Math.floor(sum / span) * span;
        return rest > max ? rest - span : rest;
      }
    }
  }
  const sum = BigInt(value) + BigInt(added);
  const wrapped = isSigned ? BigInt.asIntN(bits, sum) : BigInt.asUintN(bits, sum);
  if (wrapped === sum || overflow === WRAP) return toInt64(wrapped);
  if (overflow === FAIL) return null;
  const max = (1n << BigInt(isSigned ? bits - 1 : bits)) - 1n;
  if (sum > 0n) return toInt64(max);
  return isSigned ? toInt64(-max - 1n) : 0;
}

/** At most NUMBER_BITS bits. */
function readBits(string: StringBytes, offset: number, bits: number): number {
  let at = Math.floor(offset / 8);
  const inFirst = 8 - (offset % 8);
  let value = byteAt(string, at) & (0xff >> (8 - inFirst));
  if (bits <= inFirst) return value >> (inFirst - bits);
  let left = bits - inFirst;
  for (; left >= 8; left -= 8) value = value * 256 + byteAt(string, ++at);
  return left === 0 ? value : value * (1 << left) + (byteAt(string, ++at) >> (8 - left));
}

function byteAt({ bytes, valueStart, valueLength }: StringBytes, at: number): number {
  return at < valueLength ? bytes[valueStart + at] : 0;
}

/** At most NUMBER_BITS bits, of a value that is not negative. */
function writeBits({ bytes, valueStart }: StringBytes, offset: number, bits: number, value: number): void {
  const end = offset + bits;
  let at = valueStart + Math.floor((end - 1) / 8);
  /** Lower bits of the byte that are not written. */
  let below = -end & 7;
  let rest = value;
  for (let left = bits; left > 0; at--) {
    const count = Math.min(left, 8 - below);
    const above = Math.floor(rest / (1 << count));
    const part = rest - above * (1 << count);
    const mask = ((1 << count) - 1) << below;
    bytes[at] = (bytes[at] & ~mask) | (part << below);
    rest = above;
    left -= count;
    below = 0;
  }
}
