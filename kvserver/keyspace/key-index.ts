/**
 * Entries by the hash of their key: two tables of bucket heads, the second one only while entries move from the first
 * to it, a bucket at each access (incremental rehash, as Redis's dict.c).
 */
import { type Entries, HASH, NEXT, PAGE_BITS, PAGE_MASK } from './entries.ts';
import { nextCursor } from './scan-cursor.ts';

const BUCKETS_MIN = 4;
/** Smallest share of used buckets before the table shrinks. */
const FILL_MIN = 0.1;
const EMPTY_BUCKETS_PER_STEP = 10;
const NO_TABLE = new Int32Array(0);

export class KeyIndex {
  size = 0;
  /** Bucket heads: a hash's bucket is its low bits. */
  table = new Int32Array(BUCKETS_MIN);
  nextTable: Int32Array<ArrayBuffer> = NO_TABLE;
  /** Bucket of `table` that moves next; -1 while no rehash is going on. */
  rehashAt = -1;
  readonly #entries: Entries;

  constructor(entries: Entries) {
    this.#entries = entries;
  }

  get reservedBytes(): number {
    return 4 * (this.table.length + this.nextTable.length);
  }

  /** Of each table, how many buckets have 0 entries, 1, 2 and so on. */
  chainLengths(): number[][] {
    const tables = [this.table, this.nextTable].filter(({ length }) => length > 0);
    return tables.map((table) => this.#chainLengthsOf(table));
  }

  #chainLengthsOf(table: Int32Array): number[] {
    const lengths: number[] = [];
    for (const head of table) {
      let length = 0;
      for (let entry = head; entry !== 0; entry = this.#entries.next(entry)) length++;
      while (lengths.length <= length) lengths.push(0);
      lengths[length] = lengths[length] + 1;
    }
    return lengths;
  }

  /** Puts an entry in, with its hash. */
  link(entry: number, hash: number): void {
    const table = this.rehashAt >= 0 ? this.nextTable : this.table;
    const bucket = hash & (table.length - 1);
    const page = this.#entries.pages[entry >>> PAGE_BITS];
    const at = (entry & PAGE_MASK) << 2;
    page[at + HASH] = hash;
    page[at + NEXT] = table[bucket];
    table[bucket] = entry;
    this.size++;
  }

  unlink(entry: number): void {
    const hash = this.#entries.pages[entry >>> PAGE_BITS][((entry & PAGE_MASK) << 2) + HASH];
    if (!this.#unlinkFrom(this.table, entry, hash)) this.#unlinkFrom(this.nextTable, entry, hash);
    this.size--;
  }

  /** Makes sure of room for one more. */
  grow(): void {
    if (this.rehashAt < 0 && this.size >= this.table.length) this.#beginRehash(this.size + 1);
  }

  /** Moves buckets on if a rehash is going on, begins to shrink a table grown too large. */
  maintain(buckets: number): void {
    for (let i = 0; i < buckets && this.rehashAt >= 0; i++) this.rehashStep();
    if (this.rehashAt < 0 && this.table.length > BUCKETS_MIN && this.size < this.table.length * FILL_MIN) {
      this.#beginRehash(this.size);
    }
  }

  /** Moves a bucket, while a rehash is going on. */
  rehashStep(): void {
    const table = this.table;
    let bucket = this.rehashAt;
    const limit = Math.min(table.length, bucket + EMPTY_BUCKETS_PER_STEP);
    while (bucket < limit && table[bucket] === 0) bucket++;
    if (bucket < limit) {
      this.#moveBucket(table[bucket]);
      table[bucket] = 0;
      bucket++;
    }
    this.rehashAt = bucket;
    if (bucket === table.length) {
      this.table = this.nextTable;
      this.nextTable = NO_TABLE;
      this.rehashAt = -1;
    }
  }

  /** A random entry, 0 when there is none. */
  randomEntry(): number {
    if (this.size === 0) return 0;
    const buckets = this.table.length + this.nextTable.length;
    for (;;) {
      const bucket = Math.floor(Math.random() * buckets);
      const inFirst = bucket < this.table.length;
      const head = inFirst ? this.table[bucket] : this.nextTable[bucket - this.table.length];
      if (head === 0) continue;
      const chain: number[] = [];
      this.#collect(head, chain);
      return chain[Math.floor(Math.random() * chain.length)];
    }
  }

  /**
   * Appends to `found` the entries of the buckets that the cursor stands for and returns the next cursor, 0
   * at the end.
   */
  scan(cursor: number, found: number[]): number {
    if (this.rehashAt < 0) {
      this.#collect(this.table[cursor & (this.table.length - 1)], found);
      return nextCursor(cursor, this.table.length - 1);
    }
    const grows = this.nextTable.length > this.table.length;
    const small = grows ? this.table : this.nextTable;
    const large = grows ? this.nextTable : this.table;
    const smallMask = small.length - 1;
    const largeMask = large.length - 1;
    this.#collect(small[cursor & smallMask], found);
    do {
      this.#collect(large[cursor & largeMask], found);
      cursor = nextCursor(cursor, largeMask);
    } while (cursor & (smallMask ^ largeMask));
    return cursor;
  }

  #collect(head: number, found: number[]): void {
    for (let entry = head; entry !== 0; entry = this.#entries.next(entry)) found.push(entry);
  }

  #unlinkFrom(table: Int32Array, entry: number, hash: number): boolean {
    const { pages } = this.#entries;
    const bucket = hash & (table.length - 1);
    const next = this.#entries.next(entry);
    let at = table[bucket];
    if (at === entry) {
      table[bucket] = next;
      return true;
    }
    while (at !== 0) {
      const page = pages[at >>> PAGE_BITS];
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
    if (buckets === this.table.length) return;
    this.nextTable = new Int32Array(buckets);
    this.rehashAt = 0;
  }

  #moveBucket(head: number): void {
    const { pages } = this.#entries;
    const mask = this.nextTable.length - 1;
    let entry = head;
    while (entry !== 0) {
      const page = pages[entry >>> PAGE_BITS];
      const at = (entry & PAGE_MASK) << 2;
      const next = page[at + NEXT];
      const target = page[at + HASH] & mask;
      page[at + NEXT] = this.nextTable[target];
      this.nextTable[target] = entry;
      entry = next;
    }
  }
}
