/**
 * The bytes of a key: they follow from its number and nothing else, so that every load knows the keys of any other.
 *
 *     4       12                      the rest
 *     key:    digits of the number    x
 *
 * A shorter key has less of `key:`, and below twelve bytes the last digits alone. How long it is follows from the
 * number as well, by a hash, where keys differ in that.
 */
import { extremeValueBytes, type KeySizes, keyBytesWithin } from '../../results/formats/key-sizes.ts';
import { KEY_DIGITS } from './key-space.ts';
import { ValueLengths } from './value-lengths.ts';
import { writeDigits } from './values.ts';

const PREFIX = new Uint8Array(Buffer.from('key:'));
const FILLER = 'x'.charCodeAt(0);

export class KeyLengths {
  /** The longest one. */
  readonly most: number;
  /** The length of all of them; -1 where they differ. */
  readonly fixed: number;
  readonly #sizes: KeySizes;
  readonly #others: ValueLengths;

  constructor(sizes: KeySizes) {
    this.#sizes = sizes;
    // What is not asked of it has any length.
    this.#others = new ValueLengths(sizes.kind === 'gev' ? { kind: 'fixed', bytes: 1 } : sizes);
    this.most = keyBytesWithin(sizes).most;
    this.fixed = sizes.kind === 'fixed' ? sizes.bytes : -1;
  }

  at(key: number): number {
    if (this.fixed >= 0) return this.fixed;
    const hash = hashOf(key);
    const sizes = this.#sizes;
    return sizes.kind === 'gev'
      ? extremeValueBytes(sizes, ((hash >>> 0) + 0.5) / 2 ** 32)
      : this.#others.at(hash);
  }
}

/** Where the digits begin in a key of this length, and how many there are. */
export function digitsIn(length: number): { at: number; digits: number } {
  const digits = Math.min(KEY_DIGITS, length);
  return { at: Math.min(PREFIX.length, length - digits), digits };
}

/** Writes the key to bytes[at...]. */
export function writeKey(bytes: Uint8Array, at: number, key: number, length: number): void {
  const digits = length < KEY_DIGITS ? length : KEY_DIGITS;
  const prefix = length - digits < PREFIX.length ? length - digits : PREFIX.length;
  for (let i = 0; i < prefix; i++) bytes[at + i] = PREFIX[i];
  writeDigits(bytes, at + prefix, digits, key);
  for (let i = prefix + digits; i < length; i++) bytes[at + i] = FILLER;
}

/** 32 bits of the number, evenly spread: two finalizers of MurmurHash3, one for each half. */
function hashOf(key: number): number {
  const high = Math.floor(key / 2 ** 32);
  let mixed = (key - high * 2 ** 32) | 0;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  mixed = (mixed ^ (mixed >>> 16)) + Math.imul(high, 0x9e3779b1);
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x2c1b3c6d);
  mixed = Math.imul(mixed ^ (mixed >>> 12), 0x297a2d39);
  return mixed ^ (mixed >>> 15);
}
