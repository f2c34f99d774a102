/** Datagrams of the load generator over a link that loses, doubles and reorders them: each is counted once. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { ImpairmentOptions } from '../libos/inet/devices/impairment.ts';
import { createPair, pairAddresses } from '../libos/sim/pair.ts';
import { DatagramConnection } from '../loadgen/connections/datagram-connection.ts';
import { EchoExchange } from '../loadgen/connections/echo-exchange.ts';
import { type ReplyRecord, ReplyStatus, SENT } from '../loadgen/connections/reply.ts';
import { Messages, NumberedMessages } from '../loadgen/workload/messages.ts';

const PORT = 7;
const ALL = Number.POSITIVE_INFINITY;
/** Turns without a reply after which what is outstanding counts as lost, as it does after the reply timeout. */
const SILENT_TURNS = 300;

interface Seen {
  statuses: number[];
  sentNs: number[];
  lostByTheLink: number;
}

/** What a connection tells of datagrams that an echo server sends back over such a link, `count` of them. */
function exchange(faults: Partial<ImpairmentOptions>, pipeline: number, count: number): Seen {
  const { a, b, link } = createPair({ checked: true, stepUs: 3, link: { both: { seed: faults.seed ?? 1 } } });
  const served = a.socket('datagram');
  a.bind(served, { address: pairAddresses[0], port: PORT });
  for (let i = 0; i < 8; i++) a.pop(served);
  const qd = b.socket('datagram');
  b.connect(qd, { address: pairAddresses[0], port: PORT });
  const source = new NumberedMessages();
  let left = count;
  const advance = source.advance.bind(source);
  source.advance = () => left-- > 0 && advance();
  const traffic = { exchange: new EchoExchange(new Messages(40, 5), 'echo'), source, pipeline };
  const connection = new DatagramConnection(
    b,
    { sendQd: qd, receiveQd: qd, bytesBefore: null },
    traffic,
    null,
  );
  const seen: Seen = { statuses: [], sentNs: [], lostByTheLink: 0 };
  const sink = {
    reply({ status, timesNs }: ReplyRecord): void {
      seen.statuses.push(status);
      seen.sentNs.push(timesNs[SENT]);
    },
  };
  b.pop(qd);
  // The hosts have to know of each other before anything is lost.
  connection.fillWindow(1);
  for (let silent = 0; seen.statuses.length < count; silent++) {
    if (seen.statuses.length === 1)
      for (const way of [link.aToB, link.bToA]) Object.assign(way.options, faults);
    for (let i = 0, completed = a.waitNext(64, 0); i < completed; i++) {
      const { operation, sga, peerAddress, peerPort } = a.completions[i];
      if (operation === 'pop') {
        a.pushTo(served, sga!, { address: peerAddress, port: peerPort });
        a.free(sga!);
        a.pop(served);
      }
    }
    for (let i = 0, completed = b.waitNext(64, 0); i < completed; i++) {
      const { operation, sga } = b.completions[i];
      if (operation !== 'pop') continue;
      connection.receive(sga!, 0, sink);
      silent = 0;
      b.pop(qd);
    }
    if (seen.statuses.length > 0) connection.fillWindow();
    if (silent === SILENT_TURNS) {
      expect(connection.giveUp(ALL, 0, sink)).toBe(false);
      silent = 0;
    }
  }
  seen.lostByTheLink = link.aToB.counters.lost + link.bToA.counters.lost;
  expect(connection.outstanding).toBe(0);
  b.shutdown();
  a.shutdown();
  return seen;
}

test('without loss each is answered', () => {
  const { statuses } = exchange({}, 16, 300);
  expect(statuses).toEqual(Array.from({ length: 300 }, () => ReplyStatus.Right));
});

test('each is counted once, in the order of sending, as right or as lost, and the connection goes on', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 24 }), fc.nat(1000), (pipeline, seed) => {
      const faults = { loss: 0.05, duplicate: 0.05, reorder: 0.05, seed };
      const { statuses, sentNs, lostByTheLink } = exchange(faults, pipeline, 200);
      expect(statuses).toHaveLength(200);
      expect(new Set(statuses)).toEqual(new Set([ReplyStatus.Right, ReplyStatus.Lost]));
      expect(sentNs).toEqual(sentNs.toSorted((x, y) => x - y));
      const lost = statuses.filter((status) => status === ReplyStatus.Lost).length;
      // What is overtaken counts as lost too.
      expect(lost).toBeGreaterThanOrEqual(lostByTheLink > 0 ? 1 : 0);
      expect(lost).toBeLessThan(100);
    }),
    { numRuns: 8 },
  );
});
