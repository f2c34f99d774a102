/**
 * A seeded random source for the hot path: xoshiro128** of Blackman and Vigna ("Scrambled Linear Pseudorandom
 * Number Generators", ACM TOMS 2021), on 32-bit integers, without allocation.
 */
export class SeededRandom {
  readonly #state = new Int32Array(4);

  /** Streams of different seeds are unrelated; `seed` is any integer. */
  constructor(seed: number) {
    // splitmix32 spreads the seed over the state, which must not be all zero.
    let z = seed | 0;
    for (let i = 0; i < 4; i++) {
      z = (z + 0x9e3779b9) | 0;
      let mixed = Math.imul(z ^ (z >>> 16), 0x85ebca6b);
      mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
      this.#state[i] = mixed ^ (mixed >>> 16);
    }
  }

  /** An integer from 0 to 2^32 - 1. */
  next(): number {
    const s = this.#state;
    const scrambled = Math.imul(s[1], 5);
    const result = Math.imul((scrambled << 7) | (scrambled >>> 25), 9) >>> 0;
    const t = s[1] << 9;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = (s[3] << 11) | (s[3] >>> 21);
    return result;
  }

  /** A number from 0 up to, not including, 1. */
  fraction(): number {
    return this.next() / 0x1_0000_0000;
  }

  /** The same in steps of 2^-53, for what depends on the rarest values. */
  fineFraction(): number {
    const high = this.next() >>> 5;
    return (high * 0x400_0000 + (this.next() >>> 6)) / 0x20_0000_0000_0000;
  }
}
