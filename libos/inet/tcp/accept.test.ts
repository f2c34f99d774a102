import { afterEach, describe, expect, it } from 'vitest';
import { ip } from '../test-device.ts';
import type { TcpConnection } from './connection.ts';
import { Listener } from './listener.ts';
import { TcpState } from './states.ts';
import { OUR_PORT, PEER_ADDRESS, PEER_CLOCK, type Script, TestPeer } from './test-peer.ts';

afterEach(() => TestPeer.checkAll());

const SYN: Script = { flags: 'S', seq: 0, mss: 1000, sackPermitted: true };

function listening(backlog?: number, options = {}) {
  const peer = new TestPeer(options);
  return { peer, listener: peer.listen(backlog) };
}

describe('accept: the three-way handshake (RFC 9293, 3.5)', () => {
  it('answers a SYN, and is complete with its acknowledgement', () => {
    const { peer, listener } = listening();
    expect(peer.offer()).toEqual(['SA 0 ack 1']);
    expect(listener).toMatchObject({ halfOpen: 1, complete: 0 });
    expect(peer.send({ flags: 'A', seq: 1, ack: 1 })).toEqual([]);
    expect(listener).toMatchObject({ halfOpen: 0, complete: 1 });
    expect(peer.accepted().state).toBe(TcpState.Established);
    expect(listener.complete).toBe(0);
  });

  it('takes data that comes with the acknowledgement, before anybody accepts', () => {
    const { peer } = listening();
    peer.offer();
    peer.send({ flags: 'PA', seq: 1, ack: 1, bytes: 700 });
    peer.accepted();
    expect(peer.read()).toBe(700);
  });

  it('hands out connections in the order in which they were completed', () => {
    const { peer, listener } = listening();
    const [first, second, third] = [1001, 1002, 1003].map((peerPort) => halfOpen(peer, peerPort));
    for (const connection of [third, first, second]) acknowledge(peer, connection);
    expect([listener.take(), listener.take(), listener.take()]).toEqual([third, first, second]);
    expect(listener.take()).toBeNull();
  });

  it('answers a SYN that comes again because our SYN-ACK was lost, without another connection', () => {
    const { peer, listener } = listening();
    peer.offer();
    expect(peer.send(SYN)).toEqual(['SA 0 ack 1']);
    expect(listener.halfOpen).toBe(1);
  });

  it('owes none any more for a SYN that comes again in the same burst as its acknowledgement', () => {
    const { peer } = listening();
    peer.offer();
    peer.inject(SYN);
    peer.inject({ flags: 'A', seq: 1, ack: 1 });
    peer.inject({ flags: 'PA', seq: 1, ack: 1, bytes: 700 });
    expect(peer.run()).toEqual([]);
    expect(peer.pass(20_000)).toEqual(['10000 A 1 ack 701']);
    peer.accepted();
    expect(peer.read()).toBe(700);
    expect(peer.pass(10e6)).toEqual([]);
  });

  it('sends a lost SYN-ACK again by itself, ever more seldom (RFC 6298, 5)', () => {
    const { peer, listener } = listening();
    peer.offer();
    expect(peer.pass(9e6)).toEqual(['1000000 SA 0 ack 1', '3000000 SA 0 ack 1', '7000000 SA 0 ack 1']);
    peer.pass(2e6);
    expect(listener.halfOpen).toBe(0);
    expect(peer.halfOpen()).toBeNull();
  });

  it('does not time a SYN-ACK that was sent twice (Karn, RFC 6298, 3)', () => {
    const { peer } = listening();
    peer.offer();
    peer.pass(20_000);
    peer.send(SYN);
    peer.pass(5);
    peer.send({ flags: 'A', seq: 1, ack: 1 });
    expect(peer.accepted().sender.rtt.measured).toBe(false);
  });

  it('opens with an initial window of one segment when its SYN-ACK was lost (RFC 5681, 3.1)', () => {
    const { peer } = listening();
    peer.offer();
    peer.pass(1e6);
    peer.send({ flags: 'A', seq: 1, ack: 1 });
    expect(peer.accepted().sender.recovery.congestion.window).toBe(1000);
  });
});

