import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { latin1, latin1Bytes, NO_BYTES } from './bytes.ts';
import { BLOCK_BYTES_MIN, ReplyWriter } from './reply.ts';

/** Blocks begin somewhere in the memory that they are of. */
const FROM = 3;

/** Collects what a writer writes into blocks of one size. */
function written(protocol: 2 | 3, blockBytes: number, write: (writer: ReplyWriter) => void): string {
  let text = '';
  let block = NO_BYTES;
  const take = (writer: ReplyWriter) => {
    text += latin1(block, FROM, writer.written);
  };
  const writer = new ReplyWriter({
    nextBlock: (full) => {
      take(full);
      block = new Uint8Array(FROM + blockBytes);
      full.open(block, FROM, block.length);
    },
  });
  writer.protocol = protocol;
  write(writer);
  take(writer);
  return text;
}

describe('a reply writer', () => {
  it('writes to the block that is open, and asks for one when it was closed', () => {
    const blocks: Uint8Array[] = [];
    const writer = new ReplyWriter({
      nextBlock: (full) => {
        blocks.push(new Uint8Array(FROM + BLOCK_BYTES_MIN));
        full.open(blocks[blocks.length - 1], FROM, FROM + BLOCK_BYTES_MIN);
      },
    });
    expect(writer.written).toBe(0);
    writer.ok();
    writer.ok();
    expect([writer.written, blocks.length]).toEqual([10, 1]);
    writer.close();
    expect(writer.written).toBe(0);
    writer.pong();
    expect(blocks.map((bytes) => latin1(bytes, FROM, 10))).toEqual(['+OK\r\n+OK\r\n', '+PONG\r\n\0\0\0']);
  });

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
      reply.int64(-(2n ** 63n));
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
