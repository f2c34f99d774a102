import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  Flag,
  HEADER_BYTES,
  TcpSegment,
  writeHeader,
  writeSack,
  writeSynOptions,
  writeTimestamps,
} from './tcp.ts';

const AT = 3;

/** A segment with these options and payload, read back. */
function read(options: readonly number[], payload = 0): TcpSegment | null {
  const bytes = new Uint8Array(AT + HEADER_BYTES + options.length + payload).fill(0xaa);
  writeHeader(bytes, AT, 80, 60_000, -5, 7, Flag.Ack | Flag.Psh, 65_535, options.length);
  bytes.set(options, AT + HEADER_BYTES);
  const segment = new TcpSegment();
  // Whatever was read before must not matter.
  segment.mss = 9;
  segment.windowScale = 9;
  segment.sackPermitted = true;
  segment.hasTimestamps = true;
  segment.sackCount = 3;
  return segment.read(bytes, AT, HEADER_BYTES + options.length + payload) ? segment : null;
}

describe('the TCP header (RFC 9293, 3.1)', () => {
  it('has its fields where they belong', () => {
    const bytes = new Uint8Array(HEADER_BYTES).fill(0xff);
    writeHeader(bytes, 0, 0x1234, 0x5678, 0x0a0b0c0d, -1, Flag.Syn | Flag.Ack, 0x4321, 20);
    expect(Buffer.from(bytes).toString('hex')).toBe('123456780a0b0c0dffffffffa012432100000000');
  });

  it('reads as it was written', () => {
    expect(read([], 11)).toMatchObject({
      sourcePort: 80,
      destinationPort: 60_000,
      sequence: -5,
      acknowledgement: 7,
      flags: Flag.Ack | Flag.Psh,
      window: 65_535,
      payloadAt: AT + HEADER_BYTES,
      payloadLength: 11,
      mss: 0,
      windowScale: -1,
      sackPermitted: false,
      hasTimestamps: false,
      sackCount: 0,
    });
  });

  it('is none when it is shorter than 20 bytes, or longer than the segment', () => {
    const segment = new TcpSegment();
    const bytes = new Uint8Array(60);
    for (const [offset, length, good] of [
      [5, 19, false],
      [4, 20, false],
      [0, 60, false],
      [6, 23, false],
      [5, 20, true],
      [15, 60, true],
    ] as const) {
      bytes[12] = offset << 4;
      expect(segment.read(bytes, 0, length)).toBe(good);
    }
  });

  it('counts SYN and FIN among the numbers that a segment takes (3.4)', () => {
    const segment = read([], 10)!;
    segment.flags = Flag.Syn;
    expect(segment.sequenceLength).toBe(11);
    segment.flags = Flag.Syn | Flag.Fin;
    expect(segment.sequenceLength).toBe(12);
    segment.flags = Flag.Ack | Flag.Rst | Flag.Psh;
    expect(segment.sequenceLength).toBe(10);
  });

  it('has flags that are not looked at: URG, ECE, CWR', () => {
    const bytes = new Uint8Array(20);
    bytes[12] = 0x50;
    bytes[13] = 0xff;
    const segment = new TcpSegment();
    segment.read(bytes, 0, 20);
    expect(segment.flags).toBe(0x1f);
  });
});

describe('options of a SYN', () => {
  it.each([
    ['all', true, true, 7, '020405b4' + '0101080a00000005fffffffe' + '01010402' + '01030307'],
    ['the MSS alone', false, false, -1, '020405b4'],
    ['a shift count of 0', false, false, 0, '020405b4' + '01030300'],
  ] as const)('%s', (_, sack, timestamps, scale, expected) => {
    const bytes = new Uint8Array(40);
    const length = writeSynOptions(bytes, 0, 1460, sack, timestamps, 5, -2, scale);
    expect(Buffer.from(bytes.subarray(0, length)).toString('hex')).toBe(expected);
    expect(read([...bytes.subarray(0, length)])).toMatchObject({
      mss: 1460,
      sackPermitted: sack,
      hasTimestamps: timestamps,
      windowScale: scale,
      ...(timestamps ? { timestamp: 5, timestampEcho: -2 } : {}),
    });
  });

  it('shift counts above 14 are taken for 14 (RFC 7323, 2.3)', () => {
    expect(read([3, 3, 14, 0])!.windowScale).toBe(14);
    expect(read([3, 3, 255, 0])!.windowScale).toBe(14);
  });
});

