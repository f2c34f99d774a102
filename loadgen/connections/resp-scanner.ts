/**
 * Reads a stream of replies element by element, in place and across any cut between segments: the head of each element,
 * and the bodies of bulk strings in the pieces in which they come. Whether that is right, who asked judges: values and
 * records of keys (resp-checker.ts), types (typed-reply-checker.ts), bulk (bulk-checker.ts), a login (login.ts). What
 * no Redis server answers is NOT_RESP.
 *
 * https://redis.io/docs/latest/develop/reference/protocol-spec/
 */
import { LoadError } from '../errors.ts';

/** First bytes of elements. */
export const STATUS = 43;
export const ERROR = 45;
export const INTEGER = 58;
export const BULK = 36;
export const ARRAY = 42;
/** Of RESP3 alone. */
export const MAP = 37;
const [SET, NULL, BOOLEAN, DOUBLE, BIG_NUMBER, VERBATIM] = [...'~_#,(='].map((type) => type.charCodeAt(0));

const resp2 = [STATUS, ERROR, INTEGER, BULK, ARRAY];
const resp3 = [...resp2, MAP, SET, NULL, BOOLEAN, DOUBLE, BIG_NUMBER, VERBATIM];

const CR = 13;
const LF = 10;
const DASH = 45;

/** As long as Redis lets a request's own lines be. */
const LINE_BYTES_MAX = 64 * 1024;
/** A length has no more digits. */
const DIGITS_MAX = 12;
/** Aggregates within aggregates. */
const DEPTH_MAX = 16;

/** What next() found. Nothing: it has taken all bytes, and what they are part of goes on. */
export const Found = { Nothing: 0, Head: 1, Body: 2 } as const;
export type Found = (typeof Found)[keyof typeof Found];

export class RespScanner {
  /** Behind what next() found. */
  end = 0;
  /** Of the element that was found last: its first byte. */
  type = 0;
  isNull = false;
  /** Of a bulk string its bytes, of an aggregate its elements: of a map its keys and values. */
  length = 0;
  /** Aggregates around it. */
  depth = 0;
  /** Elements of the outermost aggregate before it. */
  index = 0;
  /** Of a piece of a body: its end, which the body's own line end may follow, and whether it is the last one. */
  pieceEnd = 0;
  isLastPiece = false;
  /** Whether a reply ended with what was found, so that the next byte begins one. */
  isWhole = true;
  readonly #types: Uint8Array;
  /** Elements that the aggregates around the next element still lack, by depth. */
  readonly #left = new Float64Array(DEPTH_MAX);
  #open = 0;
  #elements = 0;
  /** Of the body that is being read, and of the line's end behind it. */
  #bodyLeft = 0;
  #endLeft = 0;
  /** The line so far, where it came in pieces. */
  #line = new Uint8Array(64);
  #lineBytes = 0;
  /** Where the head that was found last stands without its type and its line's end. */
  #source: Uint8Array = this.#line;
  #from = 0;
  #to = 0;

  /** @param version of the protocol that was agreed on */
  constructor(version: 2 | 3 = 2) {
    this.#types = new Uint8Array(256);
    for (const type of version === 2 ? resp2 : resp3) this.#types[type] = 1;
  }

