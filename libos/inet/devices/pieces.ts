/**
 * The pieces of payload that append has put behind the headers of one frame, until the frame is copied or
 * passed on.
 */

import type { SgaSegment } from '../../memory/sga.ts';
import { type Device, MAX_PIECES } from '../device.ts';

export class Pieces {
  count = 0;
  byteLength = 0;
  readonly #payloads: SgaSegment[] = [];
  readonly #offsets = new Int32Array(MAX_PIECES);
  readonly #lengths = new Int32Array(MAX_PIECES);

  /**
   * As Device.append. Throws RangeError beyond MAX_PIECES and outside the payload's buffer: both are the
   * caller's fault.
   */
  add(payload: SgaSegment, offset: number, length: number): void {
    if (this.count === MAX_PIECES) throw new RangeError(`a frame has at most ${MAX_PIECES} pieces`);
    if (offset < payload.base || length < 0 || offset + length > payload.base + payload.capacity) {
      const buffer = `${payload.base} to ${payload.base + payload.capacity}`;
      throw new RangeError(`${length} bytes at ${offset} lie outside their buffer, ${buffer}`);
    }
    this.#payloads[this.count] = payload;
    this.#offsets[this.count] = offset;
    this.#lengths[this.count] = length;
    this.count++;
    this.byteLength += length;
  }

  /** Writes all of it to `target` from `at` on. */
  copyTo(target: Uint8Array, at: number): void {
    for (let i = 0; i < this.count; i++) {
      const offset = this.#offsets[i];
      target.set(this.#payloads[i].bytes.subarray(offset, offset + this.#lengths[i]), at);
      at += this.#lengths[i];
    }
  }

  /** Appends all of it to the next frame of `device`. */
  passTo(device: Device): void {
    for (let i = 0; i < this.count; i++) device.append(this.#payloads[i], this.#offsets[i], this.#lengths[i]);
  }

  /** Puts all of it behind the headers, in the frame's own memory, which has room for the largest frame. */
  joinTo(frame: SgaSegment): void {
    this.copyTo(frame.bytes, frame.offset + frame.length);
    frame.length += this.byteLength;
    this.clear();
  }

  clear(): void {
    this.count = 0;
    this.byteLength = 0;
  }
}
