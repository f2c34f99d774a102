/**
 * The format of a trace, a text of one request a line, in the order in which they are due:
 *
 *     # bypassbench trace 1
 *     # time_s operation key value_bytes
 *     0 set user:17 120
 *     0.000213 get user:17 120
 *     0.5 get a%20key -
 *     0.75 del user:17 -
 *
 * Columns are separated by one space. A time is in seconds from any beginning, with up to nine digits behind the point.
 * The bytes of a key are as they are, but for `%`, space and control characters, which are written %XX. `value_bytes`
 * is the size that a set writes; of a get it is what its reply is expected to have, which only filling the keys uses,
 * or `-` where that is not known. Lines that begin with # are comments.
 */
import { LoadError } from '../../errors.ts';

export const TRACE_HEAD = '# bypassbench trace 1';
export const TRACE_COLUMNS = 'time_s operation key value_bytes';

export const traceOperations = ['get', 'set', 'del'] as const;
export type TraceOperation = (typeof traceOperations)[number];
/** Indices into the list. */
export const [TRACE_GET, TRACE_SET, TRACE_DEL] = traceOperations.keys();

/** In place of a size that is not known. */
export const NO_SIZE = -1;
export const KEY_BYTES_MAX = 16_384;
/** Redis's limit of a value. */
export const VALUE_BYTES_MAX = 512 * 1024 * 1024;
/** About a hundred days: in nanoseconds still a whole number of a double. */
const TIME_S_MAX = 9_000_000;
/** Each byte of a key as %XX, and the other columns. */
const LINE_BYTES_MAX = 3 * KEY_BYTES_MAX + 128;

const [SPACE, NEWLINE, RETURN, HASH, PERCENT, POINT, DASH, ZERO, NINE] = [32, 10, 13, 35, 37, 46, 45, 48, 57];
const DELETE = 127;

export interface TraceSink {
  /** @param key bytes of a buffer that is written again, from 0 to `keyBytes` */
  request(timeNs: number, operation: number, key: Uint8Array, keyBytes: number, valueBytes: number): void;
}

/** Reads a trace in chunks of any size. Throws TRACE, with file and line. */
export class TraceParser {
  readonly #file: string;
  readonly #sink: TraceSink;
  readonly #key = new Uint8Array(KEY_BYTES_MAX);
  /** The beginning of a line whose end is in a later chunk. */
  readonly #line = new Uint8Array(LINE_BYTES_MAX);
  #lineBytes = 0;
  #number = 0;
  #timeNs = 0;

  constructor(file: string, sink: TraceSink) {
    this.#file = file;
    this.#sink = sink;
  }

  feed(chunk: Uint8Array): void {
    for (let at = 0; at < chunk.length; ) {
      const newline = chunk.indexOf(NEWLINE, at);
      const end = newline < 0 ? chunk.length : newline;
      if (this.#lineBytes === 0 && newline >= 0) {
        this.#read(chunk, at, end);
      } else {
        this.#keep(chunk, at, end);
        if (newline >= 0) this.#readKept();
      }
      at = end + 1;
    }
  }

  /** Reads a last line without an end. */
  end(): void {
    if (this.#lineBytes > 0) this.#readKept();
    if (this.#number === 0) this.#refuse(`is empty: the first line of a trace is '${TRACE_HEAD}'`);
  }

  #keep(chunk: Uint8Array, at: number, end: number): void {
    if (this.#lineBytes + end - at > LINE_BYTES_MAX) {
      this.#number++;
      this.#refuse(`is longer than ${LINE_BYTES_MAX} bytes: a line has one request`);
    }
    this.#line.set(chunk.subarray(at, end), this.#lineBytes);
    this.#lineBytes += end - at;
  }

  #readKept(): void {
    const bytes = this.#lineBytes;
    this.#lineBytes = 0;
    this.#read(this.#line, 0, bytes);
  }

  #read(bytes: Uint8Array, at: number, lineEnd: number): void {
    const end = lineEnd > at && bytes[lineEnd - 1] === RETURN ? lineEnd - 1 : lineEnd;
    if (++this.#number === 1) {
      const head = textOf(bytes, at, end);
      if (head !== TRACE_HEAD)
        this.#refuse(`is '${shown(head)}': the first line of a trace is '${TRACE_HEAD}'`);
      return;
    }
    if (at === end || bytes[at] === HASH) return;
    const operationAt = this.#column(bytes, at, end);
    const keyAt = this.#column(bytes, operationAt, end);
    const sizeAt = this.#column(bytes, keyAt, end);
    const timeNs = this.#time(bytes, at, operationAt - 1);
    const operation = this.#operation(bytes, operationAt, keyAt - 1);
    const keyBytes = this.#readKey(bytes, keyAt, sizeAt - 1);
    const valueBytes = this.#size(bytes, sizeAt, end, operation);
    if (timeNs < this.#timeNs)
      this.#refuse('is due before the line above it: a trace is in the order of its times');
    this.#timeNs = timeNs;
    this.#sink.request(timeNs, operation, this.#key, keyBytes, valueBytes);
  }

