/**
 * A full-duplex link between two devices in virtual time: nothing happens but at advanceTo and exchange, and
 * everything that happens follows from the options and the seeds.
 *
 *     a.exchange --> queue --> serialisation --> impairments --> delay --> b's buffers --> b.exchange
 *                    (queueFrames)  (rateBitsPerS)   (Dice)     (delayUs)
 */

import { NO_IMPAIRMENT } from '../inet/devices/impairment.ts';
import { SimulatedDevice } from './device.ts';
import { Direction, type DirectionOptions } from './direction.ts';

const ETHERNET_HEADER_BYTES = 14;

export interface LinkOptions {
  /** Largest IPv4 packet in bytes. */
  mtu?: number;
  /** Frame buffers of each device. */
  buffers?: number;
  /** Where options say nothing: infinite rate, no delay, a queue of 1000 frames, no faults. */
  both?: Partial<DirectionOptions>;
  aToB?: Partial<DirectionOptions>;
  bToA?: Partial<DirectionOptions>;
}

export class SimulatedLink {
  readonly a: SimulatedDevice;
  readonly b: SimulatedDevice;
  readonly aToB: Direction;
  readonly bToA: Direction;
  #nowUs = 0;
  #up = true;

  constructor(options: LinkOptions = {}) {
    const { mtu = 1500, buffers = 1024, both, aToB, bToA } = options;
    const standard = { ...NO_IMPAIRMENT, rateBitsPerS: Infinity, delayUs: 0, queueFrames: 1000, ...both };
    const frameBytesMax = mtu + ETHERNET_HEADER_BYTES;
    this.aToB = new Direction({ ...standard, ...aToB }, 0, frameBytesMax);
    this.bToA = new Direction({ ...standard, ...bToA }, 1, frameBytesMax);
    this.a = new SimulatedDevice(this, this.aToB, Uint8Array.of(2, 0, 0, 0, 0, 0xa), mtu, buffers);
    this.b = new SimulatedDevice(this, this.bToA, Uint8Array.of(2, 0, 0, 0, 0, 0xb), mtu, buffers);
  }

  get nowUs(): number {
    return this.#nowUs;
  }

  get up(): boolean {
    return this.#up;
  }

  /** When frames can next be received: now, if a device has some that its exchange has not handed out yet. */
  nextEventUs(): number {
    if (this.a.waitingFrames > 0 || this.b.waitingFrames > 0) return this.#nowUs;
    return Math.min(this.aToB.arrivalUs, this.bToA.arrivalUs);
  }

  /** Lets time pass, and frames arrive. Throws RangeError if it would have to run backwards. */
  advanceTo(us: number): void {
    if (!(us >= this.#nowUs && us < Infinity))
      throw new RangeError(`time cannot go from ${this.#nowUs} us to ${us} us`);
    for (;;) {
      const { aToB, bToA } = this;
      const first = aToB.arrivalUs < bToA.arrivalUs ? aToB : bToA;
      if (first.arrivalUs > us) break;
      first.deliver(first === aToB ? this.b : this.a);
    }
    this.#nowUs = us;
  }

  /** Loses the frames that are on their way, and all that are sent until bringUp. */
  takeDown(): void {
    this.#up = false;
    this.aToB.cut();
    this.bToA.cut();
  }

  bringUp(): void {
    this.#up = true;
  }

  /** Called by a device's exchange. */
  send(direction: Direction, bytes: Uint8Array, at: number, length: number): void {
    if (this.#up) {
      direction.send(bytes, at, length, this.#nowUs);
    } else {
      direction.counters.sent++;
      direction.counters.lostWithLink++;
    }
  }
}
