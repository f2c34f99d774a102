/**
 * Numbers as Redis reads and prints them: strict 64-bit integers, and doubles in C's %.17g.
 * Integers are JavaScript numbers here; the few commands that need all 64 bits use parseInt64.
 */
import { latin1 } from './bytes.ts';

const MINUS = 0x2d;
const ZERO = 0x30;
const INT64_MIN = -(2n ** 63n);
const INT64_MAX = 2n ** 63n - 1n;

/**
 * A 64-bit integer in its one canonical spelling (no sign but '-', no leading zero, no space), or NaN.
 * Beyond 2^53 the result is the nearest double: see parseInt64 where that matters.
 */
export function parseInteger(bytes: Uint8Array, start: number, length: number): number {
  if (length === 0 || length > 20) return Number.NaN;
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
    const exact = parseInt64(bytes, start, length);
    return exact === null ? Number.NaN : Number(exact);
  }
  return negative ? -value : value;
}

/** As parseInteger, exact over the whole 64-bit range; null when it is no such number. */
export function parseInt64(bytes: Uint8Array, start: number, length: number): bigint | null {
  if (length === 0 || length > 20) return null;
  const text = latin1(bytes, start, length);
  if (!/^(0|-?[1-9][0-9]*)$/.test(text)) return null;
  const value = BigInt(text);
  return value < INT64_MIN || value > INT64_MAX ? null : value;
}

export function fitsInt64(value: bigint): boolean {
  return value >= INT64_MIN && value <= INT64_MAX;
}

/** A double as strtod reads it (decimal forms and infinities), or NaN: also for overflow and underflow. */
export function parseDouble(text: string): number {
  const infinite = /^([+-]?)inf(inity)?$/i.exec(text);
  if (infinite) return infinite[1] === '-' ? -Infinity : Infinity;
  const decimal = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
  if (!decimal.test(text)) return Number.NaN;
  const value = Number(text);
  if (!Number.isFinite(value)) return Number.NaN;
  const mantissa = /^[^e]*/i.exec(text)![0];
  return value === 0 && /[1-9]/.test(mantissa) ? Number.NaN : value;
}

/** A double in C's %.17g, infinities as "inf" and "-inf". */
export function formatDouble(value: number): string {
  if (Number.isInteger(value) && Math.abs(value) < 1e17) return Object.is(value, -0) ? '-0' : String(value);
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : value < 0 ? '-inf' : 'nan';
  const [mantissa, exponentText] = value.toExponential(16).split('e') as [string, string];
  const exponent = Number(exponentText);
  if (exponent >= -4 && exponent < 17) return withoutTrailingZeros(value.toFixed(16 - exponent));
  const digits = String(Math.abs(exponent)).padStart(2, '0');
  return `${withoutTrailingZeros(mantissa)}e${exponent < 0 ? '-' : '+'}${digits}`;
}

function withoutTrailingZeros(decimal: string): string {
  return decimal.includes('.') ? decimal.replace(/\.?0+$/, '') : decimal;
}
