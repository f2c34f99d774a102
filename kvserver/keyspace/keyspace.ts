/**
 * One database: keys with their values.
 *
 *   index      entries by the hash of their key, in key-index.ts
 *   entries    four words each, in entries.ts
 *   blocks     in the arena: [key length, value length, time of the last use, key, value]; of a type other than
 *              string [key length, place in `objects`, time of the last use, key]
 *
 * So a key costs 16 bytes, its bucket head and its block, and no object of the JavaScript heap.
 *
 * find, insert and what changes a value leave the block at hand in `bytes`, `keyStart`, `keyLength`,
 * `valueStart` and `valueLength`: valid until the next call.
 */
import type { EngineClock } from '../clock.ts';
import { copyBytes, equalsWords, NO_BYTES } from '../resp/bytes.ts';
import type { Int64 } from '../resp/numbers.ts';
import { Arena, endlessMemory, type MemorySource } from './arena.ts';
import {
  CHUNK,
  ENTRY_BYTES,
  Entries,
  FORM_MASK,
  HASH,
  NEXT,
  OFFSET_SHIFT,
  PAGE_BITS,
  PAGE_MASK,
  PLACE,
  TYPE_MASK,
  VOLATILE,
} from './entries.ts';
import { ExpiryTable } from './expiry.ts';
import type { KeyHash } from './hash.ts';
import { events, type KeyEvent } from './key-events.ts';
import { KeyIndex } from './key-index.ts';
import type { KeyListener, KeyspaceStats, MadeKeys } from './key-listener.ts';
import { ObjectSlots } from './object-slots.ts';
import { FORM_PLAIN, FORM_RAW } from './string-form.ts';
import { defaultEncodingLimits, type EncodingLimits } from './types/encoding-limits.ts';
import { type ObjectValue, TYPE_STRING } from './types/value.ts';
import { KeyUses } from './uses.ts';

const HEADER_BYTES = 12;
const NO_WORDS = new Int32Array(0);

export class Keyspace {
  bytes: Uint8Array = NO_BYTES;
  keyStart = 0;
  keyLength = 0;
  valueStart = 0;
  valueLength = 0;
  /** The memory of `bytes`. */
  #words: Int32Array = NO_WORDS;

  /** For the values that are made for it. */
  readonly encodingLimits: EncodingLimits;
  /** Told of changes; null when nobody wants to know. */
  listener: KeyListener | null = null;
  /** null while nobody wants to know. */
  awaited: MadeKeys | null = null;

  readonly #hash: KeyHash;
  readonly #clock: EngineClock;
  readonly #stats: KeyspaceStats;
  readonly #uses: KeyUses;

  #arena: Arena;
  #entries = new Entries();
  /** Of the entries. */
  #pages = this.#entries.pages;
  #index = new KeyIndex(this.#entries);
  #objects = new ObjectSlots();
  #expiry = new ExpiryTable();
  #followsBytes = false;

  constructor(
    hash: KeyHash,
    clock: EngineClock,
    stats: KeyspaceStats,
    encodingLimits: EncodingLimits = defaultEncodingLimits(),
    uses: KeyUses = new KeyUses(clock),
    memory: MemorySource = endlessMemory,
  ) {
    this.#arena = new Arena(memory);
    this.encodingLimits = encodingLimits;
    this.#hash = hash;
    this.#clock = clock;
    this.#stats = stats;
    this.#uses = uses;
  }

  get size(): number {
    return this.#index.size;
  }

  /** The entry of a key, 0 when there is none; it counts as used now. A key whose time has come is deleted here. */
  find(bytes: Uint8Array, start: number, length: number): number {
    const entry = this.peek(bytes, start, length);
    if (entry !== 0) {
      const at = (this.keyStart >> 2) - 1;
      this.#words[at] = this.#uses.areCounted ? this.#uses.again(this.#words[at]) : this.#clock.seconds;
    }
    return entry;
  }

