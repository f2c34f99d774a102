/**
 * When the volatile entries of a keyspace expire: a dense list, so that the active expiry can sample it, and the
 * place of each entry in it. All lie in pages, so that growth copies nothing; none is made before the first key
 * gets a time to live. A time that no double holds, in the year 287396 or later, stands in the list as the nearest
 * one, and in full beside it.
 */
import type { Int64 } from '../resp/numbers.ts';

const PAGE_BITS = 10;
const PAGE_LENGTH = 1 << PAGE_BITS;
const PAGE_MASK = PAGE_LENGTH - 1;
const ENTRY_BYTES = Int32Array.BYTES_PER_ELEMENT;
const TIME_BYTES = Float64Array.BYTES_PER_ELEMENT;
const MEAN_OF_ENTRIES = 20;

export class ExpiryTable {
  count = 0;
  /** Of the list. */
  readonly #entries: Int32Array[] = [];
  readonly #timesMs: Float64Array[] = [];
  /** By entry, its place in the list. */
  readonly #slotOf: Int32Array[] = [];
  /** By entry: the times that are not safe integers. */
  readonly #exactMs = new Map<number, bigint>();

  get reservedBytes(): number {
    const ofList = this.#entries.length * (ENTRY_BYTES + TIME_BYTES);
    return PAGE_LENGTH * (ofList + this.#slotOf.length * ENTRY_BYTES);
  }

  /** Milliseconds since the epoch, to the nearest double; the entry must be in the table. */
  timeMs(entry: number): number {
    return this.#timeAt(this.#slot(entry));
  }

  /** As timeMs, exactly. */
  exactTimeMs(entry: number): Int64 {
    const timeMs = this.timeMs(entry);
    return Number.isSafeInteger(timeMs) ? timeMs : (this.#exactMs.get(entry) ?? timeMs);
  }

  add(entry: number, timeMs: Int64): void {
    while (entry >>> PAGE_BITS >= this.#slotOf.length) this.#slotOf.push(new Int32Array(PAGE_LENGTH));
    if (this.count >>> PAGE_BITS === this.#entries.length) {
      this.#entries.push(new Int32Array(PAGE_LENGTH));
      this.#timesMs.push(new Float64Array(PAGE_LENGTH));
    }
    this.#put(this.count, entry, Number(timeMs));
    if (typeof timeMs === 'bigint') this.#exactMs.set(entry, timeMs);
    this.count++;
  }

  change(entry: number, timeMs: Int64): void {
    this.#put(this.#slot(entry), entry, Number(timeMs));
    if (typeof timeMs === 'bigint') this.#exactMs.set(entry, timeMs);
    else if (this.#exactMs.size > 0) this.#exactMs.delete(entry);
  }

  /** The last of the list takes the freed slot. */
  delete(entry: number): void {
    const last = --this.count;
    this.#put(this.#slot(entry), this.#entryAt(last), this.#timeAt(last));
    if (this.#exactMs.size > 0) this.#exactMs.delete(entry);
  }

  /** A random volatile entry; `random` is from [0, 1). */
  sample(random: number): number {
    return this.#entryAt(Math.floor(random * this.count));
  }

  /** Mean time left in milliseconds of some entries, 0 for an empty table. */
  meanLeftMs(nowMs: number): number {
    const looked = Math.min(MEAN_OF_ENTRIES, this.count);
    let sum = 0;
    for (let i = 0; i < looked; i++) sum += Math.max(0, this.#timeAt(i) - nowMs);
    return looked === 0 ? 0 : sum / looked;
  }

  #slot(entry: number): number {
    return this.#slotOf[entry >>> PAGE_BITS][entry & PAGE_MASK];
  }

  #entryAt(slot: number): number {
    return this.#entries[slot >>> PAGE_BITS][slot & PAGE_MASK];
  }

  #timeAt(slot: number): number {
    return this.#timesMs[slot >>> PAGE_BITS][slot & PAGE_MASK];
  }

  #put(slot: number, entry: number, timeMs: number): void {
    this.#entries[slot >>> PAGE_BITS][slot & PAGE_MASK] = entry;
    this.#timesMs[slot >>> PAGE_BITS][slot & PAGE_MASK] = timeMs;
    this.#slotOf[entry >>> PAGE_BITS][entry & PAGE_MASK] = slot;
  }
}
