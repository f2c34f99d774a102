import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { latin1, latin1Bytes } from './bytes.ts';
import { BLOCK_BYTES_MIN, ReplyWriter } from './reply.ts';

/** Collects what a writer writes into blocks of one size. */
function written(protocol: 2 | 3, blockBytes: number, write: (writer: ReplyWriter) => void): string {
  let text = '';
  const take = (writer: ReplyWriter) => {
    text += latin1(writer.bytes, writer.start, writer.pos - writer.start);
  };
  const writer = new ReplyWriter({
    nextBlock: (full) => {
      take(full);
      full.bytes = new Uint8Array(blockBytes + 3);
      full.start = 3;
      full.pos = 3;
      full.end = blockBytes + 3;
    },
  });
  writer.protocol = protocol;
  write(writer);
  take(writer);
  return text;
}

describe('a reply writer', () => {
  it('writes the types of RESP2', () => {
    const text = written(2, BLOCK_BYTES_MIN, (reply) => {
      reply.ok();
      reply.error('ERR a\r\nb');
      reply.nil();
      reply.nilArray();
      reply.map(1);
      reply.double(1.5);
      reply.boolean(true);
      reply.verbatim('text');
      reply.bigInteger(-(2n ** 63n));
    });
    expect(text).toBe(
      '+OK\r\n-ERR a  b\r\n$-1\r\n*-1\r\n*2\r\n$3\r\n1.5\r\n:1\r\n$4\r\ntext\r\n:-9223372036854775808\r\n',
    );
  });

  it('writes the types of RESP3', () => {
    const text = written(3, BLOCK_BYTES_MIN, (reply) => {
      reply.nil();
      reply.nilArray();
      reply.map(1);
      reply.set(2);
      reply.double(Number.NEGATIVE_INFINITY);
      reply.boolean(false);
      reply.verbatim('text');
    });
    expect(text).toBe('_\r\n_\r\n%1\r\n~2\r\n,-inf\r\n#f\r\n=8\r\ntxt:text\r\n');
  });

  it('writes any safe integer', () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), (value) => {
        expect(written(2, BLOCK_BYTES_MIN, (reply) => reply.integer(value))).toBe(`:${value}\r\n`);
      }),
      { seed: 1, numRuns: 1000 },
    );
  });

  it('cuts replies of any length into blocks without a gap', () => {
    const text = fc.integer({ min: 0, max: 3000 }).map((length) => 'abcdefghij'.repeat(300).slice(0, length));
    fc.assert(
      fc.property(fc.array(text), fc.integer({ min: BLOCK_BYTES_MIN, max: 2000 }), (texts, blockBytes) => {
        const both = written(2, blockBytes, (reply) => {
          for (const each of texts) {
            reply.bulkText(each);
            reply.bulk(latin1Bytes(`--${each}`), 2, each.length);
          }
        });
        expect(both).toBe(texts.map((each) => `$${each.length}\r\n${each}\r\n`.repeat(2)).join(''));
      }),
      { seed: 2 },
    );
  });
});
