import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MAX_SACKED_RANGES, NextSegment, Scoreboard } from './sack.ts';

const MSS = 10;
const out = new Int32Array(2);

function scoreboardWith(una: number, nxt: number, ...blocks: [number, number][]): Scoreboard {
  const scoreboard = new Scoreboard();
  for (const [start, end] of blocks) scoreboard.mark(start, end, una, nxt);
  return scoreboard;
}

describe('Scoreboard.mark', () => {
  it('counts every byte once, however often and in whatever pieces it is reported', () => {
    const scoreboard = new Scoreboard();
    expect(scoreboard.mark(120, 130, 100, 200)).toBe(10);
    expect(scoreboard.mark(120, 130, 100, 200)).toBe(0);
    expect(scoreboard.mark(140, 150, 100, 200)).toBe(10);
    expect(scoreboard.mark(115, 155, 100, 200)).toBe(20);
    expect(scoreboard.sackedBytes).toBe(40);
    expect(scoreboard.rangeCount).toBe(1);
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
  ])('ignores %s', (_what, start, end) => {
    const scoreboard = new Scoreboard();
    expect(scoreboard.mark(start, end, 100, 200)).toBe(0);
    expect(scoreboard.rangeCount).toBe(0);
  });

  it('takes a block that ends with the last byte sent', () => {
    expect(new Scoreboard().mark(190, 200, 100, 200)).toBe(10);
  });

  it('forgets the farthest ranges when there are too many', () => {
    const una = -1000;
    const nxt = una + 100_000;
    const scoreboard = new Scoreboard();
    const blockAt = (i: number) => una + 10 + 10 * i;
    for (let i = 0; i < MAX_SACKED_RANGES; i++)
      expect(scoreboard.mark(blockAt(i), blockAt(i) + 1, una, nxt)).toBe(1);
    const next = blockAt(MAX_SACKED_RANGES);
    expect(scoreboard.mark(next, next + 1, una, nxt)).toBe(0);
    expect(scoreboard.mark(una + 5, una + 6, una, nxt)).toBe(1);
    expect(scoreboard.rangeCount).toBe(MAX_SACKED_RANGES);
    expect(scoreboard.sackedBytes).toBe(MAX_SACKED_RANGES);
    const last = blockAt(MAX_SACKED_RANGES - 1);
    expect(scoreboard.mark(last, last + 1, una, nxt)).toBe(0);
  });
});

describe('Scoreboard.advance', () => {
  it('forgets what is acknowledged, and what the receiver must have dropped (RFC 2018, section 8)', () => {
    const scoreboard = scoreboardWith(100, 200, [120, 130], [140, 150], [160, 170], [180, 190]);
    scoreboard.advance(130);
    expect(scoreboard.sackedBytes).toBe(30);
    scoreboard.advance(140);
    expect(scoreboard.sackedBytes).toBe(20);
    scoreboard.advance(165);
    expect(scoreboard.sackedBytes).toBe(10);
    scoreboard.clear();
    expect(scoreboard.sackedBytes).toBe(0);
  });
});

describe('Scoreboard.isLost', () => {
  it('is so below three separate ranges (RFC 6675, section 4)', () => {
    const two = scoreboardWith(100, 300, [120, 121], [130, 131]);
    expect(two.isLost(100, MSS)).toBe(false);
    const three = scoreboardWith(100, 300, [120, 121], [130, 131], [140, 141]);
    expect(three.isLost(100, MSS)).toBe(true);
    expect(three.isLost(119, MSS)).toBe(true);
    expect(three.isLost(121, MSS)).toBe(false);
  });

  it('is so below more than two segments of SACKed data', () => {
    expect(scoreboardWith(100, 300, [110, 130]).isLost(100, MSS)).toBe(false);
    expect(scoreboardWith(100, 300, [110, 131]).isLost(100, MSS)).toBe(true);
    expect(scoreboardWith(100, 300, [110, 131]).isLost(131, MSS)).toBe(false);
  });
});

describe('Scoreboard.nextSegment', () => {
  it('gives the lost holes in turn, then the one that is not lost yet, then none', () => {
    //  100 hole 110 SACKed 120 hole 130 SACKed 145 hole 150 SACKed 160 sent 200
    const scoreboard = scoreboardWith(100, 200, [110, 120], [130, 145], [150, 160]);
    expect(scoreboard.nextSegment(100, 100, MSS, out)).toBe(NextSegment.Lost);
    expect([...out]).toEqual([100, 110]);
    expect(scoreboard.nextSegment(100, 104, MSS, out)).toBe(NextSegment.Lost);
    expect([...out]).toEqual([104, 110]);
    expect(scoreboard.nextSegment(100, 110, MSS, out)).toBe(NextSegment.Lost);
    expect([...out]).toEqual([120, 130]);
    expect(scoreboard.nextSegment(100, 130, MSS, out)).toBe(NextSegment.Hole);
    expect([...out]).toEqual([145, 150]);
    expect(scoreboard.nextSegment(100, 150, MSS, out)).toBe(NextSegment.None);
  });
});

describe('Scoreboard.firstMissing and sackedBefore', () => {
  it.each([
    ['all, when nothing is SACKed in it', 102, 108, [102, 108]],
    ['what lies before a range', 100, 150, [100, 110]],
    ['what lies behind the range in which it starts', 112, 150, [120, 130]],
    ['nothing within a range', 112, 118, null],
    ['nothing of a range', 110, 120, null],
    ['what lies behind the last range', 135, 150, [140, 150]],
  ])('find %s', (_what, from, to, missing) => {
    const scoreboard = scoreboardWith(100, 200, [110, 120], [130, 140]);
    expect(scoreboard.firstMissing(from, to, out)).toBe(missing !== null);
    if (missing !== null) expect([...out]).toEqual(missing);
  });

  it('count the SACKed bytes below a number', () => {
    const scoreboard = scoreboardWith(100, 200, [110, 120], [130, 140]);
    const counted = [100, 110, 115, 120, 135, 140, 200].map((number) => scoreboard.sackedBefore(number));
    expect(counted).toEqual([0, 0, 5, 10, 15, 20, 20]);
  });
});

