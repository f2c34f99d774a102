/**
 * The bytes of one command as a RESP request. What does not change is written once: of most commands the key's digits
 * and the value are put into their places, and of a command with keys, fields or values of any number or length all is
 * put together.
 */
import { type CommandStep, partsOfKind, type WordPart } from '../../results/formats/command-text.ts';
import { digitsIn, type KeyLengths, writeKey } from './key-lengths.ts';
import { KEY_DIGITS } from './key-space.ts';
import { fieldName } from './record-check.ts';
import { type Values, writeDigits } from './values.ts';

/** Views of so many bytes and fewer are kept. */
const KEPT_VIEW_BYTES = 65_536;

/** What a stretch ends with; the words of a command that have no length of their own. */
type Varying = 'value' | 'keys' | 'count' | 'field' | 'fields';

/**
 * A stretch of the request: some bytes, in which keys' digits stand at some places; then what varies, the head of a
 * word with keys of any length, such a key, or the end.
 */
interface Stretch {
  bytes: Uint8Array;
  keysAt: readonly Digits[];
  then: Varying | 'head' | 'key' | 'end';
  /** Of the word whose head it is: the length of its text, and how many keys it has beside that. */
  textBytes: number;
  keys: number;
}

/** Where digits of the key stand, and how many. */
interface Digits {
  at: number;
  digits: number;
}

/** Lengths of all keys, and of all values; -1 where they differ. */
interface Fixed {
  keyBytes: number;
  valueBytes: number;
}

export class RequestTemplate {
  readonly maxBytes: number;
  readonly #values: Values;
  readonly #keyLengths: KeyLengths;
  readonly #bytes: Uint8Array;
  /** Null where the request has one length, and all but these places stays as it is. */
  readonly #stretches: readonly Stretch[] | null;
  readonly #keysAt: readonly Digits[];
  readonly #valueAt: number;
  readonly #words: number;
  readonly #hasKeys: boolean;
  /** The words with the names of a record's fields, by field; those that are written as a whole. */
  readonly #names: readonly Uint8Array[];
  readonly #views: (Uint8Array | null)[];

  constructor(step: Pick<CommandStep, 'words' | 'fields'>, values: Values, keyLengths: KeyLengths) {
    const { words, fields } = step;
    const kinds = new Set(words.flat().map(({ kind }) => kind));
    const { fixed } = values.lengths;
    const hasKeys = kinds.has('keys');
    const isFixed =
      !(hasKeys || kinds.has('count') || kinds.has('field') || kinds.has('fields')) &&
      (!kinds.has('value') || fixed >= 0) &&
      (!(kinds.has('key') || kinds.has('new_key')) || keyLengths.fixed >= 0);
    const known = { keyBytes: keyLengths.fixed, valueBytes: isFixed ? fixed : -1 };
    const stretches = stretchesOf(step, known);
    const size = stretches.reduce((sum, { bytes }) => sum + bytes.length, 0);
    this.#values = values;
    this.#keyLengths = keyLengths;
    this.#words = words.length;
    this.#hasKeys = hasKeys;
    this.#names = Array.from({ length: fields }, (_, field) => wordBytes(fieldName(field)));
    this.#stretches = isFixed ? null : stretches;
    this.#keysAt = isFixed ? stretches[0].keysAt : [];
    this.#valueAt = isFixed ? valuePlace(step, known) : -1;
    this.maxBytes = isFixed ? size : size + this.#mostVarying(step);
    this.#bytes = isFixed ? stretches[0].bytes : new Uint8Array(this.maxBytes);
    this.#views = isFixed ? [] : new Array(Math.min(this.maxBytes, KEPT_VIEW_BYTES) + 1).fill(null);
  }

