import { afterEach, describe, expect, it } from 'vitest';
import { Recovery } from './recovery.ts';
import { type Offer, TestPeer } from './test-peer.ts';

afterEach(() => TestPeer.checkAll());

/** Ten segments of 1000 bytes are in flight, as many as the window lets out; more waits. */
function tenInFlight(offer: Offer = {}, tcp = {}, bytes = 20_000) {
  const peer = new TestPeer({ tcp: { congestion: 'newreno', ...tcp } });
  const connection = peer.establish(offer);
  expect(peer.push(bytes).length).toBe(10);
  const sack = (ack: number, ...blocks: (readonly [number, number])[]) =>
    peer.send({ flags: 'A', seq: 1, ack, sack: blocks });
  const acknowledge = (ack: number) => peer.send({ flags: 'A', seq: 1, ack });
  return { peer, connection, sack, acknowledge };
}

describe('limited transmit (RFC 3042)', () => {
  it('lets a new segment out for each of the first two duplicates, with the window as it was', () => {
    const { acknowledge, connection } = tenInFlight({ sackPermitted: false });
    expect(acknowledge(1)).toEqual(['A 10001:11001 ack 1']);
    expect(acknowledge(1)).toEqual(['A 11001:12001 ack 1']);
    expect(connection.sender.recovery.congestion.window).toBe(10_000);
    expect(connection.sender.recovery.state).toBe(Recovery.Open);
  });

  it('does so for selective acknowledgements', () => {
    const { sack } = tenInFlight();
    expect(sack(1, [1001, 2001])).toEqual(['A 10001:11001 ack 1']);
    expect(sack(1, [1001, 3001])).toEqual(['A 11001:12001 ack 1']);
  });

  it("stays within the receiver's window", () => {
    const peer = new TestPeer();
    peer.window = 10_000;
    peer.establish({ window: 10_000 });
    peer.push(20_000);
    expect(peer.send({ flags: 'A', seq: 1, ack: 1, sack: [[1001, 2001]] })).toEqual([]);
  });
});

describe('fast retransmit and fast recovery without SACK (RFC 5681, 3.2; RFC 6582, 3.2)', () => {
  function recovering() {
    const all = tenInFlight({ sackPermitted: false });
    all.acknowledge(1);
    all.acknowledge(1);
    return { ...all, sent: all.acknowledge(1) };
  }

  it('sends the first segment again with the third duplicate', () => {
    const { sent, connection } = recovering();
    expect(sent).toEqual(['A 1:1001 ack 1']);
    expect(connection.sender.recovery.state).toBe(Recovery.Fast);
  });

  it('halves the window, not counting what limited transmit has sent (RFC 5681, 3.2, step 2)', () => {
    const { connection } = recovering();
    expect(connection.sender.recovery.congestion.slowStartThreshold).toBe(5000);
  });

  it('lets new data out for further duplicates once half of it has left the network', () => {
    const { acknowledge } = recovering();
    for (let i = 4; i < 8; i++) expect(acknowledge(1)).toEqual([]);
    expect(acknowledge(1)).toEqual(['A 12001:13001 ack 1']);
    expect(acknowledge(1)).toEqual(['A 13001:14001 ack 1']);
  });

  it('sends the next hole again with a partial acknowledgement, and stays in recovery', () => {
    const { acknowledge, connection } = recovering();
    expect(acknowledge(4001)[0]).toBe('A 4001:5001 ack 1');
    expect(connection.sender.recovery.state).toBe(Recovery.Fast);
    expect(acknowledge(7001)[0]).toBe('A 7001:8001 ack 1');
  });

  it('takes back by a partial acknowledgement what duplicates had let out', () => {
    const { acknowledge } = recovering();
    acknowledge(4001);
    for (let i = 0; i < 3; i++) expect(acknowledge(4001)).toEqual([]);
    expect(acknowledge(4001)).toEqual(['A 12001:13001 ack 1']);
  });

  it('ends when all is acknowledged that was in flight when it began, with the halved window', () => {
    const { acknowledge, connection } = recovering();
    const sent = acknowledge(12_001);
    expect(connection.sender.recovery.state).toBe(Recovery.Open);
    expect(connection.sender.recovery.congestion.window).toBe(5000);
    expect(sent).toEqual([12, 13, 14, 15, 16].map((n) => `A ${n}001:${n + 1}001 ack 1`));
  });

  it('does not begin again by duplicates of what it has sent needlessly (RFC 6582, 3.2, step 1)', () => {
    const { acknowledge, peer } = recovering();
    acknowledge(12_001);
    for (let i = 0; i < 4; i++) acknowledge(12_001);
    expect(peer.tcp.counters.fastRecoveries).toBe(1);
  });

  it('begins again by duplicates of later data', () => {
    const { acknowledge, peer } = recovering();
    acknowledge(12_001);
    acknowledge(13_001);
    for (let i = 0; i < 3; i++) acknowledge(13_001);
    expect(peer.tcp.counters.fastRecoveries).toBe(2);
  });

  it.each([
    ['data', { bytes: 1 }],
    ['another window', { window: 50_000 }],
  ])('takes no segment with %s for a duplicate (RFC 5681, 2)', (_, difference) => {
    const { peer } = tenInFlight({ sackPermitted: false });
    let { window } = peer;
    for (let i = 0; i < 4; i++) {
      const bytes = 'bytes' in difference ? 1 : 0;
      if (bytes === 0) window += 100;
      peer.send({ flags: 'A', seq: 1 + (bytes ? i : 0), ack: 1, bytes, window });
    }
    expect(peer.tcp.counters.fastRecoveries).toBe(0);
  });
});

