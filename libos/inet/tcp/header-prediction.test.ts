/**
 * Header prediction against its specification: whatever network and applications do, a connection sends the same
 * segments at the same times, and is in the same state behind each, with it and without.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { TestHosts } from '../../sim/test-hosts.ts';
import type { TcpConnection } from './connection.ts';
import { Predicted, takePredicted } from './header-prediction.ts';
import { HONEST, play, ROUGH, type Schedule, schedule } from './test-schedule.ts';

/** Segments that came for a connection, and those of them that were as predicted. */
interface Counts {
  arrived: number;
  taken: number;
}

function watchPrediction({ a, b }: TestHosts, predicts: boolean, counts: Counts): void {
  const take: typeof takePredicted = (connection, segment, frame) => {
    counts.arrived++;
    const predicted = predicts ? takePredicted(connection, segment, frame) : Predicted.No;
    if (predicted !== Predicted.No) counts.taken++;
    return predicted;
  };
  for (const { stack } of [a, b]) Object.assign(stack.tcp, { takePredicted: take });
}

function stateOf({ state, error, lastArrivalUs, deadlineUs, sender, receiver }: TcpConnection) {
  const { recovery, rtt, window, persist } = sender;
  const { flight, congestion } = recovery;
  return [
    [state, error, lastArrivalUs, deadlineUs],
    [sender.unacknowledged, sender.next, sender.mss, sender.sentBytes, sender.acknowledgedBytes],
    [sender.hasGivenUp, sender.isCalm, persist.runs, window.bytes, window.maxBytes],
    [rtt.smoothedUs, rtt.variationUs, rtt.rtoUs],
    [recovery.state, recovery.window, recovery.probeDue, congestion.window, congestion.slowStartThreshold],
    [flight.start, flight.count, flight.sackedBytes, flight.lostBytes, flight.againCount],
    [receiver.next, receiver.advertisedEdge, receiver.recentTimestamp, receiver.ackDue, receiver.queue.bytes],
  ];
}

/** Each frame, when it was sent, and the state of both sides then; and what was counted in the end. */
function record(schedule: Schedule, predicts: boolean, counts: Counts = { arrived: 0, taken: 0 }) {
  const sent: [number, string, unknown][] = [];
  const watch = (hosts: TestHosts) => {
    watchPrediction(hosts, predicts, counts);
    const { link, a, b } = hosts;
    const { send } = link;
    link.send = (direction, bytes, at, length) => {
      const states: unknown[] = [];
      for (const { stack } of [a, b])
        stack.tcp.connections.forEach((connection) => void states.push(stateOf(connection)));
      sent.push([link.nowUs, Buffer.from(bytes.subarray(at, at + length)).toString('latin1'), states]);
      send.call(link, direction, bytes, at, length);
    };
  };
  const { hosts, server, client } = play(schedule, watch);
  const counters = [hosts.a, hosts.b].map(({ stack }) => ({ ...stack.tcp.counters }));
  return { sent, counters, bytes: [server?.receivedBytes, client?.receivedBytes] };
}

const write = { waitUs: 1000, bytes: 100, acknowledged: false, freed: true };

/** Questions and answers, and the data of a stream before them. */
function talk(both: { delayUs: number; loss?: number }): Schedule {
  const script = {
    writes: Array(50).fill(write),
    end: { how: 'shutdown' as const, waitUs: 0 },
    pops: 1,
    rests: [],
    keeps: 0,
  };
  return {
    hosts: { link: { both } },
    withheld: { sack: false, timestamps: false, windowScale: false, mss: false },
    outages: [],
    outagesFromStart: false,
    server: script,
    client: { ...script, writes: [{ ...write, bytes: 50_000 }, ...script.writes] },
    bindsClient: false,
  };
}

describe('header prediction', () => {
  it.each([
    ['a bad network', HONEST],
    ['a hopeless one', ROUGH],
  ])('sends, and knows, what is sent and known without it, over %s', (_, hardship) => {
    const counts = { arrived: 0, taken: 0 };
    const property = fc.property(schedule(hardship), (schedule) => {
      expect(record(schedule, true, counts)).toEqual(record(schedule, false));
    });
    // However few cases there is time for, one of them has segments that are as predicted.
    fc.assert(property, { examples: [[talk({ delayUs: 20, loss: 0.05 })]] });
    expect(counts.taken).toBeGreaterThan(0);
  });

  it('takes questions and answers, and the data of a stream, over a good network', () => {
    const counts = { arrived: 0, taken: 0 };
    record(talk({ delayUs: 20 }), true, counts);
    expect(counts.taken).toBeGreaterThan(100);
    // All but SYN, SYN-ACK, its ACK, FINs and what acknowledges a part of the first write.
    expect(counts.arrived - counts.taken).toBeLessThan(30);
  });
});