  /**
   * The request, valid until the next call.
   * @param count of the keys, where the command has or says some
   * @param version of the value, if it has one: `writer`'s how manieth
   * @param field where the command names one
   */
  encode(key: number, count: number, writer: number, version: number, field = 0): Uint8Array {
    if (this.#stretches !== null)
      return this.#putTogether(this.#stretches, key, count, writer, version, field);
    const bytes = this.#bytes;
    const keysAt = this.#keysAt;
    for (let i = 0; i < keysAt.length; i++) writeDigits(bytes, keysAt[i].at, keysAt[i].digits, key);
    if (this.#valueAt >= 0) this.#values.write(bytes, this.#valueAt, key, writer, version);
    return bytes;
  }

  #putTogether(
    stretches: readonly Stretch[],
    key: number,
    count: number,
    writer: number,
    version: number,
    field: number,
  ): Uint8Array {
    const to = this.#bytes;
    const keyBytes = this.#keyLengths.at(key);
    let at = 0;
    if (this.#hasKeys) at = writeHead(to, at, STAR, this.#words - 1 + count);
    for (const { bytes, keysAt, then, textBytes, keys } of stretches) {
      for (const place of keysAt) writeDigits(bytes, place.at, place.digits, key);
      to.set(bytes, at);
      at += bytes.length;
      switch (then) {
        case 'value':
          at = this.#putValue(at, key, writer, version, field);
          break;
        case 'head':
          at = writeHead(to, at, DOLLAR, textBytes + keys * keyBytes);
          break;
        case 'key':
          writeKey(to, at, key, keyBytes);
          at += keyBytes;
          break;
        case 'keys':
          at = this.#putKeys(at, key, count);
          break;
        case 'count':
          at = writeCount(to, at, count);
          break;
        case 'field':
          at = this.#putName(at, field);
          break;
        case 'fields':
          for (let one = 0; one < this.#names.length; one++) {
            at = this.#putName(at, one);
            at = this.#putValue(at, key, writer, version, one);
          }
          break;
        case 'end':
      }
    }
    return this.#view(at);
  }

  /** A whole word. */
  #putValue(at: number, key: number, writer: number, version: number, field: number): number {
    const to = this.#bytes;
    const length = this.#values.lengthOf(key, field);
    at = writeHead(to, at, DOLLAR, length);
    at += this.#values.write(to, at, key, writer, version, field, length);
    return writeLineEnd(to, at);
  }

  #putKeys(at: number, first: number, count: number): number {
    const to = this.#bytes;
    for (let key = first; key < first + count; key++) {
      const length = this.#keyLengths.at(key);
      at = writeHead(to, at, DOLLAR, length);
      writeKey(to, at, key, length);
      at = writeLineEnd(to, at + length);
    }
    return at;
  }

