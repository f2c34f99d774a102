/**
 * Judges a value that comes in pieces, in place: whether it is the key's, of one writing as a whole, and not older than
 * one that was acknowledged before it was asked for.
 */
import { KEY_DIGITS } from './key-space.ts';
import { sameBytes } from './same-bytes.ts';
import {
  CHECKSUM_AT,
  checksumCharacter,
  checksumOf,
  FIRST_CHARACTER,
  HALF_BITS,
  HEADER_BYTES,
  PIECE_BYTES_MAX,
  pieceOf,
  type Values,
  VERSION_AT,
  WRITER_SHIFT,
} from './values.ts';

/** Torn: it begins as one writing of the key and goes on as another. Foreign: it begins as none of the key. */
export const ValueVerdict = { Good: 0, Stale: 1, Torn: 2, Foreign: 3 } as const;
export type ValueVerdict = (typeof ValueVerdict)[keyof typeof ValueVerdict];

export class ValueCheck {
  readonly #values: Values;
  readonly #pool: Uint8Array;
  readonly #writer: number;
  readonly #anyLength: boolean;
  readonly #header = new Uint8Array(HEADER_BYTES);
  #key = 0;
  #field = 0;
  #length = 0;
  /** Versions below it are stale; 0 where none is. */
  #floor = 0;
  #seen = 0;
  #piece = 0;
  #verdict: ValueVerdict = ValueVerdict.Good;
  /** Of the version in the header. */
  #left = 0;
  #right = 0;

  /**
   * @param writer whose versions can be compared; @param anyLength whether a value may have another than its key has
   */
  constructor(values: Values, writer: number, anyLength = false) {
    this.#values = values;
    this.#pool = values.pool;
    this.#writer = writer;
    this.#anyLength = anyLength;
  }

  /** A value of `length` bytes follows: that of the key, or of a field of its record. */
  begin(key: number, length: number, floor: number, field = 0): void {
    this.#key = key;
    this.#field = field;
    this.#length = length;
    this.#floor = floor;
    this.#seen = 0;
    const fits = this.#anyLength || length === this.#values.lengthOf(key, field);
    this.#verdict = fits ? ValueVerdict.Good : ValueVerdict.Foreign;
  }

  /** Looks at its next `count` bytes. */
  take(bytes: Uint8Array, at: number, count: number): void {
    if (this.#verdict >= ValueVerdict.Torn || count === 0) {
      this.#seen += count;
      return;
    }
    if (this.#length < HEADER_BYTES) {
      this.#takeShort(bytes, at, count);
      return;
    }
    const ofHeader = Math.min(count, Math.max(0, HEADER_BYTES - this.#seen));
    if (ofHeader === HEADER_BYTES) {
      this.#readHeader(bytes, at);
    } else if (ofHeader > 0) {
      for (let i = 0; i < ofHeader; i++) this.#header[this.#seen + i] = bytes[at + i];
      if (this.#seen + ofHeader === HEADER_BYTES) this.#readHeader(this.#header, 0);
    }
    this.#seen += ofHeader;
    if (this.#verdict < ValueVerdict.Torn) this.#takeLetters(bytes, at + ofHeader, count - ofHeader);
    else this.#seen += count - ofHeader;
  }

  /** Of the whole value. */
  verdict(): ValueVerdict {
    return this.#verdict;
  }

  /**
   * The version of a value that is good, where it is one of this check's writer, or 0, which is what a key was filled
   * with; -1 where it cannot be compared.
   */
  comparableVersion(): number {
    if (this.#length < HEADER_BYTES) return -1;
    const version = versionIn(this.#left, this.#right);
    return version === 0 || this.#left >>> WRITER_SHIFT === this.#writer ? version : -1;
  }

  #takeLetters(bytes: Uint8Array, at: number, count: number): void {
    const pool = this.#pool;
    while (count > 0) {
      const within = (this.#seen - HEADER_BYTES) % PIECE_BYTES_MAX;
      const from = this.#piece + within;
      const part = Math.min(count, PIECE_BYTES_MAX - within);
      if (!sameBytes(bytes, at, pool, from, part)) this.#verdict = ValueVerdict.Torn;
      this.#seen += part;
      at += part;
      count -= part;
    }
  }

  #readHeader(bytes: Uint8Array, at: number): void {
    if (digitsAt(bytes, at, 6) * 1e6 + digitsAt(bytes, at + 6, 6) !== this.#key) {
      this.#verdict = ValueVerdict.Foreign;
      return;
    }
    let left = 0;
    let right = 0;
    for (let i = 0; i < 4; i++) {
      left = (left << 6) | (bytes[at + VERSION_AT + i] - FIRST_CHARACTER);
      right = (right << 6) | (bytes[at + VERSION_AT + 4 + i] - FIRST_CHARACTER);
    }
    const hash = this.#values.hashOf(this.#key, this.#field);
    const checksum = checksumOf(hash, left, right, this.#length);
    for (let i = 0; i < 6; i++) {
      if (bytes[at + CHECKSUM_AT + i] !== checksumCharacter(checksum, i)) {
        this.#verdict = ValueVerdict.Foreign;
        return;
      }
    }
    this.#left = left;
    this.#right = right;
    this.#piece = pieceOf(hash, left, right);
    if (this.#floor > 0 && this.#isStale(left, right)) this.#verdict = ValueVerdict.Stale;
  }

  /** A version of another writer is compared with none; what a key was filled with is older than all. */
  #isStale(left: number, right: number): boolean {
    const version = versionIn(left, right);
    return version === 0 || (left >>> WRITER_SHIFT === this.#writer && version < this.#floor);
  }

  #takeShort(bytes: Uint8Array, at: number, count: number): void {
    const digits = Math.min(KEY_DIGITS, this.#length);
    for (let i = 0; i < count; i++) {
      const place = this.#seen + i;
      const isDigit = place < digits;
      const expected = isDigit ? 48 + digitOf(this.#key, digits - 1 - place) : this.#pool[place];
      if (bytes[at + i] === expected) continue;
      this.#verdict = isDigit ? ValueVerdict.Foreign : ValueVerdict.Torn;
      break;
    }
    this.#seen += count;
  }
}

/** How manieth of its writer. */
function versionIn(left: number, right: number): number {
  return (left & (2 ** WRITER_SHIFT - 1)) * 2 ** HALF_BITS + right;
}

/** The digit with the value 10^place. */
function digitOf(number: number, place: number): number {
  return Math.floor(number / 10 ** place) % 10;
}

/** NaN where they are no digits. */
function digitsAt(bytes: Uint8Array, at: number, count: number): number {
  let number = 0;
  for (let i = at; i < at + count; i++) {
    const digit = bytes[i] - 48;
    if (digit < 0 || digit > 9) return Number.NaN;
    number = number * 10 + digit;
  }
  return number;
}
