import { describe, expect, it } from 'vitest';
import { ChecksumStatus } from './device.ts';
import { Icmp } from './icmp.ts';
import {
  concatenate,
  hex,
  ip,
  ipv4FrameFrom,
  ipv4Packet,
  PEER_MAC,
  plainChecksum,
  TestStation,
} from './test-device.ts';

class IcmpStation extends TestStation {
  readonly reports: number[][] = [];
  readonly icmp = new Icmp(this.ipv4, this.neighbours, {
    errorArrives: (...report) => this.reports.push(report),
  });

  /** A packet as it comes from the wire, behind an Ethernet header. */
  receive(packet: Uint8Array, mac = PEER_MAC): void {
    const frame = this.device.arrive(ipv4FrameFrom(mac, packet));
    const at = frame.offset + 14;
    if (this.ipv4.accept(frame.bytes, at, frame.length - 14, ChecksumStatus.Unchecked)) {
      this.icmp.process(frame.bytes);
    }
    this.device.give(frame);
  }
}

function message(type: number, code: number, rest: number[], data: Uint8Array): Uint8Array {
  const bytes = concatenate(Uint8Array.of(type, code, 0, 0, ...rest), data);
  const checksum = plainChecksum(bytes);
  bytes.set([checksum >> 8, checksum & 0xff], 2);
  return bytes;
}

function echo(bytes: number, fields: { source?: string; destination?: string; options?: Uint8Array } = {}) {
  const data = Uint8Array.from({ length: bytes }, (_, i) => i * 7);
  return ipv4Packet({ protocol: 1, ...fields }, message(8, 0, [0x12, 0x34, 0, 9], data));
}

/** What a host on the way says of a TCP or UDP packet of ours. */
function unreachable(code: number, quote: Uint8Array, rest = [0, 0, 0, 0], type = 3): Uint8Array {
  return ipv4Packet({ protocol: 1, source: '10.99.0.254' }, message(type, code, rest, quote));
}

const ON_THE_WAY = ip('10.99.0.254');

const OUR_PORTS = Uint8Array.of(0xc0, 0x01, 0x18, 0xeb, 0xff, 0, 0, 1);
const fromUs = { source: '10.99.0.1', destination: '10.99.0.2' };

