import { afterEach, describe, expect, it } from 'vitest';
import { TcpState } from './states.ts';
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
  it('comes after SRTT + 4 RTTVAR, then doubles (2.2, 5.5)', () => {
    const { peer } = established();
    peer.push(10);
    expect(peer.pass(3e6)).toEqual(['300000 PA 1:11 ack 1', '900000 PA 1:11 ack 1', '2100000 PA 1:11 ack 1']);
  });

  it('is not started anew by further segments (5.1)', () => {
    const { peer } = established();
    peer.push(10);
    peer.pass(200_000);
    peer.push(10);
    expect(peer.pass(150_000)).toEqual(['100000 PA 1:21 ack 1']);
  });

  it('starts anew with an acknowledgement of new data, from the RTO of then (5.3)', () => {
    const { peer } = established();
    peer.push(1000);
    peer.push(1000);
    peer.pass(200_000);
    // SRTT 112.5 ms, RTTVAR 62.5 ms.
    peer.send({ flags: 'A', seq: 1, ack: 1001 });
    expect(peer.pass(400_000)).toEqual(['362500 PA 1001:2001 ack 1']);
  });

  it('ends when all is acknowledged (5.2)', () => {
    const { peer } = established();
    peer.push(10);
    peer.send({ flags: 'A', seq: 1, ack: 11 });
    expect(peer.pass(100e6)).toEqual([]);
  });

  it('waits no less than the floor and no more than the ceiling (2.4, 2.5)', () => {
    const { peer } = established({}, { minRtoUs: 1e6, maxRtoUs: 2e6 });
    peer.push(10);
    const times = peer.pass(8e6).map((text) => Number.parseInt(text, 10));
    expect(times).toEqual([1e6, 3e6, 5e6, 7e6]);
  });

  it('measures no segment that was sent twice, and keeps the back-off until one that was sent once (Karn, 3, 5)', () => {
    const { peer, connection } = established();
    peer.push(10);
    peer.pass(900_000);
    peer.send({ flags: 'A', seq: 1, ack: 11 });
    expect(connection.sender.rtt.smoothedUs).toBe(100_000);
    peer.push(10);
    // It was 300 ms, then 600, then 1200.
    expect(peer.pass(1.3e6)).toEqual(['1200000 PA 11:21 ack 1']);
    peer.send({ flags: 'A', seq: 1, ack: 21 });
    peer.push(10);
    peer.pass(100_000);
    peer.send({ flags: 'A', seq: 1, ack: 31 });
    peer.push(10);
    // SRTT 100 ms, RTTVAR 37.5 ms.
    expect(peer.pass(300_000)).toEqual(['250000 PA 31:41 ack 1']);
  });

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

  it('is told by timestamps whose acknowledgement it is, and ends the back-off (RFC 7323, 4)', () => {
    const { peer, connection } = established({ timestamps: true });
    peer.push(10);
    peer.pass(2.1e6);
    // The echo is that of the third transmission, just now.
    peer.pass(4000);
    peer.send({ flags: 'A', seq: 1, ack: 11 });
    expect(connection.sender.rtt.rtoUs).toBeLessThan(400_000);
    expect(connection.sender.rtt.smoothedUs).toBe((100_000 * 7 + 4000) / 8);
  });

  it.each([
    ['of the time before', -1e6],
    ['of the future', 1e6],
  ])('believes no echo %s', (_, wrong) => {
    const { peer, connection } = established({ timestamps: true });
    peer.push(10);
    const [sent] = peer.last.timestamps!;
    peer.pass(400_000);
    peer.send({ flags: 'A', seq: 1, ack: 11, timestamps: [peer.peerClock(), sent + wrong] });
    expect(connection.sender.rtt.smoothedUs).toBe(100_000);
  });
});

describe('timer: the user timeout (RFC 9293, 3.8.3)', () => {
  it('ends a connection whose data nobody acknowledges, with a reset', () => {
    const { peer, connection } = established({}, { userTimeoutUs: 10e6 });
    peer.push(10);
    const sent = peer.pass(60e6);
    expect(sent.at(-1)).toMatch(/ RA 11 ack 1$/);
    // However long the back-off runs by then.
    expect(Number.parseInt(sent.at(-1)!, 10)).toBe(10e6);
    expect(connection).toMatchObject({ state: TcpState.Closed, error: 'TIMED_OUT' });
  });

  it('counts from the last progress, not from the start', () => {
    const { peer, connection } = established({}, { userTimeoutUs: 10e6 });
    for (let i = 0; i < 5; i++) {
      peer.push(10);
      peer.pass(8e6);
      peer.send({ flags: 'A', seq: 1, ack: 11 + 10 * i });
    }
    expect(connection.error).toBeNull();
  });

  it('counts from when there was data again, not through idle time', () => {
    const { peer, connection } = established({}, { userTimeoutUs: 10e6 });
    peer.pass(50e6);
    peer.push(10);
    peer.pass(5e6);
    expect(connection.error).toBeNull();
  });
});

describe('timer: keep-alive (RFC 9293, 3.8.4)', () => {
  const quiet = { keepAliveUs: 40e6 };

  it('asks after silence by a number that is acknowledged already, and goes on when answered', () => {
    const { peer, connection } = established({}, quiet);
    expect(peer.pass(41e6)).toEqual(['40000000 A 0 ack 1']);
    peer.send({ flags: 'A', seq: 1, ack: 1 });
    expect(peer.pass(41e6)).toEqual(['40000000 A 0 ack 1']);
    expect(connection.error).toBeNull();
  });

  it('ends the connection with a reset after five without an answer', () => {
    const { peer, connection } = established({}, quiet);
    const sent = peer.pass(200e6);
    expect(sent).toEqual([
      ...[40, 50, 60, 70, 80].map((seconds) => `${seconds}000000 A 0 ack 1`),
      '90000000 RA 1 ack 1',
    ]);
    expect(connection.error).toBe('TIMED_OUT');
  });

  it('counts them anew after an answer', () => {
    const { peer, connection } = established({}, quiet);
    expect(peer.pass(65e6).length).toBe(3);
    peer.send({ flags: 'A', seq: 1, ack: 1 });
    expect(peer.pass(85e6).length).toBe(5);
    expect(connection.error).toBeNull();
    expect(peer.pass(5e6)).toEqual(['5000000 RA 1 ack 1']);
  });

  it('starts again with whatever comes', () => {
    const { peer } = established({}, quiet);
    peer.pass(30e6);
    peer.send({ flags: 'PA', seq: 1, ack: 1, bytes: 5 });
    expect(peer.pass(39e6)).toEqual(['10000 A 1 ack 6']);
    expect(peer.pass(2e6)).toEqual(['1000000 A 0 ack 6']);
  });

  it('is off when set to 0', () => {
    const { peer } = established({}, { keepAliveUs: 0 });
    expect(peer.pass(1e9)).toEqual([]);
  });

  it("answers the peer's (3.10.7.4)", () => {
    const { peer } = established();
    expect(peer.send({ flags: 'A', seq: 0, ack: 1 })).toEqual(['A 1 ack 1']);
    expect(peer.send({ flags: 'A', seq: 0, ack: 1, bytes: 1 })).toEqual(['A 1 ack 1']);
  });
});
