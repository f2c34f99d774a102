/**
 * One database: keys with their values.
 *
 *   index      two tables of bucket heads, the second one only while entries move from the first to it, a
 *              bucket at each access (incremental rehash, as Redis's dict.c)
 *   entries    four words each: [hash, next in bucket, chunk, offset in the chunk and flags]
 *   blocks     in the arena: [key length, value length, time of the last use, key, value]; of a type other than
 *              string [key length, place in `objects`, time of the last use, key]
 *
 * So a key costs 16 bytes, its bucket head and its block, and no object of the JavaScript heap.
 *
 * find, insert and what changes a value leave the block at hand in `bytes`, `keyStart`, `keyLength`,
 * `valueStart` and `valueLength`: valid until the next call.
 */
import type { EngineClock } from '../clock.ts';
import { copyBytes, equalBytes, NO_BYTES } from '../resp/bytes.ts';
import type { Int64 } from '../resp/numbers.ts';
import { Arena } from './arena.ts';
import { ExpiryTable } from './expiry.ts';
import type { KeyHash } from './hash.ts';
import { nextCursor } from './scan-cursor.ts';
import { defaultEncodingLimits, type EncodingLimits } from './types/encoding-limits.ts';
import { allValuesBytes } from './types/memory.ts';
import { type ObjectValue, TYPE_STRING } from './types/value.ts';

/** Counters that INFO shows. */
export interface KeyspaceStats {
  hits: number;
  misses: number;
  expired: number;
}

/** Who is told of each change of a key: its bytes lie in bytes[start, start + length). */
export interface KeyListener {
  keyChanged(bytes: Uint8Array, start: number, length: number): void;
  /** All keys are going to be deleted. */
  allDeleted(): void;
}

/** Who is told of each key that is made, unless its value is a string. */
export interface MadeKeys {
  made(bytes: Uint8Array, start: number, length: number, type: number): void;
}

const PAGE_BITS = 14;
const PAGE_ENTRIES = 1 << PAGE_BITS;
const PAGE_MASK = PAGE_ENTRIES - 1;

// Words of an entry.
const HASH = 0;
const NEXT = 1;
const CHUNK = 2;
const PLACE = 3;

// Flags in the low byte of PLACE; a type of 0 is a free entry.
const TYPE_MASK = 7;
const VOLATILE = 8;
const FORM_MASK = 0x30;
const OFFSET_SHIFT = 8;

// How a string came to be, which says in which form Redis would hold it.
/** It was set: Redis has an integer as such. */
export const FORM_PLAIN = 0;
/** It was made as text, also where it is an integer. */
export const FORM_TEXT = 0x10;
/** Its bytes were changed. */
export const FORM_RAW = 0x20;
/** A copy of one that was set: Redis shares no integer with other keys. */
export const FORM_COPY = 0x30;

const HEADER_BYTES = 12;
const BUCKETS_MIN = 4;
/** Smallest share of used buckets before the table shrinks. */
const FILL_MIN = 0.1;
const EMPTY_BUCKETS_PER_STEP = 10;
const EXPIRY_SAMPLES = 20;
/** Of the samples, more than this share expired: look for more at once. */
const EXPIRED_SHARE_AGAIN = 0.25;

const NO_TABLE = new Int32Array(0);

export class Keyspace {
  size = 0;

  bytes: Uint8Array = NO_BYTES;
  keyStart = 0;
  keyLength = 0;
  valueStart = 0;
  valueLength = 0;
  /** The memory of `bytes`. */
  #words: Int32Array = NO_TABLE;

  /** For the values that are made for it. */
  readonly encodingLimits: EncodingLimits;
  /** Told of changes; null when nobody wants to know. */
  listener: KeyListener | null = null;
  /** null while nobody wants to know. */
  awaited: MadeKeys | null = null;

  readonly #hash: KeyHash;
  readonly #clock: EngineClock;
  readonly #stats: KeyspaceStats;

  #arena = new Arena();
  #table = new Int32Array(BUCKETS_MIN);
  #nextTable: Int32Array<ArrayBuffer> = NO_TABLE;
  /** Bucket of `table` that moves next; -1 while no rehash is going on. */
  #rehashAt = -1;

