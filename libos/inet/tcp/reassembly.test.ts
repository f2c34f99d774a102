import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type SegmentHome, SgaSegment } from '../../memory/sga.ts';
import { Reassembly } from './reassembly.ts';

/** Makes segments, each with its own buffer, and knows which have come back. */
class Frames implements SegmentHome {
  readonly out = new Set<SgaSegment>();

  make(sequence: number, content: ArrayLike<number>): SgaSegment {
    const bytes = new Uint8Array(content.length + 7);
    bytes.set(content, 5);
    const segment = new SgaSegment(this, { bytes, address: 0 }, 0, 0, bytes.length);
    segment.offset = 5;
    segment.length = content.length;
    segment.sequence = sequence;
    this.out.add(segment);
    return segment;
  }

  give(segment: SgaSegment): void {
    expect(segment.next).toBe(null);
    expect(this.out.delete(segment)).toBe(true);
  }
}

function queue(maxSegments = 100) {
  const frames = new Frames();
  const reassembly = new Reassembly(maxSegments);
  const insert = (sequence: number, text: string) => {
    const segment = frames.make(sequence, Buffer.from(text));
    const kept = reassembly.insert(segment);
    if (!kept) segment.home.give(segment);
    return kept;
  };
  /** What is shifted out from `next` on. */
  const drain = (next: number) => {
    let text = '';
    for (;;) {
      const segment = reassembly.shift(next + text.length);
      if (segment === null) return text;
      expect(segment.sequence).toBe(next + text.length);
      text += Buffer.from(segment.bytes.subarray(segment.offset, segment.offset + segment.length)).toString();
      segment.home.give(segment);
    }
  };
  const out = new Int32Array(8);
  const blocks = (max = 4) => {
    const count = reassembly.blocks(out, max, 0);
    return Array.from({ length: count }, (_, i) => [out[2 * i], out[2 * i + 1]]);
  };
  return { frames, reassembly, insert, drain, blocks };
}

describe('Reassembly.insert and shift', () => {
  it('hands nothing out before the byte that is due has come', () => {
    const { insert, drain, reassembly } = queue();
    insert(110, 'bcd');
    expect(reassembly.shift(109)).toBe(null);
    insert(109, 'a');
    expect(drain(109)).toBe('abcd');
    expect(reassembly.count).toBe(0);
    expect(reassembly.bytes).toBe(0);
  });

  it('puts segments in order', () => {
    const { insert, drain, frames } = queue();
    for (const [at, text] of [
      [30, 'three'],
      [10, 'first'],
      [35, 'four'],
      [15, 'second'],
      [21, '222222222'],
    ] as const)
      expect(insert(at, text)).toBe(true);
    expect(drain(10)).toBe('firstsecond222222222threefour');
    expect(frames.out.size).toBe(0);
  });

  it('keeps what came first', () => {
    const { insert, drain } = queue();
    insert(14, 'EFGH');
    expect(insert(16, 'ghij')).toBe(true);
    expect(insert(14, 'efgh')).toBe(false);
    expect(insert(15, 'f')).toBe(false);
    expect(insert(10, 'abcdef')).toBe(true);
    expect(drain(10)).toBe('abcdEFGHij');
  });

  it('keeps a newcomer that reaches around a queued one up to that one', () => {
    const { insert, drain } = queue();
    insert(12, 'C');
    insert(14, 'EFGH');
    expect(insert(13, 'defg')).toBe(true);
    expect(insert(10, 'ab')).toBe(true);
    expect(drain(10)).toBe('abCdEFGH');
  });

  it('lets a newcomer take the place of those that it covers', () => {
    const { insert, drain, reassembly, frames } = queue();
    insert(12, 'C');
    insert(14, 'E');
    insert(20, 'Z');
    expect(insert(10, 'abcdefg')).toBe(true);
    expect(reassembly.count).toBe(2);
    expect(frames.out.size).toBe(2);
    expect(reassembly.bytes).toBe(8);
    expect(drain(10)).toBe('abcdefg');
  });

  it('refuses an empty segment', () => {
    expect(queue().insert(10, '')).toBe(false);
  });

  it('gives back what lies wholly before the byte that is due, and cuts what lies partly before it', () => {
    const { insert, drain, frames, reassembly } = queue();
    insert(10, 'ab');
    insert(14, 'efgh');
    insert(20, 'xyz');
    expect(drain(16)).toBe('gh');
    expect(frames.out.size).toBe(1);
    expect(reassembly.bytes).toBe(3);
    reassembly.clear();
    expect(frames.out.size).toBe(0);
    expect(reassembly.bytes).toBe(0);
  });

  it('refuses a newcomer at the end of a full queue, and gives the last one up for one before it', () => {
    const { insert, drain, reassembly, blocks, frames } = queue(2);
    insert(20, 'a');
    insert(30, 'bb');
    expect(insert(40, 'c')).toBe(false);
    expect(insert(10, 'd')).toBe(true);
    expect(blocks()).toEqual([
      [10, 11],
      [20, 21],
    ]);
    expect([reassembly.count, reassembly.bytes, frames.out.size]).toEqual([2, 2, 2]);
    expect(insert(21, 'e')).toBe(false);
    expect(drain(20)).toBe('a');
  });
});

