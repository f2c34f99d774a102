import { describe, expect, it } from 'vitest';
import { ChecksumStatus } from './device.ts';
import { Ipv4, PREPARED_BYTES } from './ipv4.ts';
import { concatenate, hex, ip, ipv4Packet, PEER_MAC, plainChecksum, TestStation } from './test-device.ts';

const PAYLOAD = Uint8Array.of(1, 2, 3, 4, 5);
const { Unchecked, Good, Bad } = ChecksumStatus;

function accept(station: TestStation, packet: Uint8Array, status: ChecksumStatus = Unchecked): boolean {
  return station.ipv4.accept(packet, 0, packet.length, status);
}

describe('Ipv4.accept', () => {
  it('tells what a packet is', () => {
    const station = new TestStation();
    const frame = concatenate(new Uint8Array(14), ipv4Packet({ protocol: 6 }, PAYLOAD));
    expect(station.ipv4.accept(frame, 14, frame.length - 14, Unchecked)).toBe(true);
    expect(station.ipv4).toMatchObject({
      protocol: 6,
      source: ip('10.99.0.2'),
      destination: ip('10.99.0.1'),
      broadcast: false,
      headerAt: 14,
      payloadAt: 34,
      payloadLength: 5,
    });
  });

  it("cuts off the frame's padding", () => {
    const station = new TestStation();
    expect(accept(station, concatenate(ipv4Packet({ protocol: 6 }, PAYLOAD), new Uint8Array(21)))).toBe(true);
    expect(station.ipv4.payloadLength).toBe(5);
  });

  it('skips options (RFC 1122, 3.2.1.8)', () => {
    const station = new TestStation();
    const options = Uint8Array.of(1, 1, 1, 7, 7, 4, 0, 0);
    expect(accept(station, ipv4Packet({ protocol: 17, options }, PAYLOAD))).toBe(true);
    expect(station.ipv4).toMatchObject({ headerAt: 0, payloadAt: 28, payloadLength: 5 });
  });

  it.each(['255.255.255.255', '10.99.0.255'])('takes broadcasts to %s', (destination) => {
    const station = new TestStation();
    expect(accept(station, ipv4Packet({ protocol: 17, destination }, PAYLOAD))).toBe(true);
    expect(station.ipv4.broadcast).toBe(true);
  });

  const packet = (change: (header: Uint8Array) => void) => ipv4Packet({ protocol: 6 }, PAYLOAD, change);
  const cases: [string, Uint8Array, keyof Ipv4['counters']][] = [
    ['shorter than a header', ipv4Packet({ protocol: 6 }, PAYLOAD).subarray(0, 19), 'malformed'],
    ['of another version', packet((header) => header.fill(0x65, 0, 1)), 'malformed'],
    ['whose header length is too small', packet((header) => header.fill(0x44, 0, 1)), 'malformed'],
    ['whose header length is behind its end', packet((header) => header.fill(0x4f, 0, 1)), 'malformed'],
    ['whose total length is below the header', packet((header) => header.fill(19, 3, 4)), 'malformed'],
    ['whose total length is behind the frame', packet((header) => header.fill(26, 3, 4)), 'malformed'],
    ['to another host', ipv4Packet({ protocol: 6, destination: '10.99.0.3' }, PAYLOAD), 'foreign'],
    ['to a group', ipv4Packet({ protocol: 6, destination: '224.0.0.1' }, PAYLOAD), 'foreign'],
    ['to another network', ipv4Packet({ protocol: 6, destination: '10.98.0.255' }, PAYLOAD), 'foreign'],
    ['from a group', ipv4Packet({ protocol: 6, source: '239.1.2.3' }, PAYLOAD), 'badSource'],
    ['from all', ipv4Packet({ protocol: 6, source: '255.255.255.255' }, PAYLOAD), 'badSource'],
    ['from all of our network', ipv4Packet({ protocol: 6, source: '10.99.0.255' }, PAYLOAD), 'badSource'],
    ['from ourselves', ipv4Packet({ protocol: 6, source: '10.99.0.1' }, PAYLOAD), 'badSource'],
    ['from no address', ipv4Packet({ protocol: 6, source: '0.0.0.0' }, PAYLOAD), 'badSource'],
    ['from a loopback address', ipv4Packet({ protocol: 6, source: '127.0.0.1' }, PAYLOAD), 'badSource'],
    ['that start a fragmented datagram', packet((header) => header.fill(0x20, 6, 7)), 'fragments'],
    ['that continue a fragmented datagram', packet((header) => header.fill(1, 7, 8)), 'fragments'],
  ];
  it.each(cases)('drops and counts packets %s', (_, bytes, reason) => {
    const station = new TestStation();
    expect(accept(station, bytes)).toBe(false);
    expect(station.ipv4.counters[reason]).toBe(1);
    expect(Object.values(station.ipv4.counters).reduce((a, b) => a + b)).toBe(1);
  });

  it('checks the header unless the device has found it good', () => {
    const spoilt = ipv4Packet({ protocol: 6 }, PAYLOAD).with(8, 63);
    for (const [status, taken] of [
      [Unchecked, false],
      [Bad, false],
      [Good, true],
    ] as const) {
      const station = new TestStation();
      expect(accept(station, spoilt, status)).toBe(taken);
      expect(station.ipv4.counters.badChecksum).toBe(taken ? 0 : 1);
    }
    expect(accept(new TestStation(), ipv4Packet({ protocol: 6 }, PAYLOAD), Bad)).toBe(true);
  });
});

