import { afterEach, describe, expect, it } from 'vitest';
import { type Offer, TestPeer } from './test-peer.ts';

afterEach(() => TestPeer.checkAll());

/**
 * A connection whose handshake took 100 ms: SRTT 100 ms, RTTVAR 50 ms, RTO 300 ms. Without SACK, with which a tail loss
 * probe would go before the first retransmission.
 */
function established({ sackPermitted = false, ...offer }: Offer = {}, tcp = {}) {
  const peer = new TestPeer({ tcp: { keepAliveUs: 0, ...tcp } });
  peer.listen();
  peer.offer({ sackPermitted, ...offer });
  peer.pass(100_000);
  peer.send({ flags: 'A', seq: 1, ack: 1 });
  return { peer, connection: peer.accepted() };
}

describe('timer: retransmission (RFC 6298)', () => {
  it('measures every acknowledgement, the oldest segment that it covers (RFC 7323, 4.1)', () => {
    const { peer, connection } = established();
    let smoothedUs = 100_000;
    for (let i = 0; i < 4; i++) {
      peer.push(1000);
      peer.pass(1000 * i);
      peer.push(1000);
      peer.pass(60_000);
      peer.send({ flags: 'A', seq: 1, ack: 1 + 2000 * (i + 1) });
      smoothedUs += (60_000 + 1000 * i - smoothedUs) / 8;
      expect(connection.sender.rtt.smoothedUs).toBeCloseTo(smoothedUs, 3);
    }
  });

  it('measures nothing that has waited for what was sent again', () => {
    const { peer, connection } = established({ sackPermitted: false });
    for (let i = 0; i < 3; i++) peer.push(1000);
    // The first of them is lost, and the peer keeps the others.
    peer.pass(300_000);
    peer.pass(100_000);
    peer.send({ flags: 'A', seq: 1, ack: 3001 });
    expect(connection.sender.rtt.smoothedUs).toBe(100_000);
    const other = established({ sackPermitted: false, timestamps: true });
    for (let i = 0; i < 3; i++) other.peer.push(1000);
    other.peer.pass(300_000);
    other.peer.pass(100_000);
    // The echo is that of the segment that was sent again.
    other.peer.send({ flags: 'A', seq: 1, ack: 2977 });
    expect(other.connection.sender.rtt.smoothedUs).toBeCloseTo(100_000, -3);
  });

  it('learns of a path that has become slower than the timeout', () => {
    for (const timestamps of [false, true]) {
      const { peer, connection } = established({ timestamps });
      for (let start = 1, i = 0; i < 12; i++, start += 10) {
        peer.push(10);
        const echo = peer.last.timestamps?.[0] ?? 0;
        peer.pass(800_000);
        const stamps = timestamps ? ([peer.peerClock(), echo] as const) : null;
        peer.send({ flags: 'A', seq: 1, ack: start + 10, timestamps: stamps });
      }
      expect(connection.sender.rtt.smoothedUs).toBeGreaterThan(500_000);
      const before = peer.tcp.counters.retransmissionTimeouts;
      peer.push(10);
      peer.pass(800_000);
      expect(peer.tcp.counters.retransmissionTimeouts).toBe(before);
    }
  });
});
