import { expect, it } from 'vitest';
import { ReplyStatus } from './reply.ts';
import { type ReplyType, TypedReplyChecker } from './typed-reply-checker.ts';

const { Right, Miss, Failed, Wrong } = ReplyStatus;

/** The statuses of replies to one operation, in pieces of so many bytes. */
function judged(
  type: ReplyType,
  stream: string,
  pieceBytes: number,
  version: 2 | 3 = 2,
  endsAtError = false,
) {
  const checker = new TypedReplyChecker({ types: [type], endsAtError, version });
  const bytes = new Uint8Array(Buffer.from(stream, 'latin1'));
  const statuses: ReplyStatus[] = [];
  for (let from = 0; from < bytes.length; from += pieceBytes) {
    const limit = Math.min(bytes.length, from + pieceBytes);
    for (let at = from; at < limit; at = checker.end) {
      const status = checker.check(bytes, at, limit, 0);
      if (status === ReplyStatus.Incomplete) break;
      statuses.push(status);
    }
  }
  return { statuses, errorText: checker.errorText };
}

it.each<[ReplyType, string, ReplyStatus]>([
  ['status', '+OK\r\n', Right],
  ['status', '$2\r\nOK\r\n', Wrong],
  ['integer', ':-3\r\n', Right],
  ['bulk', '$1\r\nx\r\n', Right],
  ['bulk', '$-1\r\n', Wrong],
  ['bulk-or-nil', '$-1\r\n', Miss],
  ['array', '*2\r\n-ERR inside\r\n*1\r\n$-1\r\n', Right],
  ['array', '*-1\r\n', Wrong],
  ['any', '*0\r\n', Right],
  ['any', '*-1\r\n', Miss],
  ['any', '-ERR no\r\n', Failed],
])('%s: %j', (type, reply, status) => {
  for (const pieceBytes of [1, 3, 1000]) {
    expect(judged(type, reply + reply, pieceBytes).statuses).toEqual([status, status]);
  }
});

it('knows nil and maps of RESP3', () => {
  for (const pieceBytes of [1, 1000]) {
    expect(judged('bulk-or-nil', '_\r\n', pieceBytes, 3).statuses).toEqual([Miss]);
    expect(judged('any', '%1\r\n+k\r\n,1.5\r\n', pieceBytes, 3).statuses).toEqual([Right]);
  }
});

it('ends with the first error, or reply of another type, where it is to', () => {
  expect(judged('any', '-ERR no\r\n', 1).errorText).toBe('ERR no');
  expect(() => judged('any', '-ERR no\r\n', 1, 2, true)).toThrow('Error from server: ERR no');
  expect(() => judged('status', ':1\r\n', 1, 2, true)).toThrow("a reply of type ':' is of none that fits");
});
