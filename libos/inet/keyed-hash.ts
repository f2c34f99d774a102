/**
 * A keyed hash: nobody can foresee its values without the key. Initial sequence numbers (RFC 6528), timestamp
 * offsets (RFC 7323, section 5.4) and ephemeral ports (RFC 6056) come from it. The hash is HalfSipHash-2-4
 * (Aumasson and Bernstein): SipHash for 32-bit words.
 */

export class KeyedHash {
  readonly #key0: number;
  readonly #key1: number;

  /** The key: two random 32-bit integers. */
  constructor(key0: number, key1: number) {
    this.#key0 = key0 | 0;
    this.#key1 = key1 | 0;
  }

  /** HalfSipHash-2-4 of three 32-bit words, 32 bits long. */
  hash(first: number, second: number, third: number): number {
    const state = new Int32Array([this.#key0, this.#key1, 0x6c796765 ^ this.#key0, 0x74656462 ^ this.#key1]);
    for (const word of [first, second, third, 12 << 24]) {
      state[3] ^= word;
      round(state);
      round(state);
      state[0] ^= word;
    }
    state[2] ^= 0xff;
    for (let i = 0; i < 4; i++) round(state);
    return state[1] ^ state[3];
  }
}

function rotate(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits));
}

function round(v: Int32Array): void {
  v[0] += v[1];
  v[1] = rotate(v[1], 5) ^ v[0];
  v[0] = rotate(v[0], 16);
  v[2] += v[3];
  v[3] = rotate(v[3], 8) ^ v[2];
  v[0] += v[3];
  v[3] = rotate(v[3], 7) ^ v[0];
  v[2] += v[1];
  v[1] = rotate(v[1], 13) ^ v[2];
  v[2] = rotate(v[2], 16);
}