describe('recovery by SACK (RFC 6675)', () => {
  it('retransmits the hole with the third report, and new data as the pipe allows (5)', () => {
    const { sack, acknowledge, connection } = tenInFlight();
    sack(1, [1001, 2001]);
    sack(1, [1001, 3001]);
    expect(sack(1, [1001, 4001])).toEqual(['A 1:1001 ack 1']);
    expect(connection.sender.recovery.congestion.window).toBe(5000);
    // In the pipe: 4001 to 12001 and the retransmission, until less than the window is.
    for (const end of [5001, 6001, 7001, 8001]) expect(sack(1, [1001, end])).toEqual([]);
    expect(sack(1, [1001, 9001])).toEqual(['A 12001:13001 ack 1']);
    expect(sack(1, [1001, 10_001])).toEqual(['A 13001:14001 ack 1']);
    acknowledge(12_001);
    expect(connection.sender.recovery.state).toBe(Recovery.Open);
    expect(connection.sender.recovery.congestion.window).toBe(5000);
  });

  it('does not time a segment that it has sent again (Karn, RFC 6298, 3)', () => {
    const { sack, acknowledge, peer, connection } = tenInFlight();
    peer.pass(5000);
    sack(1, [1001, 4001]);
    peer.pass(20_000);
    acknowledge(4001);
    expect(connection.sender.rtt.smoothedUs).toBe(0);
  });

  it('begins with one report of more than two segments, without three duplicates (4, IsLost)', () => {
    const { sack } = tenInFlight();
    expect(sack(1, [1001, 4001])[0]).toBe('A 1:1001 ack 1');
  });

  it('retransmits every lost hole once, before new data (4, NextSeg, rule 1)', () => {
    const { sack } = tenInFlight();
    const sent = [
      ...sack(1, [2001, 3001]),
      ...sack(1, [4001, 5001], [2001, 3001]),
      ...sack(1, [6001, 7001], [4001, 5001], [2001, 3001]),
      ...sack(1, [6001, 8001], [4001, 5001], [2001, 3001]),
      ...sack(1, [6001, 9001], [4001, 5001], [2001, 3001]),
      ...sack(1, [6001, 10_001], [4001, 5001], [2001, 3001]),
      ...sack(1, [6001, 11_001], [4001, 5001], [2001, 3001]),
      ...sack(1, [6001, 12_001], [4001, 5001], [2001, 3001]),
    ];
    expect(sent.slice(0, 3)).toEqual(['A 10001:11001 ack 1', 'A 11001:12001 ack 1', 'A 1:1001 ack 1']);
    const again = sent.filter((text) => Number.parseInt(text.slice(2), 10) < 10_001);
    expect(again).toEqual([1, 1001, 3001, 5001].map((start) => `A ${start}:${start + 1000} ack 1`));
  });

  it('retransmits a hole that is not lost yet when there is nothing new (rule 3)', () => {
    const { sack } = tenInFlight({}, {}, 10_000);
    sack(1, [1001, 4001]);
    expect(sack(1, [6001, 8001], [1001, 5001])).toEqual(['A 5001:6001 ack 1']);
  });

  it("does so when the receiver's window keeps new data back (rule 2)", () => {
    const peer = new TestPeer({ tcp: { congestion: 'newreno' } });
    peer.window = 10_000;
    peer.establish({ window: 10_000 });
    peer.push(20_000);
    const sack = (...blocks: (readonly [number, number])[]) =>
      peer.send({ flags: 'A', seq: 1, ack: 1, sack: blocks });
    sack([1001, 4001]);
    expect(sack([6001, 8001], [1001, 5001])).toEqual(['A 5001:6001 ack 1']);
  });

  it('retransmits the last segment once when nothing is heard of it for a round trip (rule 4)', () => {
    const { sack, acknowledge } = tenInFlight({}, {}, 10_000);
    expect(sack(1, [1001, 4001])).toEqual(['A 1:1001 ack 1']);
    // It may be on its way still.
    for (const end of [6001, 7001, 8001, 9001]) expect(sack(1, [1001, end])).toEqual([]);
    // The hole's retransmission was sent behind it, and has arrived.
    expect(acknowledge(9001)).toEqual(['PA 9001:10001 ack 1']);
    for (let i = 0; i < 3; i++) expect(acknowledge(9001)).toEqual([]);
  });

  it('does not retransmit in the same instant what it has just retransmitted (rule 4)', () => {
    const { sack, acknowledge } = tenInFlight({}, {}, 10_000);
    expect(sack(1, [1001, 10_001])).toEqual(['A 1:1001 ack 1']);
    const several = tenInFlight({}, {}, 10_000);
    expect(several.sack(1, [1001, 7001])).toEqual(['A 1:1001 ack 1']);
    expect(several.sack(1, [8001, 10_001], [1001, 7001])).toEqual(['A 7001:8001 ack 1']);
    // What is left is on its way a second time.
    expect(several.sack(7001, [8001, 10_001])).toEqual([]);
    expect(acknowledge(10_001)).toEqual([]);
  });

  it('does not retransmit a last segment that it has sent since the recovery began (rule 4)', () => {
    const { peer, sack, acknowledge } = tenInFlight({}, {}, 10_000);
    sack(1, [1001, 9001]);
    expect(peer.push(500)).toEqual(['PA 10001:10501 ack 1']);
    expect(acknowledge(9001)).toEqual([]);
  });

  it('goes on by its retransmissions after such a one (rule 4 does not move HighRxt)', () => {
    const { sack } = tenInFlight({}, {}, 10_000);
    sack(1, [2001, 5001]);
    expect(sack(1001, [2001, 7001])).toEqual(['A 1001:2001 ack 1', 'PA 9001:10001 ack 1']);
    // Now 7001 turns out to be lost.
    expect(sack(1001, [8001, 10_001], [2001, 7001])).toEqual(['A 7001:8001 ack 1']);
    expect(sack(7001, [8001, 10_001])).toEqual([]);
  });

  it('sends a lost retransmission again when enough is SACKed of what was sent after it', () => {
    const { sack } = tenInFlight();
    sack(1, [1001, 4001]);
    const isFirst = (text: string) => text.startsWith('A 1:');
    for (const end of [6001, 8001, 10_001, 12_001]) expect(sack(1, [1001, end]).some(isFirst)).toBe(false);
    expect(sack(1, [1001, 14_001]).some(isFirst)).toBe(true);
    expect(sack(1, [1001, 15_001]).some(isFirst)).toBe(false);
  });

  it('is not moved by D-SACK (RFC 2883) nor by blocks of what was never sent', () => {
    const { sack, acknowledge, peer } = tenInFlight();
    acknowledge(3001);
    for (let i = 0; i < 5; i++) {
      expect(sack(3001, [1, 1001])).toEqual([]);
      expect(sack(3001, [900_000, 901_000])).toEqual([]);
      expect(sack(3001, [5001, 4001])).toEqual([]);
    }
    expect(peer.tcp.counters.fastRecoveries).toBe(0);
  });

  it('includes the FIN', () => {
    const { peer, sack } = tenInFlight({}, {}, 10_000);
    peer.finish();
    expect(sack(1, [1001, 9001])).toEqual(['A 1:1001 ack 1']);
    expect(sack(9001)).toEqual(['FPA 9002:10001 ack 1']);
    expect(sack(9001)).toEqual([]);
    expect(peer.pass(100_000)[0]).toMatch(/FPA 9001:10001 ack 1|PA 9001:10001 ack 1/);
  });
});