  /** Looks at bytes[at, limit), of which there is one at least. Throws NOT_RESP. */
  next(bytes: Uint8Array, at: number, limit: number): Found {
    this.isWhole = false;
    if (this.#endLeft > 0) return this.#readBody(bytes, at, limit);
    if (this.#lineBytes === 0 && this.#types[bytes[at]] === 0) {
      throw notResp(`a reply begins with byte ${bytes[at]}`);
    }
    let end = at;
    while (end < limit && (bytes[end] !== LF || !this.#isReturn(bytes, at, end - 1))) end++;
    if (this.#lineBytes === 0 && end < limit) {
      this.#source = bytes;
      this.#from = at + 1;
      this.#to = end - 1;
    } else {
      this.#keep(bytes, at, Math.min(limit, end + 1));
      if (end === limit) {
        this.end = limit;
        return Found.Nothing;
      }
      this.#source = this.#line;
      this.#from = 1;
      this.#to = this.#lineBytes - 2;
      this.#lineBytes = 0;
    }
    this.end = end + 1;
    this.#headFound();
    return Found.Head;
  }

  /**
   * Reads on to the end of the reply, of which a head was found. Returns whether it ended, with `end` behind it; else
   * it has taken all bytes. Throws NOT_RESP.
   */
  skip(bytes: Uint8Array, at: number, limit: number): boolean {
    while (!this.isWhole && at < limit) {
      // Bulk strings that are all there are most of what arrays have.
      const end = this.#endLeft === 0 && this.#lineBytes === 0 ? endOfBulk(bytes, at, limit) : -1;
      if (end > 0) {
        this.#elementEnded();
        at = end;
      } else {
        this.next(bytes, at, limit);
        at = this.end;
      }
    }
    this.end = at;
    return this.isWhole;
  }

  /** What stands in the head behind its type; only until next() is called again. */
  get text(): string {
    return Buffer.from(
      this.#source.buffer,
      this.#source.byteOffset + this.#from,
      this.#to - this.#from,
    ).toString('latin1');
  }

  /** Whether the byte before a line's last one, at `place` or in an earlier segment, is a carriage return. */
  #isReturn(bytes: Uint8Array, at: number, place: number): boolean {
    if (place >= at) return bytes[place] === CR;
    return this.#lineBytes > 0 && this.#line[this.#lineBytes - 1] === CR;
  }

  /** Appends bytes[at, limit) to the line. */
  #keep(bytes: Uint8Array, at: number, limit: number): void {
    const length = this.#lineBytes + limit - at;
    if (length > LINE_BYTES_MAX) throw notResp(`a reply line is longer than ${LINE_BYTES_MAX} bytes`);
    if (length > this.#line.length) {
      const longer = new Uint8Array(Math.max(length, 2 * this.#line.length));
      longer.set(this.#line);
      this.#line = longer;
    }
    for (; at < limit; at++) this.#line[this.#lineBytes++] = bytes[at];
  }

  #headFound(): void {
    const type = this.#source[this.#from - 1];
    this.type = type;
    this.isNull = false;
    this.depth = this.#open;
    this.index = this.#elements;
    if (type === BULK || type === VERBATIM) {
      this.#readLength('a bulk string');
      if (!this.isNull) {
        this.#bodyLeft = this.length;
        this.#endLeft = 2;
        return;
      }
    } else if (type === ARRAY || type === MAP || type === SET) {
      this.#readLength('an array');
      if (type === MAP) this.length *= 2;
      if (!this.isNull && this.length > 0) {
        if (this.#open === DEPTH_MAX) throw notResp(`arrays lie more than ${DEPTH_MAX} deep in each other`);
        this.#left[this.#open++] = this.length;
        return;
      }
    } else if (type === INTEGER) {
      this.#checkInteger();
    } else if (type === NULL) {
      this.isNull = true;
    }
    this.#elementEnded();
  }

  #readBody(bytes: Uint8Array, at: number, limit: number): Found {
    const count = Math.min(limit - at, this.#bodyLeft);
    at += count;
    this.pieceEnd = at;
    this.#bodyLeft -= count;
    for (; at < limit && this.#endLeft > 0; this.#endLeft--) {
      if (bytes[at++] !== (this.#endLeft === 2 ? CR : LF)) {
        throw notResp('a bulk string does not end where it should');
      }
    }
    this.end = at;
    this.isLastPiece = this.#endLeft === 0;
    if (this.isLastPiece) this.#elementEnded();
    return Found.Body;
  }

  /** And with it perhaps the aggregates around it. */
  #elementEnded(): void {
    const left = this.#left;
    let open = this.#open;
    if (open === 1) this.#elements++;
    while (open > 0 && --left[open - 1] === 0) {
      open--;
      if (open === 1) this.#elements++;
    }
    this.#open = open;
    if (open > 0) return;
    this.#elements = 0;
    this.isWhole = true;
  }

  /** Sets `length`, or for -1 `isNull`. */
  #readLength(what: string): void {
    const bytes = this.#source;
    const from = this.#from;
    const digits = this.#to - from;
    let isNumber = digits > 0 && digits <= DIGITS_MAX;
    let length = 0;
    for (let i = from; i < this.#to; i++) {
      const digit = bytes[i] - 48;
      if (digit < 0 || digit > 9) isNumber = false;
      else length = 10 * length + digit;
    }
    if (!isNumber) {
      if (this.text !== '-1') throw notResp(`'${this.text}' is not the length of ${what}`);
      this.isNull = true;
      length = 0;
    }
    this.length = length;
  }

  #checkInteger(): void {
    const bytes = this.#source;
    const first = bytes[this.#from] === DASH ? this.#from + 1 : this.#from;
    let isInteger = first < this.#to;
    for (let i = first; i < this.#to; i++) isInteger &&= bytes[i] >= 48 && bytes[i] <= 57;
    if (!isInteger) throw notResp(`'${this.text}' is no integer`);
  }
}

/** Behind a bulk string that lies whole in bytes[at, limit); -1 for anything else. */
export function endOfBulk(bytes: Uint8Array, at: number, limit: number): number {
  if (bytes[at] !== BULK) return -1;
  let length = 0;
  let body = at + 1;
  for (; body < limit && bytes[body] !== CR; body++) {
    const digit = bytes[body] - 48;
    if (digit < 0 || digit > 9 || body - at > 9) return -1;
    length = 10 * length + digit;
  }
  const end = body + 2 + length;
  if (body === at + 1 || end + 2 > limit || bytes[body + 1] !== LF) return -1;
  return bytes[end] === CR && bytes[end + 1] === LF ? end + 2 : -1;
}

/** The error for what no Redis server answers. */
export function notResp(what: string): LoadError {
  return new LoadError('NOT_RESP', `the target does not answer as a Redis server does: ${what}`);
}

/** That for bytes that came while no request was outstanding. */
export function notAsked(bytes: number): LoadError {
  return notResp(`${bytes} bytes came while no request was outstanding`);
}

/** That for an array where none can be: no Redis server answers a SET or GET so, a request that comes back looks so. */
export function cameBack(): LoadError {
  return notResp('a reply is an array, as requests are; for an echo server give --protocol echo');
}