describe('Reassembly.blocks', () => {
  it('reports the block of the latest arrival first, then those of earlier ones (RFC 2018, section 4)', () => {
    const { insert, blocks } = queue();
    insert(30, 'ccc');
    expect(blocks()).toEqual([[30, 33]]);
    insert(10, 'aaa');
    insert(50, 'eee');
    expect(blocks()).toEqual([
      [50, 53],
      [10, 13],
      [30, 33],
    ]);
    insert(13, 'A');
    expect(blocks()).toEqual([
      [10, 14],
      [50, 53],
      [30, 33],
    ]);
    expect(blocks(2)).toEqual([
      [10, 14],
      [50, 53],
    ]);
  });

  it('merges what has grown together', () => {
    const { insert, blocks } = queue();
    insert(10, 'aaa');
    insert(16, 'ccc');
    insert(30, 'eee');
    insert(13, 'bbb');
    expect(blocks()).toEqual([
      [10, 19],
      [30, 33],
    ]);
  });

  it('puts the block of a repeated segment first', () => {
    const { insert, blocks } = queue();
    insert(10, 'aaa');
    insert(30, 'eee');
    insert(10, 'aaa');
    expect(blocks()).toEqual([
      [10, 13],
      [30, 33],
    ]);
  });

  it('fills up with blocks that it has not seen for long, and forgets what was shifted out', () => {
    const { insert, blocks, drain } = queue();
    for (const at of [10, 20, 30, 40, 50, 60]) insert(at, 'x');
    expect(blocks()).toEqual([
      [60, 61],
      [50, 51],
      [40, 41],
      [30, 31],
    ]);
    for (const at of [31, 41, 51]) insert(at, '123456789');
    expect(blocks()).toEqual([
      [30, 61],
      [10, 11],
      [20, 21],
    ]);
    drain(10);
    expect(blocks()).toEqual([
      [30, 61],
      [20, 21],
    ]);
  });
});

