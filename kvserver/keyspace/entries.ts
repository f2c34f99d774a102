/**
 * The entries of a database's keys, by number: four words each in pages of memory, [hash, next in bucket, chunk,
 * offset in the chunk and flags]. Number 0 is none.
 */

export const PAGE_BITS = 14;
export const PAGE_MASK = (1 << PAGE_BITS) - 1;
const PAGE_ENTRIES = 1 << PAGE_BITS;
export const ENTRY_BYTES = 16;

// Words of an entry.
export const HASH = 0;
export const NEXT = 1;
export const CHUNK = 2;
export const PLACE = 3;

// Flags in the low byte of PLACE; a type of 0 is a free entry.
export const TYPE_MASK = 7;
export const VOLATILE = 8;
export const FORM_MASK = 0x30;
export const OFFSET_SHIFT = 8;

export class Entries {
  /** Entry e begins at word (e & PAGE_MASK) * 4 of page e >>> PAGE_BITS. */
  readonly pages: Int32Array[] = [];
  #made = 0;
  /** First of the free ones, which hang together by NEXT. */
  #free = 0;

  /** The highest number so far. */
  get last(): number {
    return this.#made;
  }

  get reservedBytes(): number {
    return this.pages.length * PAGE_ENTRIES * ENTRY_BYTES;
  }

  /** An entry of any content. */
  take(): number {
    const free = this.#free;
    if (free !== 0) {
      this.#free = this.next(free);
      return free;
    }
    const entry = this.#made + 1;
    if (entry >>> PAGE_BITS >= this.pages.length) this.pages.push(new Int32Array(PAGE_ENTRIES * 4));
    return ++this.#made;
  }

  release(entry: number): void {
    const page = this.pages[entry >>> PAGE_BITS];
    const at = (entry & PAGE_MASK) << 2;
    page[at + PLACE] = 0;
    page[at + NEXT] = this.#free;
    this.#free = entry;
  }

  /** Flags of an entry, as they stand in its word PLACE. */
  flags(entry: number): number {
    return this.pages[entry >>> PAGE_BITS][((entry & PAGE_MASK) << 2) + PLACE];
  }

  /** Whether it has a time to live. */
  isVolatile(entry: number): boolean {
    return (this.flags(entry) & VOLATILE) !== 0;
  }

  /** Puts `flags` in place of those that `mask` covers. */
  setFlags(entry: number, mask: number, flags: number): void {
    const page = this.pages[entry >>> PAGE_BITS];
    const at = ((entry & PAGE_MASK) << 2) + PLACE;
    page[at] = (page[at] & ~mask) | flags;
  }

  next(entry: number): number {
    return this.pages[entry >>> PAGE_BITS][((entry & PAGE_MASK) << 2) + NEXT];
  }
}
