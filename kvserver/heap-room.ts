/**
 * Whether the heap of V8, in which the elements of lists, sets, hashes and sorted sets lie, has room for more. V8
 * ends the process where its heap is full, and nobody can catch that: commands that need memory are refused before.
 */
import { getHeapStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Above this share of its limit the heap is full: what is left is for replies, and for collecting garbage. */
const FULL_SHARE = 0.85;
/** Below this one it has room again. */
const ROOM_SHARE = 0.75;
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
  /** 1 when the heap is full, else 0. */
  full = 0;
  readonly #heap: Heap;
  #usedBytes = 0;
  #limitBytes = Number.POSITIVE_INFINITY;
  /** Above this share garbage is collected, to see what of the heap is in use. */
  #collectShare = FULL_SHARE;

  constructor(heap: Heap = v8Heap) {
    this.#heap = heap;
  }

  /** To be called every so often. */
  look(): void {
    let share = this.#readShare();
    if (this.full === 0 && share > this.#collectShare) {
      // V8 collects when it must: much of what it counts as used may be garbage.
      this.#heap.collect();
      share = this.#readShare();
      this.#collectShare = Math.max(FULL_SHARE, (1 + share) / 2);
      if (share > FULL_SHARE) this.full = 1;
    } else if (this.full === 1 && share < ROOM_SHARE) {
      this.full = 0;
      this.#collectShare = FULL_SHARE;
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
    const { used_heap_size: usedBytes, heap_size_limit: limitBytes } = getHeapStatistics();
    return { usedBytes, limitBytes };
  },
  collect() {
    setFlagsFromString('--expose-gc');
    (runInNewContext('gc') as () => void)();
  },
};
