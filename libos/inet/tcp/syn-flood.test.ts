import { afterEach, describe, expect, it } from 'vitest';
import { TcpState } from './states.ts';
import { COOKIE_PERIOD_US } from './syn-cookies.ts';
import { type Offer, PEER_PORT, TestPeer } from './test-peer.ts';

afterEach(() => TestPeer.checkAll());

/** A listener whose half-open connections are at their bound. */
function flooded(backlog = 16, tcp = {}) {
  const peer = new TestPeer({ tcp: { connectTimeoutUs: 1000e6, ...tcp } });
  const listener = peer.listen(backlog);
  for (let peerPort = 10_000; peerPort < 10_256; peerPort++) {
    peer.send({ flags: 'S', seq: 0, mss: 1000, peerPort });
  }
  peer.take();
  return { peer, listener };
}

/** The peer's SYN is answered with a cookie, from which our numbers count. */
function cookieFor(peer: TestPeer, offer: Offer = {}): void {
  peer.offer(offer);
  expect(peer.last).toMatchObject({ flags: 'SA', ack: 1 });
  peer.ourIss = (peer.ourIss + peer.last.seq) | 0;
}

const ACK = { flags: 'A', seq: 1, ack: 1 };

describe('a SYN beyond the bound of half-open connections (RFC 4987, 3.6)', () => {
  it('is answered with a cookie, of which nothing is kept', () => {
    const { peer, listener } = flooded();
    const { size } = peer.tcp.connections;
    cookieFor(peer);
    expect(peer.halfOpen()).toBeNull();
    expect(listener.halfOpen).toBe(256);
    expect(peer.tcp.connections.size).toBe(size);
    expect(peer.tcp.counters).toMatchObject({ cookiesSent: 1, backlogDropped: 0 });
  });

  it('is answered with the same offers as others, and with its acknowledgement completes like them', () => {
    const offer = { mss: 1460, windowScale: 7, timestamps: true };
    const ordinary = new TestPeer();
    ordinary.listen();
    ordinary.offer(offer);
    const { mss, windowScale, sackPermitted, window } = ordinary.last;
    const { peer, listener } = flooded();
    cookieFor(peer, offer);
    expect(peer.last).toMatchObject({ mss, windowScale, sackPermitted, window });
    const [sentAt, echoed] = peer.last.timestamps!;
    expect(echoed).toBe(peer.peerClock());
    peer.pass(20_000);
    expect(peer.send({ ...ACK, window: 100 })).toEqual([]);
    expect(listener).toMatchObject({ halfOpen: 256, complete: 1 });
    const { sender, receiver, state } = peer.accepted();
    expect(state).toBe(TcpState.Established);
    expect(sender.mss).toBe(1448);
    expect(sender.window.bytes).toBe(12_800);
    expect(receiver).toMatchObject({ sackPermitted: true, timestamps: true, windowScale });
    expect(peer.push(3000)).toEqual(['A 1:1449 ack 1', 'A 1449:2897 ack 1', 'PA 2897:3001 ack 1']);
    expect(peer.last.timestamps![0] - sentAt).toBe(20);
    expect(peer.send({ flags: 'FPA', seq: 1, ack: 3001, bytes: 100 })).toEqual(['A 3001 ack 102']);
    expect(peer.read()).toBe(100);
    expect(peer.connection.state).toBe(TcpState.CloseWait);
    expect(peer.finish()).toEqual(['FA 3001 ack 102']);
  });

  it('that offers nothing gets nothing', () => {
    const { peer } = flooded();
    peer.send({ flags: 'S', seq: 0 });
    expect(peer.last).toMatchObject({ mss: 1460, windowScale: null, sackPermitted: false, timestamps: null });
    peer.ourIss = (peer.ourIss + peer.last.seq) | 0;
    peer.send({ ...ACK, window: 5000 });
    const { sender, receiver } = peer.accepted();
    expect(sender).toMatchObject({ mss: 536, window: { bytes: 5000 } });
    expect(receiver).toMatchObject({ sackPermitted: false, timestamps: false, windowScale: 0 });
  });

  it('completes with data as well, should the acknowledgement be lost', () => {
    const { peer } = flooded();
    cookieFor(peer);
    peer.send({ flags: 'PA', seq: 1, ack: 1, bytes: 700 });
    peer.accepted();
    expect(peer.read()).toBe(700);
  });

  it('may come again, and either answer be acknowledged', () => {
    const { peer, listener } = flooded();
    cookieFor(peer);
    peer.pass(COOKIE_PERIOD_US);
    peer.send({ flags: 'S', seq: 0, mss: 1000, sackPermitted: true });
    expect(peer.last.flags).toBe('SA');
    expect(peer.last.seq).not.toBe(0);
    peer.send(ACK);
    expect(listener.complete).toBe(1);
  });

  it('is dropped where cookies are off', () => {
    const { peer, listener } = flooded(16, { synCookies: false });
    expect(peer.offer()).toEqual([]);
    expect(listener.halfOpen).toBe(256);
    expect(peer.tcp.counters.backlogDropped).toBe(1);
  });

  it('is kept again once there is room', () => {
    const { peer, listener } = flooded();
    cookieFor(peer);
    peer.ourIss = peer.tcp.connections.find(5000, 0x0a630002, 10_000)!.sender.initialSequence;
    peer.send({ flags: 'R', seq: 1, peerPort: 10_000 });
    expect(listener.halfOpen).toBe(255);
    peer.offer();
    expect(peer.halfOpen()?.state).toBe(TcpState.SynReceived);
  });
});

