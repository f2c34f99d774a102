import { afterEach, describe, expect, it } from 'vitest';
import { Recovery } from './recovery.ts';
import { type Offer, TestPeer } from './test-peer.ts';

afterEach(() => TestPeer.checkAll());

/**
 * Ten segments of 1000 bytes, as many as the window lets out, were sent a round trip of 100 us ago; more waits. A tail
 * loss probe is due in 900 us, the retransmission timeout in 49.9 ms.
 */
function tenInFlight(offer: Offer = {}, tcp = {}, bytes = 20_000) {
  const peer = new TestPeer({ tcp: { congestion: 'newreno', ...tcp } });
  peer.listen();
  peer.offer(offer);
  peer.pass(100);
  peer.send({ flags: 'A', seq: 1, ack: 1 });
  const connection = peer.accepted();
  expect(peer.push(bytes).length).toBe(10);
  expect(peer.pass(100)).toEqual([]);
  const sack = (ack: number, ...blocks: (readonly [number, number])[]) =>
    peer.send({ flags: 'A', seq: 1, ack, sack: blocks });
  const acknowledge = (ack: number) => peer.send({ flags: 'A', seq: 1, ack });
  return { peer, connection, sack, acknowledge };
}

describe('fast retransmit and fast recovery without SACK (RFC 5681, 3.2; RFC 6582, 3.2)', () => {
  function recovering() {
    const all = tenInFlight({ sackPermitted: false });
    all.acknowledge(1);
    all.acknowledge(1);
    return { ...all, sent: all.acknowledge(1) };
  }

  it('takes back by a partial acknowledgement what duplicates had let out', () => {
    const { acknowledge } = recovering();
    acknowledge(4001);
    for (let i = 0; i < 3; i++) expect(acknowledge(4001)).toEqual([]);
    expect(acknowledge(4001)).toEqual(['A 12001:13001 ack 1']);
  });
});

describe('recovery by SACK (RFC 8985, RFC 9937)', () => {
  it('retransmits the hole with the third report, and one segment for two that have left the network', () => {
    const { sack, acknowledge, connection } = tenInFlight();
    const { recovery } = connection.sender;
    sack(1, [1001, 2001]);
    sack(1, [1001, 3001]);
    expect(sack(1, [1001, 4001])).toEqual(['A 1:1001 ack 1']);
    expect(recovery.congestion.window).toBe(5000);
    const sent = [5001, 6001, 7001, 8001, 9001, 10_001].map((end) => sack(1, [1001, end]));
    expect(sent).toEqual([[], [], ['A 12001:13001 ack 1'], [], [], ['A 13001:14001 ack 1']]);
    acknowledge(12_001);
    expect(recovery.state).toBe(Recovery.Open);
    expect(recovery.congestion.window).toBe(5000);
  });

  it('does not time a segment that it has sent again, but all that are SACKed (Karn, RFC 6298, 3)', () => {
    const { sack, acknowledge, peer, connection } = tenInFlight();
    peer.pass(300);
    sack(1, [1001, 4001]);
    const { smoothedUs } = connection.sender.rtt;
    // One of five samples that are expected in a round trip: a fifth of an eighth.
    expect(smoothedUs).toBeCloseTo(100 + 300 / 40, 6);
    peer.pass(200);
    acknowledge(4001);
    expect(connection.sender.rtt.smoothedUs).toBe(smoothedUs);
  });

  it('retransmits every lost hole once, before new data', () => {
    const { peer, sack } = tenInFlight();
    const report = (...blocks: (readonly [number, number])[]) => {
      peer.pass(2);
      return sack(1, ...blocks);
    };
    const sent = [...report([2001, 3001]), ...report([4001, 5001], [2001, 3001])];
    for (const end of [7001, 8001, 9001, 10_001])
      sent.push(...report([6001, end], [4001, 5001], [2001, 3001]));
    peer.pass(80);
    for (const end of [11_001, 12_001]) sent.push(...report([6001, end], [4001, 5001], [2001, 3001]));
    expect(sent.slice(0, 3)).toEqual(['A 10001:11001 ack 1', 'A 11001:12001 ack 1', 'A 1:1001 ack 1']);
    const again = sent.filter((text) => Number.parseInt(text.slice(2), 10) < 10_001);
    expect(again).toEqual([1, 1001, 3001, 5001].map((start) => `A ${start}:${start + 1000} ack 1`));
  });

  it('retransmits short segments that lie side by side in one', () => {
    const peer = new TestPeer({ tcp: { congestion: 'newreno' } });
    peer.establish();
    for (let i = 0; i < 10; i++) peer.push(10);
    peer.pass(100);
    expect(peer.send({ flags: 'A', seq: 1, ack: 1, sack: [[31, 91]] })).toEqual(['A 1:31 ack 1']);
  });

  it('sends a lost retransmission again, when something sent after it has arrived; the window is lowered again', () => {
    const { sack, peer, connection } = tenInFlight();
    const { congestion } = connection.sender.recovery;
    sack(1, [1001, 4001]);
    const isFirst = (text: string) => text.startsWith('A 1:');
    peer.pass(1);
    for (const end of [6001, 8001, 10_001]) expect(sack(1, [1001, end]).some(isFirst)).toBe(false);
    const newEnd = peer.last.seq + 1000;
    expect(newEnd).toBeGreaterThan(11_001);
    peer.pass(100);
    expect(congestion.window).toBe(5000);
    expect(sack(1, [1001, newEnd]).some(isFirst)).toBe(true);
    expect(congestion.window).toBe(2500);
    expect(sack(1, [1001, newEnd]).some(isFirst)).toBe(false);
  });

  it('begins anew for what is lost behind the recovery point', () => {
    const { sack, peer, connection } = tenInFlight();
    sack(1, [1001, 4001]);
    sack(1, [1001, 10_001]);
    peer.pass(100);
    // The new data was lost but for its last segments.
    const { seq } = peer.last;
    sack(10_001, [seq, seq + 1000]);
    peer.pass(100);
    expect(connection.sender.recovery.state).toBe(Recovery.Fast);
    expect(peer.tcp.counters.fastRecoveries).toBe(seq > 10_001 ? 2 : 1);
  });

  it('includes the FIN', () => {
    const { peer, sack } = tenInFlight({}, {}, 10_000);
    expect(peer.finish()).toEqual(['FA 10001 ack 1']);
    peer.pass(100);
    expect(sack(1, [1001, 9001])).toEqual(['A 1:1001 ack 1']);
    peer.pass(100);
    expect(sack(9001, [10_001, 10_002])).toEqual(['PA 9001:10001 ack 1']);
    expect(sack(10_002)).toEqual([]);
    expect(peer.pass(1e6)).toEqual([]);
  });
});

