/**
 * Arithmetic of C's 80-bit long double, in which Redis does INCRBYFLOAT and HINCRBYFLOAT: values are
 * mantissa x 2^exponent with at most 64 bits of mantissa, rounded to nearest, ties to even. The range is that
 * of long double; numbers below its smallest normal one are not rounded further.
 */
import { type BinaryFloat, bitLength, dividedToEven, parseHexadecimal } from '../resp/numbers.ts';

/** A finite one; the mantissa has the sign. */
export type LongDouble = BinaryFloat;

const MANTISSA_BITS = 64;
const EXPONENT_BINARY_MAX = 16384;
/** What is not above 2^EXPONENT_BINARY_MIN is read as 0, half the smallest long double. */
const EXPONENT_BINARY_MIN = -16446;
/** Beyond these a number of TEXT_MAX digits is out of range in any case. */
const EXPONENT_DECIMAL_MAX = 5000;
const EXPONENT_HEXADECIMAL_MAX = 20_000;
/** From this many characters on a text is no number. */
export const TEXT_MAX = 5 * 1024;
const FRACTION_DIGITS = 17;
const ZERO: LongDouble = { mantissa: 0n, exponent: 0 };

/** A number as Redis reads it with strtold (util.c, string2ld); 'infinite' for an infinity, null for anything else. */
export function parseLongDouble(text: string): LongDouble | 'infinite' | null {
  if (text.length >= TEXT_MAX) return null;
  if (/^[+-]?inf(inity)?$/i.test(text)) return 'infinite';
  const value = /0x/i.test(text) ? readHexadecimal(text) : readDecimal(text);
  if (value === null || isInfinite(value) || isReadAsZero(value)) return null;
  return text.startsWith('-') ? { mantissa: -value.mantissa, exponent: value.exponent } : value;
}

/** The magnitude; null also for what is far out of range. */
function readDecimal(text: string): LongDouble | null {
  const parts = /^[+-]?(\d*)\.?(\d*)(?:e([+-]?\d+))?$/i.exec(text);
  if (parts === null) return null;
  const [, whole, fraction, exponentText] = parts;
  if (whole === '' && fraction === '') return null;
  const digits = BigInt(whole + fraction);
  if (digits === 0n) return ZERO;
  const exponent = Number(exponentText ?? 0) - fraction.length;
  if (Math.abs(exponent) > EXPONENT_DECIMAL_MAX + TEXT_MAX) return null;
  return exponent >= 0
    ? rounded(digits * 10n ** BigInt(exponent), 1n, 0)
    : rounded(digits, 10n ** BigInt(-exponent), 0);
}

function readHexadecimal(text: string): LongDouble | null {
  const value = parseHexadecimal(text);
  if (value === null || value.mantissa === 0n) return value === null ? null : ZERO;
  if (Math.abs(value.exponent) > EXPONENT_HEXADECIMAL_MAX + 4 * TEXT_MAX) return null;
  return rounded(value.mantissa, 1n, value.exponent);
}

function isReadAsZero({ mantissa, exponent }: LongDouble): boolean {
  if (mantissa === 0n) return false;
  const magnitude = bitLength(mantissa) - 1 + exponent;
  const isPower = (mantissa & (mantissa - 1n)) === 0n;
  return magnitude < EXPONENT_BINARY_MIN || (magnitude === EXPONENT_BINARY_MIN && isPower);
}

export function addLongDoubles(a: LongDouble, b: LongDouble): LongDouble {
  if (a.mantissa === 0n) return b;
  if (b.mantissa === 0n) return a;
  const low = Math.min(a.exponent, b.exponent);
  const sum = (a.mantissa << BigInt(a.exponent - low)) + (b.mantissa << BigInt(b.exponent - low));
  if (sum === 0n) return ZERO;
  const value = rounded(sum < 0n ? -sum : sum, 1n, low);
  return sum < 0n ? { mantissa: -value.mantissa, exponent: value.exponent } : value;
}

/** The product, rounded to a long double and then up to a whole number. */
export function ceilProduct(value: LongDouble, factor: bigint): bigint {
  const isNegative = value.mantissa < 0n;
  const { mantissa, exponent } = rounded(
    (isNegative ? -value.mantissa : value.mantissa) * factor,
    1n,
    value.exponent,
  );
  if (exponent >= 0) return (isNegative ? -mantissa : mantissa) << BigInt(exponent);
  const whole = mantissa >> BigInt(-exponent);
  if (isNegative) return -whole;
  return whole << BigInt(-exponent) === mantissa ? whole : whole + 1n;
}

export function isInfinite(value: LongDouble): boolean {
  return (
    bitLength(value.mantissa < 0n ? -value.mantissa : value.mantissa) + value.exponent > EXPONENT_BINARY_MAX
  );
}

/** C's %.17Lf without the trailing zeros. */
export function formatLongDouble(value: LongDouble): string {
  const magnitude = value.mantissa < 0n ? -value.mantissa : value.mantissa;
  const scaled = magnitude * 10n ** BigInt(FRACTION_DIGITS);
  const units =
    value.exponent >= 0
      ? scaled << BigInt(value.exponent)
      : dividedToEven(scaled, 1n << BigInt(-value.exponent));
  if (units === 0n) return '0';
  const digits = units.toString().padStart(FRACTION_DIGITS + 1, '0');
  const whole = digits.slice(0, -FRACTION_DIGITS);
  const fraction = digits.slice(-FRACTION_DIGITS).replace(/0+$/, '');
  return `${value.mantissa < 0n ? '-' : ''}${whole}${fraction === '' ? '' : `.${fraction}`}`;
}

/** numerator / denominator x 2^exponent, both positive, with a mantissa of 64 bits. */
function rounded(numerator: bigint, denominator: bigint, exponent: number): LongDouble {
  let shift = bitLength(numerator) - bitLength(denominator) - MANTISSA_BITS;
  let mantissa = shifted(numerator, denominator, shift);
  if (bitLength(mantissa) > MANTISSA_BITS) {
    shift++;
    mantissa = shifted(numerator, denominator, shift);
  }
  return { mantissa, exponent: exponent + shift };
}

/** numerator / denominator / 2^shift, rounded. */
function shifted(numerator: bigint, denominator: bigint, shift: number): bigint {
  return shift > 0
    ? dividedToEven(numerator, denominator << BigInt(shift))
    : dividedToEven(numerator << BigInt(-shift), denominator);
}
