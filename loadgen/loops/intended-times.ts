/** The intended times of a connection's outstanding requests, oldest first: replies come in that order. */
export class IntendedTimes {
  readonly #ring: Float64Array;
  #head = 0;
  #count = 0;

  /** @param capacity the most requests that are outstanding at a time */
  constructor(capacity: number) {
    this.#ring = new Float64Array(capacity);
  }

  append(intendedNs: number): void {
    this.#ring[(this.#head + this.#count++) % this.#ring.length] = intendedNs;
  }

  /** Removes the oldest. */
  shift(): number {
    const intendedNs = this.#ring[this.#head];
    this.#head = this.#head + 1 === this.#ring.length ? 0 : this.#head + 1;
    this.#count--;
    return intendedNs;
  }
}