describe('accept: options', () => {
  it('are those that the SYN offers (RFC 7323, 2.2, 3.2; RFC 2018, 2)', () => {
    const { peer } = listening();
    peer.offer({ mss: 1200, windowScale: 0, sackPermitted: true, timestamps: true });
    expect(peer.last).toMatchObject({ mss: 1460, windowScale: 5, sackPermitted: true, window: 65_535 });
    expect(peer.last.timestamps![1]).toBe(PEER_CLOCK);
    peer.send({ flags: 'A', seq: 1, ack: 1 });
    const { sender, receiver } = peer.accepted();
    expect(sender.mss).toBe(1188);
    expect(receiver).toMatchObject({ sackPermitted: true, timestamps: true });
  });

  it('are none but the MSS if it offers none, and its MSS is then 536 (RFC 9293, 3.7.1)', () => {
    const { peer } = listening();
    peer.send({ flags: 'S', seq: 0 });
    expect(peer.last).toMatchObject({ windowScale: null, sackPermitted: false, timestamps: null, mss: 1460 });
    expect(peer.halfOpen()!.sender.mss).toBe(536);
  });

  it('scales windows both ways from the first segment after the SYNs on (RFC 7323, 2.2)', () => {
    const { peer } = listening(16, { tcp: { receiveWindowBytes: 256 * 1024 } });
    const connection = peer.establish({ windowScale: 4, window: 100 });
    expect(connection.sender.window.bytes).toBe(1600);
    peer.send({ flags: 'FA', seq: 1, ack: 1 });
    expect(peer.last.window).toBe((256 * 1024) >> 3);
  });
});

describe('accept: the window of a SYN (RFC 7323, 2.2)', () => {
  it('of the peer is not scaled, nor is ours, also when they come again', () => {
    const { peer } = listening(16, { tcp: { receiveWindowBytes: 256 * 1024 } });
    const syn: Script = { ...SYN, windowScale: 7, window: 1500 };
    for (let i = 0; i < 2; i++) {
      expect(peer.send(syn).length).toBe(1);
      expect(peer.last).toMatchObject({ flags: 'SA', window: 65_535, windowScale: 3 });
      expect(peer.halfOpen()!.sender.window.bytes).toBe(1500);
    }
    expect(peer.pass(1e6).length).toBe(1);
    expect(peer.last).toMatchObject({ flags: 'SA', window: 65_535, windowScale: 3 });
  });

  it('that comes when the connection stands already changes nothing', () => {
    const { peer } = listening();
    const connection = peer.establish({ windowScale: 7, window: 100 });
    for (const flags of ['S', 'SA']) peer.send({ flags, seq: 0, ack: 1, window: 60_000 });
    expect(connection.sender.window.bytes).toBe(12_800);
  });
});

describe('accept: the backlog', () => {
  it('full of complete connections drops SYNs, which come again', () => {
    const { peer, listener } = listening(1);
    peer.offer();
    peer.send({ flags: 'A', seq: 1, ack: 1 });
    const other = { ...SYN, peerPort: 7777 };
    expect(peer.send(other)).toEqual([]);
    expect(peer.tcp.counters.backlogDropped).toBe(1);
    peer.accepted();
    expect(peer.send(other).length).toBe(1);
    expect(listener.halfOpen).toBe(1);
  });

  it('full keeps a connection half open until there is room; the SYN-ACK asks for its ACK again', () => {
    const { peer, listener } = listening(1);
    const other = halfOpen(peer, 7777);
    acknowledge(peer, halfOpen(peer, 8888));
    acknowledge(peer, other);
    expect(other.state).toBe(TcpState.SynReceived);
    listener.take();
    expect(peer.pass(1e6).length).toBe(1);
    acknowledge(peer, other);
    expect(other.state).toBe(TcpState.Established);
    expect(listener.take()).toBe(other);
  });

  it('bounds the half-open ones too', () => {
    const { peer, listener } = listening(4, { tcp: { synCookies: false } });
    for (let peerPort = 10_000; peerPort < 10_300; peerPort++) peer.send({ ...SYN, peerPort });
    expect(listener.halfOpen).toBe(256);
    expect(peer.tcp.counters).toMatchObject({ backlogDropped: 44, cookiesSent: 0 });
  });
});

