import { afterEach, describe, expect, it } from 'vitest';
import { TcpState } from './states.ts';
import { TestPeer } from './test-peer.ts';

afterEach(() => TestPeer.checkAll());

function opening(options = {}) {
  const peer = new TestPeer(options);
  const sent = peer.connect();
  return { peer, sent, connection: peer.connection };
}

describe('connect: the three-way handshake (RFC 9293, 3.5)', () => {
  it('sends a SYN, takes the SYN-ACK and acknowledges it', () => {
    const { peer, sent, connection } = opening();
    expect(sent).toEqual(['S 0']);
    expect(connection.state).toBe(TcpState.SynSent);
    expect(peer.send({ flags: 'SA', seq: 0, ack: 1, mss: 1000 })).toEqual(['A 1 ack 1']);
    expect(connection.state).toBe(TcpState.Established);
    expect(connection.error).toBeNull();
  });

  it('acknowledges a SYN-ACK that comes again because our ACK of it was lost (RFC 9293, 3.10.7.4)', () => {
    const { peer } = opening();
    const synAck = { flags: 'SA', seq: 0, ack: 1 };
    peer.send(synAck);
    expect(peer.send(synAck)).toEqual(['A 1 ack 1']);
    expect(peer.connection.state).toBe(TcpState.Established);
  });

  it('leaves data that comes with the SYN-ACK to be sent again', () => {
    const { peer } = opening();
    expect(peer.send({ flags: 'SA', seq: 0, ack: 1, bytes: 10 })).toEqual(['A 1 ack 1']);
    expect(peer.send({ flags: 'PA', seq: 1, ack: 1, bytes: 10 })).toEqual([]);
    expect(peer.read()).toBe(10);
  });
});

describe('connect: a lost SYN (RFC 6298, 5)', () => {
  it('is sent again after 1, 2, 4 ... seconds until the time for connecting is over', () => {
    const { peer, connection } = opening({ tcp: { connectTimeoutUs: 10e6 } });
    expect(peer.pass(20e6)).toEqual(['1000000 S 0', '3000000 S 0', '7000000 S 0']);
    expect(connection.error).toBe('TIMED_OUT');
    expect(peer.halfOpen()).toBeNull();
  });

  it('fails as LINK_DOWN when the time is over and there is no link', () => {
    const { peer, connection } = opening();
    peer.link.takeDown();
    peer.pass(20e6);
    expect(connection.error).toBe('LINK_DOWN');
  });

  it('leaves a window of one segment and a timeout of 3 s (RFC 5681, 3.1; RFC 6298, 5.7)', () => {
    const { peer, connection } = opening();
    peer.pass(1e6);
    peer.send({ flags: 'SA', seq: 0, ack: 1, mss: 1000 });
    expect(connection.sender.recovery.congestion.window).toBe(1000);
    expect(peer.push(3000)).toEqual(['A 1:1001 ack 1']);
    expect(peer.pass(3e6)).toEqual(['3000000 A 1:1001 ack 1']);
  });

  it('is not timed: its answer may be that of the first (Karn, RFC 6298, 3)', () => {
    const { peer, connection } = opening();
    peer.pass(1e6);
    peer.send({ flags: 'SA', seq: 0, ack: 1 });
    expect(connection.sender.rtt.measured).toBe(false);
  });

  it('is timed when it was sent once', () => {
    const { peer, connection } = opening();
    peer.pass(30_000);
    peer.send({ flags: 'SA', seq: 0, ack: 1 });
    expect(connection.sender.rtt.smoothedUs).toBe(30_000);
  });
});

describe('connect: what may answer a SYN (RFC 9293, 3.10.7.3)', () => {
  it.each([
    ['of nothing', 0],
    ['of what was never sent', 2],
  ])('answers an acknowledgement %s with a reset and goes on', (_, ack) => {
    const { peer, connection } = opening();
    expect(peer.send({ flags: 'SA', seq: 0, ack })).toEqual([`R ${ack}`]);
    expect(peer.send({ flags: 'A', seq: 0, ack })).toEqual([`R ${ack}`]);
    expect(peer.send({ flags: 'RA', seq: 0, ack })).toEqual([]);
    expect(connection.state).toBe(TcpState.SynSent);
  });

  it('takes a reset that acknowledges the SYN for a refusal', () => {
    const { peer, connection } = opening();
    expect(peer.send({ flags: 'RA', seq: 0, ack: 1 })).toEqual([]);
    expect(connection.error).toBe('CONNECTION_REFUSED');
    expect(peer.halfOpen()).toBeNull();
  });

  it('ignores a reset without an acknowledgement, and segments without a SYN', () => {
    const { peer, connection } = opening();
    expect(peer.send({ flags: 'R', seq: 0 })).toEqual([]);
    expect(peer.send({ flags: 'A', seq: 1, ack: 1, bytes: 10 })).toEqual([]);
    expect(peer.send({ flags: 'FA', seq: 1, ack: 1 })).toEqual([]);
    expect(connection.state).toBe(TcpState.SynSent);
  });

  it('finds a peer that still has an old connection, and ends that (RFC 9293, 3.5.1)', () => {
    const { peer } = opening();
    expect(peer.send({ flags: 'A', seq: 5000, ack: -3000 })).toEqual(['R -3000']);
    expect(peer.pass(1e6)).toEqual(['1000000 S 0']);
  });
});