describe('after a retransmission timeout (RFC 5681, 3.1)', () => {
  it('sends the rest again in slow start, then new data', () => {
    const { peer, acknowledge } = tenInFlight({ sackPermitted: false });
    peer.pass(50_000);
    expect(acknowledge(1001)).toEqual(['A 1001:2001 ack 1', 'A 2001:3001 ack 1']);
    expect(acknowledge(2001)).toEqual(['A 3001:4001 ack 1', 'A 4001:5001 ack 1']);
    expect(acknowledge(5001).length).toBeGreaterThan(1);
    expect(acknowledge(10_001).every((text) => Number.parseInt(text.slice(2), 10) > 10_000)).toBe(true);
  });

  it('relies on nothing that the receiver shows to have thrown away (RFC 2018, 8)', () => {
    const { peer, sack, acknowledge } = tenInFlight({}, {}, 10_000);
    sack(1, [1001, 2001]);
    peer.pass(60_000);
    expect(acknowledge(1001)).toEqual(['A 1001:2001 ack 1', 'A 2001:3001 ack 1']);
  });

  it('relies on nothing that was SACKed when the timer expires again (RFC 2018, 8)', () => {
    const { peer, sack, connection } = tenInFlight({}, {}, 10_000);
    sack(1, [1001, 9001]);
    const { flight } = connection.sender.recovery;
    peer.pass(60_000);
    expect(peer.tcp.counters.retransmissionTimeouts).toBe(1);
    expect(flight.sackedBytes).toBe(8000);
    peer.pass(100_000);
    expect(peer.tcp.counters.retransmissionTimeouts).toBe(2);
    expect(flight.sackedBytes).toBe(0);
    expect(flight.lostBytes).toBe(9000);
  });

  it('does not send again what has been SACKed since (RFC 6675, 5.1)', () => {
    const { peer, sack, connection } = tenInFlight({}, {}, 10_000);
    peer.pass(60_000);
    expect(sack(2001, [3001, 5001], [6001, 7001])).toEqual(['A 2001:3001 ack 1', 'A 5001:6001 ack 1']);
    expect(sack(5001, [6001, 7001])).toEqual(['A 7001:8001 ack 1', 'A 8001:9001 ack 1']);
    expect(sack(10_001)).toEqual([]);
    expect(connection.sender.recovery.state).toBe(Recovery.Open);
  });

  it('mends any pattern of loss', () => {
    for (let pattern = 1; pattern < 1024; pattern += 37) mend(pattern);
  });
});

/**
 * Loses first transmissions by the bits of `pattern`; a peer that keeps all it gets must end with the whole
 * stream.
 */
function mend(pattern: number): void {
  const { peer, connection } = tenInFlight();
  const has = new Set<number>();
  const firsts = new Set<number>();
  const take = (start: number) => {
    const first = !firsts.has(start);
    firsts.add(start);
    if (!first || ((pattern >> (firsts.size % 10)) & 1) === 0) has.add(start);
  };
  for (let start = 1; start < 10_001; start += 1000) take(start);
  for (let round = 0; round < 200 && connection.sender.acknowledgedBytes < 20_000; round++) {
    let ack = 1;
    while (has.has(ack)) ack += 1000;
    const sack: [number, number][] = [];
    for (let start = ack; start < 20_001 && sack.length < 3; start += 1000) {
      if (has.has(start)) sack.push([start, start + 1000]);
    }
    const sent = peer.send({ flags: 'A', seq: 1, ack, sack });
    const more = sent.length > 0 ? sent : peer.pass(200_000);
    for (const text of more) take(Number(/A (\d+):/.exec(text)![1]));
  }
  expect(connection.sender.acknowledgedBytes).toBe(20_000);
}
