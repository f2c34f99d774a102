/**
 * When the requests outstanding on a connection were intended, and when each could have been sent at the earliest:
 * oldest first, as replies come in that order.
 */
import { INTENDED, POSSIBLE } from '../connections/reply.ts';

export class IntendedTimes {
  /** Pairs. */
  readonly #ring: Float64Array;
  #head = 0;
  #count = 0;

  /** @param capacity the most requests that are outstanding at a time */
  constructor(capacity: number) {
    this.#ring = new Float64Array(2 * capacity);
  }

  append(intendedNs: number, possibleNs: number): void {
    const place = (this.#head + 2 * this.#count++) % this.#ring.length;
    this.#ring[place] = intendedNs;
    this.#ring[place + 1] = possibleNs;
  }

  /** Removes the oldest, into the times of its reply. */
  shiftInto(timesNs: Float64Array): void {
    timesNs[INTENDED] = this.#ring[this.#head];
    timesNs[POSSIBLE] = this.#ring[this.#head + 1];
    this.#drop();
  }

  /** The oldest becomes the newest. */
  rotate(): void {
    const intendedNs = this.#ring[this.#head];
    const possibleNs = this.#ring[this.#head + 1];
    this.#drop();
    this.append(intendedNs, possibleNs);
  }

  #drop(): void {
    this.#head = this.#head + 2 === this.#ring.length ? 0 : this.#head + 2;
    this.#count--;
  }
}
