import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { reachableBase } from './address-space.ts';

const GIB = 2 ** 30;
const line = ([start, length]: [number, number]) =>
  `${start.toString(16)}-${(start + length).toString(16)} rw-p 00000000 00:00 0`;
const rangesOf = (maps: string) =>
  [...maps.matchAll(/^(\w+)-(\w+) /gm)].map(([, start, end]) => [parseInt(start, 16), parseInt(end, 16)]);

it('is where EAL begins by itself while that is free', () => {
  expect(reachableBase('')).toBe(4 * GIB);
  expect(reachableBase('00400000-00500000 r--p 0 00:00 0\n7f0000000000-7f0000001000 rw-p 0 00:00 0')).toBe(
    4 * GIB,
  );
});

it('is behind what is in the way, with as much room as there is', () => {
  expect(reachableBase(line([5 * GIB, 4096]))).toBe(6 * GIB);
  expect(reachableBase([line([5 * GIB, 4096]), line([500 * GIB, 4096])].join('\n'))).toBe(6 * GIB);
});

it('begins the largest free range below 39 bits', () => {
  const range = fc.tuple(fc.nat(600 * GIB), fc.integer({ min: 4096, max: 300 * GIB }));
  fc.assert(
    fc.property(fc.array(range, { maxLength: 8 }), (drawn) => {
      const ranges: [number, number][] = [];
      let end = 0;
      for (const [start, length] of drawn.sort(([a], [b]) => a - b)) {
        if (start < end) continue;
        ranges.push([start, length]);
        end = start + length;
      }
      const base = reachableBase(ranges.map(line).join('\n'));
      const roomAt = (at: number) =>
        ranges.some(([start, length]) => start <= at && at < start + length)
          ? 0
          : Math.min(2 ** 39, ...ranges.map(([start]) => start).filter((start) => start > at)) - at;
      const candidates = Array.from({ length: 508 }, (_, index) => (4 + index) * GIB);
      expect(roomAt(base)).toBe(Math.max(0, ...candidates.map(roomAt)));
    }),
    { numRuns: 100 },
  );
});

it('is free in this process', () => {
  const maps = readFileSync('/proc/self/maps', 'utf8');
  const base = reachableBase(maps);
  expect(rangesOf(maps).some(([start, end]) => start < base + GIB && base < end)).toBe(false);
});
