import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ARRAY, BULK, Found, INTEGER, MAP, RespScanner } from './resp-scanner.ts';

/** A reply as it goes over the wire. */
type Reply =
  | { type: '+' | '-' | ':' | '#' | ',' | '('; text: string }
  | { type: '$' | '='; text: string | null }
  | { type: '*' | '~' | '%'; of: Reply[] | null }
  | { type: '_' };

const line = fc
  .string({ unit: fc.constantFrom(...'abc $*+-:1\r \n'), maxLength: 8 })
  .filter((text) => !text.includes('\r\n'));
const body = fc.string({ unit: fc.constantFrom(...'$5\r\n*-+x'), maxLength: 12 });

/** Replies of a version of the protocol. */
function repliesOf(version: 2 | 3): fc.Arbitrary<Reply> {
  const { reply } = fc.letrec<{ reply: Reply }>((tie) => {
    const several = fc.array(tie('reply'), { maxLength: 4 });
    const pairs = fc.array(fc.tuple(tie('reply'), tie('reply')), { maxLength: 2 }).map((all) => all.flat());
    return {
      reply: fc.oneof(
        { depthSize: 'small' },
        fc.record({ type: fc.constantFrom('+' as const, '-' as const), text: line }),
        fc.record({ type: fc.constant(':' as const), text: fc.integer().map(String) }),
        fc.record({ type: fc.constant('$' as const), text: fc.option(body) }),
        fc.record({ type: fc.constant('*' as const), of: fc.option(several) }),
        ...(version === 2
          ? []
          : [
              fc.record({ type: fc.constant('_' as const) }),
              fc.record({ type: fc.constantFrom('#' as const, ',' as const, '(' as const), text: line }),
              fc.record({ type: fc.constant('=' as const), text: body }),
              fc.record({ type: fc.constant('~' as const), of: several }),
              fc.record({ type: fc.constant('%' as const), of: pairs }),
            ]),
      ),
    };
  });
  return reply;
}

function encode(one: Reply): string {
  switch (one.type) {
    case '_':
      return '_\r\n';
    case '$':
    case '=':
      return one.text === null ? '$-1\r\n' : `${one.type}${one.text.length}\r\n${one.text}\r\n`;
    case '*':
    case '~':
    case '%': {
      if (one.of === null) return '*-1\r\n';
      const length = one.type === '%' ? one.of.length / 2 : one.of.length;
      return `${one.type}${length}\r\n${one.of.map(encode).join('')}`;
    }
    default:
      return `${one.type}${one.text}\r\n`;
  }
}

/** What the scanner finds in a reply: each element with its depth and its place in the outermost array. */
function elementsOf(reply: Reply, depth = 0, index = 0): unknown[] {
  const head = { type: reply.type, depth, index: depth === 0 ? 0 : index };
  if (reply.type === '_') return [{ ...head, isNull: true }];
  if ('of' in reply) {
    if (reply.of === null) return [{ ...head, isNull: true }];
    const inner = reply.of.flatMap((one, i) => elementsOf(one, depth + 1, depth === 0 ? i : index));
    return [{ ...head, length: reply.of.length }, ...inner];
  }
  if (reply.type !== '$' && reply.type !== '=') return [{ ...head, text: reply.text }];
  if (reply.text === null) return [{ ...head, isNull: true }];
  return [{ ...head, length: reply.text.length, body: reply.text }];
}

/** What a scanner finds in a text that comes in pieces of so many bytes: the elements of each reply, and its end. */
function scanned(text: string, pieceBytes: number, version: 2 | 3 = 2) {
  const scanner = new RespScanner(version);
  const replies: { elements: Record<string, unknown>[]; end: number }[] = [];
  let elements: Record<string, unknown>[] = [];
  let bodyIsOpen = false;
  const all = new Uint8Array(Buffer.from(text, 'latin1'));
  for (let from = 0; from < all.length; from += pieceBytes) {
    // Each piece in memory of its own, with rubbish around it.
    const length = Math.min(pieceBytes, all.length - from);
    const bytes = new Uint8Array(length + 6).fill(10);
    bytes.set(all.subarray(from, from + length), 3);
    const limit = 3 + length;
    for (let at = 3; at < limit; at = scanner.end) {
      const found = scanner.next(bytes, at, limit);
      const { type, depth, index } = scanner;
      const head = { type: String.fromCharCode(type), depth, index };
      if (found === Found.Head) {
        expect(bodyIsOpen).toBe(false);
        const isBulk = head.type === '$' || head.type === '=';
        if (scanner.isNull) elements.push({ ...head, isNull: true });
        else if (isBulk) elements.push({ ...head, length: scanner.length, body: '' });
        else if ('*~%'.includes(head.type)) elements.push({ ...head, length: scanner.length });
        else elements.push({ ...head, text: scanner.text });
      } else if (found === Found.Body) {
        const last = elements.at(-1)!;
        last.body += Buffer.from(bytes.subarray(at, scanner.pieceEnd)).toString('latin1');
        bodyIsOpen = !scanner.isLastPiece;
        if (!bodyIsOpen) expect(last.body).toHaveLength(Number(last.length));
      } else if (found === Found.Nothing) {
        expect(scanner.end).toBe(limit);
      }
      if (!scanner.isWhole) continue;
      replies.push({ elements, end: from + scanner.end - 3 });
      elements = [];
    }
  }
  expect([elements, bodyIsOpen]).toEqual([[], false]);
  return replies;
}