describe('accept: segments to a listener (RFC 9293, 3.10.7.2)', () => {
  it('ignores a reset', () => {
    const { peer } = listening();
    expect(peer.send({ flags: 'R', seq: 0 })).toEqual([]);
    expect(peer.send({ flags: 'RA', seq: 0, ack: 1 })).toEqual([]);
  });

  it('answers an acknowledgement with a reset', () => {
    const { peer } = listening();
    expect(peer.send({ flags: 'A', seq: 5, ack: 99 })).toEqual(['R 99']);
    expect(peer.send({ flags: 'SA', seq: 5, ack: 99 })).toEqual(['R 99']);
  });

  it('ignores what has neither SYN nor ACK, and a SYN with FIN', () => {
    const { peer, listener } = listening();
    expect(peer.send({ flags: '', seq: 5, bytes: 3 })).toEqual([]);
    expect(peer.send({ flags: 'F', seq: 5 })).toEqual([]);
    expect(peer.send({ flags: 'SF', seq: 0 })).toEqual([]);
    expect(listener.halfOpen).toBe(0);
  });

  it('leaves data that comes with a SYN to be sent again', () => {
    const { peer } = listening();
    expect(peer.send({ ...SYN, bytes: 10 })).toEqual(['SA 0 ack 1']);
  });

  it('refuses a SYN to an address that it does not listen at', () => {
    const { peer } = listening();
    peer.tcp.listeners.set(OUR_PORT, new Listener(0x0a630063, OUR_PORT, 1, () => {}, null));
    peer.ourIss = 0;
    expect(peer.send(SYN)).toEqual(['RA 0 ack 1']);
  });
});

