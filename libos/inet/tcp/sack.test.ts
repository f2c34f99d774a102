import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TcpSegment } from '../wire/tcp.ts';
import { Flight, Mark } from './flight.ts';
import { MAX_SACKED_RANGES, reportsDuplicate, Scoreboard } from './sack.ts';

const out = new Int32Array(2);
const nobody = { segmentDelivered() {} };

/** Segments of so many bytes each, from `una` on. */
function flightOf(una: number, lengths: readonly number[]): Flight {
  const flight = new Flight();
  flight.begin(una);
  let end = una;
  for (const length of lengths) {
    end = (end + length) | 0;
    flight.sent(end, 0);
  }
  return flight;
}

/** From 100 to 200, in segments of 5. */
function hundred() {
  const flight = flightOf(100, new Array(20).fill(5));
  const scoreboard = new Scoreboard();
  const mark = (start: number, end: number) => scoreboard.mark(start, end, 200, flight, nobody);
  const acknowledge = (una: number) => {
    while (flight.count > 0 && ((flight.end(0) - una) | 0) <= 0) flight.drop();
    flight.cutTo(una);
    scoreboard.advance(una, flight);
  };
  return { flight, scoreboard, mark, acknowledge };
}

describe('Scoreboard.mark', () => {
  it('counts every byte once, however often and in whatever pieces it is reported', () => {
    const { scoreboard, flight, mark } = hundred();
    expect(mark(120, 130)).toBe(10);
    expect(mark(120, 130)).toBe(0);
    expect(mark(140, 150)).toBe(10);
    expect(mark(115, 155)).toBe(20);
    expect(scoreboard.sackedBytes).toBe(40);
    expect(scoreboard.rangeCount).toBe(1);
    expect([flight.sackedBytes, flight.sackedCount]).toEqual([40, 8]);
  });

  it.each([
    ['a D-SACK below una (RFC 2883)', 80, 90],
    ['one that straddles una', 95, 110],
    ['one that starts at una: it would have been acknowledged', 100, 110],
    ['one beyond what was sent', 190, 201],
    ['one far beyond', 5000, 5010],
    ['an empty one', 120, 120],
    ['a reversed one', 130, 120],
    ['half the sequence space', 120, (120 + 0x80000000) | 0],
    ['nearly all of the sequence space', 120, 119],
    ['one that starts half the space away', -0x7fffff00, 130],
    ['one without a whole segment', 121, 129],
  ])('ignores %s', (_what, start, end) => {
    const { scoreboard, flight, mark } = hundred();
    expect(mark(start, end)).toBe(0);
    expect(scoreboard.rangeCount).toBe(0);
    expect(flight.sackedCount).toBe(0);
  });

  it('takes a block that ends with the last byte sent', () => {
    expect(hundred().mark(190, 200)).toBe(10);
  });

  it('takes a block for the whole segments that it has', () => {
    const { scoreboard, mark } = hundred();
    expect(mark(117, 133)).toBe(10);
    expect(scoreboard.firstMissing(100, 200, out)).toBe(true);
    expect([...out]).toEqual([100, 120]);
  });

  it('takes no more ranges than there may be, but lets those it has grow', () => {
    const una = -1000;
    const flight = flightOf(una, new Array(3000).fill(1));
    const nxt = una + 3000;
    const scoreboard = new Scoreboard();
    const mark = (i: number) => scoreboard.mark(una + 2 * i, una + 2 * i + 1, nxt, flight, nobody);
    for (let i = 1; i <= MAX_SACKED_RANGES; i++) expect(mark(i)).toBe(1);
    expect(mark(MAX_SACKED_RANGES + 1)).toBe(0);
    expect(scoreboard.mark(una + 2, una + 5, nxt, flight, nobody)).toBe(1);
    expect(scoreboard.rangeCount).toBe(MAX_SACKED_RANGES - 1);
    expect(mark(MAX_SACKED_RANGES + 1)).toBe(1);
  });
});

describe('Scoreboard.advance', () => {
  it('forgets what is acknowledged, and what the receiver must have dropped (RFC 2018, section 8)', () => {
    const { scoreboard, flight, mark, acknowledge } = hundred();
    for (const start of [120, 140, 160, 180]) mark(start, start + 10);
    acknowledge(130);
    expect([scoreboard.sackedBytes, flight.sackedBytes]).toEqual([30, 30]);
    acknowledge(140);
    expect([scoreboard.sackedBytes, flight.sackedBytes]).toEqual([20, 20]);
    acknowledge(165);
    expect([scoreboard.sackedBytes, flight.sackedBytes]).toEqual([10, 10]);
    scoreboard.clear(flight);
    expect([scoreboard.sackedBytes, flight.sackedBytes]).toEqual([0, 0]);
  });
});

