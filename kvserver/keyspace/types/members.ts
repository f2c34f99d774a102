/**
 * The members of a set or a sorted set, or the fields of a hash: strings of one character a byte, each once, that
 * stand in places 0 to size - 1. What belongs to a member (a value, a score) is kept beside, by its place. Where
 * one is removed, the last one takes its place.
 *
 * The index has parts, found by the highest bits of the hash (Fagin and others 1979, "Extendible hashing"): one
 * that is full is split in two, so that no growth takes longer than that of one part. A part is a hash table with
 * open addressing and linear probing (Knuth, vol. 3, 6.4, algorithms L and R), two words a slot: the hash, and the
 * place plus one. It is looked into by the bytes of a request, without a string. A Map would end at 2^24 entries,
 * and stand still while it grows.
 */
import { randomBytes } from 'node:crypto';
import { CommandError } from '../../errors.ts';
import { NO_BYTES, writeLatin1 } from '../../resp/bytes.ts';
import { KeyHash } from '../hash.ts';
import { Pages } from './pages.ts';

export const ABSENT = -1;

const SLOTS_MIN = 4;
/** A part of the index that has so many is split. */
const SLOTS_SPLIT = 2 ** 14;
/** More bits of the hash choose no part: parts grow then. */
const DEPTH_MAX = 16;
/** Behind the slots of a part: how many are used, and how many bits of the hash its entries share. */
const FOOTER_WORDS = 2;
/** A slot of a part in so many is free at least. */
const FREE_SHARE = 4;
/** A part of which a smaller share than one in so many is used shrinks; parts are not joined. */
const SHRINK_SHARE = 8;
const SCRATCH_BYTES_KEPT = 64 * 1024;
/** Commands make arrays of all members. Where V8 cannot make one longer, at some 113 million, it ends the process. */
const MEMBERS_MAX = 2 ** 26;

const seed = randomBytes(8);
const memberHash = new KeyHash(seed.readInt32LE(0), seed.readInt32LE(4));

/** The bytes of a text whose hash is asked for. */
let scratch: Uint8Array = new Uint8Array(64);

export class Members {
  readonly #membersMax: number;
  #texts = new Pages<string>();
  /** By the highest bits of the hash. A part that was split less often stands side by side with itself. */
  #parts: Int32Array[];
  /** How far the bits of a hash that choose a part lie from its end. */
  #shift = 31;

  /** Another limit is for tests. */
  constructor(membersMax = MEMBERS_MAX) {
    this.#membersMax = membersMax;
    const only = newPart(SLOTS_MIN, 0);
    this.#parts = [only, only];
  }

  get size(): number {
    return this.#texts.length;
  }

  /** The member in a place. */
  at(place: number): string {
    return this.#texts.at(place);
  }

