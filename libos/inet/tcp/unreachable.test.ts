import { afterEach, describe, expect, it } from 'vitest';
import { ipv4Packet, plainChecksum } from '../test-device.ts';
import { TcpState } from './states.ts';
import { OUR_ADDRESS, OUR_PORT, PEER_ADDRESS, PEER_PORT, TestPeer } from './test-peer.ts';

afterEach(() => TestPeer.checkAll());

const NET = 0;
const HOST = 1;
const PROTOCOL = 2;
const PORT = 3;
const FRAGMENTATION_NEEDED = 4;

/** An ICMP message that quotes our segment with this number; what it brings about at once. */
function unreachable(peer: TestPeer, code: number, seq: number, mtu = 0): string[] {
  const start = new Uint8Array(8);
  const view = new DataView(start.buffer);
  view.setUint16(0, OUR_PORT);
  view.setUint16(2, PEER_PORT);
  view.setInt32(4, (peer.ourIss + seq) | 0);
  const quote = ipv4Packet({ protocol: 6, source: OUR_ADDRESS, destination: PEER_ADDRESS }, start);
  const message = Uint8Array.of(3, code, 0, 0, 0, 0, mtu >> 8, mtu & 0xff, ...quote);
  const checksum = plainChecksum(message);
  message.set([checksum >> 8, checksum & 0xff], 2);
  peer.injectPacket(1, message);
  return peer.run();
}

describe('ICMP while connecting (RFC 9293, 3.9.2.2; RFC 5927, 4)', () => {
  it.each([
    ['port', PORT, 'CONNECTION_REFUSED'],
    ['protocol', PROTOCOL, 'CONNECTION_REFUSED'],
    ['host', HOST, 'HOST_UNREACHABLE'],
    ['network', NET, 'HOST_UNREACHABLE'],
  ])('%s unreachable ends it', (_, code, error) => {
    const peer = new TestPeer();
    peer.connect();
    unreachable(peer, code, 0);
    expect(peer.connection.error).toBe(error);
  });

  it('is not believed when it quotes a number that was not sent', () => {
    const peer = new TestPeer();
    peer.connect();
    for (const seq of [-1, 1, 5000]) unreachable(peer, PORT, seq);
    expect(peer.connection.state).toBe(TcpState.SynSent);
  });

  it('does not shrink what has no size yet', () => {
    const peer = new TestPeer();
    peer.connect();
    expect(unreachable(peer, FRAGMENTATION_NEEDED, 0, 600)).toEqual([]);
    peer.send({ flags: 'SA', seq: 0, ack: 1, mss: 1000 });
    expect(peer.connection.sender.mss).toBe(1000);
  });
});

describe('ICMP to a connection that stands (RFC 5927, 4; RFC 1122, 4.2.3.9)', () => {
  it.each([
    ['port', PORT],
    ['protocol', PROTOCOL],
    ['host', HOST],
  ])('%s unreachable is passed over: data is sent on', (_, code) => {
    const peer = new TestPeer();
    const connection = peer.establish({ sackPermitted: false });
    peer.push(100);
    expect(unreachable(peer, code, 1)).toEqual([]);
    expect(connection).toMatchObject({ state: TcpState.Established, error: null });
    expect(peer.pass(50_000)).toEqual(['50000 PA 1:101 ack 1']);
  });
});

describe('fragmentation needed (RFC 1191)', () => {
  function sent(offer = {}) {
    const peer = new TestPeer({ tcp: { congestion: 'newreno' } });
    const connection = peer.establish({ mss: 1460, ...offer });
    peer.push(4380);
    return { peer, connection };
  }

  it('makes segments as large as the hop takes, and sends again what was too large', () => {
    const { peer, connection } = sent();
    // The first goes at once, the rest in slow start (RFC 1191, 6.5).
    expect(unreachable(peer, FRAGMENTATION_NEEDED, 1, 1000)).toEqual(['A 1:961 ack 1']);
    expect(connection.sender.mss).toBe(960);
    expect(peer.send({ flags: 'A', seq: 1, ack: 961 })).toEqual(['A 961:1921 ack 1', 'A 1921:2881 ack 1']);
  });

  it('counts the timestamps', () => {
    const { peer, connection } = sent({ timestamps: true });
    unreachable(peer, FRAGMENTATION_NEEDED, 1, 1000);
    expect(connection.sender.mss).toBe(948);
    expect(peer.last.text).toBe('A 1:949 ack 1');
  });

  it('believes in no hop below 576 bytes, nor in one that does not say', () => {
    for (const mtu of [0, 68, 575]) {
      const { peer, connection } = sent();
      unreachable(peer, FRAGMENTATION_NEEDED, 1, mtu);
      expect(connection.sender.mss).toBe(536);
    }
  });

  it('never enlarges segments (RFC 1191, 3)', () => {
    const { peer, connection } = sent();
    for (const mtu of [1500, 9000]) expect(unreachable(peer, FRAGMENTATION_NEEDED, 1, mtu)).toEqual([]);
    expect(connection.sender.mss).toBe(1460);
  });

  it.each([
    ['acknowledged', 1],
    ['never sent', 4381 + 4380],
  ])('is not believed when it quotes what was %s (RFC 5927, 7.2)', (_, seq) => {
    const { peer, connection } = sent();
    peer.send({ flags: 'A', seq: 1, ack: 4381 });
    peer.push(1000);
    expect(unreachable(peer, FRAGMENTATION_NEEDED, seq, 1000)).toEqual([]);
    expect(connection.sender.mss).toBe(1460);
  });
});

describe('a neighbour that does not answer ARP', () => {
  function connecting() {
    const peer = new TestPeer({ stranger: true });
    peer.answersArp = false;
    peer.connect();
    return { peer, connection: peer.connection };
  }

  it('fails connects by way of it after three seconds', () => {
    const { peer, connection } = connecting();
    peer.pass(2.9e6);
    expect(connection.error).toBeNull();
    peer.pass(0.2e6);
    expect(connection.error).toBe('HOST_UNREACHABLE');
  });

  it('does not while the link is down', () => {
    const { peer, connection } = connecting();
    peer.link.takeDown();
    peer.pass(5e6);
    expect(connection.error).toBeNull();
    peer.link.bringUp();
    peer.answersArp = true;
    expect(peer.run()).toEqual(['S 0']);
    expect(connection.state).toBe(TcpState.SynSent);
  });

  it('and then does: the SYN that waited was not a lost one (RFC 5681, 3.1)', () => {
    const { peer, connection } = connecting();
    peer.pass(1.5e6);
    peer.answersArp = true;
    expect(peer.pass(1.2e6)).toEqual(['500000 S 0']);
    expect(peer.send({ flags: 'SA', seq: 0, ack: 1, mss: 1000 })).toEqual(['A 1 ack 1']);
    expect(connection.sender.recovery.congestion.window).toBe(10_000);
  });
});
