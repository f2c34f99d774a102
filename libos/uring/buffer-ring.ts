/**
 * Buffers that the kernel may receive into: a ring of struct io_uring_buf that it takes from, in the order in which
 * they were given. A buffer is known by its number, which is free again when the kernel has filled it.
 *
 * There are few while few are enough, so that the rest of the pool is the application's; when the kernel finds none,
 * there are to be twice as many from then on, as long as the pool has many more.
 */
import { mapAnonymous, type SgaSegment, type Slab } from '../backend-api.ts';
import { BUFFER_BYTES, BUFFER_WORDS, TAIL_HALFWORD } from './layout.ts';

const FEWEST = 16;
/** A power of two. */
export const MOST_BUFFERS = 1024;
/** The pool must have so many times more for the ring to grow. */
const RESERVE = 8;
const TWO_32 = 0x1_0000_0000;

/** What it takes of a pool. */
export interface BufferSource {
  tryTake(): SgaSegment | null;
  hasBuffers(count: number): boolean;
}

export class BufferRing {
  readonly group: number;
  /** Buffers that the kernel has now. */
  count = 0;
  /** Of the ring itself. */
  readonly memory: Slab;
  readonly #source: BufferSource;
  readonly #words: Int32Array;
  readonly #halfwords: Uint16Array;
  readonly #segments: (SgaSegment | null)[];
  readonly #freeNumbers: Int32Array;
  #freeCount = MOST_BUFFERS;
  /** None, until somebody receives: the pool is the application's. */
  #wanted = 0;
  #tail = 0;

  constructor(group: number, source: BufferSource) {
    this.group = group;
    this.#source = source;
    this.memory = mapAnonymous(MOST_BUFFERS * BUFFER_BYTES);
    this.#words = new Int32Array(this.memory.bytes.buffer);
    this.#halfwords = new Uint16Array(this.memory.bytes.buffer);
    this.#segments = new Array(MOST_BUFFERS).fill(null);
    this.#freeNumbers = Int32Array.from({ length: MOST_BUFFERS }, (_, index) => MOST_BUFFERS - 1 - index);
  }

  get isShort(): boolean {
    return this.count < this.#wanted;
  }

  /** Somebody receives into it. Returns whether the kernel has a buffer. */
  use(): boolean {
    if (this.#wanted === 0) this.#wanted = FEWEST;
    if (this.isShort) this.refill();
    return this.count > 0;
  }

  /** Gives the kernel what it lacks, as far as there is memory. */
  refill(): void {
    const before = this.count;
    while (this.count < this.#wanted) {
      const segment = this.#source.tryTake();
      if (segment === null) break;
      this.#give(segment);
    }
    // What the kernel reads up to must be written before it.
    if (this.count !== before) Atomics.store(this.#halfwords, TAIL_HALFWORD, this.#tail);
  }

  /** The buffer of this number, which the kernel has filled and has no more. */
  take(number: number): SgaSegment {
    const segment = this.#segments[number] as SgaSegment;
    this.#segments[number] = null;
    this.#freeNumbers[this.#freeCount++] = number;
    this.count--;
    return segment;
  }

  /** The kernel wanted a buffer and found none. */
  ranDry(): void {
    const more = this.#wanted * 2;
    if (more <= MOST_BUFFERS && this.#source.hasBuffers(more * RESERVE)) this.#wanted = more;
  }

  /** The ring of the kernel is closed: takes back what it had. */
  close(): void {
    for (const segment of this.#segments) segment?.home.give(segment);
    this.memory.unmap();
  }

  #give(segment: SgaSegment): void {
    const number = this.#freeNumbers[--this.#freeCount];
    this.#segments[number] = segment;
    const at = (this.#tail & (MOST_BUFFERS - 1)) * BUFFER_WORDS;
    const words = this.#words;
    words[at] = segment.address;
    words[at + 1] = segment.address / TWO_32;
    words[at + 2] = segment.capacity;
    // The upper half of this word is the tail of the ring, in the first place.
    this.#halfwords[at * 2 + 6] = number;
    this.#tail = (this.#tail + 1) & 0xffff;
    this.count++;
  }
}
