/**
 * A set of sequence numbers as sorted, disjoint ranges [start, end): what the sender knows to be SACKed, and
 * what the receiver holds out of order. Ranges that touch are one.
 *
 *     edges:  (free)  start 0  end 0  start 1  end 1 ...  (free)
 *             ^0      ^head                               ^head + 2 * count
 *
 * All of it must lie within 2^31 numbers, as everything within two windows does.
 */

const NONE = new Int32Array(0);
const FIRST_EDGES = 16;
/** An array larger than this is let go as soon as it is empty: a connection seldom needs it twice. */
const KEPT_EDGES = 64;

export class SequenceRanges {
  #edges: Int32Array = NONE;
  #head = 0;
  count = 0;
  /** Numbers in all ranges together. */
  bytes = 0;

  start(index: number): number {
    return this.#edges[this.#head + 2 * index];
  }

  end(index: number): number {
    return this.#edges[this.#head + 2 * index + 1];
  }

  /**
   * Index of the first range that ends behind `sequence`: the one that contains it, or else the next; or
   * `count`.
   */
  find(sequence: number): number {
    const edges = this.#edges;
    const head = this.#head;
    let low = 0;
    let high = this.count;
    // What is asked for most lies in or behind the last range.
    if (high > 0 && ((edges[head + 2 * high - 2] - sequence) | 0) <= 0) low = high - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (((edges[head + 2 * middle + 1] - sequence) | 0) > 0) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  /**
   * Adds [start, end), which must not be empty; returns how many numbers of it were not in the set before.
   */
  add(start: number, end: number): number {
    // A range that ends exactly at `start` touches the new one.
    const first = this.find((start - 1) | 0);
    let last = first;
    let covered = 0;
    while (last < this.count && ((this.start(last) - end) | 0) <= 0) {
      covered += (this.end(last) - this.start(last)) | 0;
      if (((this.start(last) - start) | 0) < 0) start = this.start(last);
      if (((this.end(last) - end) | 0) > 0) end = this.end(last);
      last++;
    }
    if (first === last) this.#open(first);
    else if (last - first > 1) this.#close(first + 1, last);
    const at = this.#head + 2 * first;
    this.#edges[at] = start;
    this.#edges[at + 1] = end;
    const added = ((end - start) | 0) - covered;
    this.bytes += added;
    return added;
  }

  /** Takes out everything before `sequence`. */
  dropBefore(sequence: number): void {
    while (this.count > 0 && ((this.end(0) - sequence) | 0) <= 0) this.dropFirst();
    if (this.count === 0 || ((this.start(0) - sequence) | 0) >= 0) return;
    this.bytes -= (sequence - this.start(0)) | 0;
    this.#edges[this.#head] = sequence;
  }

  /** Takes out `sequence` and everything behind it. */
  dropFrom(sequence: number): void {
    while (this.count > 0 && ((this.start(this.count - 1) - sequence) | 0) >= 0) this.dropLast();
    if (this.count === 0) return;
    const end = this.end(this.count - 1);
    if (((end - sequence) | 0) <= 0) return;
    this.bytes -= (end - sequence) | 0;
    this.#edges[this.#head + 2 * this.count - 1] = sequence;
  }

  dropFirst(): void {
    this.bytes -= (this.end(0) - this.start(0)) | 0;
    this.#head += 2;
    if (--this.count === 0) this.clear();
  }

  dropLast(): void {
    this.count--;
    this.bytes -= (this.end(this.count) - this.start(this.count)) | 0;
    if (this.count === 0) this.clear();
  }

  clear(): void {
    this.count = 0;
    this.bytes = 0;
    this.#head = 0;
    if (this.#edges.length > KEPT_EDGES) this.#edges = NONE;
  }

  /** Makes room for a range at `index`. */
  #open(index: number): void {
    let edges = this.#edges;
    if (this.#head + 2 * this.count === edges.length) {
      // Moving down pays only when it makes much room at once; otherwise every addition might move
      // everything.
      if (this.#head > 0 && 2 * this.#head >= edges.length) {
        edges.copyWithin(0, this.#head);
      } else {
        const larger = new Int32Array(Math.max(FIRST_EDGES, 2 * edges.length));
        larger.set(edges.subarray(this.#head));
        this.#edges = edges = larger;
      }
      this.#head = 0;
    }
    const at = this.#head + 2 * index;
    edges.copyWithin(at + 2, at, this.#head + 2 * this.count);
    this.count++;
  }

  /** Takes the ranges [from, to) out of the array; their numbers are in another one now. */
  #close(from: number, to: number): void {
    const head = this.#head;
    this.#edges.copyWithin(head + 2 * from, head + 2 * to, head + 2 * this.count);
    this.count -= to - from;
  }
}
