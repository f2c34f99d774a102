import { describe, expect, it } from 'vitest';
import { copyBytes, readI32, readU16, writeI32, writeU16 } from './bytes.ts';

describe('big-endian integers', () => {
  it('are read as unsigned 16 bits and signed 32 bits', () => {
    const bytes = Uint8Array.of(0, 0xff, 0xfe, 0xfd, 0xfc);
    expect(readU16(bytes, 1)).toBe(0xfffe);
    expect(readI32(bytes, 1)).toBe(0xfffefdfc | 0);
    expect(readI32(bytes, 0)).toBe(0x00fffefd);
  });

  it('are written at their place and nowhere else', () => {
    const bytes = new Uint8Array(8).fill(0x11);
    writeU16(bytes, 1, 0xabcd);
    writeI32(bytes, 3, -2);
    expect([...bytes]).toEqual([0x11, 0xab, 0xcd, 0xff, 0xff, 0xff, 0xfe, 0x11]);
    writeI32(bytes, 3, 0xfffefdfc);
    expect(readI32(bytes, 3) >>> 0).toBe(0xfffefdfc);
  });
});

describe('copyBytes', () => {
  it.each([0, 1, 64, 65, 1000])('copies %i bytes within one memory and between two', (length) => {
    const memory = Uint8Array.from({ length: 2100 }, (_, i) => i * 31);
    const source = memory.slice(3, 3 + length);
    const other = new Uint8Array(1100);
    copyBytes(memory, 3, other, 7, length);
    expect(other.slice(7, 7 + length)).toEqual(source);
    expect(other.subarray(7 + length).every((byte) => byte === 0)).toBe(true);
    copyBytes(memory, 3, memory, 1050, length);
    expect(memory.slice(1050, 1050 + length)).toEqual(source);
  });
});
