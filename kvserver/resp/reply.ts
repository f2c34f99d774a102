/**
 * Writes replies in RESP2 or RESP3, as the client asked with HELLO, straight into the memory from which the
 * front end sends them. That memory is a sequence of blocks: bytes[start, end) is the open one, of which
 * bytes[start, pos) is written. When it is full, the source takes it and opens another one.
 */
import { copyBytes, latin1Bytes, NO_BYTES, writeLatin1 } from './bytes.ts';
import { formatDouble, type Int64 } from './numbers.ts';

export interface BlockSource {
  /** Takes the open block, if there is one, and opens one with at least BLOCK_BYTES_MIN of room. */
  nextBlock(writer: ReplyWriter): void;
}

/** Room that a new block has at least: what is reserved at once never exceeds it. */
export const BLOCK_BYTES_MIN = 512;

/** To a connection that is one too many, before it is closed. */
export const MAX_CLIENTS_REPLY = latin1Bytes('-ERR max number of clients reached\r\n');

const CR = 0x0d;
const LF = 0x0a;
const ZERO = 0x30;
/** A type byte, the digits of a 64-bit integer and CR LF. */
const HEADER_BYTES_MAX = 32;
/** Instead of a place in the open block: the beginning of the reply lies in a block that was taken. */
const TAKEN = -1;

const OK = latin1Bytes('+OK\r\n');
const PONG = latin1Bytes('+PONG\r\n');
const QUEUED = latin1Bytes('+QUEUED\r\n');
const RESP3_NULL = latin1Bytes('_\r\n');
const NULL_BULK = latin1Bytes('$-1\r\n');
const NULL_ARRAY = latin1Bytes('*-1\r\n');
const ZERO_REPLY = latin1Bytes(':0\r\n');
const ONE_REPLY = latin1Bytes(':1\r\n');

export class ReplyWriter {
  /** RESP version of the client being written to. */
  protocol: 2 | 3 = 2;
  /** Error replies written so far: their number shows the engine whether a command failed. */
  errors = 0;
  /** Blocks opened so far: by it a command sees how much it has written. */
  blocks = 0;
  /** False: what is written goes nowhere, and a long reply need not be made to its end. */
  isHeard = true;

  readonly #source: BlockSource;
  readonly #errorCodes: Map<string, number>;
  #bytes: Uint8Array = NO_BYTES;
  #start = 0;
  #pos = 0;
  #end = 0;
  /** Where the reply at hand begins, or TAKEN. */
  #replyStart = 0;

  /** `errorCodes`: how many errors were written, by their codes. */
  constructor(source: BlockSource, errorCodes = new Map<string, number>()) {
    this.#source = source;
    this.#errorCodes = errorCodes;
  }

  /** Continues in bytes[from, to), at least BLOCK_BYTES_MIN long. The block before must have been taken. */
  open(bytes: Uint8Array, from: number, to: number): void {
    this.blocks++;
    this.#replyStart = this.#pos === this.#replyStart ? from : TAKEN;
    this.#bytes = bytes;
    this.#start = from;
    this.#pos = from;
    this.#end = to;
  }

  /** Lets go of the block: the next reply asks the source for one. */
  close(): void {
    this.#bytes = NO_BYTES;
    this.#start = 0;
    this.#pos = 0;
    this.#end = 0;
  }

  /** A reply begins here: takeBack() takes back what is written from now on. */
  begin(): void {
    this.#replyStart = this.#pos;
  }

