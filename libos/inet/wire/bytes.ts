/**
 * Big-endian integers in packets. 32-bit values (addresses, sequence numbers) are signed, so that the engine
 * keeps them without a box; their bits are those on the wire.
 */

export function readU16(bytes: Uint8Array, at: number): number {
  return (bytes[at] << 8) | bytes[at + 1];
}

export function readI32(bytes: Uint8Array, at: number): number {
  return (bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3];
}

/** Writes the low 16 bits of `value`. */
export function writeU16(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >> 8;
  bytes[at + 1] = value;
}

/** Writes the low 32 bits of `value`, signed or not. */
export function writeI32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >> 24;
  bytes[at + 1] = value >> 16;
  bytes[at + 2] = value >> 8;
  bytes[at + 3] = value;
}

/**
 * The memory of packets as a DataView, for who reads or writes many integers in one go: a 32-bit one at once
 * instead of byte by byte. A device has one memory, so the view is made once.
 */
export class PacketMemory {
  #bytes: Uint8Array | null = null;
  #view: DataView = new DataView(new ArrayBuffer(0));

  view(bytes: Uint8Array): DataView {
    if (bytes !== this.#bytes) {
      this.#bytes = bytes;
      this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    }
    return this.#view;
  }
}

/** Longest copy that a loop does faster than a call into the engine. */
const LOOP_BYTES = 64;

/** Copies `length` bytes between packets, which may lie in the same memory but do not overlap. */
export function copyBytes(
  from: Uint8Array,
  fromAt: number,
  to: Uint8Array,
  toAt: number,
  length: number,
): void {
  if (length <= LOOP_BYTES) {
    for (let i = 0; i < length; i++) to[toAt + i] = from[fromAt + i];
  } else if (from === to) {
    to.copyWithin(toAt, fromAt, fromAt + length);
  } else {
    // A view per copy: only frames that wait for an address, echo replies and the like come this way.
    to.set(from.subarray(fromAt, fromAt + length), toAt);
  }
}