  /** As find, but the key does not count as used. */
  peek(bytes: Uint8Array, start: number, length: number): number {
    const hash = this.#hash.of(bytes, start, length);
    const index = this.#index;
    let entry = this.#search(index.table, hash, bytes, start, length);
    if (index.rehashAt >= 0) {
      if (entry === 0) entry = this.#search(index.nextTable, hash, bytes, start, length);
      index.rehashStep();
    }
    if (entry !== 0 && this.#entries.isVolatile(entry) && this.deleteIfExpired(entry)) return 0;
    return entry;
  }

  /** As find, counted as a hit or a miss. */
  findToRead(bytes: Uint8Array, start: number, length: number): number {
    return this.#counted(this.find(bytes, start, length), bytes, start, length);
  }

  /** As peek, counted as a hit or a miss. */
  peekToRead(bytes: Uint8Array, start: number, length: number): number {
    return this.#counted(this.peek(bytes, start, length), bytes, start, length);
  }

  type(entry: number): number {
    return this.#entries.flags(entry) & TYPE_MASK;
  }

  /** Seconds since the entry was last used, whose block is the current one. */
  idleSeconds(entry: number): number {
    this.locate(entry);
    return this.#uses.idleSeconds(this.#words[(this.keyStart >> 2) - 1]);
  }

  /** How often the entry was used, as it is counted by a policy of frequency; its block is the current one. */
  useCount(entry: number): number {
    this.locate(entry);
    return this.#uses.count(this.#words[(this.keyStart >> 2) - 1]);
  }

  /** Where the entry's key lies: its chunk of the arena, and behind that 32 bits for the place within. */
  placeOf(entry: number): number {
    this.locate(entry);
    return this.#pages[entry >>> PAGE_BITS][((entry & PAGE_MASK) << 2) + CHUNK] * 2 ** 32 + this.keyStart;
  }

  /** Bytes of the entry's block: its key, and the value of a string. */
  blockBytes(entry: number): number {
    return this.#arena.capacity(this.#pages[entry >>> PAGE_BITS][((entry & PAGE_MASK) << 2) + CHUNK]);
  }

  /** One of FORM_PLAIN ... FORM_COPY, of a string. */
  form(entry: number): number {
    return this.#entries.flags(entry) & FORM_MASK;
  }

  setForm(entry: number, form: number): void {
    this.#entries.setFlags(entry, FORM_MASK, form);
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
    return this.#insert(bytes, start, length, TYPE_STRING, valueLength, events.new);
  }

  /** Any other value of a key that is not there yet. */
  insertObject(
    bytes: Uint8Array,
    start: number,
    length: number,
    type: number,
    value: ObjectValue,
    event: KeyEvent | null = events.new,
  ): number {
    const entry = this.#insert(bytes, start, length, type, this.#objects.next, event);
    this.#objects.add(value);
    if (this.awaited !== null) this.awaited.made(bytes, start, length, type);
    return entry;
  }

  /** Sets a key to a value other than a string, whatever it was before; it does not expire. */
  setObject(bytes: Uint8Array, start: number, length: number, type: number, value: ObjectValue): number {
    const former = this.find(bytes, start, length);
    if (former === 0) return this.insertObject(bytes, start, length, type, value);
    const use = this.#words[(this.keyStart >> 2) - 1];
    this.delete(former, null);
    const entry = this.insertObject(bytes, start, length, type, value, null);
    this.#words[(this.keyStart >> 2) - 1] = use;
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
    else if (!this.#isPlain(entry, valueLength)) this.#resize(entry, valueLength, false, 0);
    copyBytes(value, valueStart, this.bytes, this.valueStart, valueLength);
    return entry;
  }

  /**
   * To be called for a value that was changed in place: the elements of an object, or bytes of a string. What the
   * methods of the keyspace change they tell themselves.
   */
  changed(entry: number, event: KeyEvent | null): void {
    if (this.listener !== null) this.#tell(entry, event);
  }

  /**
   * Gives the entry a string value of this length: with the bytes of the former value as far as they go when
   * `keep` (its form is then FORM_RAW), else of any content (FORM_PLAIN). `spare` more bytes are set aside where the
   * block has to move.
   */
  resizeString(entry: number, valueLength: number, keep: boolean, spare: number): void {
    this.locate(entry);
    this.#resize(entry, valueLength, keep, spare);
  }

  /** As resizeString, of the entry whose block is the current one. */
  #resize(entry: number, valueLength: number, keep: boolean, spare: number): void {
    if (this.listener !== null) this.#tell(entry, null);
    const page = this.#pages[entry >>> PAGE_BITS];
    const at = (entry & PAGE_MASK) << 2;
    const chunk = page[at + CHUNK];
    const place = page[at + PLACE];
    const offset = (place >>> OFFSET_SHIFT) << 3;
    const needed = HEADER_BYTES + this.keyLength + valueLength;
    const isString = (place & TYPE_MASK) === TYPE_STRING;
    const form = keep ? FORM_RAW : FORM_PLAIN;
    if (this.#arena.fits(chunk, needed, keep)) {
      page[at + PLACE] = (place & ~FORM_MASK) | form;
      if (!isString) this.#dropObject(entry);
      this.#arena.words[chunk][(offset >> 2) + 1] = valueLength;
      this.valueLength = valueLength;
      return;
    }
    const kept = this.keyLength + (keep && isString ? Math.min(this.valueLength, valueLength) : 0);
    this.#arena.allocate(needed + spare);
    page[at + PLACE] = (place & ~FORM_MASK) | form;
    if (!isString) this.#dropObject(entry);
    const target = this.#arena.bytes[this.#arena.chunk];
    const words = this.#arena.words[this.#arena.chunk];
    words[this.#arena.offset >> 2] = this.keyLength;
    words[(this.#arena.offset >> 2) + 1] = valueLength;
    words[(this.#arena.offset >> 2) + 2] = this.#words[(this.keyStart >> 2) - 1];
    copyBytes(this.bytes, this.keyStart, target, this.#arena.offset + HEADER_BYTES, kept);
    page[at + CHUNK] = this.#arena.chunk;
    page[at + PLACE] = (page[at + PLACE] & 0xff) | ((this.#arena.offset >> 3) << OFFSET_SHIFT);
    this.#arena.free(chunk, offset);
    this.locate(entry);
  }

  /** The value of an entry that is not a string. */
  object(entry: number): ObjectValue {
    return this.#objects.use(this.#objectSlot(entry));
  }

  /** `event`: what its end is called; null where it has no name, as that of a value that another one replaces. */
  delete(entry: number, event: KeyEvent | null): void {
    if (this.listener !== null) this.#tell(entry, event);
    const page = this.#pages[entry >>> PAGE_BITS];
    const at = (entry & PAGE_MASK) << 2;
    this.#index.unlink(entry);
    if ((page[at + PLACE] & TYPE_MASK) !== TYPE_STRING) this.#dropObject(entry);
    if (page[at + PLACE] & VOLATILE) this.#expiry.delete(entry);
    this.#arena.free(page[at + CHUNK], (page[at + PLACE] >>> OFFSET_SHIFT) << 3);
    this.#entries.release(entry);
  }

  /** Deletes everything. */
  clear(): void {
    this.listener?.allDeleted();
    this.#arena = this.#arena.renewed();
    this.#entries = new Entries();
    this.#pages = this.#entries.pages;
    this.#index = new KeyIndex(this.#entries);
    this.#objects = new ObjectSlots();
    this.#objects.follow(this.#followsBytes);
    this.#expiry = new ExpiryTable();
    this.bytes = NO_BYTES;
  }

  /** When the entry expires, in milliseconds since the epoch; -1 when it does not. */
  expiryMs(entry: number): Int64 {
    return this.#entries.isVolatile(entry) ? this.#expiry.exactTimeMs(entry) : -1;
  }

  setExpiryMs(entry: number, timeMs: Int64, event: KeyEvent | null): void {
    if (this.listener !== null) this.#tell(entry, event);
    if (this.#entries.isVolatile(entry)) {
      this.#expiry.change(entry, timeMs);
      return;
    }
    this.#entries.setFlags(entry, VOLATILE, VOLATILE);
    this.#expiry.add(entry, timeMs);
  }

  /** Makes the entry permanent; returns whether it was to expire. */
  persist(entry: number, event: KeyEvent | null): boolean {
    if (!this.#entries.isVolatile(entry)) return false;
    if (this.listener !== null) this.#tell(entry, event);
    this.#entries.setFlags(entry, VOLATILE, 0);
    this.#expiry.delete(entry);
    return true;
  }

  /** Deletes the entry if its time has come; returns whether it did. */
  deleteIfExpired(entry: number): boolean {
    if (!this.#entries.isVolatile(entry) || this.#expiry.timeMs(entry) > this.#clock.nowMs) return false;
    this.delete(entry, events.expired);
    this.#stats.expired++;
    return true;
  }

  get volatileCount(): number {
    return this.#expiry.count;
  }

  meanTimeToLiveMs(): number {
    return this.#expiry.meanLeftMs(this.#clock.nowMs);
  }

  /** Of each table of the index, how many buckets have 0 keys, 1, 2 and so on. */
  chainLengths(): number[][] {
    return this.#index.chainLengths();
  }

  /** Bytes of the blocks in use. */
  get usedBytes(): number {
    return this.#arena.usedBytes;
  }

  /** Bytes of keys and values: of those that are not strings, about. */
  get datasetBytes(): number {
    return this.#arena.usedBytes + this.#objects.bytes;
  }

  /** Bytes of the entries in use, their index, and when they expire. */
  get overheadBytes(): number {
    return this.size * ENTRY_BYTES + this.#index.reservedBytes + this.#expiry.reservedBytes;
  }

  /** Whether `datasetBytes` is going to be asked for again and again. */
  followBytes(on: boolean): void {
    this.#followsBytes = on;
    this.#objects.follow(on);
  }

  /** Bytes of all memory set aside for blocks, entries and the index. */
  get reservedBytes(): number {
    return this.#arena.reservedBytes + this.#index.reservedBytes + this.#entries.reservedBytes;
  }

  /** Moves buckets on if a rehash is going on, begins to shrink a table grown too large. */
  maintain(buckets: number): void {
    this.#index.maintain(buckets);
  }

  /** All entries, in no order; `visit` may delete the entry that it is given. */
  forEach(visit: (entry: number) => void): void {
    for (let entry = 1; entry <= this.#entries.last; entry++) {
      if (this.type(entry) !== 0) visit(entry);
    }
  }

  /** A random one of the entries that expire, 0 when there is none. */
  randomVolatileEntry(): number {
    return this.#expiry.count === 0 ? 0 : this.#expiry.sample(Math.random());
  }

  /** A random entry, 0 when there is none. */
  randomEntry(): number {
    return this.#index.randomEntry();
  }

  /** Appends to `found` the entries that the cursor stands for; the next cursor, 0 at the end. */
  scan(cursor: number, found: number[]): number {
    return this.#index.scan(cursor, found);
  }

  #counted(entry: number, bytes: Uint8Array, start: number, length: number): number {
    if (entry !== 0) this.#stats.hits++;
    else this.#stats.misses++;
    if (entry === 0 && this.listener !== null) this.listener.keyEvent(bytes, start, length, events.keymiss);
    return entry;
  }

  /** Leaves the block at hand as it is. */
  #tell(entry: number, event: KeyEvent | null): void {
    const page = this.#pages[entry >>> PAGE_BITS];
    const at = (entry & PAGE_MASK) << 2;
    const chunk = page[at + CHUNK];
    const offset = (page[at + PLACE] >>> OFFSET_SHIFT) << 3;
    const length = this.#arena.words[chunk][offset >> 2];
    this.listener?.keyChanged(this.#arena.bytes[chunk], offset + HEADER_BYTES, length, event);
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
        if (
          words[offset >> 2] === length &&
          equalsWords(words, (offset + HEADER_BYTES) >> 2, bytes, start, length)
        ) {
          this.#words = words;
          this.bytes = this.#arena.bytes[chunk];
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
    event: KeyEvent | null,
  ): number {
    this.#index.grow();
    const hash = this.#hash.of(bytes, start, length);
    const arena = this.#arena;
    arena.allocate(HEADER_BYTES + length + (type === TYPE_STRING ? second : 0));
    const entry = this.#entries.take();
    const page = this.#pages[entry >>> PAGE_BITS];
    const at = (entry & PAGE_MASK) << 2;
    const words = arena.words[arena.chunk];
    words[arena.offset >> 2] = length;
    words[(arena.offset >> 2) + 1] = second;
    words[(arena.offset >> 2) + 2] = this.#uses.first();
    copyBytes(bytes, start, arena.bytes[arena.chunk], arena.offset + HEADER_BYTES, length);
    page[at + CHUNK] = arena.chunk;
    page[at + PLACE] = ((arena.offset >> 3) << OFFSET_SHIFT) | type;
    this.#index.link(entry, hash);
    this.locate(entry);
    if (this.listener !== null) this.listener.keyChanged(bytes, start, length, event);
    return entry;
  }

  /** Whether the entry, whose block is the current one, is a plain string of this length, and nobody is to be told. */
  #isPlain(entry: number, length: number): boolean {
    if (length !== this.valueLength || this.listener !== null) return false;
    return (this.#entries.flags(entry) & (TYPE_MASK | FORM_MASK)) === (TYPE_STRING | FORM_PLAIN);
  }

  #objectSlot(entry: number): number {
    const page = this.#pages[entry >>> PAGE_BITS];
    const at = (entry & PAGE_MASK) << 2;
    const offset = (page[at + PLACE] >>> OFFSET_SHIFT) << 3;
    return this.#arena.words[page[at + CHUNK]][(offset >> 2) + 1];
  }

  /** The entry, whose value is none of a string, is one of a string from now on. */
  #dropObject(entry: number): void {
    this.#objects.drop(this.#objectSlot(entry));
    this.#entries.setFlags(entry, TYPE_MASK, TYPE_STRING);
  }
}
