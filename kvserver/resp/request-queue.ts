/**
 * The requests that a client has queued since MULTI. They are copies, since the memory that they were read in is the
 * front end's: the bytes of all arguments lie in one array, and their places in another.
 */
import { copyBytes } from './bytes.ts';
import type { Request } from './request.ts';

const BYTES_FIRST = 256;
const PLACES_FIRST = 32;

export class RequestQueue {
  size = 0;
  /** What is true of one queued command at least: bits of the caller's. */
  traits = 0;
  /** Bytes of the arguments. */
  usedBytes = 0;

  #bytes = new Uint8Array(BYTES_FIRST);
  /** Of each request the number of its arguments, then start and length of each. */
  #places = new Int32Array(PLACES_FIRST);
  #placesUsed = 0;
  /** Where the request that take() gives next has its places. */
  #next = 0;

  /** How much memory push(request) would ask for; 0 while there is room. */
  growthFor({ argc, length }: Request): number {
    let added = 0;
    for (let i = 0; i < argc; i++) added += length[i];
    return this.usedBytes + added > this.#bytes.length ? this.#capacityFor(added) : 0;
  }

  /** False: the arguments would have more than `bytesMax` bytes. Then it is not queued. */
  push(request: Request, traits: number, bytesMax: number): boolean {
    const { argc, bytes, start, length } = request;
    let added = 0;
    for (let i = 0; i < argc; i++) added += length[i];
    if (this.usedBytes + added > bytesMax) return false;
    this.#makeRoom(added, 1 + 2 * argc);
    this.#places[this.#placesUsed++] = argc;
    for (let i = 0; i < argc; i++) {
      copyBytes(bytes, start[i], this.#bytes, this.usedBytes, length[i]);
      this.#places[this.#placesUsed++] = this.usedBytes;
      this.#places[this.#placesUsed++] = length[i];
      this.usedBytes += length[i];
    }
    this.size++;
    this.traits |= traits;
    return true;
  }

  /** Makes the next of the queued requests the one at hand in `request`. To be called `size` times at most. */
  take(request: Request): void {
    const argc = this.#places[this.#next];
    request.take(this.#bytes, argc, this.#places, this.#next + 1);
    this.#next += 1 + 2 * argc;
  }

  #capacityFor(added: number): number {
    return Math.max(2 * this.#bytes.length, this.usedBytes + added);
  }

  #makeRoom(bytes: number, places: number): void {
    if (this.usedBytes + bytes > this.#bytes.length) {
      const larger = new Uint8Array(this.#capacityFor(bytes));
      larger.set(this.#bytes.subarray(0, this.usedBytes));
      this.#bytes = larger;
    }
    if (this.#placesUsed + places > this.#places.length) {
      const larger = new Int32Array(Math.max(2 * this.#places.length, this.#placesUsed + places));
      larger.set(this.#places.subarray(0, this.#placesUsed));
      this.#places = larger;
    }
  }
}
