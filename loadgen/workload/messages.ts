/**
 * Messages with contents that can be checked: each begins with its number, and goes on with filler from the seed. So a
 * message that comes back is known to be that one and whole, by its number alone.
 *
 *     offset  0           8 (or the message's end)
 *             number      filler, from one of 64 places by the number: those before and behind it differ everywhere
 */

import { SeededRandom } from './random.ts';
import type { RequestSource } from './requests.ts';

export const NUMBER_BYTES = 8;
/** Number 0 is for what is sent before any of them. */
const FIRST_NUMBER = 1;
const PLACES = 64;
/** From so many bytes on, one foreign call compares faster than a loop. */
const LONG_BYTES = 256;
const LINE_END = 10;
const WORD = 2 ** 32;

export class Messages {
  readonly bytes: number;
  readonly #numberBytes: number;
  readonly #filler: Buffer;
  /** The same, with the number of the last message written into it, and that message's place; -1 before the first. */
  readonly #last: Uint8Array;
  #lastPlace = -1;
  /** The messages of each place. */
  readonly #views: Uint8Array[] = [];

  /** @param bytes length of each message */
  constructor(bytes: number, seed: number) {
    const random = new SeededRandom(seed);
    this.bytes = bytes;
    this.#numberBytes = Math.min(NUMBER_BYTES, bytes);
    this.#filler = Buffer.alloc(bytes + PLACES - 1);
    for (let i = 0; i < this.#filler.length; i++) this.#filler[i] = random.next();
    // The first message is a line, which a server of Redis' protocol answers with what is wrong.
    this.#filler[FIRST_NUMBER + bytes - 1] = LINE_END;
    this.#last = new Uint8Array(this.#filler);
    for (let place = 0; place < PLACES; place++) this.#views.push(this.#last.subarray(place, place + bytes));
  }

  /** The bytes of a message, valid until the next call. */
  message(number: number): Uint8Array {
    const bytes = this.#last;
    const before = this.#lastPlace;
    const place = number % PLACES;
    if (before >= 0) for (let i = 0; i < this.#numberBytes; i++) bytes[before + i] = this.#filler[before + i];
    for (let i = 0; i < this.#numberBytes; i++) bytes[place + i] = numberByte(number, i);
    this.#lastPlace = place;
    return this.#views[place];
  }

  /** Whether bytes[at, at + length) are those of the message from its byte `from` on. */
  equal(number: number, from: number, bytes: Uint8Array, at: number, length: number): boolean {
    let i = 0;
    for (; i < length && from + i < this.#numberBytes; i++) {
      if (bytes[at + i] !== numberByte(number, from + i)) return false;
    }
    const filler = this.#filler;
    const start = (number % PLACES) + from;
    if (length - i >= LONG_BYTES) {
      return filler.compare(bytes, at + i, at + length, start + i, start + length) === 0;
    }
    for (; i < length; i++) if (bytes[at + i] !== filler[start + i]) return false;
    return true;
  }
}

/** The number with which a message of NUMBER_BYTES or more begins. */
export function numberAt(bytes: Uint8Array, at: number): number {
  const low = bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24);
  const high = bytes[at + 4] | (bytes[at + 5] << 8) | (bytes[at + 6] << 16) | (bytes[at + 7] << 24);
  return (high >>> 0) * WORD + (low >>> 0);
}

/** The lowest byte first. */
function numberByte(number: number, index: number): number {
  return index < 4 ? (number >>> (8 * index)) & 255 : (Math.floor(number / WORD) >>> (8 * (index - 4))) & 255;
}

/** Messages one after the other, without end. */
export class NumberedMessages implements RequestSource {
  operation = 0;
  key = FIRST_NUMBER - 1;
  detail = 0;

  advance(): boolean {
    this.key++;
    return true;
  }
}
