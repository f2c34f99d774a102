import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MAX_WINDOW_FIELD, maxOutOfOrder, windowScaleFor, windowUnits } from './receive-window.ts';

/** A receiver whose peer sends, and whose application reads, as told; and every edge that the peer is told. */
function play(bufferBytes: number, mss: number, steps: readonly (readonly [number, number])[]) {
  const scale = windowScaleFor(bufferBytes);
  let next = 0;
  let unread = 0;
  let edge = Math.min(bufferBytes, MAX_WINDOW_FIELD);
  const told: number[] = [edge];
  let unreadMost = 0;
  for (const [arrives, reads] of steps) {
    const taken = Math.min(arrives, edge - next);
    next += taken;
    unread += taken;
    unreadMost = Math.max(unreadMost, unread);
    unread -= Math.min(reads, unread);
    const units = windowUnits(edge - next, bufferBytes - unread, bufferBytes, mss, scale);
    expect(units).toBeLessThanOrEqual(MAX_WINDOW_FIELD);
    const toldEdge = next + units * 2 ** scale;
    edge = Math.max(edge, toldEdge);
    told.push(toldEdge);
  }
  return { told, unreadMost, granule: 2 ** scale };
}

const bufferBytes = fc.oneof(
  fc.integer({ min: 100, max: 65_535 }),
  fc.integer({ min: 65_536, max: 2 ** 24 }),
);

describe('windowUnits', () => {
  it('never moves the edge left for a peer that fills its segments, whatever is kept unread (RFC 9293, 3.8.6)', () => {
    const mss = 1460;
    const steps = fc.array(fc.tuple(fc.integer({ min: 500, max: 2920 }), fc.nat(2920)), { maxLength: 400 });
    fc.assert(
      fc.property(bufferBytes, steps, (bytes, played) => {
        const { told } = play(bytes, mss, played);
        expect(told).toEqual(told.toSorted((a, b) => a - b));
      }),
    );
  });

  it('keeps the edge within a unit of the farthest, and the buffer within an eighth more, of crumbs too', () => {
    const steps = fc.array(fc.tuple(fc.integer({ min: 1, max: 300 }), fc.constantFrom(0, 0, 0, 1, 5000)), {
      minLength: 100,
      maxLength: 3000,
    });
    fc.assert(
      fc.property(fc.integer({ min: 65_536, max: 200_000 }), steps, (bytes, played) => {
        const { told, unreadMost, granule } = play(bytes, 64, played);
        expect(unreadMost).toBeLessThanOrEqual(bytes * 1.125 + granule);
        let farthest = 0;
        for (const edge of told) {
          expect(edge).toBeGreaterThan(farthest - granule);
          farthest = Math.max(farthest, edge);
        }
      }),
      { numRuns: 30 },
    );
  });

  it('stops giving way to a peer of single bytes that nobody reads', () => {
    const bytes = 2 ** 24;
    const { unreadMost, granule } = play(bytes, 1460, Array(2 ** 16).fill([granuleOf(bytes) + 1, 0]));
    expect(unreadMost).toBeGreaterThan(bytes);
    expect(unreadMost).toBeLessThanOrEqual(bytes * 1.125 + granule);
  });

  it('offers no more than half the buffer or a segment is worth (RFC 9293, 3.8.6.2.2)', () => {
    expect(windowUnits(1000, 1999, 100_000, 1000, 0)).toBe(1000);
    expect(windowUnits(1000, 2000, 100_000, 1000, 0)).toBe(2000);
    expect(windowUnits(0, 499, 1000, 1460, 0)).toBe(0);
    expect(windowUnits(0, 500, 1000, 1460, 0)).toBe(500);
  });

  it('is closed behind a FIN that came at its edge', () => {
    for (const scale of [0, 5]) expect(windowUnits(-1, 0, 1e6, 1460, scale)).toBe(0);
  });
});

describe('windowScaleFor', () => {
  it('is the least with which the window fits, 14 at most (RFC 7323, 2.2, 2.3)', () => {
    expect([1, 65_535, 65_536, 131_070, 131_071, 2 ** 30].map(windowScaleFor)).toEqual([0, 0, 1, 1, 2, 14]);
  });
});

function granuleOf(bytes: number): number {
  return 2 ** windowScaleFor(bytes);
}

describe('out of order', () => {
  it.each([
    [100, 1024],
    [1 << 20, 1024],
    [8 << 20, 8192],
  ])('a window of %i bytes may have %i segments', (bytes, segments) => {
    expect(maxOutOfOrder(bytes)).toBe(segments);
  });
});