describe('Scoreboard.rescue', () => {
  it('gives the last segment that is not SACKed (RFC 6675, rule 4)', () => {
    const scoreboard = scoreboardWith(100, 200, [110, 120]);
    expect(scoreboard.rescue(100, 200, MSS, out)).toBe(true);
    expect([...out]).toEqual([190, 200]);
    scoreboard.mark(125, 200, 100, 200);
    expect(scoreboard.rescue(100, 200, MSS, out)).toBe(true);
    expect([...out]).toEqual([120, 125]);
    expect(new Scoreboard().rescue(200, 200, MSS, out)).toBe(false);
  });
});

/** RFC 6675, section 4, byte by byte; `sacked[i]` is the byte una + i, all numbers relative to una. */
const reference = {
  isLost(sacked: boolean[], at: number): boolean {
    let bytes = 0;
    let runs = 0;
    for (let i = at + 1; i < sacked.length; i++) {
      if (!sacked[i]) continue;
      bytes++;
      if (!sacked[i - 1] || i - 1 === at) runs++;
    }
    return runs >= 3 || bytes > 2 * MSS;
  },
  pipe(sacked: boolean[], highRetransmitted: number): number {
    let pipe = 0;
    sacked.forEach((isSacked, i) => {
      if (isSacked) return;
      if (!reference.isLost(sacked, i)) pipe++;
      if (i < highRetransmitted) pipe++;
    });
    return pipe;
  },
  next(sacked: boolean[], highRetransmitted: number): { rule: NextSegment; hole: number[] } {
    const highest = sacked.lastIndexOf(true);
    for (const rule of [NextSegment.Lost, NextSegment.Hole]) {
      for (let i = Math.max(highRetransmitted, 0); i < highest; i++) {
        if (sacked[i] || (rule === NextSegment.Lost && !reference.isLost(sacked, i))) continue;
        let end = i;
        while (!sacked[end]) end++;
        return { rule, hole: [i, end] };
      }
    }
    return { rule: NextSegment.None, hole: [] };
  },
};

describe('Scoreboard against RFC 6675 byte by byte', () => {
  const SENT = 150;
  const block = fc.record({
    start: fc.integer({ min: -20, max: SENT }),
    length: fc.integer({ min: -2, max: 25 }),
  });
  const step = fc.oneof(
    { weight: 5, arbitrary: fc.record({ block, advance: fc.constant(0) }) },
    {
      weight: 1,
      arbitrary: fc.record({ block: fc.constant(null), advance: fc.integer({ min: 1, max: 30 }) }),
    },
  );
  const bases = fc.constantFrom(0, -70, 0x7fffffff - 70, 424242);

  it('agrees on lost, pipe and next, around any wrap', () => {
    fc.assert(
      fc.property(
        bases,
        fc.array(step, { maxLength: 30, size: 'max' }),
        fc.nat(SENT),
        (base, steps, retransmitted) => {
          const scoreboard = new Scoreboard();
          let una = base;
          const nxt = (base + SENT) | 0;
          let sacked: boolean[] = new Array(SENT).fill(false);
          for (const { block, advance } of steps) {
            if (block !== null) {
              const { start, length } = block;
              const end = start + length;
              const newly = sacked.filter((is, i) => !is && i >= start && i < end).length;
              const valid = start > 0 && length > 0 && end <= sacked.length;
              const marked = scoreboard.mark((una + start) | 0, (una + end) | 0, una, nxt);
              expect(marked).toBe(valid ? newly : 0);
              if (valid) sacked.fill(true, start, end);
            } else {
              sacked = sacked.slice(advance);
              for (let i = 0; i < sacked.length && sacked[i]; i++) sacked[i] = false;
              una = (nxt - sacked.length) | 0;
              scoreboard.advance(una);
            }
            expect(scoreboard.sackedBytes).toBe(sacked.filter(Boolean).length);
            for (let i = 0; i < sacked.length; i++) {
              if (sacked[i]) continue;
              expect(scoreboard.isLost((una + i) | 0, MSS)).toBe(reference.isLost(sacked, i));
            }
            const relative = Math.min(retransmitted, sacked.length);
            const highRetransmitted = (una + relative) | 0;
            expect(scoreboard.pipe(una, nxt, highRetransmitted, MSS)).toBe(reference.pipe(sacked, relative));
            expect(scoreboard.pipe(una, nxt, (una - 5) | 0, MSS)).toBe(reference.pipe(sacked, 0));
            const next = reference.next(sacked, relative);
            expect(scoreboard.nextSegment(una, highRetransmitted, MSS, out)).toBe(next.rule);
            if (next.rule !== NextSegment.None) {
              expect([(out[0] - una) | 0, (out[1] - una) | 0]).toEqual(next.hole);
            }
            const lastUnsacked = sacked.lastIndexOf(false);
            expect(scoreboard.rescue(una, nxt, MSS, out)).toBe(lastUnsacked >= 0);
            if (lastUnsacked < 0) continue;
            const holeStart = sacked.lastIndexOf(true, lastUnsacked) + 1;
            const start = Math.max(holeStart, lastUnsacked + 1 - MSS);
            expect([(out[0] - una) | 0, (out[1] - una) | 0]).toEqual([start, lastUnsacked + 1]);
          }
        },
      ),
    );
  });
});
