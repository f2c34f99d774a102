/**
 * Whether the heap of V8, in which the elements of lists, sets, hashes and sorted sets lie, has room for more. V8
 * ends the process where its heap is full, and nobody can catch that: commands that need memory are refused before.
 */
import { getHeapStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { HEAP_FULL, type ServerModes } from './server-modes.ts';

/** Above this share of its limit the heap is full: what is left is for replies, and for collecting garbage. */
const FULL_SHARE = 0.85;
/** Below this one it has room again. */
const ROOM_SHARE = 0.75;
/** While it is full garbage is collected after so many looks, then after twice as many each time. */
const LOOKS_BETWEEN_FIRST = 10;
const LOOKS_BETWEEN_MAX = 320;
/** What V8 counts into the limit for young objects: three semi-spaces. What lives long has no place in there. */
const YOUNG_BYTES = 3 * 64 * 1024 ** 2;
/** What an element takes of the heap beside its text: the text's header, and its place in a value. */
const ELEMENT_BYTES = 40;

export interface HeapUse {
  usedBytes: number;
  limitBytes: number;
}

export interface Heap {
  use(): HeapUse;
  collect(): void;
}

export class HeapRoom {
  readonly #modes: ServerModes;
  readonly #heap: Heap;
  #usedBytes = 0;
  #limitBytes = Number.POSITIVE_INFINITY;
  /** Above this share garbage is collected, to see what of the heap is in use. */
  #collectShare = FULL_SHARE;
  /** While the heap is full: looks until garbage is collected again. */
  #looksLeft = 0;
  #looksBetween = LOOKS_BETWEEN_FIRST;

  /** HEAP_FULL of the modes is kept. */
  constructor(modes: ServerModes, heap: Heap = v8Heap) {
    this.#modes = modes;
    this.#heap = heap;
  }

  /** To be called every so often. */
  look(): void {
    let share = this.#readShare();
    const wasFull = (this.#modes.bits & HEAP_FULL) !== 0;
    if (!wasFull && share > this.#collectShare) {
      // V8 collects when it must: much of what it counts as used may be garbage.
      this.#heap.collect();
      share = this.#readShare();
      this.#collectShare = Math.max(FULL_SHARE, (1 + share) / 2);
      if (share > FULL_SHARE) this.#modes.bits |= HEAP_FULL;
      this.#looksBetween = LOOKS_BETWEEN_FIRST;
      this.#looksLeft = this.#looksBetween;
    } else if (wasFull) {
      if (share >= ROOM_SHARE && --this.#looksLeft === 0) {
        // Nobody else may collect what was deleted meanwhile: where nothing is made, V8 need not.
        this.#heap.collect();
        share = this.#readShare();
        this.#looksBetween = Math.min(2 * this.#looksBetween, LOOKS_BETWEEN_MAX);
        this.#looksLeft = this.#looksBetween;
      }
      if (share < ROOM_SHARE) {
        this.#modes.bits &= ~HEAP_FULL;
        this.#collectShare = FULL_SHARE;
      }
    }
  }

  /** Whether so many elements more with texts of so many bytes have room, as of the last look. */
  hasRoomFor(elements: number, textBytes: number): boolean {
    return this.#usedBytes + elements * ELEMENT_BYTES + textBytes < FULL_SHARE * this.#limitBytes;
  }

  #readShare(): number {
    const { usedBytes, limitBytes } = this.#heap.use();
    this.#usedBytes = usedBytes;
    this.#limitBytes = limitBytes;
    return usedBytes / limitBytes;
  }
}

const v8Heap: Heap = {
  use() {
    const { used_heap_size: usedBytes, heap_size_limit: limit } = getHeapStatistics();
    return { usedBytes, limitBytes: Math.max(limit - YOUNG_BYTES, limit / 4) };
  },
  collect() {
    setFlagsFromString('--expose-gc');
    (runInNewContext('gc') as () => void)();
  },
};
