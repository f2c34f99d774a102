import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ARRAY, BULK, ERROR, INTEGER, RespScanner, STATUS } from './resp-scanner.ts';

/** A reply as it goes over the wire. */
type Reply =
  | { kind: 'status' | 'error'; text: string }
  | { kind: 'integer'; value: number }
  | { kind: 'bulk'; text: string | null }
  | { kind: 'array'; of: Reply[] | null };

const line = fc.string({ unit: fc.constantFrom(...'abc $*+-:1 '), maxLength: 8 });
const { reply } = fc.letrec<{ reply: Reply }>((tie) => ({
  reply: fc.oneof(
    { depthSize: 'small' },
    fc.record({ kind: fc.constantFrom('status' as const, 'error' as const), text: line }),
    fc.record({ kind: fc.constant('integer' as const), value: fc.integer() }),
    fc.record({
      kind: fc.constant('bulk' as const),
      text: fc.option(fc.string({ unit: fc.constantFrom(...'$5\r\n*-+x'), maxLength: 12 })),
    }),
    fc.record({
      kind: fc.constant('array' as const),
      of: fc.option(fc.array(tie('reply'), { maxLength: 4 })),
    }),
  ),
}));

const firstBytes = { status: STATUS, error: ERROR, integer: INTEGER, bulk: BULK, array: ARRAY };

function encode(one: Reply): string {
  switch (one.kind) {
    case 'status':
      return `+${one.text}\r\n`;
    case 'error':
      return `-${one.text}\r\n`;
    case 'integer':
      return `:${one.value}\r\n`;
    case 'bulk':
      return one.text === null ? '$-1\r\n' : `$${one.text.length}\r\n${one.text}\r\n`;
    case 'array':
      return one.of === null ? '*-1\r\n' : `*${one.of.length}\r\n${one.of.map(encode).join('')}`;
  }
}

/** What a scanner says of each reply in a text that comes in pieces of so many bytes. */
function scanned(text: string, pieceBytes: number) {
  const bytes = new Uint8Array(Buffer.from(text, 'latin1'));
  const scanner = new RespScanner();
  const found: { type: number; isNil: boolean; errorText: string; end: number }[] = [];
  for (let from = 0; from < bytes.length; from += pieceBytes) {
    const limit = Math.min(bytes.length, from + pieceBytes);
    for (let at = from; at < limit && scanner.scan(bytes, at, limit); at = scanner.end) {
      const { type, isNil, errorText, end } = scanner;
      found.push({ type, isNil, errorText, end });
    }
  }
  return found;
}

describe('RespScanner', () => {
  it('finds every reply, whole and byte by byte and in between', () => {
    fc.assert(
      fc.property(
        fc.array(reply, { minLength: 1, maxLength: 6 }),
        fc.integer({ min: 1, max: 40 }),
        (replies, pieceBytes) => {
          let end = 0;
          const expected = replies.map((one) => {
            end += encode(one).length;
            return {
              type: firstBytes[one.kind],
              isNil: (one.kind === 'bulk' && one.text === null) || (one.kind === 'array' && one.of === null),
              errorText: one.kind === 'error' ? one.text : '',
              end,
            };
          });
          const text = replies.map(encode).join('');
          expect(scanned(text, text.length)).toEqual(expected);
          expect(scanned(text, pieceBytes)).toEqual(expected);
          expect(scanned(text, 1)).toEqual(expected);
        },
      ),
    );
  });

  it.each(['HTTP/1.1 400', ':12x\r\n', '$-2\r\n', '$a\r\n', '\r\n'])('refuses %j', (text) => {
    expect(() => scanned(text, text.length)).toThrow('does not answer as a Redis server does');
    expect(() => scanned(text, 1)).toThrow('does not answer as a Redis server does');
  });
});