describe('a cookie that comes back', () => {
  it('waits for room in the backlog, which bounds what is complete', () => {
    const { peer, listener } = flooded(1);
    const other = { peerPort: PEER_PORT + 1 };
    peer.send({ flags: 'S', seq: 0, mss: 1000, ...other });
    const second = (peer.ourIss + peer.last.seq) | 0;
    cookieFor(peer);
    peer.send(ACK);
    expect(listener.complete).toBe(1);
    peer.ourIss = second;
    const data = { flags: 'PA', seq: 1, ack: 1, bytes: 10, ...other };
    expect(peer.send(data)).toEqual([]);
    expect(listener).toMatchObject({ halfOpen: 256, complete: 1 });
    expect(peer.tcp.counters.backlogDropped).toBe(1);
    listener.take();
    peer.send(data);
    expect(listener.take()!.receiver.queue.bytes).toBe(10);
  });

  it.each([
    ['is another number', (_: TestPeer) => ({ ack: 257 })],
    ['is for another port', (_: TestPeer) => ({ peerPort: PEER_PORT + 1 })],
    ['answers another SYN', (_: TestPeer) => ({ seq: 2 })],
    ['is as old as two periods', (peer: TestPeer) => void peer.pass(2 * COOKIE_PERIOD_US)],
  ])('is refused with a reset when it %s', (_, spoil) => {
    const { peer, listener } = flooded();
    cookieFor(peer);
    const answer = { ...ACK, ...spoil(peer) };
    peer.take();
    expect(peer.send(answer)).toEqual([`R ${answer.ack}`]);
    expect(listener.complete).toBe(0);
  });

  it('is counted when it is refused', () => {
    const { peer } = flooded();
    cookieFor(peer);
    for (const ack of [2, 1]) peer.send({ ...ACK, ack });
    expect(peer.tcp.counters).toMatchObject({ cookiesSent: 1, cookiesAccepted: 1, cookiesRefused: 1 });
  });

  it('is not looked at while none was sent', () => {
    const peer = new TestPeer();
    peer.listen();
    peer.send({ ...ACK, ack: 77 });
    expect(peer.tcp.counters.cookiesRefused).toBe(0);
    expect(peer.last.text).toBe('R 77');
  });
});
