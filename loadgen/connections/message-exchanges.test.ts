/** Which answers are right ones to messages of echo and sink: whole, byte by byte, and cut anywhere. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LoadError } from '../errors.ts';
import { Messages } from '../workload/messages.ts';
import { EchoExchange } from './echo-exchange.ts';
import type { Exchange, ReplyChecker } from './exchange.ts';
import { ReplyStatus } from './reply.ts';
import { SinkExchange } from './sink-exchange.ts';

const { Right, Wrong, Incomplete } = ReplyStatus;
const sourceOf = (key: number) => ({ operation: 0, key, detail: 0, advance: () => true });

/** The statuses of the replies in `stream` to messages 1, 2, ..., when it comes in pieces that end at the cuts. */
function statuses(exchange: Exchange, stream: Buffer, cuts: number[]): number[] {
  const checker = exchange.checker();
  const ends = [...new Set([...cuts.map((cut) => cut % (stream.length + 1)), stream.length])].sort(
    (a, b) => a - b,
  );
  const found: number[] = [];
  let from = 0;
  for (const end of ends) {
    // Each piece lies somewhere else.
    const slab = Buffer.concat([Buffer.alloc(found.length % 3), stream.subarray(from, end)]);
    for (let at = found.length % 3; at < slab.length; ) {
      const status = checker.check(slab, at, slab.length, 0, found.length + 1, 0);
      if (status === Incomplete) break;
      found.push(status);
      at = checker.end;
    }
    from = end;
  }
  return found;
}

const cuts = fc.array(fc.nat(), { maxLength: 8 });

describe('echo', () => {
  const bytes = fc.oneof(fc.integer({ min: 1, max: 12 }), fc.constantFrom(64, 300, 5000));

  test('what comes back as it was sent is right, and one wrong byte makes one message wrong', () => {
    fc.assert(
      fc.property(bytes, fc.integer({ min: 1, max: 6 }), cuts, fc.nat(), (length, count, where, spoiled) => {
        const exchange = new EchoExchange(new Messages(length, 3), 'echo');
        const sent = Array.from({ length: count }, (_, i) => Buffer.from(exchange.request(sourceOf(i + 1))));
        const stream = Buffer.concat(sent);
        const right = sent.map((): number => Right);
        expect(statuses(exchange, stream, where)).toEqual(right);
        expect(statuses(exchange, stream, [...stream.keys()])).toEqual(right);
        const at = spoiled % stream.length;
        stream[at] ^= 0x55;
        right[Math.floor(at / length)] = Wrong;
        expect(statuses(exchange, stream, where)).toEqual(right);
      }),
      { numRuns: 60 },
    );
  });

  test('what is not whole has no status', () => {
    const exchange = new EchoExchange(new Messages(64, 3), 'echo');
    const message = Buffer.from(exchange.request(sourceOf(1)));
    expect(statuses(exchange, message.subarray(0, 63), [])).toEqual([]);
  });

  const refused = (checker: ReplyChecker, text: string) => () =>
    checker.check(Buffer.from(text, 'latin1'), 0, text.length, 0, 1, 0);

  test('an error of Redis, and what nobody asked for, is no echo', () => {
    const { checker } = new EchoExchange(new Messages(64, 3), 'echo');
    const fresh = () => new EchoExchange(new Messages(64, 3), 'echo').checker();
    expect(checker).toBeDefined();
    expect(refused(fresh(), "-ERR unknown command '\x01'\r\n")).toThrow(
      /'ERR unknown command .*--protocol resp/,
    );
    expect(refused(fresh(), '-NOAUTH Authentication required.\r\n')).toThrow(LoadError);
    expect(refused(fresh(), '-something else, 64 bytes long, but for the one that is left')).not.toThrow();
    expect(() => fresh().rejectUnasked(5)).toThrow('as an echo server does: 5 bytes');
  });
});

describe('sink', () => {
  test('the length of each message is right, wherever it is cut, and nothing else', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 70_000 }),
        fc.integer({ min: 1, max: 6 }),
        cuts,
        (length, count, where) => {
          const exchange = new SinkExchange(new Messages(length, 3), 'send');
          const request = Buffer.from(exchange.request(sourceOf(1)));
          expect(request.readUInt32BE()).toBe(length);
          expect(request).toHaveLength(4 + length);
          const stream = Buffer.concat(Array.from({ length: count }, () => request.subarray(0, 4)));
          const right = Array.from({ length: count }, (): number => Right);
          expect(statuses(exchange, stream, where)).toEqual(right);
          expect(statuses(exchange, stream, [...stream.keys()])).toEqual(right);
          stream[5 % stream.length] ^= 1;
          right[count === 1 ? 0 : 1] = Wrong;
          expect(statuses(exchange, stream, where)).toEqual(right);
        },
      ),
      { numRuns: 60 },
    );
    expect(() => new SinkExchange(new Messages(9, 3), 'send').checker().rejectUnasked(9)).toThrow(
      'as a sink does',
    );
  });
});
