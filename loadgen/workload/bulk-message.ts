/**
 * What one bulk stream sends and gets: SET or GET of one large value, always the same, under a key of its own that no
 * other request has.
 */
import { SeededRandom } from './random.ts';

const KEY_DIGITS = 11;

export class BulkMessage {
  readonly set: Uint8Array;
  readonly get: Uint8Array;
  /** The right reply to GET. */
  readonly value: Uint8Array;
  /** The right reply to SET. */
  readonly ok: Uint8Array = bytesOf('+OK\r\n');

  /**
   * @param stream its number, which its key and its value begin with
   * @param valueBytes at least one
   */
  constructor(stream: number, valueBytes: number, seed: number) {
    const number = String(stream).padStart(KEY_DIGITS, '0');
    const key = `$${KEY_DIGITS + 5}\r\nbulk:${number}\r\n`;
    const head = bytesOf(`*3\r\n$3\r\nSET\r\n${key}`);
    const front = bytesOf(`$${valueBytes}\r\n`);
    this.get = bytesOf(`*2\r\n$3\r\nGET\r\n${key}`);
    this.set = new Uint8Array(head.length + front.length + valueBytes + 2);
    this.set.set(head);
    this.set.set(front, head.length);
    fill(this.set, head.length + front.length, valueBytes, number, seed);
    this.set.set(bytesOf('\r\n'), this.set.length - 2);
    this.value = this.set.subarray(head.length);
  }
}

/** The number, and random bytes behind it. */
function fill(bytes: Uint8Array, at: number, length: number, number: string, seed: number): void {
  const random = new SeededRandom(~seed);
  for (let i = 0; i < length; i++) {
    bytes[at + i] = i < number.length ? number.charCodeAt(i) : random.next() & 0xff;
  }
}

function bytesOf(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'latin1'));
}
