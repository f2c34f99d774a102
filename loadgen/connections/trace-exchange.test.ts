import fc from 'fast-check';
import { expect, it } from 'vitest';
import { TRACE_DEL, TRACE_GET, TRACE_SET } from '../workload/trace/format.ts';
import { TraceReplay } from '../workload/trace/replay.ts';
import { createRing, RingWriter } from '../workload/trace/ring.ts';
import { ReplyStatus } from './reply.ts';
import { TraceExchange } from './trace-exchange.ts';

const key = fc.uint8Array({ minLength: 1, maxLength: 40 });
const set = fc.record({ key, valueBytes: fc.nat(300) });
const settings = { keyBytes: 40, valueBytes: 300, seed: 7, writer: 1 };

/** What the exchange sends for these, one after the other, with the number of the key. */
function sent(
  exchange: TraceExchange,
  requests: { operation: number; key: Uint8Array; valueBytes: number }[],
) {
  const ring = createRing(4096);
  const writer = new RingWriter(ring);
  for (const [i, { operation, key, valueBytes }] of requests.entries())
    expect(writer.append(i, operation, key, key.length, valueBytes)).toBe(true);
  writer.end();
  const replay = new TraceReplay(ring, 1, () => false);
  replay.begin(0);
  return requests.map((_, i) => {
    expect(replay.arrivals.nextNs).toBe(i);
    replay.arrivals.advance();
    replay.requests.advance();
    return { bytes: Uint8Array.from(exchange.request(replay.requests)), key: replay.requests.key };
  });
}

const text = (bytes: Uint8Array) => Buffer.from(bytes).toString('latin1');

it('sends keys as they are, and values of the length that the trace has', () => {
  fc.assert(
    fc.property(fc.array(set, { minLength: 1, maxLength: 5 }), (sets) => {
      const exchange = new TraceExchange(settings);
      const requests = sets.flatMap((one) => [
        { operation: TRACE_SET, ...one },
        { operation: TRACE_GET, ...one },
        { operation: TRACE_DEL, ...one },
      ]);
      for (const [i, { bytes }] of sent(exchange, requests).entries()) {
        const { operation, key, valueBytes } = requests[i];
        const ofKey = `$${key.length}\r\n${text(key)}\r\n`;
        const name = ['GET', 'SET', 'DEL'][operation];
        const head = `*${operation === TRACE_SET ? 3 : 2}\r\n$3\r\n${name}\r\n${ofKey}`;
        expect(text(bytes).startsWith(head)).toBe(true);
        const rest = text(bytes).slice(head.length);
        if (operation !== TRACE_SET) expect(rest).toBe('');
        else expect(rest).toMatch(new RegExp(`^\\$${valueBytes}\r\n[ -~]{${valueBytes}}\r\n$`));
      }
    }),
  );
});

it('takes any value that was written to the key for right, and no other: whole and byte by byte', () => {
  fc.assert(
    fc.property(set, set, fc.nat(), (one, other, flip) => {
      const exchange = new TraceExchange(settings);
      const [first, second] = sent(exchange, [
        { operation: TRACE_SET, ...one },
        { operation: TRACE_SET, ...other },
      ]);
      const valueIn = ({ bytes }: { bytes: Uint8Array }, length: number) =>
        Uint8Array.from(bytes.subarray(bytes.length - 2 - length, bytes.length - 2));
      const judge = (value: Uint8Array, number: number) => {
        const reply = Buffer.concat([Buffer.from(`$${value.length}\r\n`), value, Buffer.from('\r\n')]);
        const checker = exchange.checker();
        const whole = checker.check(reply, 0, reply.length, TRACE_GET, number, 0);
        let status: ReplyStatus = ReplyStatus.Incomplete;
        for (let at = 0; at < reply.length; at++)
          status = checker.check(reply.subarray(at, at + 1), 0, 1, TRACE_GET, number, 0);
        expect(status).toBe(whole);
        return whole;
      };
      const value = valueIn(first, one.valueBytes);
      expect(judge(value, first.key)).toBe(ReplyStatus.Right);
      if (value.length > 0) {
        value[flip % value.length] ^= 1;
        expect(judge(value, first.key)).not.toBe(ReplyStatus.Right);
      }
      // Twelve digits of a value are its key's.
      if (text(one.key) !== text(other.key) && other.valueBytes >= 12)
        expect(judge(valueIn(second, other.valueBytes), first.key)).not.toBe(ReplyStatus.Right);
      if (other.valueBytes > 26) {
        const torn = valueIn(second, other.valueBytes).subarray(0, other.valueBytes - 1);
        expect(judge(torn, second.key)).not.toBe(ReplyStatus.Right);
      }
    }),
  );
});
