/**
 * Checks the replies of a bulk stream against the bytes of the one right reply, in place and across any cut between
 * segments. What is not right goes byte by byte through a small state machine that distinguishes a miss, an error and a
 * wrong value. A reply type that neither GET nor SET has means that the peer is no Redis server: NOT_RESP.
 */
import { LoadError } from '../errors.ts';
import { sameBytes } from '../workload/same-bytes.ts';
import { ReplyStatus } from './reply.ts';

const MAX_LINE_BYTES = 1024;
const [PLUS, MINUS, DOLLAR, ARRAY, CR, LF] = [...'+-$*\r\n'].map((char) => char.charCodeAt(0));

/** A request that comes back looks so. */
const ECHOED = 'a reply is an array, as requests are; for an echo server give --protocol echo';

/** Where in a reply the checker is. */
const START = 0;
const LINE = 1;
const BODY = 2;

export class BulkChecker {
  /** Where the next reply begins, once check() has found the end of one; undefined after Incomplete. */
  end = 0;
  errorText = '';
  #state = START;
  #line = '';
  #bodyLeft = 0;
  /** Bytes of the reply seen so far, and whether they all were as expected. */
  #seen = 0;
  #matches = true;

  /**
   * Looks at bytes[at, limit). Returns the status of a whole reply, with `end` behind it, or Incomplete when it has
   * consumed all bytes and the reply goes on: call again with the same `expected` and the bytes that follow.
   */
  check(bytes: Uint8Array, at: number, limit: number, expected: Uint8Array): ReplyStatus {
    if (
      this.#state === START &&
      limit - at >= expected.length &&
      sameBytes(bytes, at, expected, 0, expected.length)
    ) {
      this.end = at + expected.length;
      return ReplyStatus.Right;
    }
    while (at < limit) {
      if (this.#state === BODY && this.#bodyLeft > 1) {
        at += this.#compareBody(bytes, at, Math.min(limit - at, this.#bodyLeft - 1), expected);
        continue;
      }
      const byte = bytes[at++];
      this.#matches = this.#matches && this.#seen < expected.length && byte === expected[this.#seen];
      this.#seen++;
      const status = this.#consume(byte, expected);
      if (status !== ReplyStatus.Incomplete) {
        this.end = at;
        this.#state = START;
        this.#line = '';
        this.#seen = 0;
        this.#matches = true;
        return status;
      }
    }
    return ReplyStatus.Incomplete;
  }

  rejectUnasked(bytes: number): never {
    throw notResp(`${bytes} bytes came while no request was outstanding`);
  }

  /** Takes `length` bytes of a body, but not its last one. Returns `length`. */
  #compareBody(bytes: Uint8Array, at: number, length: number, expected: Uint8Array): number {
    const seen = this.#seen;
    this.#matches &&= seen + length <= expected.length && sameBytes(bytes, at, expected, seen, length);
    this.#seen += length;
    this.#bodyLeft -= length;
    return length;
  }

  #consume(byte: number, expected: Uint8Array): ReplyStatus {
    if (this.#state === BODY) {
      this.#bodyLeft--;
      return this.#bodyLeft === 0 ? this.#judge(expected) : ReplyStatus.Incomplete;
    }
    if (this.#state === START) {
      if (byte === ARRAY) throw notResp(ECHOED);
      if (byte !== PLUS && byte !== MINUS && byte !== DOLLAR)
        throw notResp(`a reply begins with byte ${byte}`);
      this.#state = LINE;
    }
    this.#line += String.fromCharCode(byte);
    if (this.#line.length > MAX_LINE_BYTES)
      throw notResp(`a reply line is longer than ${MAX_LINE_BYTES} bytes`);
    if (byte !== LF || this.#line.charCodeAt(this.#line.length - 2) !== CR) return ReplyStatus.Incomplete;
    const type = this.#line.charCodeAt(0);
    const text = this.#line.slice(1, -2);
    if (type === MINUS) {
      this.errorText = text;
      return ReplyStatus.Failed;
    }
    if (type === PLUS) return this.#judge(expected);
    if (text === '-1') return ReplyStatus.Miss;
    const length = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
    if (Number.isNaN(length)) throw notResp(`'${text}' is not the length of a bulk string`);
    this.#state = BODY;
    this.#bodyLeft = length + 2;
    return ReplyStatus.Incomplete;
  }

  #judge(expected: Uint8Array): ReplyStatus {
    return this.#matches && this.#seen === expected.length ? ReplyStatus.Right : ReplyStatus.Wrong;
  }
}

function notResp(what: string): LoadError {
  return new LoadError('NOT_RESP', `the target does not answer as a Redis server does: ${what}`);
}
