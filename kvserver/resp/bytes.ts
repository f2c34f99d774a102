/**
 * Bytes as RESP needs them: text of one byte a character (latin1, binary safe), and copies that do not
 * allocate while they are short.
 */
import { constants } from 'node:buffer';

export const NO_BYTES: Uint8Array = new Uint8Array(0);

/** The longest text that V8 makes: 24 bytes less than 512 MiB. */
export const TEXT_BYTES_MAX = constants.MAX_STRING_LENGTH;

/** Below so many bytes an unrolled loop beats a call of Buffer's copy. */
const SHORT_COPY_BYTES = 48;
/** Up to so many characters a loop beats a call of Buffer's latin1Write. */
const SHORT_TEXT_BYTES = 128;

const latin1Slice = Buffer.prototype.latin1Slice;
const copy = Buffer.prototype.copy;
const latin1Write = Buffer.prototype.latin1Write;

/** A string of one character a byte. */
export function latin1(bytes: Uint8Array, start: number, length: number): string {
  return latin1Slice.call(bytes as Buffer, start, start + length);
}

/** The bytes of a string whose characters are all below 256. */
export function latin1Bytes(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  writeLatin1(text, 0, text.length, bytes, 0);
  return bytes;
}

/** Writes `text[from..to)` at `at`; the caller has checked the room. */
export function writeLatin1(text: string, from: number, to: number, bytes: Uint8Array, at: number): void {
  if (to - from <= SHORT_TEXT_BYTES) {
    for (let i = from; i < to; i++) bytes[at++] = text.charCodeAt(i);
  } else {
    latin1Write.call(bytes as Buffer, text.slice(from, to), at, to - from);
  }
}

/** Copies between two different arrays, or within one where the ranges do not overlap. */
export function copyBytes(
  source: Uint8Array,
  from: number,
  target: Uint8Array,
  at: number,
  length: number,
): void {
  if (length >= SHORT_COPY_BYTES) {
    copy.call(source as Buffer, target, at, from, from + length);
    return;
  }
  const end = from + length;
  while (from + 8 <= end) {
    target[at] = source[from];
    target[at + 1] = source[from + 1];
    target[at + 2] = source[from + 2];
    target[at + 3] = source[from + 3];
    target[at + 4] = source[from + 4];
    target[at + 5] = source[from + 5];
    target[at + 6] = source[from + 6];
    target[at + 7] = source[from + 7];
    from += 8;
    at += 8;
  }
  while (from < end) target[at++] = source[from++];
}

/** Whether words[at ...] hold these bytes, the first one lowest. Words take fewer loads than bytes. */
export function equalsWords(
  words: Int32Array,
  at: number,
  bytes: Uint8Array,
  start: number,
  length: number,
): boolean {
  const wholeEnd = start + (length & ~3);
  while (start < wholeEnd) {
    const word = bytes[start] | (bytes[start + 1] << 8) | (bytes[start + 2] << 16) | (bytes[start + 3] << 24);
    if (word !== words[at]) return false;
    start += 4;
    at++;
  }
  for (let shift = 0, left = length & 3; left > 0; left--, shift += 8) {
    if (((words[at] >> shift) & 0xff) !== bytes[start++]) return false;
  }
  return true;
}
