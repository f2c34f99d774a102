/**
 * Numbers as Redis reads and prints them: strict 64-bit integers, doubles as C's strtod reads them and %.17g prints
 * them. Integers are JavaScript numbers wherever a number is exact, or where it only has to be large: parseInteger. A
 * command that keeps or prints all 64 bits takes an Int64.
 */
import { latin1 } from './bytes.ts';

const MINUS = 0x2d;
const ZERO = 0x30;
const INT64_MIN = -(2n ** 63n);
const INT64_MAX = 2n ** 63n - 1n;
const INT64_TEXT_MAX = 20;
/** Significant digits that C prints for %.17g. */
const DIGITS = 17;
/** Digits enough to tell a double that ends in a 5 at the 18th digit from one just beside it. */
const TIE_FRACTION_DIGITS = 60;
const DOUBLE_MANTISSA_BITS = 53;
/** The exponents of the smallest double and of what is too large for one. */
const DOUBLE_EXPONENT_MIN = -1074;
const DOUBLE_EXPONENT_MAX = 1024;

/** A 64-bit integer: a number while that is exact (Number.isSafeInteger), a bigint beyond. */
export type Int64 = number | bigint;

/**
 * A 64-bit integer in its one canonical spelling (no sign but '-', no leading zero, no space), or NaN.
 * Beyond 2^53 the result is the nearest double: see parseInt64 where that matters.
 */
export function parseInteger(bytes: Uint8Array, start: number, length: number): number {
  if (length === 0 || length > INT64_TEXT_MAX) return Number.NaN;
  const end = start + length;
  let at = start;
  const negative = bytes[at] === MINUS;
  if (negative) {
    at++;
    if (at === end) return Number.NaN;
  }
  let digit = bytes[at] - ZERO;
  if (digit === 0) return length === 1 ? 0 : Number.NaN;
  if (digit < 1 || digit > 9) return Number.NaN;
  let value = digit;
  while (++at < end) {
    digit = bytes[at] - ZERO;
    if (digit < 0 || digit > 9) return Number.NaN;
    value = value * 10 + digit;
  }
  if (value > Number.MAX_SAFE_INTEGER) {
    const exact = fitted(BigInt(latin1(bytes, start, length)));
    return exact === null ? Number.NaN : Number(exact);
  }
  return negative ? -value : value;
}

/** As parseInteger, exact over the whole 64-bit range; null when it is no such number. */
export function parseInt64(bytes: Uint8Array, start: number, length: number): Int64 | null {
  const value = parseInteger(bytes, start, length);
  if (Number.isNaN(value)) return null;
  return Number.isSafeInteger(value) ? value : BigInt(latin1(bytes, start, length));
}

/** The sum, or null when it does not fit 64 bits. */
export function addInt64(a: Int64, b: Int64): Int64 | null {
  if (typeof a === 'number' && typeof b === 'number') {
    const sum = a + b;
    if (Number.isSafeInteger(sum)) return sum;
  }
  return fitted(BigInt(a) + BigInt(b));
}

/** The product, or null when it does not fit 64 bits. */
export function multiplyInt64(a: Int64, b: Int64): Int64 | null {
  if (typeof a === 'number' && typeof b === 'number') {
    const product = a * b;
    // Of two integers it is never -0, which would be printed otherwise.
    if (Number.isSafeInteger(product)) return product + 0;
  }
  return fitted(BigInt(a) * BigInt(b));
}

function fitted(value: bigint): Int64 | null {
  return value < INT64_MIN || value > INT64_MAX ? null : toInt64(value);
}

/** An integer of 64 bits, as a number where that is exact. */
export function toInt64(value: bigint): Int64 {
  const near = Number(value);
  return Number.isSafeInteger(near) ? near : value;
}

const INFINITE = /^([+-]?)inf(?:inity)?$/i;
const DECIMAL = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;
const HEXADECIMAL = /^([+-]?)0x(?=\.?[0-9a-f])([0-9a-f]*)\.?([0-9a-f]*)(?:p([+-]?\d+))?$/i;

/** mantissa x 2^exponent. */
export interface BinaryFloat {
  mantissa: bigint;
  exponent: number;
}

/** A double as Redis reads it (util.c, string2d), or NaN: also when it is too large, or so small that 0 is read. */
export function parseDouble(text: string): number {
  const value = readDouble(text);
  if (Number.isFinite(value) && (value !== 0 || !hasMantissa(text))) return value;
  return INFINITE.test(text) ? value : Number.NaN;
}

/**
 * A bound of a range of scores, read by strtod alone: as parseDouble, but what is too large is infinite, what is too
 * small 0, no text 0; white space before the number and a zero byte with anything behind it do no harm.
 */
