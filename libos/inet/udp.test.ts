import { describe, expect, it } from 'vitest';
import { ScatterGatherArray, SgaSegment } from '../memory/sga.ts';
import { ChecksumStatus } from './device.ts';
import { Icmp } from './icmp.ts';
import {
  arpPacket,
  concatenate,
  hex,
  ip,
  ipv4FrameFrom,
  ipv4Packet,
  PEER_MAC,
  TestStation,
  transportChecksum,
} from './test-device.ts';
import { Udp, UdpSocket } from './udp.ts';

const PEER = '10.99.0.2';
const OWN = '10.99.0.1';
const TEXT = new TextEncoder().encode('datagram');

class UdpStation extends TestStation {
  readonly arrived: UdpSocket[] = [];
  readonly icmp = new Icmp(this.ipv4, this.neighbours, { errorArrives: () => {} });
  readonly udp = new Udp(this.device, this.ipv4, this.icmp, this.neighbours, {
    datagramArrived: (socket) => this.arrived.push(socket),
  });

  bind(port: number, fields: { localAddress?: string; peerAddress?: string; peerPort?: number } = {}) {
    const socket = new UdpSocket();
    socket.localPort = port;
    if (fields.localAddress !== undefined) socket.localAddress = ip(fields.localAddress);
    if (fields.peerAddress !== undefined) socket.peerAddress = ip(fields.peerAddress);
    if (fields.peerPort !== undefined) socket.peerPort = fields.peerPort;
    this.udp.bind(socket);
    return socket;
  }

  /** A packet as it comes from the wire; the frame is given back unless it was kept. */
  receive(packet: Uint8Array, status: ChecksumStatus = ChecksumStatus.Unchecked): boolean {
    const frame = this.device.arrive(ipv4FrameFrom(PEER_MAC, packet));
    const accepted = this.ipv4.accept(frame.bytes, frame.offset + 14, frame.length - 14, status);
    expect(accepted).toBe(true);
    const kept = this.udp.process(frame, status);
    if (!kept) this.device.give(frame);
    return kept;
  }
}

interface DatagramFields {
  source?: string;
  destination?: string;
  from?: number;
  to?: number;
  /** What the length field says, without it the truth. */
  length?: number;
  /** What the checksum field says, without it the truth. */
  checksum?: number;
  options?: Uint8Array;
}

function datagram(fields: DatagramFields = {}, data: Uint8Array = TEXT): Uint8Array {
  const { source = PEER, destination = OWN, from = 4000, to = 53, options } = fields;
  const length = fields.length ?? 8 + data.length;
  const header = Uint8Array.of(from >> 8, from, to >> 8, to, length >> 8, length, 0, 0);
  const message = concatenate(header, data);
  const truth = transportChecksum(source, destination, 17, message.subarray(0, length)) || 0xffff;
  const checksum = fields.checksum ?? truth;
  message.set([checksum >> 8, checksum & 0xff], 6);
  return ipv4Packet({ protocol: 17, source, destination, options }, message);
}

/** What the application would push: `parts` in buffers of its own pool. */
function array(...parts: Uint8Array[]): ScatterGatherArray {
  const sga = new ScatterGatherArray();
  for (const part of parts) {
    const memory = { bytes: concatenate(new Uint8Array(5), part), address: 0 };
    const segment = new SgaSegment({ give: () => {} }, memory, 0, 5, part.length);
    segment.length = part.length;
    sga.segments.push(segment);
  }
  sga.segmentCount = parts.length;
  return sga;
}

function dataOf(frame: SgaSegment): string {
  return Buffer.from(frame.bytes.subarray(frame.offset, frame.offset + frame.length)).toString();
}

