/**
 * The members of a set or a sorted set, or the fields of a hash: strings of one character a byte, each once, that
 * stand in places 0 to size - 1. What belongs to a member (a value, a score) is kept beside, by its place. Where one
 * is removed, the last one takes its place.
 *
 * The index is a hash table with open addressing and linear probing (Knuth, vol. 3, 6.4, algorithms L and R), two
 * words a slot: the hash, and the place plus one. It is looked into by the bytes of a request, without a string. A Map
 * would end at 2^24 entries.
 */
import { randomBytes } from 'node:crypto';
import { CommandError } from '../../errors.ts';
import { NO_BYTES, writeLatin1 } from '../../resp/bytes.ts';
import { KeyHash } from '../hash.ts';

export const ABSENT = -1;

const SLOTS_MIN = 4;
/** A slot in so many is free at least. */
const FREE_SHARE = 4;
/** A table of which a smaller share than one in so many is used shrinks. */
const SHRINK_SHARE = 8;
const SCRATCH_BYTES_KEPT = 64 * 1024;
/** Where V8 cannot make an array of strings longer, at some 113 million of them, it ends the process. */
const MEMBERS_MAX = 2 ** 26;

const seed = randomBytes(8);
const memberHash = new KeyHash(seed.readInt32LE(0), seed.readInt32LE(4));

/** The bytes of a text whose hash is asked for. */
let scratch: Uint8Array = new Uint8Array(64);

export class Members {
  readonly #texts: string[] = [];
  readonly #membersMax: number;
  #slots = new Int32Array(2 * SLOTS_MIN);

  /** Another limit is for tests. */
  constructor(membersMax = MEMBERS_MAX) {
    this.#membersMax = membersMax;
  }

  get size(): number {
    return this.#texts.length;
  }

  /** The member in a place. */
  at(place: number): string {
    return this.#texts[place];
  }

  /** Its place, or ABSENT. */
  find(bytes: Uint8Array, start: number, length: number): number {
    const slots = this.#slots;
    const mask = slots.length - 2;
    const hash = memberHash.of(bytes, start, length);
    for (let slot = (hash << 1) & mask; ; slot = (slot + 2) & mask) {
      const place = slots[slot + 1] - 1;
      if (place < 0) return ABSENT;
      if (slots[slot] === hash && isText(this.#texts[place], bytes, start, length)) return place;
    }
  }

  findText(text: string): number {
    const slots = this.#slots;
    const mask = slots.length - 2;
    const hash = hashOf(text);
    for (let slot = (hash << 1) & mask; ; slot = (slot + 2) & mask) {
      const place = slots[slot + 1] - 1;
      if (place < 0) return ABSENT;
      if (slots[slot] === hash && this.#texts[place] === text) return place;
    }
  }

  /** The place of a text that is not there yet, which becomes the last one. Throws CommandError at the limit. */
  append(text: string): number {
    const texts = this.#texts;
    const place = texts.length;
    if (place === this.#membersMax) throw new CommandError(`ERR a value has at most ${place} elements`);
    if ((place + 1) * FREE_SHARE > (this.#slots.length >> 1) * (FREE_SHARE - 1)) {
      this.#resize(2 * this.#slots.length);
    }
    put(this.#slots, hashOf(text), place);
    texts.push(text);
    return place;
  }

  /**
   * Removes the member in this place. The last one, which was in place `size`, now is in its place: what is kept
   * beside has to follow.
   */
  remove(place: number): void {
    const texts = this.#texts;
    const last = texts.length - 1;
    this.#close(this.#slotOf(place));
    if (place !== last) {
      const moved = texts[last];
      this.#slots[this.#slotOf(last) + 1] = place + 1;
      texts[place] = moved;
    }
    texts.pop();
    if (this.#slots.length > 2 * SLOTS_MIN && last * SHRINK_SHARE < this.#slots.length >> 1) {
      this.#resize(this.#slots.length / 2);
    }
  }

  copy(): Members {
    const copy = new Members(this.#membersMax);
    for (const text of this.#texts) copy.#texts.push(text);
    copy.#slots = this.#slots.slice();
    return copy;
  }

  #slotOf(place: number): number {
    const slots = this.#slots;
    const mask = slots.length - 2;
    let slot = (hashOf(this.#texts[place]) << 1) & mask;
    while (slots[slot + 1] !== place + 1) slot = (slot + 2) & mask;
    return slot;
  }

  /** Frees a slot, and moves up those behind it that it kept from their own. */
  #close(slot: number): void {
    const slots = this.#slots;
    const mask = slots.length - 2;
    let hole = slot;
    for (let next = (hole + 2) & mask; slots[next + 1] !== 0; next = (next + 2) & mask) {
      const home = (slots[next] << 1) & mask;
      // It stays where its home lies behind the hole, on the way round to where it is.
      if (((next - home) & mask) < ((next - hole) & mask)) continue;
      slots[hole] = slots[next];
      slots[hole + 1] = slots[next + 1];
      hole = next;
    }
    slots[hole] = 0;
    slots[hole + 1] = 0;
  }

  #resize(words: number): void {
    const former = this.#slots;
    const slots = new Int32Array(words);
    for (let slot = 0; slot < former.length; slot += 2) {
      if (former[slot + 1] !== 0) put(slots, former[slot], former[slot + 1] - 1);
    }
    this.#slots = slots;
  }
}

function put(slots: Int32Array, hash: number, place: number): void {
  const mask = slots.length - 2;
  let slot = (hash << 1) & mask;
  while (slots[slot + 1] !== 0) slot = (slot + 2) & mask;
  slots[slot] = hash;
  slots[slot + 1] = place + 1;
}

function hashOf(text: string): number {
  const { length } = text;
  if (length > scratch.length) scratch = new Uint8Array(2 * length);
  writeLatin1(text, 0, length, scratch, 0);
  const hash = memberHash.of(scratch, 0, length);
  if (scratch.length > SCRATCH_BYTES_KEPT) scratch = NO_BYTES;
  return hash;
}

function isText(text: string, bytes: Uint8Array, start: number, length: number): boolean {
  if (text.length !== length) return false;
  for (let i = 0; i < length; i++) {
    if (text.charCodeAt(i) !== bytes[start + i]) return false;
  }
  return true;
}
