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
const SOURCE_ROUTE = 5;

/** An ICMP message about our segment with this number; what it brings about at once. */
function reported(peer: TestPeer, type: number, code: number, seq: number): string[] {
  const start = new Uint8Array(8);
  const view = new DataView(start.buffer);
  view.setUint16(0, OUR_PORT);
  view.setUint16(2, PEER_PORT);
  view.setInt32(4, (peer.ourIss + seq) | 0);
  const quote = ipv4Packet({ protocol: 6, source: OUR_ADDRESS, destination: PEER_ADDRESS }, start);
  const message = Uint8Array.of(type, code, 0, 0, 0, 0, 0, 0, ...quote);
  const checksum = plainChecksum(message);
  message.set([checksum >> 8, checksum & 0xff], 2);
  peer.injectPacket(1, message);
  return peer.run();
}

function unreachable(peer: TestPeer, code: number, seq: number): string[] {
  return reported(peer, 3, code, seq);
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

  it('hard ends an open of both sides at once', () => {
    const peer = new TestPeer();
    peer.connect();
    peer.send({ flags: 'S', seq: 0 });
    unreachable(peer, PORT, 0);
    expect(peer.connection.error).toBe('CONNECTION_REFUSED');
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
});