describe('Scoreboard.firstMissing', () => {
  it.each([
    ['all, when nothing is SACKed in it', 102, 108, [102, 108]],
    ['what lies before a range', 100, 150, [100, 110]],
    ['what lies behind the range in which it starts', 112, 150, [120, 130]],
    ['nothing within a range', 112, 118, null],
    ['nothing of a range', 110, 120, null],
    ['what lies behind the last range', 135, 150, [140, 150]],
  ])('finds %s', (_what, from, to, missing) => {
    const { scoreboard, mark } = hundred();
    mark(110, 120);
    mark(130, 140);
    expect(scoreboard.firstMissing(from, to, out)).toBe(missing !== null);
    if (missing !== null) expect([...out]).toEqual(missing);
  });
});

describe('reportsDuplicate (RFC 2883, 4)', () => {
  it.each([
    ['below the acknowledgement number', 1000, [[500, 600]], true],
    [
      'below it, with blocks of what is out of order',
      1000,
      [
        [500, 600],
        [2000, 3000],
      ],
      true,
    ],
    [
      'within the second block',
      1000,
      [
        [2200, 2300],
        [2000, 3000],
      ],
      true,
    ],
    [
      'all of the second block',
      1000,
      [
        [2000, 3000],
        [2000, 3000],
      ],
      true,
    ],
    ['not by a block of what is out of order', 1000, [[2000, 3000]], false],
    [
      'not by blocks side by side',
      1000,
      [
        [4000, 5000],
        [2000, 3000],
      ],
      false,
    ],
    [
      'not by the larger block first',
      1000,
      [
        [2000, 3000],
        [2200, 2300],
      ],
      false,
    ],
  ] as const)('%s', (_what, ack, blocks, duplicate) => {
    for (const base of [0, 0x7fffffff - 2100]) {
      const segment = new TcpSegment();
      segment.acknowledgement = (base + ack) | 0;
      segment.sackCount = blocks.length;
      blocks.flat().forEach((edge, i) => {
        segment.sack[i] = base + edge;
      });
      expect(reportsDuplicate(segment)).toBe(duplicate);
    }
  });
});

describe('Scoreboard against a map of segments', () => {
  const lengths = fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 30, size: 'max' });
  const step = fc.record({
    start: fc.integer({ min: -20, max: 250 }),
    length: fc.integer({ min: -2, max: 60 }),
    advance: fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, fc.integer({ min: 1, max: 30 })),
  });
  const bases = fc.constantFrom(0, -70, 0x7fffffff - 70, 424242);

  it('marks the whole segments of each block, tells of each once, and agrees with the marks', () => {
    fc.assert(
      fc.property(bases, lengths, fc.array(step, { maxLength: 30, size: 'max' }), (base, lengths, steps) => {
        const flight = flightOf(base, lengths);
        const scoreboard = new Scoreboard();
        const total = lengths.reduce((sum, length) => sum + length, 0);
        const nxt = (base + total) | 0;
        let una = 0;
        let told: number[] = [];
        const deliveries = {
          segmentDelivered(index: number) {
            expect(flight.marks(index) & Mark.Sacked).toBe(0);
            told.push((flight.startOf(index) - base) | 0);
          },
        };
        const sacked = new Set<number>();
        for (const { start, length, advance } of steps) {
          const segments = Array.from({ length: flight.count }, (_, i) => ({
            from: (flight.startOf(i) - base) | 0,
            to: (flight.end(i) - base) | 0,
          }));
          if (advance > 0) {
            una = Math.min(una + advance, total);
            while (flight.count > 0 && ((flight.end(0) - base - una) | 0) <= 0) flight.drop();
            flight.cutTo((base + una) | 0);
            scoreboard.advance((base + una) | 0, flight);
            // Where what is acknowledged ends at or within a range, the receiver has thrown away the rest of that.
            let at = segments.find(({ from, to }) => from < una && una < to && sacked.has(from))?.to ?? una;
            for (const { from } of segments) if (from < una) sacked.delete(from);
            while (sacked.has(at)) {
              sacked.delete(at);
              at = segments.find(({ from }) => from === at)!.to;
            }
          } else {
            told = [];
            const isValid = start > una && length > 0 && start + length <= total;
            const expected = isValid
              ? segments.filter(({ from, to }) => from >= start && to <= start + length && !sacked.has(from))
              : [];
            const end = start + length;
            scoreboard.mark((base + start) | 0, (base + end) | 0, nxt, flight, deliveries);
            expect(told).toEqual(expected.map(({ from }) => from));
            for (const { from } of expected) sacked.add(from);
          }
          const marked: number[] = [];
          for (let i = 0; i < flight.count; i++) {
            if (flight.marks(i) & Mark.Sacked) marked.push((flight.startOf(i) - base) | 0);
          }
          expect(marked).toEqual([...sacked].sort((a, b) => a - b));
          expect(scoreboard.sackedBytes).toBe(flight.sackedBytes);
        }
      }),
    );
  });
});
