import { afterEach, describe, expect, it } from 'vitest';
import { ip, ipv4Packet, plainChecksum } from '../test-device.ts';
import { reportedErrorInWords } from './reported-error.ts';
import { TcpState } from './states.ts';
import { OUR_ADDRESS, OUR_PORT, PEER_ADDRESS, PEER_PORT, TestPeer } from './test-peer.ts';

afterEach(() => TestPeer.checkAll());

const NET = 0;
const HOST = 1;
const PROTOCOL = 2;
const PORT = 3;
const FRAGMENTATION_NEEDED = 4;
const SOURCE_ROUTE = 5;

/** An ICMP message about our segment with this number; what it brings about at once. */
function reported(peer: TestPeer, type: number, code: number, seq: number, mtu = 0): string[] {
  const start = new Uint8Array(8);
  const view = new DataView(start.buffer);
  view.setUint16(0, OUR_PORT);
  view.setUint16(2, PEER_PORT);
  view.setInt32(4, (peer.ourIss + seq) | 0);
  const quote = ipv4Packet({ protocol: 6, source: OUR_ADDRESS, destination: PEER_ADDRESS }, start);
  const message = Uint8Array.of(type, code, 0, 0, 0, 0, mtu >> 8, mtu & 0xff, ...quote);
  const checksum = plainChecksum(message);
  message.set([checksum >> 8, checksum & 0xff], 2);
  peer.injectPacket(1, message);
  return peer.run();
}

function unreachable(peer: TestPeer, code: number, seq: number, mtu = 0): string[] {
  return reported(peer, 3, code, seq, mtu);
}

/** What RFC 9293, 3.9.2.2 (RFC 1122, 4.2.3.9), lists as soft, and what of RFC 1812 is as passing. */
const soft = [
  ['network unreachable', 3, NET],
  ['host unreachable', 3, HOST],
  ['source route failed', 3, SOURCE_ROUTE],
  ['host unreachable for this type of service', 3, 12],
  ['time exceeded', 11, 0],
  ['time exceeded while fragments wait', 11, 1],
  ['a parameter problem', 12, 0],
  ['a parameter problem of code 3, which is no port', 12, 3],
] as const;

describe('ICMP while connecting (RFC 9293, 3.9.2.2; RFC 5927, 4)', () => {
  it.each([
    ['port unreachable', PORT, 'CONNECTION_REFUSED'],
    ['protocol unreachable', PROTOCOL, 'CONNECTION_REFUSED'],
    ['network prohibited', 9, 'HOST_UNREACHABLE'],
    ['host prohibited', 10, 'HOST_UNREACHABLE'],
    ['communication prohibited', 13, 'HOST_UNREACHABLE'],
  ])('%s is hard and ends it', (_, code, error) => {
    const peer = new TestPeer();
    peer.connect();
    unreachable(peer, code, 0);
    expect(peer.connection.error).toBe(error);
    expect(peer.halfOpen()).toBeNull();
  });

  it.each(soft)('%s is soft: the SYN goes again, and may be answered (MUST-56)', (_, type, code) => {
    const peer = new TestPeer();
    peer.connect();
    expect(reported(peer, type, code, 0)).toEqual([]);
    expect(peer.pass(1e6)).toEqual(['1000000 S 0']);
    expect(peer.send({ flags: 'SA', seq: 0, ack: 1 })).toEqual(['A 1 ack 1']);
    expect(peer.connection).toMatchObject({ state: TcpState.Established, error: null });
  });

  it.each(soft)('%s is the reason when the time is over', (_, type, code) => {
    const peer = new TestPeer();
    peer.connect();
    reported(peer, type, code, 0);
    expect(peer.pass(20e6)).toEqual(['1000000 S 0', '3000000 S 0', '7000000 S 0']);
    expect(peer.connection.error).toBe('HOST_UNREACHABLE');
    expect(peer.tcp.context.lastReported).toMatchObject({ type, code, reporter: ip(PEER_ADDRESS) });
  });

  it('is told in words, with who said so', () => {
    const told = (type: number, code: number) =>
      reportedErrorInWords({ type, code, reporter: ip('10.99.0.254'), unacknowledged: 0 });
    expect(told(3, HOST)).toBe('10.99.0.254 reported by ICMP: host unreachable');
    expect(told(3, 14)).toBe('10.99.0.254 reported by ICMP: destination unreachable, code 14');
    expect(told(11, 0)).toBe('10.99.0.254 reported by ICMP: time exceeded');
  });

  it('hard ends a half-open connection of a listener, which goes on', () => {
    const peer = new TestPeer();
    const listener = peer.listen();
    peer.offer();
    expect(unreachable(peer, HOST, 0)).toEqual([]);
    expect(listener.halfOpen).toBe(1);
    unreachable(peer, PORT, 0);
    expect(listener.halfOpen).toBe(0);
    expect(peer.offer()).toEqual(['SA 0 ack 1']);
  });

  it('hard ends an open of both sides at once', () => {
    const peer = new TestPeer();
    peer.connect();
    peer.send({ flags: 'S', seq: 0 });
    unreachable(peer, PORT, 0);
    expect(peer.connection.error).toBe('CONNECTION_REFUSED');
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
  it.each([...soft, ['port unreachable', 3, PORT], ['protocol unreachable', 3, PROTOCOL]] as const)(
    '%s is passed over: data is sent on',
    (_, type, code) => {
      const peer = new TestPeer();
      const connection = peer.establish({ sackPermitted: false });
      peer.push(100);
      expect(reported(peer, type, code, 1)).toEqual([]);
      expect(connection).toMatchObject({ state: TcpState.Established, error: null });
      expect(peer.pass(50_000)).toEqual(['50000 PA 1:101 ack 1']);
      peer.send({ flags: 'A', seq: 1, ack: 101 });
      expect(connection).toMatchObject({ state: TcpState.Established, error: null });
    },
  );

  function silent(seq: number, progress: boolean) {
    const peer = new TestPeer({ tcp: { userTimeoutUs: 5e6, keepAliveUs: 0 } });
    const connection = peer.establish();
    peer.push(100);
    unreachable(peer, HOST, seq);
    if (progress) {
      peer.send({ flags: 'A', seq: 1, ack: 101 });
      peer.push(100);
    }
    peer.pass(10e6);
    return connection.error;
  }

  it('is the reason when the peer is given up', () => {
    expect(silent(1, false)).toBe('HOST_UNREACHABLE');
    expect(silent(51, false)).toBe('HOST_UNREACHABLE');
  });

  it('is none when it quotes what is not in flight (RFC 5927, 4)', () => {
    for (const seq of [0, 101, 5000, -70_000]) expect(silent(seq, false)).toBe('TIMED_OUT');
  });

  it('is none any more once something in flight was acknowledged', () => {
    expect(silent(1, true)).toBe('TIMED_OUT');
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