describe('after a retransmission timeout (RFC 5681, 3.1)', () => {
  it('starts anew from the first segment with a window of one', () => {
    const { peer, connection } = tenInFlight();
    expect(peer.pass(50_000)).toEqual(['50000 A 1:1001 ack 1']);
    expect(connection.sender.recovery.congestion).toMatchObject({ window: 1000, slowStartThreshold: 5000 });
  });

  it('sends the rest again in slow start, then new data', () => {
    const { peer, acknowledge } = tenInFlight({ sackPermitted: false });
    peer.pass(50_000);
    expect(acknowledge(1001)).toEqual(['A 1001:2001 ack 1', 'A 2001:3001 ack 1']);
    expect(acknowledge(2001)).toEqual(['A 3001:4001 ack 1', 'A 4001:5001 ack 1']);
    expect(acknowledge(5001).length).toBeGreaterThan(1);
    expect(acknowledge(10_001).every((text) => Number.parseInt(text.slice(2), 10) > 10_000)).toBe(true);
  });

  it('does not send again what a late acknowledgement covers', () => {
    const { peer, acknowledge, connection } = tenInFlight();
    peer.pass(50_000);
    expect(acknowledge(10_001)[0]).toBe('A 10001:11001 ack 1');
    expect(connection.sender.recovery.state).toBe(Recovery.Open);
  });

  it('relies on nothing that was SACKed before (RFC 2018, 8)', () => {
    const { peer, sack, acknowledge } = tenInFlight({}, {}, 10_000);
    sack(1, [1001, 2001]);
    peer.pass(50_000);
    expect(acknowledge(1001)).toEqual(['A 1001:2001 ack 1', 'A 2001:3001 ack 1']);
  });

  it('does not send again what has been SACKed since (RFC 6675, 5.1)', () => {
    const { peer, sack, connection } = tenInFlight({}, {}, 10_000);
    peer.pass(50_000);
    expect(sack(2001, [3001, 5001], [6001, 7001])).toEqual(['A 2001:3001 ack 1', 'A 5001:6001 ack 1']);
    expect(sack(5001, [6001, 7001])).toEqual(['A 7001:8001 ack 1', 'A 8001:9001 ack 1']);
    expect(sack(10_001)).toEqual([]);
    expect(connection.sender.recovery.state).toBe(Recovery.Open);
  });

  it('sends each segment once, though one had been sent again by rule 4 before', () => {
    const { peer, sack, acknowledge } = tenInFlight({}, {}, 10_000);
    sack(1, [2001, 5001]);
    expect(sack(1001, [2001, 7001])).toEqual(['A 1001:2001 ack 1', 'PA 9001:10001 ack 1']);
    expect(peer.pass(50_000)).toEqual(['50000 A 1001:2001 ack 1']);
    expect(acknowledge(2001)).toEqual(['A 2001:3001 ack 1', 'A 3001:4001 ack 1']);
  });

  it('lowers the threshold once for a segment that is lost again and again', () => {
    const { peer, connection } = tenInFlight();
    peer.pass(400_000);
    expect(peer.tcp.counters.retransmissionTimeouts).toBe(3);
    expect(connection.sender.recovery.congestion.slowStartThreshold).toBe(5000);
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
