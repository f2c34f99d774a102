/**
 * Reads requests (RESP arrays of bulk strings, or inline commands) out of the bytes that a connection
 * delivers. One per client.
 *
 *     give(bytes)                 the input, valid until keep()
 *     while next() === READY      argc arguments: bytes[start[i] .. start[i] + length[i])
 *     keep()                      what is left of a cut request is copied, the input is free again
 *
 * A request that lies whole in the input is read in place. A cut one goes to the client's own pending buffer
 * together with how far it was read, so that nothing is read twice. Limits and error texts are Redis 7's
 * (networking.c, processInlineBuffer and processMultibulkBuffer).
 */
import { copyBytes, latin1, NO_BYTES } from './bytes.ts';
import { type Int64, parseDouble, parseInt64, parseInteger } from './numbers.ts';
import { isQuoting, isSpace, splitQuotedLine } from './quoted-line.ts';

export const NEED_MORE = 0;
export const READY = 1;
/** The request breaks the protocol: answer `error`, then close. */
export const BROKEN = 2;
/** The client's query buffer exceeds its limit: close, as Redis does, without a reply. */
export const TOO_LARGE = 3;

/** Limits that all clients of a server share; CONFIG SET changes them. */
export interface RequestLimits {
  bulkBytesMax: number;
  queryBytesMax: number;
}

/** Longest inline request, and longest line of a header (PROTO_INLINE_MAX_SIZE). */
const LINE_BYTES_MAX = 64 * 1024;
/** A pending buffer above this size is given back as soon as its request is served. */
const PENDING_BYTES_KEPT = 32 * 1024;
const PENDING_BYTES_FIRST = 512;
const UNAUTHENTICATED_ARGUMENTS_MAX = 10;
const UNAUTHENTICATED_BULK_BYTES_MAX = 16 * 1024;
const ARGUMENTS_MAX = 2 ** 31 - 1;
const ARGUMENT_SLOTS_FIRST = 8;
const ARGUMENT_SLOTS_KEPT = 1024;

const CR = 0x0d;
const LF = 0x0a;
const ASTERISK = 0x2a;
const DOLLAR = 0x24;

const HEADER_BYTES_BITS = 3;
const HEADER_BYTES_MASK = (1 << HEADER_BYTES_BITS) - 1;

// What readHeader answers beside a number.
const LINE_CUT = -1;
const LINE_TOO_LONG = -2;
const NOT_A_NUMBER = -3;
const NEGATIVE = -4;

export class Request {
  /** Memory in which the arguments of the request at hand lie. */
  bytes: Uint8Array = NO_BYTES;
  /** Arguments of the request at hand; 0 for an empty request, which has no reply. */
  argc = 0;
  start = new Int32Array(ARGUMENT_SLOTS_FIRST);
  length = new Int32Array(ARGUMENT_SLOTS_FIRST);
  /** After BROKEN: the text of the error reply, without its code. */
  error = '';
  /** Until then a client may only send what authentication needs. */
  authenticated = true;

  readonly #limits: RequestLimits;

  // The bytes being read: the input itself, or the pending buffer.
  #source: Uint8Array = NO_BYTES;
  #at = 0;
  #end = 0;
  #requestStart = 0;
  #fromPending = false;

  // The input not yet reached, while the source is the pending buffer.
  #input: Uint8Array = NO_BYTES;
  #inputAt = 0;
  #inputEnd = 0;

  #pending: Uint8Array = NO_BYTES;

  // How far the request at `requestStart` was read.
  #complete = true;
  #bulksLeft = 0;
  #bulkLength = -1;
  #scanned = 0;

  constructor(limits: RequestLimits) {
    this.#limits = limits;
  }

  /** Bytes of the request at hand, as it came. */
  get ownBytes(): number {
    return this.#at - this.#requestStart;
  }

  /** Bytes held for a request that is not complete. */
  get pendingBytes(): number {
    return this.#fromPending ? this.#end - this.#requestStart : 0;
  }

  /** Bytes of the request at hand and of what has come behind it. */
  get heldBytes(): number {
    return this.#end - this.#requestStart + (this.#fromPending ? this.#inputEnd - this.#inputAt : 0);
  }

  /** Size of the memory held for such requests. */
  get pendingCapacity(): number {
    return this.#pending.length;
  }