describe('Icmp: echo (RFC 792, RFC 1122 3.2.2.6)', () => {
  it.each([0, 1, 56, 57, 1472])('is answered with its %i bytes, identifier and sequence number', (bytes) => {
    const station = new IcmpStation();
    station.meet();
    station.receive(echo(bytes));
    const [frame] = station.device.takeSent();
    const data = Uint8Array.from({ length: bytes }, (_, i) => i * 7);
    expect(hex(frame.subarray(0, 6))).toBe('02000a630002');
    expect(plainChecksum(frame.subarray(14, 34))).toBe(0);
    expect(hex(frame.subarray(26, 34))).toBe('0a6300010a630002');
    expect(hex(frame.subarray(34))).toBe(hex(message(0, 0, [0x12, 0x34, 0, 9], data)));
    expect(station.icmp.counters.echoesAnswered).toBe(1);
  });

  it('is answered without the options of its packet', () => {
    const station = new IcmpStation();
    station.meet();
    station.receive(echo(8, { options: new Uint8Array(40).fill(1) }));
    expect(station.device.takeSent()[0]).toHaveLength(34 + 8 + 8);
  });

  it('is answered by way of the station that it came from, and nobody is asked for', () => {
    const station = new IcmpStation();
    station.receive(echo(100));
    const [frame, more] = station.device.takeSent();
    expect(more).toBeUndefined();
    expect(hex(frame.subarray(0, 6))).toBe('02000a630002');
    expect(plainChecksum(frame.subarray(34))).toBe(0);
    expect(frame).toHaveLength(34 + 8 + 100);
  });

  it('from another network is answered by way of the router that has brought it', () => {
    const station = new IcmpStation();
    station.receive(echo(4, { source: '192.0.2.1' }), Uint8Array.of(2, 2, 2, 2, 2, 2));
    const [frame] = station.device.takeSent();
    expect(hex(frame.subarray(0, 6))).toBe('020202020202');
    expect(hex(frame.subarray(30, 34))).toBe('c0000201');
  });

  it.each([
    ['a group', Uint8Array.of(1, 2, 2, 2, 2, 2)],
    ['nobody', new Uint8Array(6)],
  ])('from the Ethernet address of %s is not answered', (_, mac) => {
    const station = new IcmpStation();
    station.receive(echo(8), mac);
    expect(station.device.takeSent()).toEqual([]);
    expect(station.icmp.counters.unanswered).toBe(1);
  });

  it('to all is not answered', () => {
    const station = new IcmpStation();
    station.meet();
    station.receive(echo(8, { destination: '10.99.0.255' }));
    expect(station.device.takeSent()).toEqual([]);
    expect(station.icmp.counters.ignored).toBe(1);
  });

  it('with a wrong checksum, or cut off, is not answered', () => {
    const station = new IcmpStation();
    station.meet();
    station.receive(echo(8).with(30, 0xee));
    station.receive(ipv4Packet({ protocol: 1 }, message(8, 0, [], new Uint8Array(3))));
    expect(station.device.takeSent()).toEqual([]);
    expect(station.icmp.counters).toMatchObject({ badChecksum: 1, malformed: 1 });
  });

  it('is not answered when no frame is free', () => {
    const station = new IcmpStation({ frames: 1 });
    station.meet();
    station.receive(echo(8));
    expect(station.device.takeSent()).toEqual([]);
    expect(station.icmp.counters.unanswered).toBe(1);
    expect(station.device.freeBuffers).toBe(1);
  });
});

describe('Icmp: an echo larger than what we can send', () => {
  it('is not answered', () => {
    const station = new IcmpStation({ mtu: 100 });
    station.meet();
    for (const bytes of [72, 73]) {
      const packet = echo(bytes);
      const frame = ipv4FrameFrom(PEER_MAC, packet);
      station.ipv4.accept(frame, 14, packet.length, ChecksumStatus.Unchecked);
      station.icmp.process(frame);
    }
    expect(station.device.takeSent().map((frame) => frame.length)).toEqual([114]);
    expect(station.icmp.counters.unanswered).toBe(1);
  });
});

