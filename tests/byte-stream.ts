/** Long streams of bytes that both ends of a test can name by a hash: what was sent, and what has come. */
import { createHash, type Hash } from 'node:crypto';

const BLOCK_BYTES = 64 * 1024;

/** What came or went of a stream. */
export interface Transferred {
  bytes: number;
  sha256: string;
}

/** `bytes` bytes in pieces, no two pieces alike: a piece lost, doubled or out of its place changes the hash. */
export function* streamOf(bytes: number): Generator<Buffer> {
  const block = Buffer.alloc(BLOCK_BYTES);
  for (let i = 0; i < BLOCK_BYTES; i += 4) block.writeInt32LE(Math.imul(i + 1, 0x9e3779b1), i);
  for (let left = bytes, index = 0; left > 0; left -= BLOCK_BYTES, index++) {
    const piece = Buffer.from(block.subarray(0, Math.min(left, BLOCK_BYTES)));
    for (let i = 0; i + 4 <= piece.length; i += 1024) piece.writeInt32LE(index, i);
    yield piece;
  }
}

/** What streamOf(bytes) is when it has arrived whole. */
export function transferredOf(bytes: number): Transferred {
  const tally = new Tally();
  for (const piece of streamOf(bytes)) tally.add(piece);
  return tally.result();
}

export class Tally {
  bytes = 0;
  readonly #hash: Hash = createHash('sha256');

  add(piece: Uint8Array): void {
    this.bytes += piece.length;
    this.#hash.update(piece);
  }

  /** Ends the counting. */
  result(): Transferred {
    return { bytes: this.bytes, sha256: this.#hash.digest('hex') };
  }
}
