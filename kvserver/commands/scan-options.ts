/** The cursor and the options of SCAN, SSCAN, HSCAN and ZSCAN. */
import type { ReplyWriter } from '../resp/reply.ts';
import type { Request } from '../resp/request.ts';
import { NOT_AN_INTEGER, SYNTAX_ERROR } from './replies.ts';

const COUNT_DEFAULT = 10;

export interface ScanOptions {
  count: number;
  /** Argument with the pattern that names have to match; 0 for all. */
  pattern: number;
  /** In lower case; '' for all. */
  typeName: string;
}

/** A cursor as strtoul reads it, of 64 bits; null when it is none. */
export function scanCursor(text: string): bigint | null {
  const [read] = text.split('\0', 1);
  if (read === '') return 0n;
  const parts = /^([+-]?)(?=\d)0*(\d{0,20})$/.exec(read);
  if (parts === null) return null;
  const value = BigInt(parts[2]);
  return value >= 2n ** 64n ? null : BigInt.asUintN(64, parts[1] === '-' ? -value : value);
}

/** The options from argument `from` on; null with the error written. */
export function scanOptions(
  request: Request,
  reply: ReplyWriter,
  from: number,
  ofKeys: boolean,
): ScanOptions | null {
  const options: ScanOptions = { count: COUNT_DEFAULT, pattern: 0, typeName: '' };
  for (let i = from; i < request.argc; i += 2) {
    const isLast = i + 1 === request.argc;
    if (request.is(i, 'count') && !isLast) {
      options.count = request.integer(i + 1);
      if (Number.isNaN(options.count)) {
        reply.error(NOT_AN_INTEGER);
        return null;
      }
      if (options.count < 1) {
        reply.error(SYNTAX_ERROR);
        return null;
      }
    } else if (request.is(i, 'match') && !isLast) {
      options.pattern = i + 1;
    } else if (ofKeys && request.is(i, 'type') && !isLast) {
      options.typeName = request.text(i + 1).toLowerCase();
    } else {
      reply.error(SYNTAX_ERROR);
      return null;
    }
  }
  return options;
}