describe('Udp: receiving', () => {
  it('keeps the frame, narrowed to the data, with its sender', () => {
    const station = new UdpStation();
    const socket = station.bind(53);
    const padded = concatenate(datagram(), new Uint8Array(10));
    expect(station.receive(padded)).toBe(true);
    expect(station.arrived).toEqual([socket]);
    expect(station.device.freeBuffers).toBe(1023);
    const frame = socket.take()!;
    expect(dataOf(frame)).toBe('datagram');
    expect([socket.senderAddress, socket.senderPort]).toEqual([ip(PEER), 4000]);
    expect(socket.take()).toBeNull();
    frame.home.give(frame);
    expect(station.device.freeBuffers).toBe(1024);
  });

  it('keeps datagrams in order, each with its sender, options in the packet or not', () => {
    const station = new UdpStation();
    const socket = station.bind(53);
    station.receive(datagram({ source: '192.0.2.9', from: 65_535 }, Uint8Array.of(65)));
    station.receive(datagram({ options: Uint8Array.of(1, 1, 1, 0) }, Uint8Array.of(66)));
    station.receive(datagram({ from: 7 }, new Uint8Array(0)));
    const taken = Array.from({ length: 3 }, () => [
      dataOf(socket.take()!),
      socket.senderAddress,
      socket.senderPort,
    ]);
    expect(taken).toEqual([
      ['A', ip('192.0.2.9'), 65_535],
      ['B', ip(PEER), 4000],
      ['', ip(PEER), 7],
    ]);
    station.receive(datagram({}, Uint8Array.of(67)));
    expect(dataOf(socket.take()!)).toBe('C');
  });

  it('takes the length of the header, not of the packet (RFC 768)', () => {
    const station = new UdpStation();
    const socket = station.bind(53);
    expect(station.receive(datagram({ length: 12 }))).toBe(true);
    expect(dataOf(socket.take()!)).toBe('data');
  });

  it.each([
    ['longer than its packet', datagram({ length: 17 })],
    ['shorter than its header', datagram({ length: 7 })],
    ['without a whole header', ipv4Packet({ protocol: 17 }, new Uint8Array(7))],
  ])('drops datagrams %s', (_, packet) => {
    const station = new UdpStation();
    station.bind(53);
    expect(station.receive(packet)).toBe(false);
    expect(station.udp.counters.malformed).toBe(1);
    expect(station.device.freeBuffers).toBe(1024);
  });

  it('checks the checksum unless there is none or the device has done so', () => {
    const { Unchecked, Good, Bad } = ChecksumStatus;
    const cases = [
      { checksum: 0x1234, status: Unchecked, kept: false },
      { checksum: 0x1234, status: Bad, kept: false },
      { checksum: 0x1234, status: Good, kept: true },
      { checksum: 0, status: Unchecked, kept: true },
      { checksum: 0, status: Bad, kept: true },
      { checksum: undefined, status: Unchecked, kept: true },
      { checksum: undefined, status: Bad, kept: true },
    ];
    for (const { checksum, status, kept } of cases) {
      const station = new UdpStation();
      station.bind(53);
      expect(station.receive(datagram({ checksum }), status)).toBe(kept);
      expect(station.udp.counters.badChecksum).toBe(kept ? 0 : 1);
    }
  });

  it('tells the sender when nobody listens, but not of what went to all', () => {
    const station = new UdpStation();
    station.meet();
    const packet = datagram();
    expect(station.receive(packet)).toBe(false);
    const [answer] = station.device.takeSent();
    expect(hex(answer.subarray(34, 36))).toBe('0303');
    expect(hex(answer.subarray(42))).toBe(hex(packet.subarray(0, 28)));
    expect(station.receive(datagram({ destination: '10.99.0.255' }))).toBe(false);
    expect(station.device.takeSent()).toEqual([]);
    expect(station.udp.counters.noSocket).toBe(2);
  });

  it('keeps 256 datagrams in a socket and drops the rest', () => {
    const station = new UdpStation();
    const socket = station.bind(53);
    for (let i = 0; i < 300; i++) station.receive(datagram({ from: i + 1 }));
    expect(station.device.freeBuffers).toBe(1024 - 256);
    expect([socket.queued, socket.dropped, station.udp.counters.dropped]).toEqual([256, 44, 44]);
    socket.take();
    expect(socket.senderPort).toBe(1);
    expect(station.receive(datagram())).toBe(true);
    socket.clear();
    expect(station.device.freeBuffers).toBe(1024 - 1);
  });

  it('leaves buffers to receive into', () => {
    const station = new UdpStation({ frames: 100 });
    station.bind(53);
    for (let i = 0; i < 300; i++) station.receive(datagram());
    expect(station.device.freeBuffers).toBeGreaterThanOrEqual(63);
    expect(station.udp.counters.dropped).toBeGreaterThan(200);
  });
});

describe('Udp: which socket', () => {
  it('is the one that matches most closely', () => {
    const station = new UdpStation();
    const any = station.bind(53);
    const own = station.bind(53, { localAddress: OWN });
    const connected = station.bind(53, { peerAddress: PEER, peerPort: 4000 });
    const both = station.bind(53, { localAddress: OWN, peerAddress: PEER, peerPort: 4001 });
    for (const fields of [{}, { from: 4001 }, { from: 4002 }, { destination: '255.255.255.255', from: 9 }])
      station.receive(datagram(fields));
    expect(station.arrived).toEqual([connected, both, own, any]);
  });

  it('is none for others than the peer of a connected socket', () => {
    const station = new UdpStation();
    const socket = station.bind(53, { peerAddress: PEER, peerPort: 4000 });
    expect(station.receive(datagram({ from: 4001 }))).toBe(false);
    expect(station.receive(datagram({ source: '10.99.0.3' }))).toBe(false);
    expect(station.receive(datagram())).toBe(true);
    expect(socket.queued).toBe(1);
  });

  it('is none for broadcasts if it is bound to our address', () => {
    const station = new UdpStation();
    station.bind(53, { localAddress: OWN });
    expect(station.receive(datagram({ destination: '10.99.0.255' }))).toBe(false);
  });

  it('is no longer the one that was unbound, whose datagrams are given back', () => {
    const station = new UdpStation();
    const first = station.bind(53);
    const second = station.bind(53);
    station.receive(datagram());
    expect(station.udp.boundTo(53)).toEqual([first, second]);
    station.udp.unbind(first);
    expect(station.device.freeBuffers).toBe(1024);
    station.receive(datagram());
    expect(station.arrived).toEqual([first, second]);
    station.udp.unbind(second);
    station.udp.unbind(second);
    expect(station.udp.boundTo(53)).toBeUndefined();
    expect(station.receive(datagram())).toBe(false);
    expect(station.device.freeBuffers).toBe(1024);
  });
});