describe('connect: both sides at once (RFC 9293, 3.5, figure 8)', () => {
  // RFC 7323, 2.2: the window of a segment with SYN is not scaled.
  it.each([
    ['with a SYN-ACK, as most do', { flags: 'SA', seq: 0, ack: 1 }, 1000],
    ['with an ACK', { flags: 'A', seq: 1, ack: 1 }, 8000],
  ])('is established when the peer answers our SYN %s', (_, answer, windowBytes) => {
    const { peer, connection } = opening();
    expect(peer.send({ flags: 'S', seq: 0, mss: 1000, windowScale: 3 })).toEqual(['SA 0 ack 1']);
    expect(connection.state).toBe(TcpState.SynReceived);
    peer.send({ ...answer, window: 1000 });
    expect(connection.state).toBe(TcpState.Established);
    expect(connection.sender.window.bytes).toBe(windowBytes);
    expect(peer.push(500)).toEqual(['PA 1:501 ack 1']);
  });

  it('sends no more than the window of the crossing SYN-ACK, which is not scaled (RFC 7323, 2.2)', () => {
    const { peer } = opening();
    expect(peer.send({ flags: 'S', seq: 0, mss: 1000, windowScale: 7, window: 2000 })).toEqual([
      'SA 0 ack 1',
    ]);
    // Nor is ours, though it has a scale.
    expect(peer.last).toMatchObject({ window: 65_535, windowScale: 5 });
    expect(peer.send({ flags: 'SA', seq: 0, ack: 1, mss: 1000, windowScale: 7, window: 2000 })).toEqual([]);
    expect(peer.push(8000)).toEqual(['A 1:1001 ack 1', 'A 1001:2001 ack 1']);
    // From then on it is.
    expect(peer.send({ flags: 'A', seq: 1, ack: 2001, window: 8 })).toEqual(['A 2001:3001 ack 1']);
  });

  it('leaves the data of a crossing SYN-ACK to be sent again, and acts on no reset that comes with it', () => {
    const { peer, connection } = opening();
    peer.send({ flags: 'S', seq: 0, mss: 1000 });
    peer.send({ flags: 'SRA', seq: 0, ack: 1 });
    expect(connection.state).toBe(TcpState.SynReceived);
    peer.send({ flags: 'SA', seq: 0, ack: 1, bytes: 10 });
    expect(peer.read()).toBe(0);
    peer.send({ flags: 'PA', seq: 1, ack: 1, bytes: 10 });
    expect(peer.read()).toBe(10);
  });

  it('is not established by a crossing SYN-ACK of something else', () => {
    const { peer, connection } = opening();
    peer.send({ flags: 'S', seq: 0 });
    expect(peer.send({ flags: 'SA', seq: 0, ack: 2 })).toEqual(['R 2']);
    expect(connection.state).toBe(TcpState.SynReceived);
  });

  it("answers the peer's SYN when it comes again", () => {
    const { peer } = opening();
    const syn = { flags: 'S', seq: 0 };
    peer.send(syn);
    expect(peer.send(syn)).toEqual(['SA 0 ack 1']);
  });

  it.each([
    ['a SYN with another number', { flags: 'S', seq: 500 }],
    ['a reset that is only near', { flags: 'R', seq: 500 }],
    ['data outside the window', { flags: 'PA', seq: 70_000, ack: 1, bytes: 10 }],
  ])('answers %s with an acknowledgement', (_, segment) => {
    const { peer, connection } = opening();
    peer.send({ flags: 'S', seq: 0 });
    expect(peer.send(segment)).toEqual(['A 1 ack 1']);
    expect(connection.state).toBe(TcpState.SynReceived);
    expect(peer.send({ flags: 'SA', seq: 0, ack: 1 })).toEqual([]);
    expect(connection.state).toBe(TcpState.Established);
  });

  it.each([
    ['of nothing', 0],
    ['of what was never sent', 2],
  ])("answers the peer's SYN-ACK %s with a reset", (_, ack) => {
    const { peer, connection } = opening();
    peer.send({ flags: 'S', seq: 0 });
    expect(peer.send({ flags: 'SA', seq: 0, ack })).toEqual([`R ${ack}`]);
    expect(connection.state).toBe(TcpState.SynReceived);
  });

  it('sends its SYN-ACK again when that was lost', () => {
    const { peer } = opening();
    peer.send({ flags: 'S', seq: 0 });
    expect(peer.pass(1e6)).toEqual(['1000000 SA 0 ack 1']);
  });

  it('is refused by an exact reset', () => {
    const { peer, connection } = opening();
    peer.send({ flags: 'S', seq: 0 });
    peer.send({ flags: 'R', seq: 1 });
    expect(connection.error).toBe('CONNECTION_REFUSED');
  });
});

