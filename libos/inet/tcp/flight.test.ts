import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Flight, Mark } from './flight.ts';

/** The same, byte by byte: what is known of each byte in flight. */
interface Byte {
  sentUs: number;
  again: boolean;
  sameTick: boolean;
  sacked: boolean;
  lost: boolean;
}

const bases = fc.constantFrom(0, -300, 0x7fffff00, 424242);
const step = fc.record({
  kind: fc.constantFrom(
    'send',
    'send',
    'send',
    'again',
    'acknowledge',
    'sack',
    'unsack',
    'lose',
    'lose',
    'unlose',
  ),
  bytes: fc.integer({ min: 1, max: 40 }),
  share: fc.double({ min: 0, max: 0.999, noNaN: true }),
  elapsedUs: fc.integer({ min: 0, max: 900 }),
});

/** Plays the steps on both; returns them with the number of the first byte. */
function play(base: number, steps: readonly (typeof step extends fc.Arbitrary<infer T> ? T : never)[]) {
  const flight = new Flight();
  flight.begin(base);
  let bytes: Byte[] = [];
  let una = base;
  let nowUs = 5e6;
  for (const { kind, bytes: length, share, elapsedUs } of steps) {
    nowUs += elapsedUs;
    const index = Math.floor(share * flight.count);
    const at = Math.floor(share * bytes.length);
    const isEmpty = flight.count === 0;
    if (kind === 'send') {
      flight.sent((una + bytes.length + length) | 0, nowUs);
      for (let i = 0; i < length; i++) {
        bytes.push({ sentUs: nowUs, again: false, sameTick: false, sacked: false, lost: false });
      }
    } else if (isEmpty) continue;
    else if (kind === 'again') {
      const end = Math.min(at + length, bytes.length);
      flight.sentAgain((una + at) | 0, (una + end) | 0, nowUs);
      for (const byte of bytes.slice(at, end)) {
        byte.sameTick = Math.floor(byte.sentUs / 1000) === Math.floor(nowUs / 1000);
        Object.assign(byte, { sentUs: nowUs, again: true, lost: false });
      }
    } else if (kind === 'acknowledge') {
      una = (una + at) | 0;
      while (flight.count > 0 && ((flight.end(0) - una) | 0) <= 0) flight.drop();
      flight.cutTo(una);
      bytes = bytes.slice(at);
    } else {
      const from = (flight.startOf(index) - una) | 0;
      const to = (flight.end(index) - una) | 0;
      const touched = bytes.slice(from, to);
      if (kind === 'sack' && !touched[0].sacked) {
        flight.markSacked(index);
        for (const byte of touched) Object.assign(byte, { sacked: true, lost: false });
      } else if (kind === 'unsack') {
        flight.unmarkSacked(flight.startOf(index), flight.end(index));
        for (const byte of touched) byte.sacked = false;
      } else if (kind === 'lose') {
        flight.markLost(index);
        for (const byte of touched) byte.lost ||= !byte.sacked;
      } else if (kind === 'unlose') {
        flight.unmarkLost();
        for (const byte of bytes) byte.lost = false;
      }
    }
  }
  return { flight, bytes, una };
}

describe('Flight against what is known of each byte', () => {
  it('knows of each when it was sent last and what became of it, around any wrap', () => {
    fc.assert(
      fc.property(bases, fc.array(step, { maxLength: 80, size: 'max' }), (base, steps) => {
        const { flight, bytes, una } = play(base, steps);
        expect(flight.start).toBe(una);
        expect(flight.sackedBytes).toBe(bytes.filter(({ sacked }) => sacked).length);
        expect(flight.lostBytes).toBe(bytes.filter(({ lost }) => lost).length);
        let at = 0;
        let sackedCount = 0;
        let againCount = 0;
        for (let i = 0; i < flight.count; i++) {
          expect((flight.startOf(i) - una) | 0).toBe(at);
          const end = (flight.end(i) - una) | 0;
          expect(end).toBeGreaterThan(at);
          const marks = flight.marks(i);
          if (marks & Mark.Sacked) sackedCount++;
          if (marks & Mark.Again) againCount++;
          for (; at < end; at++) {
            expect(flight.find((una + at) | 0)).toBe(i);
            expect(bytes[at]).toEqual({
              sentUs: flight.sentUs(i),
              again: (marks & Mark.Again) !== 0,
              sameTick: (marks & Mark.SameTick) !== 0,
              sacked: (marks & Mark.Sacked) !== 0,
              lost: (marks & Mark.Lost) !== 0,
            });
          }
        }
        expect(at).toBe(bytes.length);
        expect([flight.sackedCount, flight.againCount]).toEqual([sackedCount, againCount]);
      }),
    );
  });

  it('finds the first run of lost bytes, as long as is needed', () => {
    const most = fc.integer({ min: 1, max: 100 });
    fc.assert(
      fc.property(bases, fc.array(step, { maxLength: 80, size: 'max' }), most, (base, steps, most) => {
        const { flight, bytes, una } = play(base, steps);
        const out = new Int32Array(2);
        const first = bytes.findIndex(({ lost }) => lost);
        expect(flight.firstLost(most, out)).toBe(first >= 0);
        if (first < 0) return;
        const [start, end] = [...out].map((edge) => (edge - una) | 0);
        expect(start).toBe(first);
        expect(bytes.slice(start, end).every(({ lost }) => lost)).toBe(true);
        const isWhole = end === bytes.length || !bytes[end].lost;
        expect(isWhole || end - start >= most).toBe(true);
      }),
    );
  });

  it('takes thousands of segments, and goes on after them', () => {
    const flight = new Flight();
    flight.begin(0);
    for (let round = 0, sent = 0, acknowledged = 0; round < 3; round++) {
      for (let i = 0; i < 5000; i++) flight.sent(++sent, sent);
      for (let i = 0; i < 4990 || (round === 2 && flight.count > 0); i++) {
        expect(flight.sentUs(0)).toBe(++acknowledged);
        flight.drop();
      }
    }
    expect([flight.count, flight.start]).toEqual([0, 15_000]);
  });
});
