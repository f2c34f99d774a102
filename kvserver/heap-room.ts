/**
 * Whether the heap of V8, in which the elements of lists, sets, hashes and sorted sets lie, has room for more. V8
 * ends the process where its heap is full, and nobody can catch that: commands that need memory are refused before.
 */
import { getHeapStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { CommandError } from './errors.ts';
import { HEAP_FULL, type ServerModes } from './server-modes.ts';

/** Clients know the code. */
export const HEAP_IS_FULL = "OOM command not allowed: V8's heap has no room for more";
/** What an element takes of the heap beside its text: the text's header, and its place in a value. */
export const ELEMENT_BYTES = 40;

/** Above this share of its limit the heap is full: what is left is for replies, and for collecting garbage. */
const FULL_SHARE = 0.85;
/** Below this one it has room again. */
const ROOM_SHARE = 0.75;
/** While it is full garbage is collected after so many looks, then after twice as many each time. */
const LOOKS_BETWEEN_FIRST = 10;
const LOOKS_BETWEEN_MAX = 320;
/** What V8 counts into the limit for young objects: three semi-spaces. What lives long has no place in there. */
const YOUNG_BYTES = 3 * 64 * 1024 ** 2;
/** What takes less is not looked at by itself: between two looks there is time for little of it. */
const SMALL_BYTES = 4096;
/** A request that is larger than this, or than this share of the heap, may be more than there is room for. */
const LARGE_REQUEST_BYTES = 1024 ** 2;
const LARGE_REQUEST_SHARE = 1 / 64;

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
  /** Looks until garbage may be collected again for something large, and how many they are then. */
  #takesLooksLeft = 0;
  #takesLooksBetween = LOOKS_BETWEEN_FIRST;
  /** Larger requests are to be looked at before they run. */
  largeRequestBytes = LARGE_REQUEST_BYTES;

  /** HEAP_FULL of the modes is kept. */
  constructor(modes: ServerModes, heap: Heap = v8Heap) {
    this.#modes = modes;
    this.#heap = heap;
    this.#readShare();
  }

  /** To be called every so often. */
  look(): void {
    this.#takesLooksLeft = Math.max(0, this.#takesLooksLeft - 1);
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

  /** To be called before a command takes so many bytes of the heap. Throws CommandError where they have no room. */
  take(bytes: number): void {
    if (bytes >= SMALL_BYTES && !this.hasRoomFor(bytes)) throw new CommandError(HEAP_IS_FULL);
  }

  /** As take, of what is kept by a command that runs where the heap is full, too: then nothing is small. */
  keep(bytes: number): void {
    if ((this.#modes.bits & HEAP_FULL) !== 0) throw new CommandError(HEAP_IS_FULL);
    this.take(bytes);
  }

  /** Whether so many bytes more have room now. */
  hasRoomFor(bytes: number): boolean {
    this.#readShare();
    if (this.#fits(bytes)) return true;
    if (this.#takesLooksLeft > 0) return false;
    // Much of what V8 counts as used may be garbage. Who asks in vain may not keep others waiting for long.
    this.#heap.collect();
    this.#readShare();
    const fits = this.#fits(bytes);
    this.#takesLooksBetween = fits
      ? LOOKS_BETWEEN_FIRST
      : Math.min(2 * this.#takesLooksBetween, LOOKS_BETWEEN_MAX);
    this.#takesLooksLeft = this.#takesLooksBetween;
    return fits;
  }

  #fits(bytes: number): boolean {
    return this.#usedBytes + bytes < FULL_SHARE * this.#limitBytes;
  }

  #readShare(): number {
    const { usedBytes, limitBytes } = this.#heap.use();
    this.#usedBytes = usedBytes;
    this.#limitBytes = limitBytes;
    this.largeRequestBytes = Math.min(LARGE_REQUEST_BYTES, limitBytes * LARGE_REQUEST_SHARE);
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
