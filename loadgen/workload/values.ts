/**
 * What the value of a key is, byte by byte:
 *
 *     12                8          6              the rest
 *     digits of key     version    checksum       letters that follow from key and version
 *
 * Version and checksum are written with 64 characters from '0' on, six bits each. The version says which writer wrote
 * it (16 bits of 48, from the left: 8 of the writer), and as its how manieth; 0 is what a key was filled with. The
 * checksum is of key, version and length. The letters are a piece of a pool that the seed fills: two versions of a
 * key have other pieces, so that half of one and half of another are found, wherever they meet. So a reply is judged
 * by itself, whoever wrote it and when.
 *
 * A value without room for all that is the key's last digits, and behind them letters: always the same.
 *
 * Each field of a record has a value of its own, which follows from key and field; a value that is no field's is that
 * of field 0.
 */
import type { ValueSizes } from '../../results/formats/value-sizes.ts';
import { KEY_DIGITS } from './key-space.ts';
import { SeededRandom } from './random.ts';
import { ValueLengths } from './value-lengths.ts';

export const HEADER_BYTES = 26;
export const VERSION_AT = KEY_DIGITS;
export const CHECKSUM_AT = VERSION_AT + 8;
/** The first of the 64 characters. */
export const FIRST_CHARACTER = 48;
/** Of a version, the left and the right half. */
export const HALF_BITS = 24;
const HALF = 2 ** HALF_BITS;
/** Any odd number: the fields of a record have hashes far from each other. */
const FIELD_STEP = 0x9e3779b1;
/** Of the left half: above them stands the writer. */
export const WRITER_SHIFT = 16;
/** Pieces of the pool begin at so many places, a power of two. */
const PIECES = 65_536;
/** Any odd number: neighbouring versions begin far from each other. */
const PIECE_STEP = 0x9e35;
/** A longer value repeats the letters of its first part. */
export const PIECE_BYTES_MAX = 1024 * 1024;

export class Values {
  readonly lengths: ValueLengths;
  /** The letters. */
  readonly pool: Uint8Array;
  readonly #seed: number;

  constructor(sizes: ValueSizes, seed: number) {
    this.lengths = new ValueLengths(sizes);
    this.#seed = seed | 0;
    this.pool = letters(PIECES + Math.min(this.lengths.most, PIECE_BYTES_MAX), seed);
  }

  lengthOf(key: number, field = 0): number {
    const { fixed } = this.lengths;
    return fixed >= 0 ? fixed : this.lengths.at(spread(this.hashOf(key, field)));
  }

  /**
   * Writes the whole value to bytes[at...]. Returns its length, which is that of key and field where none is given.
   * `version` is `writer`'s how manieth, from 1.
   */
  write(
    bytes: Uint8Array,
    at: number,
    key: number,
    writer: number,
    version: number,
    field = 0,
    length = this.lengthOf(key, field),
  ): number {
    const digits = Math.min(KEY_DIGITS, length);
    writeDigits(bytes, at, digits, key);
    if (length < HEADER_BYTES) {
      for (let i = digits; i < length; i++) bytes[at + i] = this.pool[i];
      return length;
    }
    const hash = this.hashOf(key, field);
    const above = Math.floor(version / HALF);
    const left = above | (writer << WRITER_SHIFT);
    // Not by the remainder, which takes ten times as long for doubles.
    const right = (version - above * HALF) | 0;
    const checksum = checksumOf(hash, left, right, length);
    for (let i = 0; i < 4; i++) {
      const shift = 18 - 6 * i;
      bytes[at + VERSION_AT + i] = FIRST_CHARACTER + ((left >>> shift) & 63);
      bytes[at + VERSION_AT + 4 + i] = FIRST_CHARACTER + ((right >>> shift) & 63);
    }
    for (let i = 0; i < 5; i++) {
      bytes[at + CHECKSUM_AT + i] = FIRST_CHARACTER + ((checksum >>> (26 - 6 * i)) & 63);
    }
    bytes[at + CHECKSUM_AT + 5] = FIRST_CHARACTER + (checksum & 3);
    this.#writePiece(bytes, at + HEADER_BYTES, length - HEADER_BYTES, pieceOf(hash, left, right));
    return length;
  }

  /** 32 bits of key and field, which all that is said of the value follows from. */
  hashOf(key: number, field: number): number {
    const high = Math.floor(key / 1e6);
    const low = key - high * 1e6;
    let mixed = Math.imul(low ^ this.#seed ^ Math.imul(field, FIELD_STEP), 0x85ebca6b);
    mixed = Math.imul((mixed ^ (mixed >>> 15)) + high, 0xc2b2ae35);
    return mixed ^ (mixed >>> 13);
  }

  #writePiece(bytes: Uint8Array, at: number, length: number, piece: number): void {
    const { pool } = this;
    for (let done = 0; done < length; ) {
      const count = Math.min(length - done, PIECE_BYTES_MAX);
      if (count < COPIED_FROM) for (let i = 0; i < count; i++) bytes[at + done + i] = pool[piece + i];
      else bytes.set(pool.subarray(piece, piece + count), at + done);
      done += count;
    }
  }
}

/** From here on a copy in one call is worth the view that it takes. */
const COPIED_FROM = 256;

/** Where the letters of a version begin in the pool. */
export function pieceOf(hash: number, left: number, right: number): number {
  return (hash + Math.imul(right + left, PIECE_STEP)) & (PIECES - 1);
}

export function checksumOf(hash: number, left: number, right: number, length: number): number {
  let mixed = Math.imul(hash ^ left, 0xcc9e2d51);
  mixed = Math.imul((mixed ^ (mixed >>> 15)) + right, 0x1b873593);
  mixed = Math.imul((mixed ^ (mixed >>> 13)) + length, 0x85ebca6b);
  return mixed ^ (mixed >>> 16);
}

/** The character number `index`, of six, that the checksum is written with. */
export function checksumCharacter(checksum: number, index: number): number {
  return FIRST_CHARACTER + (index === 5 ? checksum & 3 : (checksum >>> (26 - 6 * index)) & 63);
}

/** The last so many digits of `number`, which has at most twelve. */
export function writeDigits(bytes: Uint8Array, at: number, digits: number, number: number): void {
  const high = Math.floor(number / 1e6);
  let part = number - high * 1e6;
  for (let i = digits - 1; i >= 0; i--) {
    if (digits - i === 7) part = high;
    const rest = (part / 10) | 0;
    bytes[at + i] = 48 + (part - rest * 10);
    part = rest;
  }
}

/** Tells the length of a value from where its letters begin. */
function spread(hash: number): number {
  let mixed = Math.imul(hash ^ (hash >>> 16), 0x9e3779b1);
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x85ebca77);
  return mixed ^ (mixed >>> 16);
}

function letters(length: number, seed: number): Uint8Array {
  const random = new SeededRandom(~seed);
  const bytes = new Uint8Array(length);
  for (let i = 0; i < length; i++) bytes[i] = 97 + (random.next() % 26);
  return bytes;
}
