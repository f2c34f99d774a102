/**
 * The bytes of one command as a RESP request. What does not change is written once: of most commands the key's digits
 * and the value are put into their places, and of a command with keys or values of any number or length all is put
 * together.
 */
import type { CommandStep, WordPart } from '../../results/formats/command-text.ts';
import { KEY_DIGITS } from './key-space.ts';
import { type Values, writeDigits } from './values.ts';

const KEY_PREFIX = 'key:';
const KEY_TEXT = KEY_PREFIX + '0'.repeat(KEY_DIGITS);
/** Views of so many bytes and fewer are kept. */
const KEPT_VIEW_BYTES = 65_536;

/** A stretch of the request: some bytes, in which keys stand at some places; then a value, keys, or nothing more. */
interface Stretch {
  bytes: Uint8Array;
  keysAt: readonly number[];
  then: 'value' | 'keys' | 'end';
}

export class RequestTemplate {
  readonly maxBytes: number;
  readonly #values: Values;
  readonly #bytes: Uint8Array;
  /** Null where the request has one length, and all but these places stays as it is. */
  readonly #stretches: readonly Stretch[] | null;
  readonly #keysAt: readonly number[];
  readonly #valueAt: number;
  readonly #words: number;
  readonly #views: (Uint8Array | null)[];

  constructor({ words }: Pick<CommandStep, 'words'>, values: Values) {
    const most = words.flat().find((part) => part.kind === 'keys');
    const hasValue = words.flat().some(({ kind }) => kind === 'value');
    const { fixed, most: longest } = values.lengths;
    const isFixed = most === undefined && (!hasValue || fixed >= 0);
    const stretches = stretchesOf(words, most === undefined, isFixed ? fixed : -1);
    const size = stretches.reduce((sum, { bytes }) => sum + bytes.length, 0);
    this.#values = values;
    this.#words = words.length;
    this.#stretches = isFixed ? null : stretches;
    this.#keysAt = isFixed ? stretches[0].keysAt : [];
    this.#valueAt = isFixed ? valuePlace(words, fixed) : -1;
    this.maxBytes = isFixed
      ? size
      : size +
        (hasValue ? longest + headBytes(longest) : 0) +
        (most ? LIST_HEAD_BYTES + most.most * KEY_WORD.length : 0);
    this.#bytes = isFixed ? stretches[0].bytes : new Uint8Array(this.maxBytes);
    this.#views = isFixed ? [] : new Array(Math.min(this.maxBytes, KEPT_VIEW_BYTES) + 1).fill(null);
  }