  /** Where the next column begins. */
  #column(bytes: Uint8Array, at: number, end: number): number {
    const space = bytes.indexOf(SPACE, at);
    if (space < 0 || space >= end)
      this.#refuse(`lacks a column: a request is '${TRACE_COLUMNS}', a space between two`);
    return space + 1;
  }

  #time(bytes: Uint8Array, at: number, end: number): number {
    let digits = 0;
    let fraction = -1;
    let value = 0;
    for (let i = at; i < end; i++) {
      if (bytes[i] === POINT && fraction < 0 && digits > 0) {
        fraction = 0;
        continue;
      }
      if (bytes[i] < ZERO || bytes[i] > NINE || fraction === 9) return this.#badTime(bytes, at, end);
      value = value * 10 + (bytes[i] - ZERO);
      if (++digits > 18) return this.#badTime(bytes, at, end);
      if (fraction >= 0) fraction++;
    }
    if (digits === 0 || fraction === 0) return this.#badTime(bytes, at, end);
    const timeNs = value * 10 ** (9 - Math.max(0, fraction));
    return timeNs <= TIME_S_MAX * 1e9 ? timeNs : this.#badTime(bytes, at, end);
  }

  #badTime(bytes: Uint8Array, at: number, end: number): never {
    return this.#refuse(
      `has the time '${shown(textOf(bytes, at, end))}': it must be seconds from 0 to ${TIME_S_MAX.toLocaleString('en-US')}, ` +
        'such as 0.000213, with up to nine digits behind the point',
    );
  }

  #operation(bytes: Uint8Array, at: number, end: number): number {
    for (let i = 0; i < traceOperations.length; i++) {
      if (isText(bytes, at, end, traceOperations[i])) return i;
    }
    const given = shown(textOf(bytes, at, end));
    return this.#refuse(`has the operation '${given}': it must be ${traceOperations.join(', ')}`);
  }

  /** Into #key. Returns its length. */
  #readKey(bytes: Uint8Array, at: number, end: number): number {
    const key = this.#key;
    let length = 0;
    for (let i = at; i < end; i++) {
      let byte = bytes[i];
      if (byte === PERCENT) {
        byte = i + 2 < end ? 16 * hexDigit(bytes[i + 1]) + hexDigit(bytes[i + 2]) : Number.NaN;
        if (Number.isNaN(byte))
          this.#refuse('has a % in its key without two hexadecimal digits: % itself is %25');
        i += 2;
      } else if (byte < SPACE || byte === DELETE) {
        this.#refuse('has a control character in its key: write it %XX');
      }
      if (length === KEY_BYTES_MAX) this.#refuse(`has a key of more than ${KEY_BYTES_MAX} bytes`);
      key[length++] = byte;
    }
    if (length === 0) this.#refuse('has no key: there is one space between two columns');
    return length;
  }

  #size(bytes: Uint8Array, at: number, end: number, operation: number): number {
    if (end === at + 1 && bytes[at] === DASH) {
      if (operation === TRACE_SET) this.#refuse('is a set without the size of its value');
      return NO_SIZE;
    }
    let value = 0;
    for (let i = at; i < end; i++) {
      value = bytes[i] >= ZERO && bytes[i] <= NINE ? value * 10 + (bytes[i] - ZERO) : Number.NaN;
      if (!(value <= VALUE_BYTES_MAX)) break;
    }
    if (at === end || !(value <= VALUE_BYTES_MAX)) {
      this.#refuse(
        `has the size '${shown(textOf(bytes, at, end))}': it must be bytes, at most ${VALUE_BYTES_MAX}, or - where it is ` +
          'not known',
      );
    }
    if (operation === TRACE_DEL) this.#refuse('is a del with a size: it has none, -');
    return value;
  }

  #refuse(why: string): never {
    const where = this.#number === 0 ? this.#file : `${this.#file}:${this.#number}`;
    throw new LoadError('TRACE', `${where}: ${this.#number === 0 ? 'the file' : 'the line'} ${why}`);
  }
}

/** A line of a trace, with its end. */
export function traceLine(
  timeNs: number,
  operation: TraceOperation,
  key: Uint8Array,
  valueBytes: number,
): string {
  return `${timeText(timeNs)} ${operation} ${keyText(key)} ${valueBytes === NO_SIZE ? '-' : valueBytes}\n`;
}

/** The first two lines of a trace. */
export const traceHead = `${TRACE_HEAD}\n# ${TRACE_COLUMNS}\n`;

function timeText(timeNs: number): string {
  const seconds = Math.floor(timeNs / 1e9);
  const fraction = String(Math.round(timeNs - seconds * 1e9)).padStart(9, '0');
  return `${seconds}.${fraction}`.replace(/\.?0+$/, '') || '0';
}

function keyText(key: Uint8Array): string {
  let text = '';
  for (const byte of key) {
    const isPlain = byte > SPACE && byte < DELETE && byte !== PERCENT;
    text += isPlain ? String.fromCharCode(byte) : `%${byte.toString(16).padStart(2, '0').toUpperCase()}`;
  }
  return text;
}

function isText(bytes: Uint8Array, at: number, end: number, text: string): boolean {
  if (end - at !== text.length) return false;
  for (let i = 0; i < text.length; i++) if (bytes[at + i] !== text.charCodeAt(i)) return false;
  return true;
}

/** NaN for what is none. */
function hexDigit(byte: number): number {
  if (byte >= ZERO && byte <= NINE) return byte - ZERO;
  const letter = byte | 32;
  return letter >= 97 && letter <= 102 ? letter - 87 : Number.NaN;
}

function textOf(bytes: Uint8Array, at: number, end: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + at, end - at).toString('utf8');
}

/** Of a text that may be anything. */
function shown(text: string): string {
  const printable = text.replace(/[^\x20-\x7e]/g, '?');
  return printable.length > 40 ? `${printable.slice(0, 40)}...` : printable;
}