  /** Its place, or ABSENT. */
  find(bytes: Uint8Array, start: number, length: number): number {
    const hash = memberHash.of(bytes, start, length);
    const part = this.#parts[hash >>> this.#shift];
    const mask = maskOf(part);
    for (let slot = (hash << 1) & mask; ; slot = (slot + 2) & mask) {
      const place = part[slot + 1] - 1;
      if (place < 0) return ABSENT;
      if (part[slot] === hash && isText(this.#texts.at(place), bytes, start, length)) return place;
    }
  }

  findText(text: string): number {
    const hash = hashOf(text);
    const part = this.#parts[hash >>> this.#shift];
    const mask = maskOf(part);
    for (let slot = (hash << 1) & mask; ; slot = (slot + 2) & mask) {
      const place = part[slot + 1] - 1;
      if (place < 0) return ABSENT;
      if (part[slot] === hash && this.#texts.at(place) === text) return place;
    }
  }

  /** The place of a text that is not there yet, which becomes the last one. Throws CommandError at the limit. */
  append(text: string): number {
    const place = this.#texts.length;
    if (place === this.#membersMax) throw new CommandError(`ERR a value has at most ${place} elements`);
    const hash = hashOf(text);
    while (!hasRoom(this.#partOf(hash))) this.#grow(hash);
    put(this.#partOf(hash), hash, place);
    this.#texts.push(text);
    return place;
  }

  /**
   * Removes the member in this place. The last one, which was in place `size`, now is in its place: what is kept
   * beside has to follow.
   */
  remove(place: number): void {
    const texts = this.#texts;
    const hash = hashOf(texts.at(place));
    const part = this.#partOf(hash);
    close(part, slotOf(part, hash, place));
    const last = texts.length - 1;
    const moved = texts.pop();
    if (place !== last) {
      const itsHash = hashOf(moved);
      const itsPart = this.#partOf(itsHash);
      itsPart[slotOf(itsPart, itsHash, last) + 1] = place + 1;
      texts.set(place, moved);
    }
    const slots = slotsOf(part);
    if (slots > SLOTS_MIN && usedOf(part) * SHRINK_SHARE < slots) {
      this.#replace(hash, part, resized(part, slots / 2));
    }
  }

  /** What the index is made of, and how many slots are looked at for a member at most. */
  indexShape(): { parts: number; slots: number; looksMax: number } {
    const parts = new Set(this.#parts);
    const shape = { parts: parts.size, slots: 0, looksMax: 0 };
    for (const part of parts) {
      const mask = maskOf(part);
      shape.slots += slotsOf(part);
      for (let slot = 0; slot < part.length - FOOTER_WORDS; slot += 2) {
        const looks = part[slot + 1] === 0 ? 0 : ((slot - (part[slot] << 1)) & mask) / 2 + 1;
        shape.looksMax = Math.max(shape.looksMax, looks);
      }
    }
    return shape;
  }

  copy(): Members {
    const copy = new Members(this.#membersMax);
    copy.#texts = this.#texts.copy();
    copy.#shift = this.#shift;
    copy.#parts = [];
    for (const [index, part] of this.#parts.entries()) {
      copy.#parts.push(part === this.#parts[index - 1] ? copy.#parts[index - 1] : part.slice());
    }
    return copy;
  }

  #partOf(hash: number): Int32Array {
    return this.#parts[hash >>> this.#shift];
  }

  /** Makes the part of this hash larger, or two of it. */
  #grow(hash: number): void {
    const part = this.#partOf(hash);
    const depth = depthOf(part);
    if (slotsOf(part) < SLOTS_SPLIT || depth === DEPTH_MAX) {
      this.#replace(hash, part, resized(part, 2 * slotsOf(part)));
      return;
    }
    if (depth === 32 - this.#shift) {
      this.#parts = this.#parts.flatMap((each) => [each, each]);
      this.#shift--;
    }
    const lower = newPart(slotsOf(part), depth + 1);
    const upper = newPart(slotsOf(part), depth + 1);
    const end = part.length - FOOTER_WORDS;
    for (let slot = 0; slot < end; slot += 2) {
      if (part[slot + 1] === 0) continue;
      const isUpper = (part[slot] >>> (31 - depth)) & 1;
      put(isUpper === 1 ? upper : lower, part[slot], part[slot + 1] - 1);
    }
    this.#replace(hash, part, lower, upper);
  }

  /** Puts a part in the place of the one that this hash belongs to, or one in the place of each half. */
  #replace(hash: number, part: Int32Array, lower: Int32Array, upper = lower): void {
    const parts = this.#parts;
    const count = 1 << (32 - this.#shift - depthOf(part));
    const from = (hash >>> this.#shift) & -count;
    const half = count >>> 1;
    parts.fill(lower, from, from + half);
    parts.fill(upper, from + half, from + count);
  }
}

function newPart(slots: number, depth: number): Int32Array {
  const part = new Int32Array(2 * slots + FOOTER_WORDS);
  part[part.length - 1] = depth;
  return part;
}

function slotsOf(part: Int32Array): number {
  return (part.length - FOOTER_WORDS) / 2;
}

/** What a slot's first word is taken by, on the way round. */
function maskOf(part: Int32Array): number {
  return part.length - FOOTER_WORDS - 2;
}

function usedOf(part: Int32Array): number {
  return part[part.length - FOOTER_WORDS];
}

function depthOf(part: Int32Array): number {
  return part[part.length - 1];
}

function hasRoom(part: Int32Array): boolean {
  return (usedOf(part) + 1) * FREE_SHARE <= slotsOf(part) * (FREE_SHARE - 1);
}

function put(part: Int32Array, hash: number, place: number): void {
  const mask = maskOf(part);
  let slot = (hash << 1) & mask;
  while (part[slot + 1] !== 0) slot = (slot + 2) & mask;
  part[slot] = hash;
  part[slot + 1] = place + 1;
  part[part.length - FOOTER_WORDS] = usedOf(part) + 1;
}

/** The slot of the member with this hash in this place. */
function slotOf(part: Int32Array, hash: number, place: number): number {
  const mask = maskOf(part);
  let slot = (hash << 1) & mask;
  while (part[slot + 1] !== place + 1) slot = (slot + 2) & mask;
  return slot;
}

/** Frees a slot, and moves up those behind it that it kept from their own. */
function close(part: Int32Array, slot: number): void {
  const mask = maskOf(part);
  let hole = slot;
  for (let next = (hole + 2) & mask; part[next + 1] !== 0; next = (next + 2) & mask) {
    const home = (part[next] << 1) & mask;
    // It stays where its home lies behind the hole, on the way round to where it is.
    if (((next - home) & mask) < ((next - hole) & mask)) continue;
    part[hole] = part[next];
    part[hole + 1] = part[next + 1];
    hole = next;
  }
  part[hole] = 0;
  part[hole + 1] = 0;
  part[part.length - FOOTER_WORDS] = usedOf(part) - 1;
}

function resized(part: Int32Array, slots: number): Int32Array {
  const made = newPart(slots, depthOf(part));
  const end = part.length - FOOTER_WORDS;
  for (let slot = 0; slot < end; slot += 2) {
    if (part[slot + 1] !== 0) put(made, part[slot], part[slot + 1] - 1);
  }
  return made;
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