describe('Udp: sending', () => {
  const parts = [TEXT, new Uint8Array(0), Uint8Array.of(1, 2, 3)];
  const expected = (checksum?: number) =>
    datagram(
      { source: OWN, destination: PEER, from: 53, to: 4000, checksum },
      concatenate(...parts),
    ).subarray(20);

  it('appends the data to the headers, without a copy', () => {
    const station = new UdpStation();
    const socket = station.bind(53);
    station.meet();
    expect(station.udp.send(socket, ip(PEER), 4000, array(...parts))).toBe('sent');
    const [frame] = station.device.takeSent();
    expect(hex(frame.subarray(34))).toBe(hex(expected()));
    expect(station.device.appended).toBe(2);
    expect(hex(frame.subarray(14, 18))).toBe('45000027');
  });

  it('leaves the checksum to a device that fills it in', () => {
    const station = new UdpStation({ fillsChecksums: true });
    station.meet();
    station.udp.send(station.bind(53), ip(PEER), 4000, array(...parts));
    expect(hex(station.device.takeSent()[0].subarray(34))).toBe(hex(expected(0)));
  });

  it('sends a checksum that comes out as 0 as ffff (RFC 768)', () => {
    const station = new UdpStation();
    const socket = station.bind(53);
    station.meet();
    const data = Uint8Array.of(0, 0);
    station.udp.send(socket, ip(PEER), 4000, array(data));
    const checksum = station.device.takeSent()[0].subarray(40, 42);
    // With its own checksum as data, the sum is all ones.
    data.set(checksum);
    station.udp.send(socket, ip(PEER), 4000, array(data));
    expect(hex(station.device.takeSent()[0].subarray(40))).toBe(`ffff${hex(checksum)}`);
  });

  it("copies the data while the neighbour's address is asked for", () => {
    const station = new UdpStation();
    const sga = array(...parts);
    expect(station.udp.send(station.bind(53), ip(PEER), 4000, sga)).toBe('sent');
    expect(station.device.takeSent()).toHaveLength(1);
    for (const segment of sga.segments) segment.bytes.fill(0xee);
    station.receiveArp(arpPacket({ operation: 2, sender: PEER }));
    const [frame] = station.device.takeSent();
    expect(hex(frame.subarray(0, 6))).toBe('02000a630002');
    expect(hex(frame.subarray(34))).toBe(hex(expected()));
    expect(station.device.appended).toBe(0);
  });

  it('copies data in more pieces than a frame takes', () => {
    const station = new UdpStation();
    station.meet();
    const pieces = Array.from({ length: 17 }, (_, i) => Uint8Array.of(i));
    station.udp.send(station.bind(53), ip(PEER), 4000, array(...pieces));
    expect(hex(station.device.takeSent()[0].subarray(42))).toBe(hex(concatenate(...pieces)));
    expect(station.device.appended).toBe(0);
  });

  it('fills a packet to the MTU, and no further', () => {
    const station = new UdpStation();
    const socket = station.bind(53);
    station.meet();
    expect(station.udp.send(socket, ip(PEER), 4000, array(new Uint8Array(1472)))).toBe('sent');
    expect(station.device.takeSent()[0]).toHaveLength(1514);
    expect(station.udp.send(socket, ip(PEER), 4000, array(new Uint8Array(1473)))).toBe('too-long');
    expect(station.device.takeSent()).toEqual([]);
  });

  it('says when there is no way, or no frame', () => {
    const station = new UdpStation({ frames: 1 });
    const socket = station.bind(53);
    station.meet();
    expect(station.udp.send(socket, ip('224.0.0.1'), 4000, array(TEXT))).toBe('no-route');
    const frame = station.device.allocate()!;
    expect(station.udp.send(socket, ip(PEER), 4000, array(TEXT))).toBe('again');
    station.device.give(frame);
    expect(station.udp.send(socket, ip('10.99.0.9'), 4000, array(TEXT))).toBe('sent');
    station.pass(3_000_000);
    expect(station.udp.send(socket, ip('10.99.0.9'), 4000, array(TEXT))).toBe('no-route');
    expect(station.device.freeBuffers).toBe(1);
  });
});
