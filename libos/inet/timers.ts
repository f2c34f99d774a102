/**
 * Deadlines of many items, the earliest first: a binary heap with each item's position kept in the item.
 *
 * A deadline that is moved later, as every acknowledged segment does to a connection's, costs one store: the
 * heap entry stays under its old key and sinks to its place when it comes up. So an entry's key is never
 * later than its item's deadline, and may be earlier.
 */

export interface Timed {
  /** Infinity while nothing is due. Only Timers writes it. */
  deadlineUs: number;
  /** Position in the heap, -1 outside. Only Timers writes it. */
  timerIndex: number;
}

const INITIAL_CAPACITY = 64;

export class Timers<T extends Timed> {
  /** The first `#size` entries are the heap; their keys stand in `#keys`. */
  readonly #items: (T | undefined)[] = new Array(INITIAL_CAPACITY).fill(undefined);
  #keys = new Float64Array(INITIAL_CAPACITY);
  #size = 0;

  /** Items that have a deadline, or have had one that has not come up yet. */
  get size(): number {
    return this.#size;
  }

  /**
   * Sets the deadline of `item`, which may have one already. Infinity ends it as cheaply as it is moved
   * later.
   */
  set(item: T, deadlineUs: number): void {
    item.deadlineUs = deadlineUs;
    const index = item.timerIndex;
    if (index >= 0) {
      if (deadlineUs < this.#keys[index]) this.#siftUp(item, index, deadlineUs);
    } else if (deadlineUs < Infinity) {
      if (this.#size === this.#keys.length) this.#grow();
      this.#siftUp(item, this.#size++, deadlineUs);
    }
  }

  /**
   * Ends the deadline of `item` and forgets the item, which set(item, Infinity) does only when its time has
   * come.
   */
  cancel(item: T): void {
    item.deadlineUs = Infinity;
    if (item.timerIndex >= 0) this.#remove(item.timerIndex);
  }

  /** The earliest deadline, or Infinity. */
  next(): number {
    while (this.#size > 0) {
      const key = this.#keys[0];
      if (this.#at(0).deadlineUs <= key) return key;
      this.#resettleFirst();
    }
    return Infinity;
  }

  /** Whether due has anything to look at. */
  mayBeDue(nowUs: number): boolean {
    return this.#keys[0] <= nowUs && this.#size > 0;
  }

  /**
   * Removes and returns the item with the earliest deadline if it is at or before `nowUs`; its deadline is
   * then Infinity.
   */
  due(nowUs: number): T | null {
    while (this.#size > 0 && this.#keys[0] <= nowUs) {
      const item = this.#at(0);
      if (item.deadlineUs <= this.#keys[0]) {
        item.deadlineUs = Infinity;
        this.#remove(0);
        return item;
      }
      this.#resettleFirst();
    }
    return null;
  }

  /** @param index below #size */
  #at(index: number): T {
    return this.#items[index] as T;
  }

  /** Moves the first entry, whose item's deadline is later than its key, to where it belongs. */
  #resettleFirst(): void {
    const item = this.#at(0);
    if (item.deadlineUs === Infinity) this.#remove(0);
    else this.#siftDown(item, 0, item.deadlineUs);
  }

  #remove(index: number): void {
    const removed = this.#at(index);
    removed.timerIndex = -1;
    const last = --this.#size;
    const moved = this.#at(last);
    const key = this.#keys[last];
    this.#items[last] = undefined;
    if (index === last) return;
    if (index > 0 && key < this.#keys[(index - 1) >> 1]) this.#siftUp(moved, index, key);
    else this.#siftDown(moved, index, key);
  }

  /** Puts `item` at `index`, whose entry is free, or above it. */
  #siftUp(item: T, index: number, key: number): void {
    const keys = this.#keys;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (keys[parent] <= key) break;
      this.#place(this.#at(parent), index, keys[parent]);
      index = parent;
    }
    this.#place(item, index, key);
  }

  /** Puts `item` at `index`, whose entry is free, or below it. */
  #siftDown(item: T, index: number, key: number): void {
    const keys = this.#keys;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= this.#size) break;
      if (child + 1 < this.#size && keys[child + 1] < keys[child]) child++;
      if (keys[child] >= key) break;
      this.#place(this.#at(child), index, keys[child]);
      index = child;
    }
    this.#place(item, index, key);
  }

  #place(item: T, index: number, key: number): void {
    this.#items[index] = item;
    this.#keys[index] = key;
    item.timerIndex = index;
  }

  #grow(): void {
    const keys = new Float64Array(2 * this.#keys.length);
    keys.set(this.#keys);
    this.#keys = keys;
    while (this.#items.length < keys.length) this.#items.push(undefined);
  }
}