  give(bytes: Uint8Array, offset: number, length: number): void {
    if (this.#fromPending) {
      this.#input = bytes;
      this.#inputAt = offset;
      this.#inputEnd = offset + length;
    } else {
      this.#source = bytes;
      this.#at = offset;
      this.#end = offset + length;
      this.#requestStart = offset;
    }
  }

  /** Reads the next request: READY, NEED_MORE, BROKEN or TOO_LARGE. */
  next(): number {
    if (this.#complete) {
      this.#complete = false;
      this.argc = 0;
      this.#bulksLeft = 0;
      this.#bulkLength = -1;
      this.#scanned = 0;
      this.#requestStart = this.#at;
    }
    for (;;) {
      const status = this.#read();
      if (status !== NEED_MORE || !this.#fromPending || this.#inputAt === this.#inputEnd) return status;
      if (!this.#pull()) return TOO_LARGE;
    }
  }

  /** The input goes back to its owner: keeps what a cut request needs of it. */
  keep(): void {
    this.bytes = NO_BYTES;
    if (this.#complete) this.#requestStart = this.#at;
    if (this.#fromPending) {
      // Input that was not reached: the caller stopped before the last request.
      if (this.#inputAt < this.#inputEnd) this.#append(this.#inputEnd - this.#inputAt);
      if (this.#requestStart === this.#end) this.#leavePending();
    } else if (this.#requestStart < this.#end) {
      this.#input = this.#source;
      this.#inputAt = this.#requestStart;
      this.#inputEnd = this.#end;
      this.#enterPending();
    }
    if (this.#fromPending) this.#input = NO_BYTES;
    else this.#source = NO_BYTES;
    if (this.start.length > ARGUMENT_SLOTS_KEPT && this.#complete) {
      this.start = new Int32Array(ARGUMENT_SLOTS_FIRST);
      this.length = new Int32Array(ARGUMENT_SLOTS_FIRST);
    }
  }

  /** The request at hand is not run: next() gives it once more, after keep() too. */
  putBack(): void {
    this.#at = this.#requestStart;
    this.#complete = true;
    this.argc = 0;
  }

  /** Argument as a string of one character a byte. */
  text(index: number): string {
    return latin1(this.bytes, this.start[index], this.length[index]);
  }

  /** Argument as a 64-bit integer, the nearest double beyond 2^53, or NaN (parseInteger). */
  integer(index: number): number {
    return parseInteger(this.bytes, this.start[index], this.length[index]);
  }

  /** Argument as a 64-bit integer, exactly, or null (parseInt64). */
  int64(index: number): Int64 | null {
    return parseInt64(this.bytes, this.start[index], this.length[index]);
  }

  /** Argument as a double, or NaN (parseDouble). An integer is read in place. */
  double(index: number): number {
    const whole = this.integer(index);
    return Number.isSafeInteger(whole) ? whole : parseDouble(this.text(index));
  }

  /** Whether an argument is this word, in any case; `word` is in lower case. */
  is(index: number, word: string): boolean {
    if (this.length[index] !== word.length) return false;
    const bytes = this.bytes;
    const start = this.start[index];
    for (let i = 0; i < word.length; i++) {
      let byte = bytes[start + i];
      if (byte >= 0x41 && byte <= 0x5a) byte += 0x20;
      if (byte !== word.charCodeAt(i)) return false;
    }
    return true;
  }

  /**
   * Makes a request that was kept elsewhere the one at hand: `argc` arguments of `bytes`, whose starts and lengths
   * take turns in `places` from `at` on.
   */
  take(bytes: Uint8Array, argc: number, places: Int32Array, at: number): void {
    this.bytes = bytes;
    this.argc = argc;
    while (this.start.length < argc) this.#growArguments();
    for (let i = 0; i < argc; i++) {
      this.start[i] = places[at + 2 * i];
      this.length[i] = places[at + 2 * i + 1];
    }
  }

  #read(): number {
    if (this.#bulksLeft === 0) {
      if (this.#at === this.#end) return NEED_MORE;
      if (this.#source[this.#at] !== ASTERISK) return this.#readInline();
      const count = this.#readHeader();
      if (count < 0) {
        if (count === LINE_CUT) return NEED_MORE;
        if (count === LINE_TOO_LONG) return this.#broken('too big mbulk count string');
        if (count === NOT_A_NUMBER) return this.#broken('invalid multibulk length');
      } else if (count > ARGUMENTS_MAX) {
        return this.#broken('invalid multibulk length');
      } else if (count > UNAUTHENTICATED_ARGUMENTS_MAX && !this.authenticated) {
        return this.#broken('unauthenticated multibulk length');
      }
      if (count <= 0) {
        this.#complete = true;
        return READY;
      }
      this.#bulksLeft = count;
    }
    return this.#readBulks();
  }

  #readBulks(): number {
    const source = this.#source;
    const end = this.#end;
    if (this.#bulkLength < 0) this.#readShortBulks(source, end);
    while (this.#bulksLeft > 0) {
      if (this.#bulkLength < 0) {
        const type = source[this.#at];
        const length = this.#readHeader();
        if (length === LINE_CUT) return NEED_MORE;
        if (length === LINE_TOO_LONG) return this.#broken('too big bulk count string');
        if (type !== DOLLAR) return this.#broken(`expected '$', got '${printable(type)}'`);
        if (length < 0 || length > this.#limits.bulkBytesMax) return this.#broken('invalid bulk length');
        if (length > UNAUTHENTICATED_BULK_BYTES_MAX && !this.authenticated) {
          return this.#broken('unauthenticated bulk length');
        }
        this.#bulkLength = length;
      }
      const next = this.#at + this.#bulkLength + 2;
      if (next > end) return NEED_MORE;
      if (this.argc === this.start.length) this.#growArguments();
      this.start[this.argc] = this.#at;
      this.length[this.argc] = this.#bulkLength;
      this.argc++;
      this.#at = next;
      this.#bulkLength = -1;
      this.#bulksLeft--;
    }
    this.bytes = source;
    this.#complete = true;
    return READY;
  }

  /** Reads bulks as far as they are whole and have a header of one digit or two. */
  #readShortBulks(source: Uint8Array, end: number): void {
    const { start, length } = this;
    let at = this.#at;
    let argc = this.argc;
    const last = Math.min(argc + this.#bulksLeft, start.length);
    while (argc < last && at + 4 < end && source[at] === DOLLAR) {
      const header = shortHeader(source, at);
      if (header < 0) break;
      const from = at + (header & HEADER_BYTES_MASK);
      const bytes = header >> HEADER_BYTES_BITS;
      if (from + bytes + 2 > end) break;
      start[argc] = from;
      length[argc] = bytes;
      argc++;
      at = from + bytes + 2;
    }
    this.#bulksLeft -= argc - this.argc;
    this.argc = argc;
    this.#at = at;
  }

  /** The number of the header line at `at` (its first byte is the type); moves `at` behind the line. */
  #readHeader(): number {
    const source = this.#source;
    const end = this.#end;
    if (this.#at + 4 < end) {
      const header = shortHeader(source, this.#at);
      if (header >= 0) {
        this.#at += header & HEADER_BYTES_MASK;
        this.#scanned = 0;
        return header >> HEADER_BYTES_BITS;
      }
    }
    let i = this.#scanned > this.#at ? this.#scanned : this.#at + 1;
    while (i < end && source[i] !== CR) i++;
    if (i + 1 >= end) {
      this.#scanned = i;
      return i >= end && end - this.#at > LINE_BYTES_MAX ? LINE_TOO_LONG : LINE_CUT;
    }
    const value = parseInteger(source, this.#at + 1, i - this.#at - 1);
    if (Number.isNaN(value)) return NOT_A_NUMBER;
    this.#at = i + 2;
    this.#scanned = 0;
    return value < 0 ? NEGATIVE : value;
  }

  #readInline(): number {
    const source = this.#source;
    const end = this.#end;
    let newline = Math.max(this.#at, this.#scanned);
    while (newline < end && source[newline] !== LF) newline++;
    if (newline === end) {
      this.#scanned = newline;
      return end - this.#at > LINE_BYTES_MAX ? this.#broken('too big inline request') : NEED_MORE;
    }
    const lineEnd = newline > this.#at && source[newline - 1] === CR ? newline - 1 : newline;
    let quoted = false;
    this.bytes = source;
    for (let i = this.#at; i < lineEnd; ) {
      while (i < lineEnd && isSpace(source[i])) i++;
      if (i === lineEnd) break;
      const start = i;
      while (i < lineEnd && !isSpace(source[i])) {
        if (isQuoting(source[i])) quoted = true;
        i++;
      }
      this.#addArgument(start, i - start);
    }
    if (quoted) {
      this.argc = 0;
      this.bytes = new Uint8Array(lineEnd - this.#at);
      const add = (start: number, length: number): void => this.#addArgument(start, length);
      if (!splitQuotedLine(source, this.#at, lineEnd, this.bytes, add)) {
        return this.#broken('unbalanced quotes in request');
      }
    }
    this.#at = newline + 1;
    this.#complete = true;
    return READY;
  }

  #addArgument(start: number, length: number): void {
    if (this.argc === this.start.length) this.#growArguments();
    this.start[this.argc] = start;
    this.length[this.argc] = length;
    this.argc++;
  }

  #growArguments(): void {
    const start = new Int32Array(this.start.length * 2);
    start.set(this.start);
    this.start = start;
    const length = new Int32Array(this.length.length * 2);
    length.set(this.length);
    this.length = length;
  }

  /**
   * Moves on into the input, of which the pending buffer held only the first part. False: too much is held.
   */
  #pull(): boolean {
    if (this.#requestStart === this.#end) {
      const input = this.#input;
      const inputAt = this.#inputAt;
      const inputEnd = this.#inputEnd;
      this.#leavePending();
      this.#source = input;
      this.#at = inputAt;
      this.#end = inputEnd;
      this.#requestStart = inputAt;
      this.#scanned = 0;
      return true;
    }
    const available = this.#inputEnd - this.#inputAt;
    // Of a large bulk only its own bytes: the requests behind it can then be read in place.
    const wanted = this.#bulkLength > PENDING_BYTES_KEPT ? this.#bulkEnd() - this.#end : available;
    this.#append(Math.min(available, wanted));
    return this.#end - this.#requestStart <= this.#limits.queryBytesMax;
  }

  #bulkEnd(): number {
    return this.#at + this.#bulkLength + 2;
  }

  #enterPending(): void {
    const requestStart = this.#requestStart;
    this.#fromPending = true;
    this.#source = this.#pending;
    this.#shift(requestStart);
    this.#end = 0;
    this.#append(this.#inputEnd - this.#inputAt);
  }

  #leavePending(): void {
    this.#fromPending = false;
    this.#source = NO_BYTES;
    this.#input = NO_BYTES;
    if (this.#pending.length > PENDING_BYTES_KEPT) this.#pending = NO_BYTES;
  }

  #append(count: number): void {
    const needed = this.#end - this.#requestStart + count;
    if (this.#end + count > this.#pending.length) {
      let target = this.#pending;
      if (needed > target.length) {
        let capacity = Math.max(needed, 2 * target.length, PENDING_BYTES_FIRST);
        // Exactly as large as a large bulk needs, but never far beyond the bytes that did arrive.
        if (this.#bulkLength > PENDING_BYTES_KEPT) {
          capacity = Math.max(needed, Math.min(capacity, this.#bulkEnd() - this.#requestStart));
        }
        target = new Uint8Array(capacity);
      }
      if (target === this.#pending) target.copyWithin(0, this.#requestStart, this.#end);
      else copyBytes(this.#pending, this.#requestStart, target, 0, this.#end - this.#requestStart);
      this.#end -= this.#requestStart;
      this.#shift(this.#requestStart);
      this.#pending = target;
      this.#source = target;
    }
    copyBytes(this.#input, this.#inputAt, this.#pending, this.#end, count);
    this.#end += count;
    this.#inputAt += count;
  }

  /** The request at hand now begins at 0 instead of at `distance`. */
  #shift(distance: number): void {
    if (distance === 0) return;
    for (let i = 0; i < this.argc; i++) this.start[i] = this.start[i] - distance;
    this.#at -= distance;
    this.#scanned = Math.max(0, this.#scanned - distance);
    this.#requestStart = 0;
  }

  #broken(reason: string): number {
    this.error = `Protocol error: ${reason}`;
    return BROKEN;
  }
}

/**
 * The header line at `at`, of which five bytes are there: its number above HEADER_BYTES_BITS and its length below
 * them. -1 unless it has one digit or two, as almost every one.
 */
function shortHeader(source: Uint8Array, at: number): number {
  const first = source[at + 1] - 0x30;
  if (first < 0 || first > 9) return -1;
  const second = source[at + 2] - 0x30;
  if (second === CR - 0x30) return (first << HEADER_BYTES_BITS) | 4;
  if (first === 0 || second < 0 || second > 9 || source[at + 3] !== CR) return -1;
  return ((10 * first + second) << HEADER_BYTES_BITS) | 5;
}

function printable(byte: number): string {
  return byte === CR || byte === LF ? ' ' : String.fromCharCode(byte);
}