export function parseBound(text: string): number {
  const zero = text.indexOf('\0');
  const read = zero < 0 ? text : text.slice(0, zero);
  return read === '' ? 0 : readDouble(read.replace(/^[ \t\n\v\f\r]+/, ''));
}

/** What strtod returns for a text that it takes whole; NaN for another one. */
function readDouble(text: string): number {
  if (DECIMAL.test(text)) return Number(text);
  const infinite = INFINITE.exec(text);
  if (infinite !== null) return infinite[1] === '-' ? -Infinity : Infinity;
  const hexadecimal = parseHexadecimal(text);
  if (hexadecimal === null) return Number.NaN;
  const value = nearestDouble(hexadecimal.mantissa, hexadecimal.exponent);
  return text.startsWith('-') ? -value : value;
}

/** Whether a number that strtod reads has a digit other than 0 before its exponent. */
function hasMantissa(text: string): boolean {
  const [mantissa] = /0x/i.test(text) ? text.slice(text.search(/x/i)).split(/p/i) : text.split(/e/i);
  return /[1-9a-f]/i.test(mantissa);
}

/** The magnitude of a number in C's hexadecimal spelling, as "-0x1.8p3"; null for another text. */
export function parseHexadecimal(text: string): BinaryFloat | null {
  const parts = HEXADECIMAL.exec(text);
  if (parts === null) return null;
  const [, , whole, fraction, exponent] = parts;
  return { mantissa: BigInt(`0x${whole}${fraction}`), exponent: Number(exponent ?? 0) - 4 * fraction.length };
}

/** mantissa x 2^exponent as a double: rounded to nearest, ties to even, also where its mantissa is short. */
function nearestDouble(mantissa: bigint, exponent: number): number {
  if (mantissa === 0n) return 0;
  const bits = bitLength(mantissa);
  if (bits + exponent > DOUBLE_EXPONENT_MAX) return Infinity;
  const kept = Math.min(DOUBLE_MANTISSA_BITS, bits + exponent - DOUBLE_EXPONENT_MIN);
  if (kept < 0) return 0;
  const shift = Math.max(0, bits - kept);
  return Number(dividedToEven(mantissa, 1n << BigInt(shift))) * 2 ** (exponent + shift);
}

export function bitLength(value: bigint): number {
  return value === 0n ? 0 : value.toString(2).length;
}

/** Of two positive integers, rounded to nearest, ties to even. */
export function dividedToEven(numerator: bigint, denominator: bigint): bigint {
  const quotient = numerator / denominator;
  const twice = 2n * (numerator % denominator);
  const up = twice > denominator || (twice === denominator && (quotient & 1n) === 1n);
  return up ? quotient + 1n : quotient;
}

/** A double in C's %.17g, infinities as "inf" and "-inf". */
export function formatDouble(value: number): string {
  if (Number.isSafeInteger(value)) return Object.is(value, -0) ? '-0' : String(value);
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : value < 0 ? '-inf' : 'nan';
  const magnitude = Math.abs(value);
  const text = magnitude.toExponential(DIGITS - 1);
  const exponent = Number(text.slice(DIGITS + 2));
  const digits = withTieToEven(text[0] + text.slice(2, DIGITS + 1), magnitude);
  return (value < 0 ? '-' : '') + placed(digits, exponent);
}

/** The digits of toExponential, which rounds a tie up: C rounds it to the even digit. */
function withTieToEven(digits: string, magnitude: number): string {
  const last = digits.charCodeAt(DIGITS - 1) - ZERO;
  if (last % 2 === 0 || !magnitude.toExponential(DIGITS).includes('5e')) return digits;
  const behind = magnitude
    .toExponential(TIE_FRACTION_DIGITS)
    .slice(DIGITS + 1)
    .split('e')[0];
  return /^50*$/.test(behind) ? digits.slice(0, -1) + String(last - 1) : digits;
}

/** d.ddd x 10^exponent without trailing zeros, as %g places the point. */
function placed(digits: string, exponent: number): string {
  if (exponent < -4 || exponent >= DIGITS) {
    const power = String(Math.abs(exponent)).padStart(2, '0');
    return `${withPoint(digits[0], digits.slice(1))}e${exponent < 0 ? '-' : '+'}${power}`;
  }
  if (exponent < 0) return withPoint('0', '0'.repeat(-exponent - 1) + digits);
  return withPoint(digits.slice(0, exponent + 1), digits.slice(exponent + 1));
}

function withPoint(whole: string, fraction: string): string {
  const kept = fraction.replace(/0+$/, '');
  return kept === '' ? whole : `${whole}.${kept}`;
}