describe('SYN-RECEIVED (RFC 9293, 3.10.7.4)', () => {
  it('answers an acknowledgement of anything but the SYN-ACK with a reset', () => {
    const { peer, listener } = listening();
    peer.offer();
    expect(peer.send({ flags: 'A', seq: 1, ack: 0 })).toEqual(['R 0']);
    expect(peer.send({ flags: 'A', seq: 1, ack: 2 })).toEqual(['R 2']);
    expect(listener.halfOpen).toBe(1);
  });

  it('ends with an exact reset, and the listener goes on', () => {
    const { peer, listener } = listening();
    peer.offer();
    expect(peer.send({ flags: 'R', seq: 1 })).toEqual([]);
    expect(listener.halfOpen).toBe(0);
    expect(peer.halfOpen()).toBeNull();
    expect(peer.offer()).toEqual(['SA 0 ack 1']);
  });

  it('challenges a reset or SYN that is only near with an acknowledgement (RFC 5961, 3 and 4)', () => {
    const { peer, listener } = listening();
    peer.offer();
    expect(peer.send({ flags: 'R', seq: 2 })).toEqual(['A 1 ack 1']);
    expect(peer.send({ flags: 'RA', seq: 60_000, ack: 1 })).toEqual(['A 1 ack 1']);
    expect(peer.send({ flags: 'S', seq: 100 })).toEqual(['A 1 ack 1']);
    expect(peer.send({ flags: 'SA', seq: 100, ack: 1 })).toEqual(['A 1 ack 1']);
    expect(listener.halfOpen).toBe(1);
  });

  it('passes over a reset outside the window (RFC 5961, 3)', () => {
    const { peer, listener } = listening();
    peer.offer();
    for (const seq of [0, -1, 65_536, 90_000]) expect(peer.send({ flags: 'R', seq })).toEqual([]);
    expect(listener.halfOpen).toBe(1);
  });

  it.each([
    ['data beyond the window', { flags: 'PA', seq: 65_536, ack: 1, bytes: 100 }],
    ['data before the window', { flags: 'PA', seq: -99, ack: 1, bytes: 100 }],
    ['an empty segment beyond the window', { flags: 'A', seq: 65_537, ack: 1 }],
    ['a FIN beyond the window', { flags: 'FA', seq: 65_537, ack: 1 }],
    ['another SYN before the window', { flags: 'S', seq: -5000 }],
    ['a SYN-ACK with the number of the SYN', { flags: 'SA', seq: 0, ack: 1 }],
  ])('answers %s with an acknowledgement, and stays (3.10.7.4, first)', (_, segment) => {
    const { peer, listener } = listening();
    peer.offer();
    expect(peer.send(segment)).toEqual(['A 1 ack 1']);
    expect(listener).toMatchObject({ halfOpen: 1, complete: 0 });
    expect(peer.send({ flags: 'A', seq: 1, ack: 1 })).toEqual([]);
    expect(listener.complete).toBe(1);
  });

  it('answers its SYN that comes again with the SYN-ACK, with what was agreed on', () => {
    const { peer } = listening();
    peer.offer({ windowScale: 3, timestamps: true });
    const { windowScale, mss, sackPermitted, window } = peer.last;
    expect(peer.send({ ...SYN, windowScale: 3 })).toEqual(['SA 0 ack 1']);
    expect(peer.last).toMatchObject({ windowScale, mss, sackPermitted, window });
  });

  it('sends an acknowledgement with a window that is scaled, unlike that of the SYN-ACK (RFC 7323, 2.2)', () => {
    const { peer } = listening(16, { tcp: { receiveWindowBytes: 256 * 1024 } });
    peer.offer({ windowScale: 0 });
    expect(peer.last).toMatchObject({ window: 65_535, windowScale: 3 });
    peer.send({ flags: 'PA', seq: -99, ack: 1, bytes: 100 });
    expect(peer.last).toMatchObject({ flags: 'A', window: (256 * 1024) >> 3 });
  });

  it('goes on sending the SYN-ACK by itself after an acknowledgement of something else', () => {
    const { peer } = listening();
    peer.offer();
    peer.pass(0.5e6);
    peer.send({ flags: 'PA', seq: 70_000, ack: 1, bytes: 1 });
    expect(peer.pass(1e6)).toEqual(['500000 SA 0 ack 1']);
  });

  it('challenges ten times a second at most (RFC 5961, 7)', () => {
    const { peer } = listening();
    peer.offer();
    let sent = 0;
    for (let i = 0; i < 50; i++) sent += peer.send({ flags: 'S', seq: 100 + i }).length;
    for (let i = 0; i < 50; i++) sent += peer.send({ flags: 'S', seq: -5000 - i }).length;
    expect(sent).toBe(10);
  });

  it('takes data and FIN that come with the acknowledgement', () => {
    const { peer } = listening();
    peer.offer();
    expect(peer.send({ flags: 'FPA', seq: 1, ack: 1, bytes: 300 })).toEqual(['A 1 ack 302']);
    expect(peer.accepted().state).toBe(TcpState.CloseWait);
    expect(peer.read()).toBe(300);
  });

  it('keeps data that overtakes the acknowledgement, and the FIN behind it', () => {
    const { peer } = listening();
    peer.offer();
    expect(peer.send({ flags: 'FPA', seq: 101, ack: 1, bytes: 100 })).toEqual(['A 1 ack 1 sack 101:201']);
    expect(peer.send({ flags: 'PA', seq: 1, ack: 1, bytes: 100 })).toEqual(['A 1 ack 202']);
    expect(peer.accepted().state).toBe(TcpState.CloseWait);
    expect(peer.read()).toBe(200);
  });

  it('leaves data that comes without an acknowledgement to be sent again (3.10.7.4, fifth)', () => {
    const { peer, listener } = listening();
    peer.offer();
    expect(peer.send({ flags: 'P', seq: 1, bytes: 100 })).toEqual([]);
    expect(listener.halfOpen).toBe(1);
  });

  it('makes way for a peer that starts anew', () => {
    const { peer, listener } = listening();
    peer.offer();
    // The peer has lost its memory; our SYN-ACK makes it reset the old connection.
    peer.send({ flags: 'S', seq: 30_000 });
    peer.send({ flags: 'R', seq: 1 });
    expect(peer.send({ ...SYN, seq: 30_000 }).length).toBe(1);
    expect(listener.halfOpen).toBe(1);
  });

  it('goes on to CLOSE-WAIT when the handshake ends with a FIN', () => {
    const { peer } = listening();
    peer.offer();
    expect(peer.send({ flags: 'FA', seq: 1, ack: 1 })).toEqual(['A 1 ack 2']);
    expect(peer.accepted().state).toBe(TcpState.CloseWait);
  });
});

/** A connection of which the listener has seen the SYN. */
function halfOpen(peer: TestPeer, peerPort: number): TcpConnection {
  peer.send({ ...SYN, peerPort });
  return peer.tcp.connections.find(OUR_PORT, ip(PEER_ADDRESS), peerPort)!;
}

function acknowledge(peer: TestPeer, { sender, remotePort }: TcpConnection): void {
  peer.send({ flags: 'A', seq: 1, ack: sender.initialSequence + 1 - peer.ourIss, peerPort: remotePort });
}
