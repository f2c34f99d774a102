/**
 * A list of strings (one character a byte): quick at both ends and at any index, however long it is. The elements lie
 * in a ring of slots, cut into chunks that are made when they are used and dropped when they are empty: growing copies
 * no more than one chunk and the directory of chunks. A short list has one smaller chunk. Free slots hold ''.
 */

const SLOTS_MIN = 8;
const CHUNK_BITS = 10;
const CHUNK_SLOTS = 1 << CHUNK_BITS;
const CHUNK_MASK = CHUNK_SLOTS - 1;

type Chunk = string[];

export class ListValue {
  length = 0;
  /** One chunk of CHUNK_SLOTS or fewer; or a power of two of them, CHUNK_SLOTS each, null where there is no element. */
  #chunks: (Chunk | null)[] = [makeChunk(SLOTS_MIN)];
  /** The number of all slots, less one. */
  #mask = SLOTS_MIN - 1;
  /**
   * The slot of the first element. Where there are several chunks, the last element never lies in the chunk of the
   * first one, before it: a chunk that one end leaves is empty.
   */
  #head = 0;
  /** An empty chunk, for an end that goes to and fro across the border of two. */
  #spare: Chunk | null = null;

  static of(items: Iterable<string>): ListValue {
    const list = new ListValue();
    for (const item of items) list.pushTail(item);
    return list;
  }

