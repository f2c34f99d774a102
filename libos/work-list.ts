/**
 * A list that is filled and emptied all the time. Setting an array's length to 0 gives its memory away, to be
 * allocated again with the next push, and costs more than what most lists are for.
 */
export class WorkList<T> {
  /** The first `count` are in the list. */
  readonly items: (T | null)[] = [];
  count = 0;

  add(item: T): void {
    this.items[this.count++] = item;
  }

  /** One of the first `count`. */
  at(index: number): T {
    return this.items[index] as T;
  }

  /** Takes the first `count` out; the others keep their order. */
  dropFirst(count: number): void {
    if (count === 0) return;
    const left = this.count - count;
    for (let i = 0; i < left; i++) this.items[i] = this.items[i + count];
    for (let i = left; i < this.count; i++) this.items[i] = null;
    this.count = left;
  }

  clear(): void {
    for (let i = 0; i < this.count; i++) this.items[i] = null;
    this.count = 0;
  }
}
