import { afterEach, describe, expect, it } from 'vitest';
import { ip } from '../test-device.ts';
import type { TcpConnection } from './connection.ts';
import { Listener } from './listener.ts';
import { OUR_PORT, PEER_ADDRESS, type Script, TestPeer } from './test-peer.ts';

afterEach(() => TestPeer.checkAll());

const SYN: Script = { flags: 'S', seq: 0, mss: 1000, sackPermitted: true };

function listening(backlog?: number, options = {}) {
  const peer = new TestPeer(options);
  return { peer, listener: peer.listen(backlog) };
}

describe('accept: the three-way handshake (RFC 9293, 3.5)', () => {
  it('hands out connections in the order in which they were completed', () => {
    const { peer, listener } = listening();
    const [first, second, third] = [1001, 1002, 1003].map((peerPort) => halfOpen(peer, peerPort));
    for (const connection of [third, first, second]) acknowledge(peer, connection);
    expect([listener.take(), listener.take(), listener.take()]).toEqual([third, first, second]);
    expect(listener.take()).toBeNull();
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
  it('bounds the half-open ones too', () => {
    const { peer, listener } = listening(4, { tcp: { synCookies: false } });
    for (let peerPort = 10_000; peerPort < 10_300; peerPort++) peer.send({ ...SYN, peerPort });
    expect(listener.halfOpen).toBe(256);
    expect(peer.tcp.counters).toMatchObject({ backlogDropped: 44, cookiesSent: 0 });
  });
});

describe('accept: segments to a listener (RFC 9293, 3.10.7.2)', () => {
  it('refuses a SYN to an address that it does not listen at', () => {
    const { peer } = listening();
    peer.tcp.listeners.set(OUR_PORT, new Listener(0x0a630063, OUR_PORT, 1, () => {}, null));
    peer.ourIss = 0;
    expect(peer.send(SYN)).toEqual(['RA 0 ack 1']);
  });
});

describe('SYN-RECEIVED (RFC 9293, 3.10.7.4)', () => {
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

  it('makes way for a peer that starts anew', () => {
    const { peer, listener } = listening();
    peer.offer();
    // The peer has lost its memory; our SYN-ACK makes it reset the old connection.
    peer.send({ flags: 'S', seq: 30_000 });
    peer.send({ flags: 'R', seq: 1 });
    expect(peer.send({ ...SYN, seq: 30_000 }).length).toBe(1);
    expect(listener.halfOpen).toBe(1);
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