describe('RespScanner', () => {
  it.each([2, 3] as const)('finds every element of RESP%d, whole, byte by byte and in between', (version) => {
    fc.assert(
      fc.property(
        fc.array(repliesOf(version), { minLength: 1, maxLength: 6 }),
        fc.integer({ min: 1, max: 40 }),
        (replies, pieceBytes) => {
          let end = 0;
          const expected = replies.map((one) => {
            end += encode(one).length;
            return { elements: elementsOf(one), end };
          });
          const text = replies.map(encode).join('');
          expect(scanned(text, text.length, version)).toEqual(expected);
          expect(scanned(text, pieceBytes, version)).toEqual(expected);
          expect(scanned(text, 1, version)).toEqual(expected);
        },
      ),
    );
  });

  it('skips to the end of each reply, at any cuts', () => {
    const all = fc.array(repliesOf(3), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(all, fc.integer({ min: 1, max: 40 }), (replies, pieceBytes) => {
        const ends = replies.map(
          (_, i) =>
            replies
              .slice(0, i + 1)
              .map(encode)
              .join('').length,
        );
        const bytes = new Uint8Array(Buffer.from(replies.map(encode).join(''), 'latin1'));
        const scanner = new RespScanner(3);
        const found: number[] = [];
        let hasHead = false;
        for (let from = 0; from < bytes.length; from += pieceBytes) {
          const limit = Math.min(bytes.length, from + pieceBytes);
          for (let at = from; at < limit || scanner.isWhole; at = scanner.end) {
            if (!hasHead && at === limit) break;
            const isEnd = hasHead && scanner.skip(bytes, at, limit);
            if (!hasHead) hasHead = scanner.next(bytes, at, limit) === Found.Head;
            if (!isEnd) continue;
            found.push(scanner.end);
            hasHead = false;
          }
        }
        expect(found).toEqual(ends);
      }),
    );
  });

  it('is between replies at first, and after each', () => {
    const scanner = new RespScanner();
    expect(scanner.isWhole).toBe(true);
    const bytes = new Uint8Array(Buffer.from(':1\r\n$1\r\nx\r\n'));
    expect([scanner.next(bytes, 0, 3), scanner.isWhole]).toEqual([Found.Nothing, false]);
    expect([scanner.next(bytes, 3, 4), scanner.isWhole, scanner.type]).toEqual([Found.Head, true, INTEGER]);
    expect([scanner.next(bytes, 4, 11), scanner.isWhole, scanner.type]).toEqual([Found.Head, false, BULK]);
  });

  it('takes lines and lengths as long as they may be', () => {
    const long = `-${'x'.repeat(60_000)}\r\n`;
    for (const pieceBytes of [long.length, 999]) {
      expect(scanned(long, pieceBytes)).toMatchObject([{ elements: [{ text: 'x'.repeat(60_000) }] }]);
    }
    const scanner = new RespScanner();
    scanner.next(new Uint8Array(Buffer.from('$999999999999\r\n')), 0, 15);
    expect(scanner.length).toBe(999_999_999_999);
  });

  it('refuses a line without an end', () => {
    const line = `+${'x'.repeat(70_000)}`;
    for (const pieceBytes of [line.length, 1000]) {
      expect(() => scanned(line, pieceBytes)).toThrow('a reply line is longer than 65536 bytes');
    }
  });

  it('knows types of RESP3 where that was agreed on alone', () => {
    expect(scanned('%1\r\n+a\r\n_\r\n', 1, 3)[0].elements).toHaveLength(3);
    expect([MAP, ARRAY].map((type) => String.fromCharCode(type))).toEqual(['%', '*']);
    for (const text of ['%1\r\n', '_\r\n', '~0\r\n', ',1\r\n'])
      expect(() => scanned(text, 1)).toThrow('begins with');
    expect(() => scanned('>1\r\n+message\r\n', 1, 3)).toThrow('a reply begins with byte 62');
  });

  it.each([
    'HTTP/1.1 400',
    ':12x\r\n',
    ':\r\n',
    '$-2\r\n',
    '$a\r\n',
    '$\r\n',
    '*1-\r\n',
    '\r\n',
    '$1\r\nxyz',
    '$1234567890123\r\n',
    '*1\r\n'.repeat(17),
  ])('refuses %j', (text) => {
    expect(() => scanned(text, text.length)).toThrow('does not answer as a Redis server does');
    expect(() => scanned(text, 1)).toThrow('does not answer as a Redis server does');
  });
});
