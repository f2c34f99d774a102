/**
 * The Internet checksum (RFC 1071): the one's complement of the one's complement sum of 16-bit words, taken
 * over a message that may lie in pieces of any length, odd ones included.
 */

/** Bytes summed before the carries are folded: 16,384 words of 65,535 stay below 2^31. */
const FOLD_BYTES = 32_768;
/**
 * From here on four bytes at a time through a view are faster than single ones: headers are shorter, payload
 * longer.
 */
const VIEW_BYTES = 64;

/** Views of the memories that were summed: packet and buffer pools, which are few and stay. */
const views = new WeakMap<Uint8Array, DataView>();

const NOTHING: Uint8Array = new Uint8Array(0);

export class Checksum {
  #sum = 0;
  /** An odd number of bytes came so far: the next one is the low half of a word. */
  #odd = false;
  /** The memory that #view shows. */
  #viewed = NOTHING;
  #view: DataView = new DataView(NOTHING.buffer);

  reset(): void {
    this.#sum = 0;
    this.#odd = false;
  }

  /** Adds the next `length` bytes of the message. */
  add(bytes: Uint8Array, at: number, length: number): void {
    const end = at + length;
    if (this.#odd && at < end) {
      this.#sum += bytes[at++];
      this.#odd = false;
    }
    while (end - at > FOLD_BYTES) {
      this.#addWords(bytes, at, at + FOLD_BYTES);
      at += FOLD_BYTES;
    }
    const evenEnd = at + ((end - at) & ~1);
    this.#addWords(bytes, at, evenEnd);
    if (evenEnd < end) {
      this.#sum += bytes[evenEnd] << 8;
      this.#odd = true;
    }
  }

  /** Adds a 16-bit number that stands at an even place of the message. */
  addWord(word: number): void {
    this.#sum = fold(this.#sum + word);
  }

  /**
   * The pseudo-header of TCP (RFC 9293, section 3.1) and UDP (RFC 768); `length` counts their header and
   * data.
   */
  addPseudoHeader(source: number, destination: number, protocol: number, length: number): void {
    const words =
      (source >>> 16) +
      (source & 0xffff) +
      (destination >>> 16) +
      (destination & 0xffff) +
      protocol +
      (length & 0xffff);
    this.#sum = fold(this.#sum + words);
  }

  /** What goes into the checksum field; 0 when the field was summed along with a message that is intact. */
  result(): number {
    return ~fold(this.#sum) & 0xffff;
  }

  /** Adds an even number of bytes, at most FOLD_BYTES. */
  #addWords(bytes: Uint8Array, at: number, end: number): void {
    let high = 0;
    let low = 0;
    if (end - at >= VIEW_BYTES) {
      const view = this.#viewOf(bytes);
      let words = 0;
      for (const unrolledEnd = end - 7; at < unrolledEnd; at += 8) {
        const first = view.getInt32(at);
        const second = view.getInt32(at + 4);
        words = (words + (first >>> 16) + (second >>> 16) + (first & 0xffff) + (second & 0xffff)) | 0;
      }
      low = words;
    }
    for (; at < end; at += 2) {
      high += bytes[at];
      low += bytes[at + 1];
    }
    this.#sum = fold(fold(this.#sum) + (high << 8) + low);
  }

  #viewOf(bytes: Uint8Array): DataView {
    if (this.#viewed === bytes) return this.#view;
    let view = views.get(bytes);
    if (view === undefined) {
      view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      views.set(bytes, view);
    }
    this.#viewed = bytes;
    this.#view = view;
    return view;
  }
}

/** Adds the carries back in; `sum` is below 2^31, the result at most 0xffff. */
function fold(sum: number): number {
  sum = (sum & 0xffff) + (sum >>> 16);
  return (sum & 0xffff) + (sum >>> 16);
}
