import { describe, expect, it } from 'vitest';
import { type LinkOptions, SimulatedLink } from '../../sim/link.ts';
import { numbered, numberOf, queue, receive } from '../../sim/test-frames.ts';
import { ImpairedDevice } from './impaired-device.ts';
import { NO_IMPAIRMENT } from './impairment.ts';
import { PcapDevice } from './pcap-device.ts';

const HEADER_BYTES = 24;

function setUp(epochUs = 0, options: LinkOptions = {}) {
  const link = new SimulatedLink(options);
  const chunks: Uint8Array[] = [];
  const device = new PcapDevice(link.a, (chunk) => void chunks.push(chunk.slice()), epochUs);
  const file = () => Buffer.concat(chunks);
  return { link, chunks, device, file };
}

/** The records of a little-endian pcap file: seconds, nanoseconds and the frame. */
function records(file: Buffer): { s: number; ns: number; frame: Uint8Array }[] {
  const found = [];
  for (let at = HEADER_BYTES; at < file.length; ) {
    const length = file.readUInt32LE(at + 8);
    expect(file.readUInt32LE(at + 12)).toBe(length);
    const frame = Uint8Array.from(file.subarray(at + 16, at + 16 + length));
    found.push({ s: file.readUInt32LE(at), ns: file.readUInt32LE(at + 4), frame });
    at += 16 + length;
  }
  return found;
}

describe('PcapDevice', () => {
  it('begins with the header of a nanosecond Ethernet capture, frames or none', () => {
    const { device, file } = setUp();
    expect(file().toString('hex')).toBe('4d3cb2a1020004000000000000000000000004000100' + '0000');
    device.close();
    expect(file().length).toBe(HEADER_BYTES);
  });

  it('records both ways in order, with pieces, and passes everything on', () => {
    const { link, device, file } = setUp(0, { both: { delayUs: 5 } });
    queue(link.b, numbered(1, 100));
    link.b.exchange();
    link.advanceTo(5);
    expect(receive(device)).toEqual([numbered(1, 100)]);
    queue(device, numbered(2, 1514), 54);
    device.exchange();
    link.advanceTo(10);
    expect(receive(link.b)).toEqual([numbered(2, 1514)]);
    queue(link.b, numbered(3, 14));
    link.b.exchange();
    link.advanceTo(15);
    expect(receive(device)).toEqual([numbered(3, 14)]);
    device.close();
    expect(records(file())).toEqual([
      { s: 0, ns: 5000, frame: numbered(1, 100) },
      { s: 0, ns: 5000, frame: numbered(2, 1514) },
      { s: 0, ns: 15000, frame: numbered(3, 14) },
    ]);
    expect([link.a.buffersOut, link.a.linkUp]).toEqual([0, false]);
  });

  it('dates frames to the nanosecond, from today', () => {
    const epochUs = 1_790_000_000_999_999;
    const { link, device, file } = setUp(epochUs);
    for (const us of [0.001, 1, 2.345, 1_000_000.5]) {
      link.advanceTo(us);
      queue(device, numbered(1));
    }
    // Less than half a nanosecond before the full second is the full second.
    link.advanceTo(2_000_000.9999999);
    queue(device, numbered(1));
    device.close();
    expect(records(file()).map(({ s, ns }) => [s, ns])).toEqual([
      [1_790_000_000, 999_999_001],
      [1_790_000_001, 0],
      [1_790_000_001, 1345],
      [1_790_000_001, 999_999_500],
      [1_790_000_003, 0],
    ]);
  });

  it('hands over whole records, at the latest after a tenth of a second', () => {
    const { link, device, chunks } = setUp();
    queue(device, numbered(1));
    device.exchange();
    expect(chunks.length).toBe(1);
    link.advanceTo(99_999);
    device.exchange();
    expect(chunks.length).toBe(1);
    link.advanceTo(100_000);
    device.exchange();
    expect(chunks.map((chunk) => chunk.length)).toEqual([HEADER_BYTES, 76]);
    device.exchange();
    expect(chunks.length).toBe(2);
  });

  it('hands over when its memory is full, and loses nothing', () => {
    const { device, chunks, file } = setUp(0, { mtu: 9000 });
    for (let i = 0; i < 100; i++) queue(device, numbered(i, 9014), 14);
    device.exchange();
    device.close();
    expect(chunks.length).toBeGreaterThan(10);
    for (const chunk of chunks.slice(1)) expect(chunk.length % (9014 + 16)).toBe(0);
    expect(records(file()).map(({ frame }) => frame)).toEqual(
      Array.from({ length: 100 }, (_, i) => numbered(i, 9014)),
    );
  });

  it('records what the wire saw inside an ImpairedDevice, and what the stack saw around it', () => {
    const link = new SimulatedLink();
    const impairment = { ...NO_IMPAIRMENT, duplicate: 1 };
    const wire: Uint8Array[] = [];
    const inner = new PcapDevice(link.a, (chunk) => void wire.push(chunk.slice()), 0);
    const stack: Uint8Array[] = [];
    const outer = new PcapDevice(
      new ImpairedDevice(inner, impairment),
      (chunk) => void stack.push(chunk.slice()),
      0,
    );
    queue(outer, numbered(1, 90), 20);
    outer.exchange();
    queue(link.b, numbered(2));
    link.b.exchange();
    expect(receive(outer).map(numberOf)).toEqual([2, 2]);
    outer.close();
    const numbers = (chunks: Uint8Array[]) =>
      records(Buffer.concat(chunks)).map(({ frame }) => numberOf(frame));
    expect(numbers(wire)).toEqual([1, 1, 2]);
    expect(numbers(stack)).toEqual([1, 2, 2]);
  });
});
