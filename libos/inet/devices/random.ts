/**
 * The random source of simulated faults: sfc32 of Doty-Humphrey's PractRand, 128 bits of state in 32-bit
 * integers. Equal seeds give equal sequences on every machine, so a failed test can be run again.
 */
export class Random {
  #a: number;
  #b: number;
  #c = 0;
  #counter = 1;

  /** @param seed any integer; neighbouring seeds give unrelated sequences */
  constructor(seed: number) {
    this.#a = seed | 0;
    this.#b = Math.floor(seed / 0x1_0000_0000) | 0;
    // The first results still show the seed.
    for (let i = 0; i < 16; i++) this.next();
  }

  /** A signed 32-bit integer. */
  next(): number {
    const result = (this.#a + this.#b + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + result) | 0;
    return result;
  }

  /** A number from 0 up to, not including, 1. */
  fraction(): number {
    return (this.next() >>> 0) / 0x1_0000_0000;
  }

  /** An integer from 0 up to, not including, `end`. */
  below(end: number): number {
    return Math.floor(this.fraction() * end);
  }
}