  /** `index` counts from the head and is within the list. */
  at(index: number): string {
    const slot = (this.#head + index) & this.#mask;
    return (this.#chunks[slot >> CHUNK_BITS] as Chunk)[slot & CHUNK_MASK];
  }

  replace(index: number, item: string): void {
    const slot = (this.#head + index) & this.#mask;
    (this.#chunks[slot >> CHUNK_BITS] as Chunk)[slot & CHUNK_MASK] = item;
  }

  pushHead(item: string): void {
    const slots = this.#mask + 1;
    const full =
      slots <= CHUNK_SLOTS
        ? this.length === slots
        : (this.#head & CHUNK_MASK) === 0 && this.length > slots - CHUNK_SLOTS;
    if (full) this.#grow();
    this.#head = (this.#head - 1) & this.#mask;
    this.length++;
    this.#fill(this.#head, item);
  }

  pushTail(item: string): void {
    const slots = this.#mask + 1;
    const before = slots <= CHUNK_SLOTS ? 0 : this.#head & CHUNK_MASK;
    if (before + this.length === slots) this.#grow();
    const slot = (this.#head + this.length) & this.#mask;
    this.length++;
    this.#fill(slot, item);
  }

  /** The list is not empty. */
  popHead(): string {
    const slot = this.#head;
    const item = this.#empty(slot);
    this.#head = (slot + 1) & this.#mask;
    this.length--;
    if ((slot & CHUNK_MASK) === CHUNK_MASK && this.#chunks.length > 1) this.#dropChunk(slot >> CHUNK_BITS);
    this.#shrink();
    return item;
  }

  /** The list is not empty. */
  popTail(): string {
    const slot = (this.#head + this.length - 1) & this.#mask;
    const item = this.#empty(slot);
    this.length--;
    if ((slot & CHUNK_MASK) === 0 && this.#chunks.length > 1) this.#dropChunk(slot >> CHUNK_BITS);
    this.#shrink();
    return item;
  }

  dropHead(count: number): void {
    for (; count > 0; count--) this.popHead();
  }

  dropTail(count: number): void {
    for (; count > 0; count--) this.popTail();
  }

  /** The index of the first element that is equal; -1 without one. */
  indexOf(item: string): number {
    for (let i = 0; i < this.length; i++) if (this.at(i) === item) return i;
    return -1;
  }

  /** The element comes to stand at this index, and those from there on one further. */
  insert(index: number, item: string): void {
    if (2 * index < this.length) {
      this.pushHead(item);
      for (let i = 0; i < index; i++) this.replace(i, this.at(i + 1));
    } else {
      this.pushTail(item);
      for (let i = this.length - 1; i > index; i--) this.replace(i, this.at(i - 1));
    }
    this.replace(index, item);
  }

  /** Removes the first `count` elements that are equal, counted from the head or from the tail; returns how many. */
  remove(item: string, count: number, fromTail: boolean): number {
    const { length } = this;
    let removed = 0;
    let kept = 0;
    let seen = 0;
    for (; seen < length && removed < count; seen++) {
      if (this.at(from(seen, length, fromTail)) === item) removed++;
      else this.#move(seen, kept++, fromTail);
    }
    if (removed === 0) return 0;
    // Behind the kept ones are so many free places: what is shorter moves, they or the rest.
    const towardsEnd = kept < length - seen;
    if (towardsEnd) {
      for (let i = kept - 1; i >= 0; i--) this.#move(i, i + removed, fromTail);
    } else {
      for (let i = seen; i < length; i++) this.#move(i, i - removed, fromTail);
    }
    if (towardsEnd === fromTail) this.dropTail(removed);
    else this.dropHead(removed);
    return removed;
  }

  toArray(): string[] {
    return Array.from({ length: this.length }, (_, index) => this.at(index));
  }

  copy(): ListValue {
    const copy = new ListValue();
    for (let i = 0; i < this.length; i++) copy.pushTail(this.at(i));
    return copy;
  }

  #move(index: number, target: number, fromTail: boolean): void {
    if (index === target) return;
    this.replace(from(target, this.length, fromTail), this.at(from(index, this.length, fromTail)));
  }

  #fill(slot: number, item: string): void {
    const index = slot >> CHUNK_BITS;
    let chunk = this.#chunks[index];
    if (chunk === null) {
      chunk = this.#spare ?? makeChunk(CHUNK_SLOTS);
      this.#spare = null;
      this.#chunks[index] = chunk;
    }
    chunk[slot & CHUNK_MASK] = item;
  }

  #empty(slot: number): string {
    const chunk = this.#chunks[slot >> CHUNK_BITS] as Chunk;
    const item = chunk[slot & CHUNK_MASK];
    chunk[slot & CHUNK_MASK] = '';
    return item;
  }

  #dropChunk(index: number): void {
    this.#spare = this.#chunks[index];
    this.#chunks[index] = null;
  }

  #grow(): void {
    const slots = this.#mask + 1;
    if (slots < CHUNK_SLOTS) {
      this.#toOneChunk(2 * slots);
      return;
    }
    // Of a full ring in one chunk the head may lie anywhere.
    if (slots === CHUNK_SLOTS) this.#toOneChunk(slots);
    this.#resizeDirectory(2 * this.#chunks.length);
  }

  #shrink(): void {
    const slots = this.#mask + 1;
    if (slots <= CHUNK_SLOTS) {
      if (slots > SLOTS_MIN && this.length < slots / 4) this.#toOneChunk(slots / 2);
    } else if (this.length < CHUNK_SLOTS / 4) {
      this.#toOneChunk(CHUNK_SLOTS / 2);
    } else if (this.#chunks.length > 2 && this.length <= slots / 8) {
      this.#resizeDirectory(this.#chunks.length / 2);
    }
  }

  #toOneChunk(slots: number): void {
    const chunk = makeChunk(slots);
    for (let i = 0; i < this.length; i++) chunk[i] = this.at(i);
    this.#chunks = [chunk];
    this.#mask = slots - 1;
    this.#head = 0;
    this.#spare = null;
  }

  /** There is room in it for all chunks in use. */
  #resizeDirectory(size: number): void {
    const chunks: (Chunk | null)[] = new Array(size).fill(null);
    const first = this.#head >> CHUNK_BITS;
    this.#head &= CHUNK_MASK;
    const used = (this.#head + this.length + CHUNK_MASK) >> CHUNK_BITS;
    for (let i = 0; i < used; i++) chunks[i] = this.#chunks[(first + i) & (this.#chunks.length - 1)];
    this.#chunks = chunks;
    this.#mask = size * CHUNK_SLOTS - 1;
  }
}

function makeChunk(slots: number): Chunk {
  return new Array<string>(slots).fill('');
}

/** The index of what stands so far from the head or, `fromTail`, from the tail: the nearest one at 0. */
function from(distance: number, length: number, fromTail: boolean): number {
  return fromTail ? length - 1 - distance : distance;
}
