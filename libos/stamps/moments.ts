/**
 * When a backend's device is entered and left, with what is sent and with what is received: of that, and of the
 * application's own times, stamps are made. A backend with a glue in C gives it `address` (struct device_times of
 * libos/native/device-times.h); one in JavaScript calls the four methods around what it asks of its device.
 */
import { DELIVERED, EVERY, HANDED, ON, type StampRing, WINDOW_BITS } from './ring.ts';

const WORD_BYTES = 4;
const COUNTER_BYTES = 8;

export class DeviceMoments {
  /** Of the struct, for foreign calls. */
  readonly address: number;
  readonly #ring: StampRing;
  readonly #words: Int32Array;

  constructor(ring: StampRing) {
    this.address = ring.deviceTimesAddress;
    this.#ring = ring;
    this.#words = ring.words;
  }

  /** The device is about to be given what is sent. */
  handing(): void {
    if (this.#words[EVERY] !== 0) this.#ring.writeCounter(HANDED * WORD_BYTES);
  }

  /** It has it: call this before the pushes complete that went with it. */
  handed(): void {
    if (this.#words[EVERY] !== 0) this.#ring.writeCounter(HANDED * WORD_BYTES + COUNTER_BYTES);
  }

  /** The device is about to be asked for what has come. Begins a new window of time when one is due. */
  delivering(): void {
    if (this.#words[EVERY] === 0) return;
    this.#ring.writeCounter(DELIVERED * WORD_BYTES);
    this.#lookAtWindow();
  }

  /** It has answered: call this before the pops complete that got it. */
  delivered(): void {
    if (this.#words[EVERY] !== 0) this.#ring.writeCounter(DELIVERED * WORD_BYTES + COUNTER_BYTES);
  }

  /** As look_at_window in device-times.h, of the counter in two words: a window's number has less than 53 bits. */
  #lookAtWindow(): void {
    const words = this.#words;
    const bits = words[WINDOW_BITS];
    const window = (words[DELIVERED + 1] >>> 0) * 2 ** (32 - bits) + (words[DELIVERED] >>> bits);
    words[ON] = window % words[EVERY] === 0 ? 1 : 0;
  }
}
