/**
 * When the volatile entries of a keyspace expire: a dense list, so that the active expiry can sample it, and
 * the place of each entry in it. Nothing is allocated before the first key gets a time to live. A time that no double
 * holds, in the year 287396 or later, stands in the list as the nearest one, and in full beside it.
 */
import type { Int64 } from '../resp/numbers.ts';

const SLOTS_FIRST = 1024;

export class ExpiryTable {
  count = 0;
  #entries = new Int32Array(0);
  #timesMs = new Float64Array(0);
  #slotOf = new Int32Array(0);
  /** By entry: the times that are not safe integers. */
  readonly #exactMs = new Map<number, bigint>();

  get reservedBytes(): number {
    return this.#entries.byteLength + this.#timesMs.byteLength + this.#slotOf.byteLength;
  }

  /** Milliseconds since the epoch, to the nearest double; the entry must be in the table. */
  timeMs(entry: number): number {
    return this.#timesMs[this.#slotOf[entry]];
  }

  /** As timeMs, exactly. */
  exactTimeMs(entry: number): Int64 {
    const timeMs = this.timeMs(entry);
    return Number.isSafeInteger(timeMs) ? timeMs : (this.#exactMs.get(entry) ?? timeMs);
  }

  add(entry: number, timeMs: Int64): void {
    if (entry >= this.#slotOf.length) this.#slotOf = grown(this.#slotOf, entry + 1);
    if (this.count === this.#entries.length) {
      this.#entries = grown(this.#entries, this.count + 1);
      const timesMs = new Float64Array(this.#entries.length);
      timesMs.set(this.#timesMs);
      this.#timesMs = timesMs;
    }
    this.#slotOf[entry] = this.count;
    this.#entries[this.count] = entry;
    this.#timesMs[this.count] = Number(timeMs);
    if (typeof timeMs === 'bigint') this.#exactMs.set(entry, timeMs);
    this.count++;
  }

  change(entry: number, timeMs: Int64): void {
    this.#timesMs[this.#slotOf[entry]] = Number(timeMs);
    if (typeof timeMs === 'bigint') this.#exactMs.set(entry, timeMs);
    else if (this.#exactMs.size > 0) this.#exactMs.delete(entry);
  }

  /** The last of the list takes the freed slot. */
  delete(entry: number): void {
    const slot = this.#slotOf[entry];
    const last = --this.count;
    const moved = this.#entries[last];
    this.#entries[slot] = moved;
    this.#timesMs[slot] = this.#timesMs[last];
    this.#slotOf[moved] = slot;
    if (this.#exactMs.size > 0) this.#exactMs.delete(entry);
  }

  /** A random volatile entry; `random` is from [0, 1). */
  sample(random: number): number {
    return this.#entries[Math.floor(random * this.count)];
  }

  /** Mean time left in milliseconds of up to so many entries, 0 for an empty table. */
  meanLeftMs(nowMs: number, entries: number): number {
    const looked = Math.min(entries, this.count);
    let sum = 0;
    for (let i = 0; i < looked; i++) sum += Math.max(0, this.#timesMs[i] - nowMs);
    return looked === 0 ? 0 : sum / looked;
  }
}

function grown(array: Int32Array<ArrayBuffer>, length: number): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(Math.max(SLOTS_FIRST, 2 * array.length, length));
  larger.set(array);
  return larger;
}