describe('Reassembly against a map of bytes', () => {
  const SPAN = 200;
  const arrival = fc.record({ at: fc.nat(SPAN - 1), length: fc.integer({ min: 0, max: 20 }) });
  const arrivals = fc.array(arrival, { maxLength: 80, size: 'max' });
  const bases = fc.constantFrom(0, -SPAN / 2, 0x7fffffff - SPAN / 2, 7_000_000);

  function runsOf(present: boolean[]): string[] {
    const runs: string[] = [];
    for (let i = 0; i < present.length; i++) {
      if (!present[i]) continue;
      const start = i;
      while (present[i]) i++;
      runs.push(`${start}-${i}`);
    }
    return runs;
  }

  it('reports exactly the bytes it holds, and each once, around any wrap', () => {
    const limits = fc.constantFrom(1, 3, 1000);
    fc.assert(
      fc.property(bases, arrivals, limits, fc.nat(SPAN), (base, steps, maxSegments, next) => {
        const frames = new Frames();
        const reassembly = new Reassembly(maxSegments);
        const out = new Int32Array(2 * 200);
        /** Bytes by number from `base`: what any arrival brought there, as the stream is always the same. */
        const arrived: boolean[] = new Array(SPAN + 20).fill(false);
        const contentAt = (i: number) => (i * 31 + 7) & 0xff;
        const held = () => {
          const count = reassembly.blocks(out, 200, 0);
          const present: boolean[] = new Array(SPAN + 21).fill(false);
          for (let i = 0; i < count; i++) {
            const start = (out[2 * i] - base) | 0;
            const end = (out[2 * i + 1] - base) | 0;
            // Blocks are disjoint and do not touch.
            expect(present[start - 1] ?? false).toBe(false);
            expect(present.slice(start, end + 1)).not.toContain(true);
            present.fill(true, start, end);
          }
          return present;
        };
        for (const { at, length } of steps) {
          const before = held();
          const segment = frames.make(
            (base + at) | 0,
            Array.from({ length }, (_, i) => contentAt(at + i)),
          );
          const kept = reassembly.insert(segment);
          if (!kept) segment.home.give(segment);
          arrived.fill(true, at, at + length);
          if (length > 0) {
            // What is told as a duplicate is the first run of what was here before.
            const [twice] = runsOf(before.slice(at, at + length));
            const { duplicateStart, duplicateBytes } = reassembly;
            const from = (duplicateStart - base - at) | 0;
            expect(duplicateBytes > 0 ? `${from}-${from + duplicateBytes}` : undefined).toBe(twice);
          }
          const after = held();
          expect(after.filter(Boolean).length).toBe(reassembly.bytes);
          expect(frames.out.size).toBe(reassembly.count);
          expect(reassembly.count).toBeLessThanOrEqual(maxSegments);
          expect(after.every((is, i) => !is || arrived[i])).toBe(true);
          if (kept) {
            // The first byte that was missing is there now, and in the first block.
            const missing = before.findIndex((is, i) => i >= at && !is);
            expect(after[missing]).toBe(true);
            expect(((out[0] - base) | 0) <= missing && missing < ((out[1] - base) | 0)).toBe(true);
          }
          if (maxSegments < steps.length) continue;
          // Nothing of it was lost, except where it would have had to be split.
          const islands = runsOf(before.slice(at, at + length + 1)).length;
          if (islands === 0)
            expect(runsOf(after.slice(at, at + length))).toEqual(length > 0 ? [`0-${length}`] : []);
          expect(before.every((is, i) => !is || after[i])).toBe(true);
        }

        const expected = held();
        let position = next;
        for (;;) {
          const segment = reassembly.shift((base + position) | 0);
          if (segment === null) break;
          expect((segment.sequence - base) | 0).toBe(position);
          for (let i = 0; i < segment.length; i++) {
            expect(expected[position]).toBe(true);
            expect(segment.bytes[segment.offset + i]).toBe(contentAt(position++));
          }
          segment.home.give(segment);
        }
        expect(expected[position] ?? false).toBe(false);
        expect(held().filter(Boolean).length).toBe(expected.slice(position).filter(Boolean).length);
        reassembly.clear();
        expect(frames.out.size).toBe(0);
      }),
    );
  });

  it('delivers any stream whose segments come in any order and repeatedly', () => {
    const cuts = fc.uniqueArray(fc.integer({ min: 1, max: SPAN - 1 }), { maxLength: 30, size: 'max' });
    fc.assert(
      fc.property(bases, cuts, fc.infiniteStream(fc.nat()), (base, cuts, random) => {
        const edges = [0, ...cuts.sort((a, b) => a - b), SPAN];
        const pieces = edges.slice(1).map((end, i) => ({ at: edges[i], end }));
        const order = [...pieces, ...pieces.slice(0, 5)]
          .map((piece) => ({ piece, key: random.next().value }))
          .sort((a, b) => a.key - b.key);
        const frames = new Frames();
        const reassembly = new Reassembly(1000);
        let position = 0;
        for (const { piece } of order) {
          const content = Array.from({ length: piece.end - piece.at }, (_, i) => (piece.at + i) & 0xff);
          const segment = frames.make((base + piece.at) | 0, content);
          if (!reassembly.insert(segment)) segment.home.give(segment);
          for (;;) {
            const due = reassembly.shift((base + position) | 0);
            if (due === null) break;
            for (let i = 0; i < due.length; i++) expect(due.bytes[due.offset + i]).toBe(position++ & 0xff);
            due.home.give(due);
          }
        }
        expect(position).toBe(SPAN);
        expect(frames.out.size).toBe(0);
      }),
    );
  });
});
