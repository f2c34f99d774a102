import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LoadError } from '../errors.ts';
import { BulkChecker } from './bulk-checker.ts';
import { ReplyStatus } from './reply.ts';

const bytes = (text: string) => new Uint8Array(Buffer.from(text, 'latin1'));

/** Feeds `stream` in pieces that end at `cuts`. Returns all statuses. */
function feed(checker: BulkChecker, stream: Uint8Array, cuts: number[], right: Uint8Array): ReplyStatus[] {
  const statuses: ReplyStatus[] = [];
  let start = 0;
  for (const end of [...cuts, stream.length]) {
    // Each piece in memory of its own, with rubbish around it.
    const piece = new Uint8Array(end - start + 6).fill(36);
    piece.set(stream.subarray(start, end), 3);
    for (let at = 3; at < piece.length - 3; ) {
      const status = checker.check(piece, at, piece.length - 3, right);
      if (status === ReplyStatus.Incomplete) break;
      statuses.push(status);
      at = checker.end;
    }
    start = end;
  }
  return statuses;
}

const everyByte = (stream: Uint8Array) => Array.from({ length: stream.length - 1 }, (_, i) => i + 1);

describe('BulkChecker', () => {
  const expected = '$5\r\nhello\r\n';
  const cases: [string, string, ReplyStatus][] = [
    ['the right value', '$5\r\nhello\r\n', ReplyStatus.Right],
    ['a miss', '$-1\r\n', ReplyStatus.Miss],
    ['an error', '-ERR no\r\n', ReplyStatus.Failed],
    ['another value of the same length', '$5\r\nhellO\r\n', ReplyStatus.Wrong],
    ['a longer value that begins right', '$7\r\nhello!!\r\n', ReplyStatus.Wrong],
    ['a shorter value', '$4\r\nhell\r\n', ReplyStatus.Wrong],
    ['an empty value', '$0\r\n\r\n', ReplyStatus.Wrong],
    ['a status where a value was asked for', '+OK\r\n', ReplyStatus.Wrong],
    ['a value that contains line ends', '$5\r\n\r\n$-1\r\n', ReplyStatus.Wrong],
  ];

  it.each(cases)('judges %s, whole and byte by byte', (_, reply, status) => {
    const stream = bytes(reply);
    expect(feed(new BulkChecker(), stream, [], bytes(expected))).toEqual([status]);
    expect(feed(new BulkChecker(), stream, everyByte(stream), bytes(expected))).toEqual([status]);
  });

  it('judges a stream of replies the same at any cuts', () => {
    const reply = fc.constantFrom(...cases.map(([, text, status]) => ({ text, status })));
    const stream = fc.array(reply, { minLength: 1, maxLength: 20 }).chain((replies) => {
      const length = replies.reduce((sum, { text }) => sum + text.length, 0);
      const cuts = fc
        .uniqueArray(fc.integer({ min: 1, max: length - 1 }))
        .map((list) => list.sort((a, b) => a - b));
      return fc.record({ replies: fc.constant(replies), cuts });
    });
    fc.assert(
      fc.property(stream, ({ replies, cuts }) => {
        const text = replies.map((one) => one.text).join('');
        expect(feed(new BulkChecker(), bytes(text), cuts, bytes(expected))).toEqual(
          replies.map((one) => one.status),
        );
      }),
    );
  });

  it('keeps the text of an error', () => {
    const checker = new BulkChecker();
    feed(checker, bytes('-OOM command not allowed\r\n'), [3], bytes(expected));
    expect(checker.errorText).toBe('OOM command not allowed');
  });

  it.each([':1\r\n', '*1\r\n', 'HTTP/1.1 400 Bad Request\r\n', '$x\r\n'])(
    'refuses %j as no reply to a GET or SET',
    (text) => {
      const check = () => feed(new BulkChecker(), bytes(text), [], bytes(expected));
      expect(check).toThrow(LoadError);
      expect(check).toThrow(/does not answer as a Redis server does/);
    },
  );
});