  /**
   * The request, valid until the next call.
   * @param count of the keys, where the command has some
   * @param version of the value, if it has one: `writer`'s how manieth
   */
  encode(key: number, count: number, writer: number, version: number): Uint8Array {
    if (this.#stretches !== null) return this.#putTogether(this.#stretches, key, count, writer, version);
    const bytes = this.#bytes;
    const keysAt = this.#keysAt;
    for (let i = 0; i < keysAt.length; i++) writeDigits(bytes, keysAt[i], KEY_DIGITS, key);
    if (this.#valueAt >= 0) this.#values.write(bytes, this.#valueAt, key, writer, version);
    return bytes;
  }

  #putTogether(
    stretches: readonly Stretch[],
    key: number,
    count: number,
    writer: number,
    version: number,
  ): Uint8Array {
    const to = this.#bytes;
    let at = 0;
    if (count > 0) at = writeHead(to, at, STAR, this.#words - 1 + count);
    for (const { bytes, keysAt, then } of stretches) {
      for (const keyAt of keysAt) writeDigits(bytes, keyAt, KEY_DIGITS, key);
      to.set(bytes, at);
      at += bytes.length;
      if (then === 'value') {
        at = writeHead(to, at, DOLLAR, this.#values.lengthOf(key));
        at += this.#values.write(to, at, key, writer, version);
      } else if (then === 'keys') {
        at = writeKeys(to, at, key, count);
      }
    }
    return this.#view(at);
  }

  #view(length: number): Uint8Array {
    if (length >= this.#views.length) return this.#bytes.subarray(0, length);
    const kept = this.#views[length];
    if (kept !== null) return kept;
    const view = this.#bytes.subarray(0, length);
    this.#views[length] = view;
    return view;
  }
}

const STAR = 42;
const DOLLAR = 36;
const KEY_WORD = latin1(`$${KEY_TEXT.length}\r\n${KEY_TEXT}\r\n`);
const KEY_WORD_DIGITS_AT = KEY_WORD.length - 2 - KEY_DIGITS;
/** The head of a list of some thousand words. */
const LIST_HEAD_BYTES = headBytes(9999);

/**
 * @param hasHead whether the number of words is known; @param valueBytes length of all values, or -1 where they
 * differ
 */
function stretchesOf(
  words: readonly (readonly WordPart[])[],
  hasHead: boolean,
  valueBytes: number,
): Stretch[] {
  const stretches: Stretch[] = [];
  let text = hasHead ? `*${words.length}\r\n` : '';
  let keysAt: number[] = [];
  const end = (then: Stretch['then']): void => {
    stretches.push({ bytes: latin1(text), keysAt, then });
    text = '';
    keysAt = [];
  };
  for (const parts of words) {
    const [{ kind }] = parts;
    if (kind === 'keys') {
      end('keys');
    } else if (kind === 'value' && valueBytes < 0) {
      end('value');
      text = '\r\n';
    } else {
      const { word, places } = wordOf(parts, valueBytes);
      const head = `$${Buffer.byteLength(word, 'latin1')}\r\n`;
      keysAt.push(...places.map((place) => text.length + head.length + place));
      text += `${head}${word}\r\n`;
    }
  }
  end('end');
  return stretches;
}

/** A word, as Latin-1 its bytes, and where the digits of keys begin in it. */
function wordOf(parts: readonly WordPart[], valueBytes: number): { word: string; places: number[] } {
  let word = '';
  const places: number[] = [];
  for (const part of parts) {
    if (part.kind === 'text') {
      word += Buffer.from(part.text).toString('latin1');
    } else if (part.kind === 'value') {
      word += 'x'.repeat(valueBytes);
    } else {
      places.push(word.length + KEY_PREFIX.length);
      word += KEY_TEXT;
    }
  }
  return { word, places };
}

/** Where the value stands in a request of one length; -1 where there is none. */
function valuePlace(words: readonly (readonly WordPart[])[], valueBytes: number): number {
  const index = words.findIndex(([{ kind }]) => kind === 'value');
  if (index < 0) return -1;
  const [{ bytes }] = stretchesOf(words.slice(0, index), true, valueBytes);
  const before = bytes.length - `*${index}\r\n`.length + `*${words.length}\r\n`.length;
  return before + `$${valueBytes}\r\n`.length;
}

/** `$64` and a line's end. */
function writeHead(bytes: Uint8Array, at: number, type: number, count: number): number {
  let digits = 1;
  for (let limit = 10; count >= limit; limit *= 10) digits++;
  bytes[at] = type;
  writeDigits(bytes, at + 1, digits, count);
  bytes[at + 1 + digits] = 13;
  bytes[at + 2 + digits] = 10;
  return at + 3 + digits;
}

function headBytes(count: number): number {
  return `$${count}\r\n`.length;
}

function writeKeys(bytes: Uint8Array, at: number, key: number, count: number): number {
  for (let i = 0; i < count; i++) {
    bytes.set(KEY_WORD, at);
    writeDigits(bytes, at + KEY_WORD_DIGITS_AT, KEY_DIGITS, key + i);
    at += KEY_WORD.length;
  }
  return at;
}

/** A plain Uint8Array, not a Buffer: the hot path then sees one kind of array. */
function latin1(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'latin1'));
}
