/**
 * Puts the numbers below a bound in an order that looks random, without a table: a Feistel network over as many bits
 * as the bound has, repeated while the result is not below the bound (cycle walking; J. Black and P. Rogaway,
 * "Ciphers with arbitrary finite domains", CT-RSA 2002). Fewer than two walks on the average.
 */
const ROUNDS = 3;

export class KeyPermutation {
  readonly #bound: number;
  readonly #lowSize: number;
  readonly #lowMask: number;
  readonly #highMask: number;
  readonly #roundKeys: Int32Array;

  /** @param bound 1 to 10^12; @param seed of the order */
  constructor(bound: number, seed: number) {
    const bits = Math.max(2, Math.ceil(Math.log2(bound)));
    const lowBits = bits >> 1;
    this.#bound = bound;
    this.#lowSize = 2 ** lowBits;
    this.#lowMask = this.#lowSize - 1;
    this.#highMask = 2 ** (bits - lowBits) - 1;
    this.#roundKeys = Int32Array.from({ length: 2 * ROUNDS }, (_, round) =>
      scatter(Math.imul(round + 1, 0x9e3779b9) ^ (seed | 0)),
    );
  }

  /** The number in the place `index`, both from 0 up to the bound. */
  at(index: number): number {
    let number = index;
    do number = this.#walk(number);
    while (number >= this.#bound);
    return number;
  }

  #walk(number: number): number {
    let high = Math.floor(number / this.#lowSize);
    let low = number - high * this.#lowSize;
    for (let round = 0; round < 2 * ROUNDS; round += 2) {
      high = (high ^ scatter(low + this.#roundKeys[round])) & this.#highMask;
      low = (low ^ scatter(high + this.#roundKeys[round + 1])) & this.#lowMask;
    }
    return high * this.#lowSize + low;
  }
}

/** Each bit of the 32 depends on all of them (the finalizer of MurmurHash3). */
function scatter(bits: number): number {
  let mixed = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}