describe('Icmp: destination unreachable', () => {
  it('of a segment is reported with its ports and sequence number', () => {
    const station = new IcmpStation();
    station.receive(unreachable(3, ipv4Packet({ protocol: 6, ...fromUs }, OUR_PORTS)));
    expect(station.reports).toEqual([
      [3, 3, 0, ON_THE_WAY, 6, ip('10.99.0.2'), 0xc001, 6379, 0xff000001 | 0],
    ]);
  });

  it('of a datagram is reported with its ports', () => {
    const station = new IcmpStation();
    const options = Uint8Array.of(1, 1, 1, 0);
    station.receive(unreachable(1, ipv4Packet({ protocol: 17, ...fromUs, options }, OUR_PORTS)));
    expect(station.reports).toEqual([[3, 1, 0, ON_THE_WAY, 17, ip('10.99.0.2'), 0xc001, 6379, 0]]);
  });

  it('tells the MTU of the hop that was too narrow (RFC 1191)', () => {
    const station = new IcmpStation();
    const quote = ipv4Packet({ protocol: 6, ...fromUs }, OUR_PORTS);
    station.receive(unreachable(4, quote, [0, 0, 1400 >> 8, 1400 & 0xff]));
    station.receive(unreachable(1, quote, [0, 0, 1400 >> 8, 1400 & 0xff]));
    expect(station.reports.map(([, code, mtu]) => [code, mtu])).toEqual([
      [4, 1400],
      [1, 0],
    ]);
  });

  it.each([
    ['is not from us', ipv4Packet({ protocol: 6, source: '10.99.0.3' }, OUR_PORTS), 'ignored'],
    ['is of another protocol', ipv4Packet({ protocol: 1, ...fromUs }, OUR_PORTS), 'ignored'],
    [
      'is a later fragment',
      ipv4Packet({ protocol: 6, ...fromUs }, OUR_PORTS, (header) => header.fill(1, 7, 8)),
      'ignored',
    ],
    ['lacks its ports', ipv4Packet({ protocol: 6, ...fromUs }, OUR_PORTS.subarray(0, 7)), 'malformed'],
    ['is cut off', ipv4Packet({ protocol: 6, ...fromUs }, OUR_PORTS).subarray(0, 19), 'malformed'],
    [
      'has a header that reaches behind the end',
      ipv4Packet({ protocol: 6, ...fromUs }, OUR_PORTS, (header) => header.fill(0x4f, 0, 1)),
      'malformed',
    ],
    [
      'is of another version',
      ipv4Packet({ protocol: 6, ...fromUs }, OUR_PORTS, (header) => header.fill(0x65, 0, 1)),
      'malformed',
    ],
  ] as const)('is not reported when what it quotes %s', (_, quote, reason) => {
    const station = new IcmpStation();
    station.receive(unreachable(3, quote));
    expect(station.reports).toEqual([]);
    expect(station.icmp.counters[reason]).toBe(1);
  });

  it.each([
    ['time exceeded', 11, 0],
    ['time exceeded while fragments wait', 11, 1],
    ['a parameter problem', 12, 0],
    ['a parameter problem of code 4, which tells no MTU', 12, 4],
  ])('and %s are reported alike (RFC 1122, 3.2.2.4, 3.2.2.5)', (_, type, code) => {
    const station = new IcmpStation();
    station.receive(unreachable(code, ipv4Packet({ protocol: 6, ...fromUs }, OUR_PORTS), [0, 0, 5, 0], type));
    expect(station.reports).toEqual([
      [type, code, 0, ON_THE_WAY, 6, ip('10.99.0.2'), 0xc001, 6379, 0xff000001 | 0],
    ]);
  });

  it('these and echo are the only types that matter', () => {
    const station = new IcmpStation();
    station.meet();
    for (const type of [0, 4, 5, 13, 17]) {
      const quote = ipv4Packet({ protocol: 6, ...fromUs }, OUR_PORTS);
      station.receive(ipv4Packet({ protocol: 1 }, message(type, 0, [0, 0, 0, 0], quote)));
    }
    expect(station.icmp.counters.ignored).toBe(5);
    expect(station.reports).toEqual([]);
    expect(station.device.takeSent()).toEqual([]);
  });
});

describe('Icmp.sendPortUnreachable (RFC 1122 3.2.2.1)', () => {
  function refuse(station: IcmpStation, packet: Uint8Array): void {
    const frame = ipv4FrameFrom(PEER_MAC, packet);
    expect(station.ipv4.accept(frame, 14, packet.length, ChecksumStatus.Unchecked)).toBe(true);
    station.icmp.sendPortUnreachable(frame);
  }

  it('quotes the header and the first 8 bytes of the datagram', () => {
    const station = new IcmpStation();
    station.meet();
    const options = Uint8Array.of(1, 1, 1, 0);
    const packet = ipv4Packet(
      { protocol: 17, options },
      Uint8Array.from({ length: 40 }, (_, i) => i),
    );
    refuse(station, packet);
    const [frame] = station.device.takeSent();
    expect(hex(frame.subarray(34))).toBe(hex(message(3, 3, [0, 0, 0, 0], packet.subarray(0, 24 + 8))));
    expect(hex(frame.subarray(30, 34))).toBe('0a630002');
  });

  it('is not sent for what went to all', () => {
    const station = new IcmpStation();
    station.meet();
    refuse(station, ipv4Packet({ protocol: 17, destination: '255.255.255.255' }, new Uint8Array(8)));
    expect(station.device.takeSent()).toEqual([]);
  });
});