  #pages: Int32Array[] = [];
  #entriesMade = 0;
  #freeEntry = 0;

  #objects: (ObjectValue | null)[] = [];
  #freeObjects: number[] = [];
  #expiry = new ExpiryTable();

  constructor(
    hash: KeyHash,
    clock: EngineClock,
    stats: KeyspaceStats,
    encodingLimits: EncodingLimits = defaultEncodingLimits(),
  ) {
    this.encodingLimits = encodingLimits;
    this.#hash = hash;
    this.#clock = clock;
    this.#stats = stats;
  }

  /** The entry of a key, 0 when there is none; it counts as used now. A key whose time has come is deleted here. */
  find(bytes: Uint8Array, start: number, length: number): number {
    const entry = this.peek(bytes, start, length);
    if (entry !== 0) this.#words[(this.keyStart >> 2) - 1] = this.#clock.seconds;
    return entry;
  }

  /** As find, but the key does not count as used. */
  peek(bytes: Uint8Array, start: number, length: number): number {
    const hash = this.#hash.of(bytes, start, length);
    if (this.#rehashAt >= 0) this.#rehashStep();
    let entry = this.#search(this.#table, hash, bytes, start, length);
    if (entry === 0 && this.#rehashAt >= 0) entry = this.#search(this.#nextTable, hash, bytes, start, length);
    if (entry !== 0 && this.deleteIfExpired(entry)) return 0;
    return entry;
  }

  /** As find, counted as a hit or a miss. */
  findToRead(bytes: Uint8Array, start: number, length: number): number {
    return this.#counted(this.find(bytes, start, length));
  }

  /** As peek, counted as a hit or a miss. */
  peekToRead(bytes: Uint8Array, start: number, length: number): number {
    return this.#counted(this.peek(bytes, start, length));
  }

  type(entry: number): number {
    return this.#pages[entry >>> PAGE_BITS][((entry & PAGE_MASK) << 2) + PLACE] & TYPE_MASK;
  }

  /** Seconds since the entry was last used, whose block is the current one. */
  idleSeconds(entry: number): number {
    this.locate(entry);
    return Math.max(0, (this.#clock.seconds - this.#words[(this.keyStart >> 2) - 1]) | 0);
  }

  /** Bytes of the entry's block: its key, and the value of a string. */
  blockBytes(entry: number): number {
    return this.#arena.capacity(this.#pages[entry >>> PAGE_BITS][((entry & PAGE_MASK) << 2) + CHUNK]);
  }

  /** One of FORM_PLAIN ... FORM_COPY, of a string. */
  form(entry: number): number {
    return this.#pages[entry >>> PAGE_BITS][((entry & PAGE_MASK) << 2) + PLACE] & FORM_MASK;
  }

  setForm(entry: number, form: number): void {
    const page = this.#pages[entry >>> PAGE_BITS];
    const at = ((entry & PAGE_MASK) << 2) + PLACE;
    page[at] = (page[at] & ~FORM_MASK) | form;
  }

  /** Makes this entry's block the current one. */
  locate(entry: number): void {
    const page = this.#pages[entry >>> PAGE_BITS];
    const at = (entry & PAGE_MASK) << 2;
    const chunk = page[at + CHUNK];
    const offset = (page[at + PLACE] >>> OFFSET_SHIFT) << 3;
    const words = this.#arena.words[chunk];
    this.#words = words;
    this.bytes = this.#arena.bytes[chunk];
    this.keyStart = offset + HEADER_BYTES;
    this.keyLength = words[offset >> 2];
    this.valueStart = offset + HEADER_BYTES + this.keyLength;
    this.valueLength = words[(offset >> 2) + 1];
  }

  /** A string value of a key that is not there yet, its bytes still to be written to `valueStart`. */
  insertString(bytes: Uint8Array, start: number, length: number, valueLength: number): number {
    return this.#insert(bytes, start, length, TYPE_STRING, valueLength, HEADER_BYTES + length + valueLength);
  }

  /** Any other value of a key that is not there yet. */
  insertObject(bytes: Uint8Array, start: number, length: number, type: number, value: ObjectValue): number {
    const slot = this.#freeObjects.pop() ?? this.#objects.length;
    const entry = this.#insert(bytes, start, length, type, slot, HEADER_BYTES + length);
    this.#objects[slot] = value;
    if (this.awaited !== null) this.awaited.made(bytes, start, length, type);
    return entry;
  }

  /** Sets a key to a string, whatever it was before. A time to live stays: the caller decides. */
  setString(
    key: Uint8Array,
    keyStart: number,
    keyLength: number,
    value: Uint8Array,
    valueStart: number,
    valueLength: number,
  ): number {
    let entry = this.find(key, keyStart, keyLength);
    if (entry === 0) entry = this.insertString(key, keyStart, keyLength, valueLength);
    else this.resizeString(entry, valueLength, false, 0);
    copyBytes(value, valueStart, this.bytes, this.valueStart, valueLength);
    return entry;
  }

  /**
   * To be called for a value that was changed in place: the elements of an object, or bytes of a string. What the
   * methods of the keyspace change they tell themselves.
   */
  changed(entry: number): void {
    if (this.listener !== null) this.#tell(entry);
  }

  /**
   * Gives the entry a string value of this length: with the bytes of the former value as far as they go when
   * `keep` (its form is then FORM_RAW), else of any content (FORM_PLAIN). `spare` more bytes are set aside where the
   * block has to move.
   */
  resizeString(entry: number, valueLength: number, keep: boolean, spare: number): void {
    if (this.listener !== null) this.#tell(entry);
    this.locate(entry);
    const page = this.#pages[entry >>> PAGE_BITS];
    const at = (entry & PAGE_MASK) << 2;
    const chunk = page[at + CHUNK];
    const place = page[at + PLACE];
    const offset = (place >>> OFFSET_SHIFT) << 3;
    const needed = HEADER_BYTES + this.keyLength + valueLength;
    const capacity = this.#arena.capacity(chunk);
    const isString = (place & TYPE_MASK) === TYPE_STRING;
    page[at + PLACE] = (place & ~FORM_MASK) | (keep ? FORM_RAW : FORM_PLAIN);
    if (needed <= capacity && (keep || 2 * needed >= capacity)) {
      if (!isString) this.#dropObject(entry, TYPE_STRING);
      this.#arena.words[chunk][(offset >> 2) + 1] = valueLength;
      this.valueLength = valueLength;
      return;
    }
    const kept = this.keyLength + (keep && isString ? Math.min(this.valueLength, valueLength) : 0);
    this.#arena.allocate(needed + spare);
    if (!isString) this.#dropObject(entry, TYPE_STRING);
    const target = this.#arena.bytes[this.#arena.chunk];
    const words = this.#arena.words[this.#arena.chunk];
    words[this.#arena.offset >> 2] = this.keyLength;
    words[(this.#arena.offset >> 2) + 1] = valueLength;
    words[(this.#arena.offset >> 2) + 2] = this.#clock.seconds;
    copyBytes(this.bytes, this.keyStart, target, this.#arena.offset + HEADER_BYTES, kept);
    page[at + CHUNK] = this.#arena.chunk;
    page[at + PLACE] = (page[at + PLACE] & 0xff) | ((this.#arena.offset >> 3) << OFFSET_SHIFT);
    this.#arena.free(chunk, offset);
    this.locate(entry);
  }

  /** The value of an entry that is not a string. */
  object(entry: number): ObjectValue {
    return this.#objects[this.#objectSlot(entry)] as ObjectValue;
  }

  delete(entry: number): void {
    if (this.listener !== null) this.#tell(entry);
    const page = this.#pages[entry >>> PAGE_BITS];
    const at = (entry & PAGE_MASK) << 2;
    this.#unlink(entry, page[at + HASH]);
    if ((page[at + PLACE] & TYPE_MASK) !== TYPE_STRING) this.#dropObject(entry, TYPE_STRING);
    if (page[at + PLACE] & VOLATILE) this.#expiry.delete(entry);
    this.#arena.free(page[at + CHUNK], (page[at + PLACE] >>> OFFSET_SHIFT) << 3);
    page[at + PLACE] = 0;
    page[at + NEXT] = this.#freeEntry;
    this.#freeEntry = entry;
    this.size--;
  }

  /** Deletes everything. */
  clear(): void {
    this.listener?.allDeleted();
    this.size = 0;
    this.#arena = new Arena();
    this.#table = new Int32Array(BUCKETS_MIN);
    this.#nextTable = NO_TABLE;
    this.#rehashAt = -1;
    this.#pages = [];
    this.#entriesMade = 0;
    this.#freeEntry = 0;
    this.#objects = [];
    this.#freeObjects = [];
    this.#expiry = new ExpiryTable();
    this.bytes = NO_BYTES;
  }

  /** When the entry expires, in milliseconds since the epoch; -1 when it does not. */
  expiryMs(entry: number): Int64 {
    return this.#isVolatile(entry) ? this.#expiry.exactTimeMs(entry) : -1;
  }

  setExpiryMs(entry: number, timeMs: Int64): void {
    if (this.listener !== null) this.#tell(entry);
    if (this.#isVolatile(entry)) {
      this.#expiry.change(entry, timeMs);
      return;
    }
    const page = this.#pages[entry >>> PAGE_BITS];
    const at = ((entry & PAGE_MASK) << 2) + PLACE;
    page[at] = page[at] | VOLATILE;
    this.#expiry.add(entry, timeMs);
  }

  /** Makes the entry permanent; returns whether it was to expire. */
  persist(entry: number): boolean {
    if (!this.#isVolatile(entry)) return false;
    const page = this.#pages[entry >>> PAGE_BITS];
    const at = ((entry & PAGE_MASK) << 2) + PLACE;
    if (this.listener !== null) this.#tell(entry);
    page[at] = page[at] & ~VOLATILE;
    this.#expiry.delete(entry);
    return true;
  }

  /** Deletes the entry if its time has come; returns whether it did. */
  deleteIfExpired(entry: number): boolean {
    if (!this.#isVolatile(entry) || this.#expiry.timeMs(entry) > this.#clock.nowMs) return false;
    this.delete(entry);
    this.#stats.expired++;
    return true;
  }

  get volatileCount(): number {
    return this.#expiry.count;
  }

  meanTimeToLiveMs(): number {
    return this.#expiry.meanLeftMs(this.#clock.nowMs, EXPIRY_SAMPLES);
  }

  /** Bytes of the blocks in use, and of all memory set aside for blocks, entries and the index. */
  get usedBytes(): number {
    return this.#arena.usedBytes;
  }

  /** What the values other than strings take, about. */
  objectBytes(): number {
    return allValuesBytes(this.#objects);
  }

  get reservedBytes(): number {
    const index = 4 * (this.#table.length + this.#nextTable.length);
    return this.#arena.reservedBytes + index + this.#pages.length * PAGE_ENTRIES * 16;
  }

  /** Deletes expired keys of samples, for at most so many rounds (expire.c, activeExpireCycle); how many it took. */
  expireSome(rounds: number): number {
    let done = 0;
    while (done < rounds && this.#expiry.count > 0) {
      done++;
      const samples = Math.min(EXPIRY_SAMPLES, this.#expiry.count);
      let expired = 0;
      for (let i = 0; i < samples && this.#expiry.count > 0; i++) {
        if (this.deleteIfExpired(this.#expiry.sample(Math.random()))) expired++;
      }
      if (expired <= samples * EXPIRED_SHARE_AGAIN) break;
    }
    return done;
  }

  /** Moves buckets on if a rehash is going on, begins to shrink a table grown too large. */
  maintain(buckets: number): void {
    for (let i = 0; i < buckets && this.#rehashAt >= 0; i++) this.#rehashStep();
    if (this.#rehashAt < 0 && this.#table.length > BUCKETS_MIN && this.size < this.#table.length * FILL_MIN) {
      this.#beginRehash(this.size);
    }
  }

  /** All entries, in no order; `visit` may delete the entry that it is given. */
  forEach(visit: (entry: number) => void): void {
    for (let entry = 1; entry <= this.#entriesMade; entry++) {
      if (this.type(entry) !== 0) visit(entry);
    }
  }

  /** A random entry, 0 when there is none. */
  randomEntry(): number {
    if (this.size === 0) return 0;
    const buckets = this.#table.length + this.#nextTable.length;
    for (;;) {
      const bucket = Math.floor(Math.random() * buckets);
      const inFirst = bucket < this.#table.length;
      const head = inFirst ? this.#table[bucket] : this.#nextTable[bucket - this.#table.length];
      if (head === 0) continue;
      let length = 0;
      for (let entry = head; entry !== 0; entry = this.#next(entry)) length++;
      let entry = head;
      for (let steps = Math.floor(Math.random() * length); steps > 0; steps--) entry = this.#next(entry);
      return entry;
    }
  }

  /**
   * Appends to `found` the entries of the buckets that the cursor stands for and returns the next cursor, 0
   * at the end.
   */
  scan(cursor: number, found: number[]): number {
    if (this.#rehashAt < 0) {
      this.#collect(this.#table[cursor & (this.#table.length - 1)], found);
      return nextCursor(cursor, this.#table.length - 1);
    }
    const grows = this.#nextTable.length > this.#table.length;
    const small = grows ? this.#table : this.#nextTable;
    const large = grows ? this.#nextTable : this.#table;
    const smallMask = small.length - 1;
    const largeMask = large.length - 1;
    this.#collect(small[cursor & smallMask], found);
    do {
      this.#collect(large[cursor & largeMask], found);
      cursor = nextCursor(cursor, largeMask);
    } while (cursor & (smallMask ^ largeMask));
    return cursor;
  }

  #counted(entry: number): number {
    if (entry === 0) this.#stats.misses++;
    else this.#stats.hits++;
    return entry;
  }

  /** Leaves the block at hand as it is. */
  #tell(entry: number): void {
    const page = this.#pages[entry >>> PAGE_BITS];
    const at = (entry & PAGE_MASK) << 2;
    const chunk = page[at + CHUNK];
    const offset = (page[at + PLACE] >>> OFFSET_SHIFT) << 3;
    const length = this.#arena.words[chunk][offset >> 2];
    this.listener?.keyChanged(this.#arena.bytes[chunk], offset + HEADER_BYTES, length);
  }

  #search(table: Int32Array, hash: number, bytes: Uint8Array, start: number, length: number): number {
    const pages = this.#pages;
    let entry = table[hash & (table.length - 1)];
    while (entry !== 0) {
      const page = pages[entry >>> PAGE_BITS];
      const at = (entry & PAGE_MASK) << 2;
      if (page[at + HASH] === hash) {
        const chunk = page[at + CHUNK];
        const offset = (page[at + PLACE] >>> OFFSET_SHIFT) << 3;
        const words = this.#arena.words[chunk];
        const block = this.#arena.bytes[chunk];
        if (words[offset >> 2] === length && equalBytes(block, offset + HEADER_BYTES, bytes, start, length)) {
          this.#words = words;
          this.bytes = block;
          this.keyStart = offset + HEADER_BYTES;
          this.keyLength = length;
          this.valueStart = offset + HEADER_BYTES + length;
          this.valueLength = words[(offset >> 2) + 1];
          return entry;
        }
      }
      entry = page[at + NEXT];
    }
    return 0;
  }

  /** `second` is the header's second word: the value's length or its place in `objects`. */
  #insert(
    bytes: Uint8Array,
    start: number,
    length: number,
    type: number,
    second: number,
    blockBytes: number,
  ): number {
    if (this.#rehashAt < 0 && this.size >= this.#table.length) this.#beginRehash(this.size + 1);
    const hash = this.#hash.of(bytes, start, length);
    const entry = this.#takeEntry();
    const page = this.#pages[entry >>> PAGE_BITS];
    const at = (entry & PAGE_MASK) << 2;
    const arena = this.#arena;
    arena.allocate(blockBytes);
    const words = arena.words[arena.chunk];
    words[arena.offset >> 2] = length;
    words[(arena.offset >> 2) + 1] = second;
    words[(arena.offset >> 2) + 2] = this.#clock.seconds;
    copyBytes(bytes, start, arena.bytes[arena.chunk], arena.offset + HEADER_BYTES, length);
    const table = this.#rehashAt >= 0 ? this.#nextTable : this.#table;
    const bucket = hash & (table.length - 1);
    page[at + HASH] = hash;
    page[at + NEXT] = table[bucket];
    page[at + CHUNK] = arena.chunk;
    page[at + PLACE] = ((arena.offset >> 3) << OFFSET_SHIFT) | type;
    table[bucket] = entry;
    this.size++;
    this.locate(entry);
    if (this.listener !== null) this.listener.keyChanged(bytes, start, length);
    return entry;
  }

  #takeEntry(): number {
    const free = this.#freeEntry;
    if (free !== 0) {
      this.#freeEntry = this.#next(free);
      return free;
    }
    // Entry 0 is never made: it means none.
    const entry = this.#entriesMade + 1;
    if (entry >>> PAGE_BITS >= this.#pages.length) this.#pages.push(new Int32Array(PAGE_ENTRIES * 4));
    return ++this.#entriesMade;
  }

  #next(entry: number): number {
    return this.#pages[entry >>> PAGE_BITS][((entry & PAGE_MASK) << 2) + NEXT];
  }

  #isVolatile(entry: number): boolean {
    return (this.#pages[entry >>> PAGE_BITS][((entry & PAGE_MASK) << 2) + PLACE] & VOLATILE) !== 0;
  }

  #objectSlot(entry: number): number {
    const page = this.#pages[entry >>> PAGE_BITS];
    const at = (entry & PAGE_MASK) << 2;
    const offset = (page[at + PLACE] >>> OFFSET_SHIFT) << 3;
    return this.#arena.words[page[at + CHUNK]][(offset >> 2) + 1];
  }

  #dropObject(entry: number, newType: number): void {
    const slot = this.#objectSlot(entry);
    this.#objects[slot] = null;
    this.#freeObjects.push(slot);
    const page = this.#pages[entry >>> PAGE_BITS];
    const at = ((entry & PAGE_MASK) << 2) + PLACE;
    page[at] = (page[at] & ~TYPE_MASK) | newType;
  }

  #unlink(entry: number, hash: number): void {
    if (this.#unlinkFrom(this.#table, entry, hash)) return;
    this.#unlinkFrom(this.#nextTable, entry, hash);
  }

  #unlinkFrom(table: Int32Array, entry: number, hash: number): boolean {
    const bucket = hash & (table.length - 1);
    const next = this.#next(entry);
    let at = table[bucket];
    if (at === entry) {
      table[bucket] = next;
      return true;
    }
    while (at !== 0) {
      const page = this.#pages[at >>> PAGE_BITS];
      const word = ((at & PAGE_MASK) << 2) + NEXT;
      if (page[word] === entry) {
        page[word] = next;
        return true;
      }
      at = page[word];
    }
    return false;
  }

  #beginRehash(entries: number): void {
    let buckets = BUCKETS_MIN;
    while (buckets < entries) buckets *= 2;
    if (buckets === this.#table.length) return;
    this.#nextTable = new Int32Array(buckets);
    this.#rehashAt = 0;
  }

  #rehashStep(): void {
    const table = this.#table;
    let bucket = this.#rehashAt;
    const limit = Math.min(table.length, bucket + EMPTY_BUCKETS_PER_STEP);
    while (bucket < limit && table[bucket] === 0) bucket++;
    if (bucket < limit) {
      const mask = this.#nextTable.length - 1;
      let entry = table[bucket];
      while (entry !== 0) {
        const page = this.#pages[entry >>> PAGE_BITS];
        const at = (entry & PAGE_MASK) << 2;
        const next = page[at + NEXT];
        const target = page[at + HASH] & mask;
        page[at + NEXT] = this.#nextTable[target];
        this.#nextTable[target] = entry;
        entry = next;
      }
      table[bucket] = 0;
      bucket++;
    }
    this.#rehashAt = bucket;
    if (bucket === table.length) {
      this.#table = this.#nextTable;
      this.#nextTable = NO_TABLE;
      this.#rehashAt = -1;
    }
  }

  #collect(head: number, found: number[]): void {
    for (let entry = head; entry !== 0; entry = this.#next(entry)) found.push(entry);
  }
}
