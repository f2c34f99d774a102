/**
 * HalfSipHash-1-2: a keyed 32-bit hash of bytes where they lie. Keyed, so that nobody who does not know the
 * key can choose colliding keys. Source: the HalfSipHash of Aumasson and Bernstein's reference code, with the
 * rounds (1 and 2) that Redis uses for its SipHash.
 */

export class KeyHash {
  readonly #k0: number;
  readonly #k1: number;

  constructor(k0: number, k1: number) {
    this.#k0 = k0 | 0;
    this.#k1 = k1 | 0;
  }

  /** A signed 32-bit integer. */
  of(bytes: Uint8Array, start: number, length: number): number {
    let v0 = this.#k0;
    let v1 = this.#k1;
    let v2 = this.#k0 ^ 0x6c796765;
    let v3 = this.#k1 ^ 0x74656462;
    const wholeEnd = start + (length & ~3);
    const end = start + length;
    // The words of the key, then the one with its last bytes and its length, then two rounds without a word.
    let at = start;
    for (let left = (length >> 2) + 3; left > 0; left--) {
      let word = 0;
      if (at < wholeEnd) {
        word = bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24);
        at += 4;
      } else if (left === 3) {
        word = length << 24;
        if (at + 2 < end) word |= bytes[at + 2] << 16;
        if (at + 1 < end) word |= bytes[at + 1] << 8;
        if (at < end) word |= bytes[at];
      } else if (left === 2) {
        v2 ^= 0xff;
      }
      v3 ^= word;
      v0 = (v0 + v1) | 0;
      v1 = (v1 << 5) | (v1 >>> 27);
      v1 ^= v0;
      v0 = (v0 << 16) | (v0 >>> 16);
      v2 = (v2 + v3) | 0;
      v3 = (v3 << 8) | (v3 >>> 24);
      v3 ^= v2;
      v0 = (v0 + v3) | 0;
      v3 = (v3 << 7) | (v3 >>> 25);
      v3 ^= v0;
      v2 = (v2 + v1) | 0;
      v1 = (v1 << 13) | (v1 >>> 19);
      v1 ^= v2;
      v2 = (v2 << 16) | (v2 >>> 16);
      v0 ^= word;
    }
    return v1 ^ v3;
  }
}
