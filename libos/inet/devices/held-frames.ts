/**
 * Frames that an ImpairedDevice holds back, in the order in which they come free. They are copied into memory of its
 * own: a delay of milliseconds holds thousands, and the device needs its buffers meanwhile. The memory grows with the
 * most that were held, up to the bound.
 *
 *     first -> entry -> entry -> last        by releaseUs; those of the same time as they came
 */
import type { SgaSegment } from '../../memory/sga.ts';
import { ChecksumStatus } from '../device.ts';

class Entry {
  bytes: Uint8Array;
  length = 0;
  checksum: ChecksumStatus = ChecksumStatus.Unchecked;
  releaseUs = 0.5;
  previous: Entry | null = null;
  next: Entry | null = null;

  constructor(capacity: number) {
    this.bytes = new Uint8Array(capacity);
  }
}

export class HeldFrames {
  readonly #frameBytes: number;
  #first: Entry | null = null;
  #last: Entry | null = null;
  #free: Entry | null = null;
  #count = 0;

  /** @param frameBytes room for a frame; a longer one gets more */
  constructor(frameBytes: number) {
    this.#frameBytes = frameBytes;
  }

  get count(): number {
    return this.#count;
  }

  /** When the first comes free; Infinity when there is none. */
  get nextUs(): number {
    return this.#first === null ? Infinity : this.#first.releaseUs;
  }

  /** Of the frame that comes free first. */
  get nextChecksum(): ChecksumStatus {
    return this.#first === null ? ChecksumStatus.Unchecked : this.#first.checksum;
  }

  /** Copies the frame. */
  add(frame: SgaSegment, checksum: ChecksumStatus, releaseUs: number): void {
    const entry = this.#take();
    // A device may hand out a frame that is longer than any it sends.
    if (entry.bytes.length < frame.length) entry.bytes = new Uint8Array(frame.length);
    entry.bytes.set(frame.bytes.subarray(frame.offset, frame.offset + frame.length));
    entry.length = frame.length;
    entry.checksum = checksum;
    entry.releaseUs = releaseUs;
    this.#insert(entry);
    this.#count++;
  }

  /** Puts the frame that comes free first into an empty one, and forgets it. */
  moveFirstTo(frame: SgaSegment): void {
    const entry = this.#first;
    if (entry === null) throw new RangeError('no frame is held');
    frame.bytes.set(entry.bytes.subarray(0, entry.length), frame.offset);
    frame.length = entry.length;
    this.#first = entry.next;
    if (this.#first === null) this.#last = null;
    else this.#first.previous = null;
    entry.next = this.#free;
    this.#free = entry;
    this.#count--;
  }

  /** From the end, where nearly all belong. */
  #insert(entry: Entry): void {
    let before = this.#last;
    while (before !== null && before.releaseUs > entry.releaseUs) before = before.previous;
    entry.previous = before;
    entry.next = before === null ? this.#first : before.next;
    if (entry.next === null) this.#last = entry;
    else entry.next.previous = entry;
    if (before === null) this.#first = entry;
    else before.next = entry;
  }

  #take(): Entry {
    const entry = this.#free;
    if (entry === null) return new Entry(this.#frameBytes);
    this.#free = entry.next;
    return entry;
  }
}