describe('timestamps and SACK blocks', () => {
  it('read as they were written, alone and together', () => {
    const bytes = new Uint8Array(40);
    writeTimestamps(bytes, 0, -7, 0x7fff_ffff);
    const alone = read([...bytes.subarray(0, 12)]);
    expect(alone).toMatchObject({ hasTimestamps: true, timestamp: -7, timestampEcho: 0x7fff_ffff });
    const blocks = Int32Array.of(1, 2, -1, 5, 100, 200, 0, 0);
    const length = 12 + writeSack(bytes, 12, blocks, 3);
    expect(length).toBe(40);
    const both = read([...bytes]);
    expect(both).toMatchObject({ hasTimestamps: true, timestamp: -7, sackCount: 3 });
    expect([...both!.sack.subarray(0, 6)]).toEqual([1, 2, -1, 5, 100, 200]);
  });

  it('four SACK blocks are read when there are no timestamps (RFC 2018, 3)', () => {
    const bytes = new Uint8Array(40);
    const length = writeSack(bytes, 0, Int32Array.of(1, 2, 3, 4, 5, 6, 7, 8), 4);
    expect([...read([...bytes.subarray(0, length)])!.sack]).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  });
});

describe('options that are unknown or malformed (RFC 9293, 3.1, MUST-6, MUST-7)', () => {
  const mss = [2, 4, 5, 0xb4];

  it.each([
    ['an unknown one is skipped', [77, 4, 1, 2, ...mss], 1460],
    ['an unknown one without content is skipped', [77, 2, 77, 2, ...mss], 1460],
    ['NOPs are skipped', [1, 1, 1, 1, ...mss], 1460],
    ['nothing is read behind the end of the list', [0, 0, 0, 0, ...mss], 0],
    ['nothing is read behind a length of 0', [77, 0, 1, 1, ...mss], 0],
    ['nothing is read behind a length of 1', [77, 1, 1, 1, ...mss], 0],
    ['nothing is read behind a length beyond the header', [77, 9, 1, 1, ...mss], 0],
    ['one that is cut off after its kind is ignored', [...mss, 1, 1, 1, 2], 1460],
    ['an MSS of a wrong length is ignored', [2, 3, 9, 1, ...mss], 1460],
    ['an MSS of a wrong length alone is none', [2, 6, 9, 9, 9, 9, 1, 1], 0],
  ])('%s', (_, options, expected) => {
    const segment = read(options, 5);
    expect(segment).toMatchObject({ mss: expected, payloadLength: 5 });
  });

  it.each([
    ['window scale', [3, 4, 9, 9]],
    ['SACK permitted', [4, 3, 9, 1]],
    ['timestamps', [8, 8, 1, 2, 3, 4, 5, 6]],
    ['SACK', [5, 9, 1, 2, 3, 4, 5, 6, 7, 1, 1, 1]],
    ['SACK with more blocks than there can be', [5, 42, ...new Array(38).fill(1)]],
  ])('%s of a wrong length is none', (_, options) => {
    expect(read(options)).toMatchObject({
      windowScale: -1,
      sackPermitted: false,
      hasTimestamps: false,
      sackCount: 0,
    });
  });

  it('never make reading fail, whatever stands there', () => {
    const list = fc.uint8Array({ maxLength: 10 }).chain((words) => {
      const length = 4 * words.length;
      return fc.uint8Array({ minLength: length, maxLength: length });
    });
    fc.assert(
      fc.property(list, (options) => {
        const segment = read([...options], 3);
        expect(segment).not.toBeNull();
        expect(segment!.payloadLength).toBe(3);
        expect(segment!.sackCount).toBeLessThanOrEqual(4);
      }),
    );
  });
});
