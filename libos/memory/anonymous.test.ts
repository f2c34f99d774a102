import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { HUGE_PAGE_BYTES, mapAnonymous } from './anonymous.ts';

/** The line of /proc/self/smaps that begins with `key`, of the mapping that holds `address`. */
function smaps(address: number, key: string): string | undefined {
  let within = false;
  for (const line of readFileSync('/proc/self/smaps', 'utf8').split('\n')) {
    const range = /^([0-9a-f]+)-([0-9a-f]+) /.exec(line);
    if (range !== null) within = Number(`0x${range[1]}`) <= address && address < Number(`0x${range[2]}`);
    else if (within && line.startsWith(key)) return line;
  }
  return undefined;
}

describe('mapAnonymous', () => {
  it.each([1, 4096, HUGE_PAGE_BYTES / 2 + 1, HUGE_PAGE_BYTES - 5000, 3 * HUGE_PAGE_BYTES + 1])(
    'maps %d bytes of zeros that can be written, discarded and unmapped',
    (size) => {
      const { bytes, address, discard, unmap } = mapAnonymous(size);
      expect(bytes.length).toBe(size);
      expect(bytes.every((byte) => byte === 0)).toBe(true);
      bytes.fill(7);
      discard();
      expect(bytes[size - 1]).toBe(0);
      expect(smaps(address, 'VmFlags')).toBeDefined();
      unmap();
      expect(smaps(address, 'VmFlags')).toBeUndefined();
    },
  );

  it('asks for huge pages, which must be aligned, where they are nearly filled', () => {
    const large = mapAnonymous(HUGE_PAGE_BYTES - 5000);
    const small = mapAnonymous(4096);
    expect(large.address % HUGE_PAGE_BYTES).toBe(0);
    expect(smaps(large.address, 'VmFlags')).toMatch(/\bhg\b/);
    expect(smaps(small.address, 'VmFlags')).not.toMatch(/\bhg\b/);
    large.unmap();
    small.unmap();
  });
});
