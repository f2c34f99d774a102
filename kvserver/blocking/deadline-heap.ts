/** Things with a deadline, the next one first: a binary heap in which each knows its place, so that it can leave. */
export interface Deadline {
  readonly deadlineMs: number;
  /** Where it stands in the heap, which keeps this; -1 outside. */
  place: number;
}

export class DeadlineHeap<T extends Deadline> {
  readonly #heap: T[] = [];

  /** The one whose deadline comes next. */
  first(): T | null {
    return this.#heap.length === 0 ? null : this.#heap[0];
  }

  add(item: T): void {
    item.place = this.#heap.length;
    this.#heap.push(item);
    this.#rise(item);
  }

  remove(item: T): void {
    const { place } = item;
    item.place = -1;
    const last = this.#heap.pop() as T;
    if (last === item) return;
    this.#put(last, place);
    this.#rise(last);
    this.#sink(last);
  }

  #put(item: T, place: number): void {
    this.#heap[place] = item;
    item.place = place;
  }

  #rise(item: T): void {
    while (item.place > 0) {
      const parent = this.#heap[(item.place - 1) >> 1];
      if (parent.deadlineMs <= item.deadlineMs) return;
      const { place } = parent;
      this.#put(parent, item.place);
      this.#put(item, place);
    }
  }

  #sink(item: T): void {
    const heap = this.#heap;
    for (;;) {
      const left = 2 * item.place + 1;
      if (left >= heap.length) return;
      const right = left + 1;
      const child =
        right < heap.length && heap[right].deadlineMs < heap[left].deadlineMs ? heap[right] : heap[left];
      if (child.deadlineMs >= item.deadlineMs) return;
      const { place } = child;
      this.#put(child, item.place);
      this.#put(item, place);
    }
  }
}
