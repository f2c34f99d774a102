/**
 * Received data in order that the application has not taken yet: a list of segments of memory, which are
 * frames in place or buffers of the pool into which short pieces were gathered.
 */
import type { BufferPool } from '../../memory/pool.ts';
import type { SgaSegment } from '../../memory/sga.ts';
import type { Device } from '../device.ts';

/** Buffers that a device must have left for a frame to be held out of order or for a slow reader. */
export const FEW_BUFFERS = 512;
/** Payloads shorter than this do not keep a whole frame while they wait to be read. */
const COPIED_BYTES = 512;

/** What became of a frame: the queue keeps it, has copied it, or has no memory for it. */
export const Delivery = { Kept: 0, Copied: 1, Refused: 2 } as const;
export type Delivery = (typeof Delivery)[keyof typeof Delivery];

export class ReceiveQueue {
  readonly #pool: BufferPool;
  readonly #device: Device;
  /** Linked by SgaSegment.next. */
  #head: SgaSegment | null = null;
  #tail: SgaSegment | null = null;
  #bytes = 0;
  /** Pops that wait: as many segments will be taken as soon as they come. */
  #wanted = 0;

  constructor(pool: BufferPool, device: Device) {
    this.#pool = pool;
    this.#device = device;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get isEmpty(): boolean {
    return this.#head === null;
  }

  /** One more pop waits. */
  want(): void {
    this.#wanted++;
  }

  /** No pop waits any more. */
  wantNoMore(): void {
    this.#wanted = 0;
  }

  /**
   * Queues the data in `frame`. A pop that waits gets it in place; while none does, short pieces are gathered
   * in buffers of the pool, so that no frame is held for a few bytes, nor any when the device has few left.
   */
  deliver(frame: SgaSegment): Delivery {
    const { length } = frame;
    if (this.#wanted > 0) this.#wanted--;
    else if (length < COPIED_BYTES || this.#device.freeBuffers < FEW_BUFFERS) return this.#gather(frame);
    this.#append(frame);
    this.#bytes += length;
    return Delivery.Kept;
  }

  /** Takes the first segment, or null. It is the caller's. */
  shift(): SgaSegment | null {
    const segment = this.#head;
    if (segment === null) return null;
    this.#head = segment.next;
    if (this.#head === null) this.#tail = null;
    segment.next = null;
    this.#bytes -= segment.length;
    return segment;
  }

  /** Gives all segments back. */
  clear(): void {
    for (let segment = this.shift(); segment !== null; segment = this.shift()) segment.home.give(segment);
  }

  #gather(frame: SgaSegment): Delivery {
    const pool = this.#pool;
    let tail = this.#tail;
    if (
      tail === null ||
      tail.home !== pool ||
      tail.base + tail.capacity - tail.offset - tail.length < frame.length
    ) {
      // A frame that does not fit into one buffer of the pool is refused like one for which there is none.
      if (frame.length > pool.bufferBytes) return Delivery.Refused;
      tail = pool.tryTake();
      if (tail === null) return Delivery.Refused;
      tail.offset = tail.base;
      tail.length = 0;
      this.#append(tail);
    }
    copyBytes(frame.bytes, frame.offset, frame.length, tail.bytes, tail.offset + tail.length);
    tail.length += frame.length;
    this.#bytes += frame.length;
    return Delivery.Copied;
  }

  #append(segment: SgaSegment): void {
    segment.next = null;
    if (this.#tail === null) this.#head = segment;
    else this.#tail.next = segment;
    this.#tail = segment;
  }
}

/** Short pieces by a loop, which makes no view. */
function copyBytes(from: Uint8Array, at: number, length: number, to: Uint8Array, toAt: number): void {
  if (length >= COPIED_BYTES) to.set(from.subarray(at, at + length), toAt);
  else for (let i = 0; i < length; i++) to[toAt + i] = from[at + i];
}
