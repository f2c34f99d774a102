/**
 * What a connection has been given to send and the peer has not acknowledged yet, in the application's own
 * buffers: a queue of scatter-gather arrays, addressed by sequence number. Nothing is copied; a
 * retransmission reads the same bytes again.
 *
 *     head                                     tail
 *      v                                        v
 *     [ acknowledged | sent ] [ sent | unsent ] [ unsent ]
 *     ^ headSequence                                      ^ end
 */
import type { BufferPool } from '../../memory/pool.ts';
import { Owner, type ScatterGatherArray } from '../../memory/sga.ts';
import type { Checksum } from '../checksum.ts';
import { type Device, MAX_PIECES } from '../device.ts';
import { advance, distance, isAtOrBefore, isBefore } from '../sequence.ts';

export class SendQueue {
  /** Sequence number behind the last byte. */
  end = 0;
  #head: ScatterGatherArray | null = null;
  #tail: ScatterGatherArray | null = null;
  /** Sequence numbers of the head's first byte and behind its last. */
  #headSequence = 0;
  #headEnd = 0;
  /** Where the next byte to read lies: an array of the queue, a segment of it, an offset in that. */
  #array: ScatterGatherArray | null = null;
  #segment = 0;
  #offset = 0;
  #sequence = 0;

  /** Sets the sequence number of the first byte that will be queued. */
  start(sequence: number): void {
    this.end = sequence;
    this.#headSequence = sequence;
    this.#headEnd = sequence;
    this.#sequence = sequence;
  }

  append(array: ScatterGatherArray): void {
    const bytes = array.byteLength;
    array.next = null;
    if (this.#tail === null) {
      this.#head = array;
      this.#headSequence = this.end;
      this.#headEnd = advance(this.end, bytes);
    } else this.#tail.next = array;
    this.#tail = array;
    this.end = advance(this.end, bytes);
  }

  /**
   * Moves to `sequence`, which is queued, and returns how many of the next `most` bytes one frame can take.
   */
  seek(sequence: number, most: number): number {
    if (this.#array === null || sequence !== this.#sequence) this.#moveTo(sequence);
    let array: ScatterGatherArray | null = this.#array;
    let index = this.#segment;
    let bytes = -this.#offset;
    for (let pieces = 0; pieces < MAX_PIECES && array !== null && bytes < most; ) {
      if (index === array.segmentCount) {
        array = array.next;
        index = 0;
        continue;
      }
      const { length } = array.segments[index++];
      if (length === 0) continue;
      bytes += length;
      pieces++;
    }
    return bytes < most ? bytes : most;
  }

  /**
   * Gives the `length` bytes where seek moved to to the frame that `device` transmits next, and to
   * `checksum`.
   */
  attach(device: Device, length: number, checksum: Checksum | null): void {
    let left = length;
    while (left > 0) {
      const array = this.#array!;
      if (this.#segment === array.segmentCount) {
        this.#array = array.next;
        this.#segment = 0;
        this.#offset = 0;
        continue;
      }
      const segment = array.segments[this.#segment];
      const rest = segment.length - this.#offset;
      const piece = rest < left ? rest : left;
      if (piece > 0) {
        const at = segment.offset + this.#offset;
        device.append(segment, at, piece);
        if (checksum !== null) checksum.add(segment.bytes, at, piece);
      }
      left -= piece;
      if (piece === rest) {
        this.#segment++;
        this.#offset = 0;
      } else this.#offset += piece;
    }
    this.#sequence = advance(this.#sequence, length);
  }

  /** Forgets what lies before `sequence`; arrays that only this queue owns go back to `pool`. */
  acknowledge(sequence: number, pool: BufferPool): void {
    while (this.#head !== null && isAtOrBefore(this.#headEnd, sequence)) {
      const array: ScatterGatherArray = this.#head;
      if (this.#array === array) this.#array = null;
      this.#head = array.next;
      array.next = null;
      if (array.owner === Owner.Transport) pool.release(array);
      this.#headSequence = this.#headEnd;
      if (this.#head === null) this.#tail = null;
      else this.#headEnd = advance(this.#headSequence, this.#head.byteLength);
    }
  }

  clear(pool: BufferPool): void {
    this.acknowledge(this.end, pool);
  }

  /** From where it stands if that lies before, else from the head. */
  #moveTo(sequence: number): void {
    if (this.#array === null || isBefore(sequence, this.#sequence)) {
      this.#array = this.#head;
      this.#segment = 0;
      this.#offset = 0;
      this.#sequence = this.#headSequence;
    }
    let left = distance(this.#sequence, sequence);
    while (left > 0 && this.#array !== null) {
      const array: ScatterGatherArray = this.#array;
      if (this.#segment === array.segmentCount) {
        this.#array = array.next;
        this.#segment = 0;
        this.#offset = 0;
        continue;
      }
      const rest = array.segments[this.#segment].length - this.#offset;
      const step = rest < left ? rest : left;
      left -= step;
      if (step === rest) {
        this.#segment++;
        this.#offset = 0;
      } else this.#offset += step;
    }
    this.#sequence = sequence;
  }
}