describe('Ipv4.nextHop', () => {
  it('is the destination itself in our network, else the gateway', () => {
    const { ipv4 } = new TestStation();
    expect(ipv4.nextHop(ip('10.99.0.77'))?.address).toBe(ip('10.99.0.77'));
    expect(ipv4.nextHop(ip('10.98.0.77'))?.address).toBe(ip('10.99.0.254'));
    expect(ipv4.nextHop(ip('223.255.255.255'))?.address).toBe(ip('10.99.0.254'));
  });

  it.each(['10.99.0.1', '10.99.0.255', '255.255.255.255', '224.0.0.1', '127.0.0.1', '0.0.0.0'])(
    'is nobody for %s',
    (address) => {
      const station = new TestStation();
      expect(station.ipv4.nextHop(ip(address))).toBeNull();
      expect(station.device.takeSent()).toEqual([]);
    },
  );

  it.each([
    [0, '200.1.1.1', '200.1.1.1'],
    [8, '10.1.1.1', '10.1.1.1'],
    [8, '11.1.1.1', undefined],
    [31, '10.99.0.0', '10.99.0.0'],
    [31, '10.99.0.2', undefined],
    [32, '10.99.0.2', undefined],
  ])('without a gateway and with a prefix of %i, for %s is %s', (prefixLength, destination, hop) => {
    const { device, neighbours } = new TestStation();
    const ipv4 = new Ipv4(device, { address: ip('10.99.0.1'), prefixLength, gateway: 0 }, neighbours);
    const expected = hop === undefined ? undefined : ip(hop);
    expect(ipv4.nextHop(ip(destination))?.address).toBe(expected);
  });
});

describe('Ipv4 in a network of two addresses (RFC 3021)', () => {
  it('takes neither for a broadcast address', () => {
    const { device, neighbours } = new TestStation();
    const ipv4 = new Ipv4(device, { address: ip('10.99.0.0'), prefixLength: 31, gateway: 0 }, neighbours);
    expect(ipv4.nextHop(ip('10.99.0.1'))?.address).toBe(ip('10.99.0.1'));
    const packet = ipv4Packet({ protocol: 6, source: '10.99.0.1', destination: '10.99.0.0' }, PAYLOAD);
    expect(ipv4.accept(packet, 0, packet.length, Unchecked)).toBe(true);
    expect(ipv4.broadcast).toBe(false);
  });
});

describe('Ipv4.prepare', () => {
  const header = (checksum: string) => `4500001900004000400${6}${checksum}0a6300010a630002`;

  it('writes both headers, with the checksum', () => {
    const station = new TestStation();
    const frame = station.ipv4.prepare(station.meet(), ip('10.99.0.2'), 6, 5)!;
    expect(frame.length).toBe(PREPARED_BYTES);
    station.device.transmit(frame);
    const sent = station.device.takeSent()[0];
    const checksum = plainChecksum(Buffer.from(header('0000'), 'hex'))
      .toString(16)
      .padStart(4, '0');
    expect(hex(sent)).toBe(`${hex(PEER_MAC)}02000a6300010800${header(checksum)}`);
  });

  it('leaves the checksum to a device that fills it in', () => {
    const station = new TestStation({ fillsChecksums: true });
    station.device.transmit(station.ipv4.prepare(station.meet(), ip('10.99.0.2'), 6, 5)!);
    expect(hex(station.device.takeSent()[0].subarray(14))).toBe(header('0000'));
  });

  it('marks the neighbour as used, and asks for one that is stale', () => {
    const station = new TestStation();
    const neighbour = station.meet();
    station.device.give(station.ipv4.prepare(neighbour, ip('10.99.0.2'), 6, 5)!);
    expect(neighbour.used).toBe(true);
    station.pass(60_000_000);
    expect(station.device.takeSent()).toHaveLength(1);
    const stale = station.meet('10.99.0.3');
    station.pass(70_000_000);
    station.device.takeSent();
    station.device.give(station.ipv4.prepare(stale, ip('10.99.0.3'), 6, 5)!);
    expect(station.device.takeSent()).toHaveLength(1);
  });

  it('is null when no frame is free, and counts that', () => {
    const station = new TestStation({ frames: 1 });
    const neighbour = station.meet();
    const taken = station.device.allocate()!;
    expect(station.ipv4.prepare(neighbour, ip('10.99.0.2'), 6, 5)).toBeNull();
    expect(station.ipv4.counters.noFrame).toBe(1);
    station.device.give(taken);
    expect(station.ipv4.prepare(neighbour, ip('10.99.0.2'), 6, 5)).not.toBeNull();
  });
});