  /** Takes back what is written of the reply at hand. False: the source has taken some of it. */
  takeBack(): boolean {
    if (this.#replyStart === TAKEN) return false;
    this.#pos = this.#replyStart;
    return true;
  }

  /** Bytes written to the block, from its `from` on. */
  get written(): number {
    return this.#pos - this.#start;
  }

  ok(): void {
    this.#constant(OK);
  }

  pong(): void {
    this.#constant(PONG);
  }

  queued(): void {
    this.#constant(QUEUED);
  }

  /** The absence of a value: $-1 in RESP2, _ in RESP3. */
  nil(): void {
    this.#constant(this.protocol === 2 ? NULL_BULK : RESP3_NULL);
  }

  /** The absence of an array: *-1 in RESP2, _ in RESP3. */
  nilArray(): void {
    this.#constant(this.protocol === 2 ? NULL_ARRAY : RESP3_NULL);
  }

  simple(text: string): void {
    this.#line(0x2b, text);
  }

  /** An error with its code, as "ERR syntax error"; line breaks become spaces. */
  error(text: string): void {
    this.errors++;
    const [code] = text.split(' ', 1);
    this.#errorCodes.set(code, (this.#errorCodes.get(code) ?? 0) + 1);
    this.#line(0x2d, text.replace(/[\r\n]/g, ' '));
  }

  /** A safe integer: see int64 for the whole range. */
  integer(value: number): void {
    if (value === 0) this.#constant(ZERO_REPLY);
    else if (value === 1) this.#constant(ONE_REPLY);
    else this.#header(0x3a, value);
  }

  int64(value: Int64): void {
    if (typeof value === 'number') this.integer(value);
    else this.#line(0x3a, value.toString());
  }

  bulk(bytes: Uint8Array, offset: number, length: number): void {
    this.#header(0x24, length);
    if (this.#end - this.#pos >= length + 2) {
      copyBytes(bytes, offset, this.#bytes, this.#pos, length);
      this.#pos += length;
    } else {
      this.#pieces(bytes, offset, length);
    }
    this.#lineEnd();
  }

  /** A bulk string from a string of one character a byte. */
  bulkText(text: string): void {
    this.#header(0x24, text.length);
    this.#characters(text);
    this.#lineEnd();
  }

  /** A text for people: a verbatim string of the format txt in RESP3, a bulk string in RESP2. */
  verbatim(text: string): void {
    if (this.protocol === 2) {
      this.bulkText(text);
      return;
    }
    this.#header(0x3d, text.length + 4);
    this.#characters('txt:');
    this.#characters(text);
    this.#lineEnd();
  }

  double(value: number): void {
    const text = formatDouble(value);
    if (this.protocol === 2) this.bulkText(text);
    else this.#line(0x2c, text);
  }

  /** Of any size, in decimal digits. */
  bigNumber(digits: string): void {
    if (this.protocol === 2) this.bulkText(digits);
    else this.#line(0x28, digits);
  }

  boolean(value: boolean): void {
    if (this.protocol === 2) this.integer(value ? 1 : 0);
    else this.#line(0x23, value ? 't' : 'f');
  }

  array(length: Int64): void {
    if (typeof length === 'number') this.#header(0x2a, length);
    else this.#line(0x2a, length.toString());
  }

  /** A message that nobody asked for, of so many elements: in RESP2 an array. */
  push(length: number): void {
    this.#header(this.protocol === 2 ? 0x2a : 0x3e, length);
  }

  /** A map of so many pairs: in RESP2 an array of twice as many elements. */
  map(pairs: number): void {
    if (this.protocol === 2) this.#header(0x2a, 2 * pairs);
    else this.#header(0x25, pairs);
  }

  /** So many pairs about the reply that follows. Not in RESP2. */
  attribute(pairs: number): void {
    this.#header(0x7c, pairs);
  }

  set(length: number): void {
    this.#header(this.protocol === 2 ? 0x2a : 0x7e, length);
  }

  #constant(bytes: Uint8Array): void {
    const length = bytes.length;
    if (this.#end - this.#pos < length) this.#source.nextBlock(this);
    const target = this.#bytes;
    const at = this.#pos;
    for (let i = 0; i < length; i++) target[at + i] = bytes[i];
    this.#pos = at + length;
  }

  #header(type: number, value: number): void {
    if (this.#end - this.#pos < HEADER_BYTES_MAX) this.#source.nextBlock(this);
    const target = this.#bytes;
    let at = this.#pos;
    target[at++] = type;
    if (value >= 0 && value < 10) {
      target[at++] = ZERO + value;
    } else {
      at = writeInteger(target, at, value);
    }
    target[at++] = CR;
    target[at++] = LF;
    this.#pos = at;
  }

  #line(type: number, text: string): void {
    if (this.#end === this.#pos) this.#source.nextBlock(this);
    this.#bytes[this.#pos++] = type;
    this.#characters(text);
    this.#lineEnd();
  }

  #lineEnd(): void {
    if (this.#end - this.#pos < 2) this.#source.nextBlock(this);
    this.#bytes[this.#pos++] = CR;
    this.#bytes[this.#pos++] = LF;
  }

  #characters(text: string): void {
    let from = 0;
    while (from < text.length) {
      if (this.#pos === this.#end) this.#source.nextBlock(this);
      const count = Math.min(text.length - from, this.#end - this.#pos);
      writeLatin1(text, from, from + count, this.#bytes, this.#pos);
      this.#pos += count;
      from += count;
    }
  }

  #pieces(bytes: Uint8Array, offset: number, length: number): void {
    while (length > 0) {
      if (this.#pos === this.#end) this.#source.nextBlock(this);
      const count = Math.min(length, this.#end - this.#pos);
      copyBytes(bytes, offset, this.#bytes, this.#pos, count);
      this.#pos += count;
      offset += count;
      length -= count;
    }
  }
}

/** Writes the decimal digits of a safe integer; the position behind them. */
export function writeInteger(target: Uint8Array, at: number, value: number): number {
  if (value < 0) {
    target[at++] = 0x2d;
    value = -value;
  }
  let digits = 1;
  for (let bound = 10; value >= bound; bound *= 10) digits++;
  const end = at + digits;
  for (let i = end - 1; i >= at; i--) {
    const rest = Math.floor(value / 10);
    target[i] = ZERO + (value - rest * 10);
    value = rest;
  }
  return end;
}
