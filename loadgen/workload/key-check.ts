/** Judges the text of a key that comes in pieces, in place. */
import { KEY_DIGITS, KEY_PREFIX } from './key-space.ts';
import { sameBytes } from './same-bytes.ts';
import { writeDigits } from './values.ts';

export class KeyCheck {
  readonly #expected = new Uint8Array(Buffer.from(KEY_PREFIX + '0'.repeat(KEY_DIGITS)));
  #seen = 0;
  #isRight = false;

  /** A text of `length` bytes follows, which should be this key. */
  begin(key: number, length: number): void {
    writeDigits(this.#expected, KEY_PREFIX.length, KEY_DIGITS, key);
    this.#seen = 0;
    this.#isRight = length === this.#expected.length;
  }

  /** Looks at its next `count` bytes. */
  take(bytes: Uint8Array, at: number, count: number): void {
    this.#isRight = this.#isRight && sameBytes(bytes, at, this.#expected, this.#seen, count);
    this.#seen += count;
  }

  /** Of the whole text. */
  isRight(): boolean {
    return this.#isRight;
  }
}