  #putName(at: number, field: number): number {
    const name = this.#names[field];
    this.#bytes.set(name, at);
    return at + name.length;
  }

  /** Bytes of all that has no length of its own, at most. */
  #mostVarying(step: Pick<CommandStep, 'words'>): number {
    const value = wordBytesMost(this.#values.lengths.most);
    const names = this.#names.map(({ length }) => length);
    const [keys] = partsOfKind(step, 'keys');
    const key = wordBytesMost(this.#keyLengths.most);
    const single = partsOfKind(step, 'key').length + partsOfKind(step, 'new_key').length;
    return (
      (partsOfKind(step, 'value').length > 0 ? value : 0) +
      (partsOfKind(step, 'count').length > 0 ? wordBytesMost(COUNT_DIGITS_MAX) : 0) +
      (partsOfKind(step, 'field').length > 0 ? Math.max(...names) : 0) +
      (partsOfKind(step, 'fields').length > 0 ? names.reduce((sum, name) => sum + name + value, 0) : 0) +
      single * (key + HEAD_BYTES_MOST) +
      (keys ? LIST_HEAD_BYTES + keys.most * key : 0)
    );
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
/** Of any word. */
const HEAD_BYTES_MOST = headBytes(999_999_999);
/** Of how many keys a request asks for. */
const COUNT_DIGITS_MAX = 4;
/** The head of a list of some thousand words. */
const LIST_HEAD_BYTES = headBytes(9999);

function stretchesOf({ words, fields }: Pick<CommandStep, 'words' | 'fields'>, known: Fixed): Stretch[] {
  const kinds = words.flat().map(({ kind }) => kind);
  const count = words.length + (kinds.includes('fields') ? 2 * fields - 1 : 0);
  const stretches: Stretch[] = [];
  // How many words there are is only known with the keys.
  let text = kinds.includes('keys') ? '' : `*${count}\r\n`;
  let keysAt: Digits[] = [];
  const end = (then: Stretch['then'], textBytes = 0, keys = 0): void => {
    stretches.push({ bytes: latin1(text), keysAt, then, textBytes, keys });
    text = '';
    keysAt = [];
  };
  for (const parts of words) {
    const [{ kind }] = parts;
    const keys = known.keyBytes < 0 ? parts.filter(isKey).length : 0;
    if (isVarying(kind) && (kind !== 'value' || known.valueBytes < 0)) {
      end(kind);
    } else if (keys > 0) {
      const texts = parts.map((part) => (isKey(part) ? { word: '', places: [] } : wordOf([part], known)));
      end('head', texts.map(({ word }) => word).join('').length, keys);
      for (const [index, part] of parts.entries()) {
        const { word, places } = texts[index];
        keysAt.push(...places.map(({ at, digits }) => ({ at: text.length + at, digits })));
        text += word;
        if (isKey(part)) end('key');
      }
      text += '\r\n';
    } else {
      const { word, places } = wordOf(parts, known);
      const head = `$${Buffer.byteLength(word, 'latin1')}\r\n`;
      keysAt.push(...places.map(({ at, digits }) => ({ at: text.length + head.length + at, digits })));
      text += `${head}${word}\r\n`;
    }
  }
  end('end');
  return stretches;
}

function isVarying(kind: WordPart['kind']): kind is Varying {
  return kind === 'value' || kind === 'keys' || kind === 'count' || kind === 'field' || kind === 'fields';
}

function isKey({ kind }: WordPart): boolean {
  return kind === 'key' || kind === 'new_key';
}

/** A word, as Latin-1 its bytes, and where the digits of keys stand in it. */
function wordOf(
  parts: readonly WordPart[],
  { keyBytes, valueBytes }: Fixed,
): { word: string; places: Digits[] } {
  let word = '';
  const places: Digits[] = [];
  for (const part of parts) {
    if (part.kind === 'text') {
      word += Buffer.from(part.text).toString('latin1');
    } else if (part.kind === 'value') {
      word += 'x'.repeat(valueBytes);
    } else if (part.kind === 'number') {
      places.push({ at: word.length, digits: KEY_DIGITS });
      word += '0'.repeat(KEY_DIGITS);
    } else {
      const key = new Uint8Array(keyBytes);
      writeKey(key, 0, 0, keyBytes);
      const { at, digits } = digitsIn(keyBytes);
      places.push({ at: word.length + at, digits });
      word += Buffer.from(key).toString('latin1');
    }
  }
  return { word, places };
}

/** Where the value stands in a request of one length; -1 where there is none. */
function valuePlace({ words }: Pick<CommandStep, 'words'>, known: Fixed): number {
  const index = words.findIndex(([{ kind }]) => kind === 'value');
  if (index < 0) return -1;
  const [{ bytes }] = stretchesOf({ words: words.slice(0, index), fields: 0 }, known);
  const before = bytes.length - `*${index}\r\n`.length + `*${words.length}\r\n`.length;
  return before + `$${known.valueBytes}\r\n`.length;
}

/** `$64` and a line's end. */
function writeHead(bytes: Uint8Array, at: number, type: number, count: number): number {
  bytes[at] = type;
  const digits = digitsOf(count);
  writeDigits(bytes, at + 1, digits, count);
  return writeLineEnd(bytes, at + 1 + digits);
}

/** A number as a word. */
function writeCount(bytes: Uint8Array, at: number, count: number): number {
  const digits = digitsOf(count);
  at = writeHead(bytes, at, DOLLAR, digits);
  writeDigits(bytes, at, digits, count);
  return writeLineEnd(bytes, at + digits);
}

function writeLineEnd(bytes: Uint8Array, at: number): number {
  bytes[at] = 13;
  bytes[at + 1] = 10;
  return at + 2;
}

function digitsOf(count: number): number {
  let digits = 1;
  for (let limit = 10; count >= limit; limit *= 10) digits++;
  return digits;
}

function headBytes(count: number): number {
  return `$${count}\r\n`.length;
}

/** Of a word of so many bytes. */
function wordBytesMost(bytes: number): number {
  return headBytes(bytes) + bytes + 2;
}

function wordBytes(word: string): Uint8Array {
  return latin1(`$${word.length}\r\n${word}\r\n`);
}

/** A plain Uint8Array, not a Buffer: the hot path then sees one kind of array. */
function latin1(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'latin1'));
}
