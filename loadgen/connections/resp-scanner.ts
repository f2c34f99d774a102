/**
 * Finds the end of a reply of any type of RESP2, in place and across any cut between segments: the type of the reply,
 * whether it is nil, the text of an error. What is in it is not looked at.
 *
 * https://redis.io/docs/latest/develop/reference/protocol-spec/
 */
import { LoadError } from '../errors.ts';

const CR = 13;
const LF = 10;
const ZERO = 48;
const NINE = 57;
const DASH = 45;

/** First bytes of replies. */
export const STATUS = 43;
export const ERROR = 45;
export const INTEGER = 58;
export const BULK = 36;
export const ARRAY = 42;

const LINE_BYTES_MAX = 64 * 1024;

export class RespScanner {
  /** Where the next reply begins, once scan() has found the end of one. */
  end = 0;
  /** Of the reply that ended last, or is going on: its first byte. */
  type = 0;
  isNil = false;
  /** Of an error. */
  errorText = '';
  /** Values that the reply still has to have, those inside arrays included; 0 between two replies. */
  #valuesLeft = 0;
  /** First byte of the line that is being read; 0 where the next byte begins one. */
  #line = 0;
  /** Whether that line begins the reply, and not a value inside it. */
  #isOutermost = false;
  #lineBytes = 0;
  #number = 0;
  #isNegative = false;
  #sawReturn = false;
  #bodyLeft = 0;

  /**
   * Looks at bytes[at, limit). True when a reply ended in them, with `end` behind it; false when all of them are of a
   * reply that goes on. Throws NOT_RESP.
   */
  scan(bytes: Uint8Array, at: number, limit: number): boolean {
    while (at < limit) {
      if (this.#bodyLeft > 0) {
        const taken = Math.min(this.#bodyLeft, limit - at);
        at += taken;
        this.#bodyLeft -= taken;
        if (this.#bodyLeft === 0) this.#valuesLeft--;
      } else if (this.#line === 0) {
        this.#beginLine(bytes[at++]);
        continue;
      } else {
        const byte = bytes[at++];
        if (byte !== LF || !this.#sawReturn) {
          this.#consume(byte);
          continue;
        }
        this.#endLine();
      }
      if (this.#valuesLeft === 0) {
        this.end = at;
        return true;
      }
    }
    return false;
  }

  #beginLine(byte: number): void {
    if (byte !== STATUS && byte !== ERROR && byte !== INTEGER && byte !== BULK && byte !== ARRAY) {
      throw notResp(`a reply begins with byte ${byte}`);
    }
    this.#isOutermost = this.#valuesLeft === 0;
    if (this.#isOutermost) {
      this.#valuesLeft = 1;
      this.type = byte;
      this.isNil = false;
      this.errorText = '';
    }
    this.#line = byte;
    this.#lineBytes = 0;
    this.#number = 0;
    this.#isNegative = false;
    this.#sawReturn = false;
  }

  /** A byte inside a line. */
  #consume(byte: number): void {
    this.#sawReturn = byte === CR;
    if (++this.#lineBytes > LINE_BYTES_MAX)
      throw notResp(`a line of a reply is longer than ${LINE_BYTES_MAX} bytes`);
    if (this.#sawReturn) return;
    if (this.#line === ERROR) {
      if (this.#isOutermost) this.errorText += String.fromCharCode(byte);
    } else if (this.#line !== STATUS) {
      if (byte === DASH && this.#lineBytes === 1) this.#isNegative = true;
      else if (byte >= ZERO && byte <= NINE) this.#number = this.#number * 10 + byte - ZERO;
      else throw notResp(`a number in a reply has byte ${byte}`);
    }
  }

  #endLine(): void {
    const line = this.#line;
    this.#line = 0;
    if (line === BULK || line === ARRAY) {
      if (this.#isNegative) {
        if (this.#number !== 1) throw notResp(`a length is -${this.#number}`);
        if (this.#isOutermost) this.isNil = true;
      } else if (line === BULK) {
        this.#bodyLeft = this.#number + 2;
        return;
      } else {
        this.#valuesLeft += this.#number;
      }
    }
    this.#valuesLeft--;
  }
}

/** The error for what no Redis server answers. */
export function notResp(what: string): LoadError {
  return new LoadError('NOT_RESP', `the target does not answer as a Redis server does: ${what}`);
}
