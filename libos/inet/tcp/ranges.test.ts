import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SequenceRanges } from './ranges.ts';

/**
 * Numbers of the reference are small offsets from a base, so that ranges straddle the wrap of 2^32 and of
 * int32.
 */
const SPAN = 300;
const bases = fc.constantFrom(0, -SPAN / 2, 0x7fffffff - SPAN / 2, -0x80000000, 12345);

const start = fc.nat(SPAN - 1);
const none = fc.constant(0);
// Drops are rare, lest the set be nearly empty all the time.
const step = fc.oneof(
  {
    weight: 20,
    arbitrary: fc.record({ kind: fc.constant('add'), at: start, length: fc.integer({ min: 1, max: 12 }) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constantFrom('dropFirst', 'dropLast'), at: none, length: none }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constantFrom('dropBefore', 'dropFrom'), at: start, length: none }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('clear'), at: none, length: none }) },
);

/** The runs of members of a set as [start, end) pairs. */
function runsOf(members: Uint8Array): number[][] {
  const runs: number[][] = [];
  for (let i = 0; i < members.length; i++) {
    if (members[i] === 0) continue;
    const last = runs.at(-1);
    if (last !== undefined && last[1] === i) last[1] = i + 1;
    else runs.push([i, i + 1]);
  }
  return runs;
}

describe('SequenceRanges', () => {
  it('is the set of numbers that were added and not dropped, around any wrap', () => {
    fc.assert(
      fc.property(bases, fc.array(step, { maxLength: 150, size: 'max' }), (base, steps) => {
        const ranges = new SequenceRanges();
        const members = new Uint8Array(SPAN + 20);
        const total = () => members.reduce((sum, one) => sum + one, 0);
        for (const { kind, at, length } of steps) {
          const runs = runsOf(members);
          const before = total();
          if (kind === 'add') {
            members.fill(1, at, at + length);
            const added = ranges.add((base + at) | 0, (base + at + length) | 0);
            expect(added).toBe(total() - before);
          } else if (kind === 'dropBefore') {
            members.fill(0, 0, at);
            ranges.dropBefore((base + at) | 0);
          } else if (kind === 'dropFrom') {
            members.fill(0, at);
            ranges.dropFrom((base + at) | 0);
          } else if (kind === 'clear') {
            members.fill(0);
            ranges.clear();
          } else if (runs.length > 0) {
            const [start, end] = kind === 'dropFirst' ? runs[0] : runs.at(-1)!;
            members.fill(0, start, end);
            if (kind === 'dropFirst') ranges.dropFirst();
            else ranges.dropLast();
          }
          const kept: number[][] = [];
          for (let i = 0; i < ranges.count; i++) {
            kept.push([(ranges.start(i) - base) | 0, (ranges.end(i) - base) | 0]);
          }
          expect(kept).toEqual(runsOf(members));
          expect(ranges.bytes).toBe(total());
        }
      }),
    );
  });

  it('finds the range that contains a number, or the next one', () => {
    const ranges = new SequenceRanges();
    for (let i = 0; i < 100; i++) ranges.add((-500 + 10 * i) | 0, (-495 + 10 * i) | 0);
    for (let i = 0; i < 100; i++) {
      expect(ranges.find(-500 + 10 * i)).toBe(i);
      expect(ranges.find(-496 + 10 * i)).toBe(i);
      expect(ranges.find(-495 + 10 * i)).toBe(i + 1);
    }
    expect(ranges.find(-1000)).toBe(0);
  });

  it('grows after its first ranges have been dropped', () => {
    const ranges = new SequenceRanges();
    for (let i = 0; i < 8; i++) ranges.add(10 * i, 10 * i + 5);
    ranges.dropBefore(20);
    for (let i = 8; i < 40; i++) ranges.add(10 * i, 10 * i + 5);
    expect(ranges.count).toBe(38);
    for (let i = 0; i < 38; i++) expect([ranges.start(i), ranges.end(i)]).toEqual([10 * i + 20, 10 * i + 25]);
  });

  it('stays as large as what it holds when it moves along', () => {
    const ranges = new SequenceRanges();
    let position = 0x7fff0000;
    for (let i = 0; i < 100_000; i++) {
      ranges.add(position, (position + 1) | 0);
      position = (position + 2) | 0;
      if (ranges.count > 20) ranges.dropFirst();
    }
    expect(ranges.count).toBe(20);
    expect(ranges.end(19)).toBe((position - 1) | 0);
  });
});