describe('connect: options', () => {
  it('offers MSS, window scale, SACK and timestamps (RFC 9293, 3.7.1; RFC 7323; RFC 2018)', () => {
    const { peer } = opening({ tcp: { receiveWindowBytes: 1024 * 1024 } });
    const { mss, windowScale, sackPermitted, timestamps, window } = peer.last;
    expect({ mss, windowScale, sackPermitted, window }).toEqual({
      mss: 1460,
      windowScale: 5,
      sackPermitted: true,
      window: 65_535,
    });
    expect(timestamps![1]).toBe(0);
  });

  it('uses none that the peer does not offer, and an MSS of 536 (RFC 9293, 3.7.1)', () => {
    const { peer, connection } = opening();
    peer.send({ flags: 'SA', seq: 0, ack: 1, window: 2000 });
    expect(connection.receiver).toMatchObject({ timestamps: false, sackPermitted: false });
    expect(connection.sender.mss).toBe(536);
    // Neither window is scaled.
    expect(peer.last).toMatchObject({ timestamps: null, window: 65_535 });
    expect(peer.push(5000)).toEqual(['A 1:537 ack 1', 'A 537:1073 ack 1', 'A 1073:1609 ack 1']);
    expect(peer.send({ flags: 'A', seq: 1, ack: 1609, window: 536 })).toEqual(['A 1609:2145 ack 1']);
    peer.send({ flags: 'PA', seq: 11, ack: 1609, bytes: 10, window: 536 });
    expect(peer.last.text).toBe('A 2145 ack 1');
  });

  it('uses those that both offer', () => {
    const { peer, connection } = opening();
    const own = peer.last.timestamps![0];
    peer.timestamps = true;
    peer.send({ flags: 'SA', seq: 0, ack: 1, mss: 1000, windowScale: 7, sackPermitted: true, window: 100 });
    // RFC 7323, 2.2: the window of a SYN is not scaled.
    expect(connection.sender.window.bytes).toBe(100);
    expect(peer.last.timestamps).toEqual([own, peer.peerClock()]);
    // RFC 6691: what options take comes off the payload.
    peer.send({ flags: 'A', seq: 1, ack: 1, window: 100 });
    expect(peer.push(2000)).toEqual(['A 1:989 ack 1', 'A 989:1977 ack 1', 'PA 1977:2001 ack 1']);
    expect(peer.send({ flags: 'PA', seq: 11, ack: 2001, bytes: 10 })).toEqual(['A 2001 ack 1 sack 11:21']);
    expect(peer.last.window).toBe((1024 * 1024) >> 5);
  });

  it('takes a shift count above 14 for 14 (RFC 7323, 2.3)', () => {
    const { peer, connection } = opening();
    peer.send({ flags: 'SA', seq: 0, ack: 1, windowScale: 15, window: 1 });
    peer.send({ flags: 'A', seq: 1, ack: 1, window: 1 });
    expect(connection.sender.window.bytes).toBe(16_384);
  });

  it("is bounded by our own MTU, whatever the peer's MSS", () => {
    const { peer, connection } = opening();
    peer.send({ flags: 'SA', seq: 0, ack: 1, mss: 65_535 });
    expect(connection.sender.mss).toBe(1460);
  });

  it.each([
    ['0 is as good as none', 0, 536],
    ['a tiny one is raised to 64, against a flood of tiny segments', 1, 64],
    ['a small one is respected', 100, 100],
  ])('MSS: %s', (_, offered, used) => {
    const { peer, connection } = opening();
    peer.send({ flags: 'SA', seq: 0, ack: 1, mss: offered });
    expect(connection.sender.mss).toBe(used);
    expect(peer.push(2 * used)).toEqual([`A 1:${used + 1} ack 1`, `PA ${used + 1}:${2 * used + 1} ack 1`]);
  });

  it('does not let unknown or malformed ones spoil the segment (RFC 9293, 3.1, MUST-6, MUST-7)', () => {
    const { peer, connection } = opening();
    const unknown = [254, 6, 1, 2, 3, 4];
    const endless = [2, 0, 0, 0];
    const answer = { flags: 'SA', seq: 0, ack: 1, mss: 1000, options: [...unknown, ...endless] };
    expect(peer.send(answer)).toEqual(['A 1 ack 1']);
    expect(connection.sender.mss).toBe(1000);
  });
});
