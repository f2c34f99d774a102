import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TcpSegment } from '../wire/tcp.ts';
import { COOKIE_PERIOD_US, SynCookies } from './syn-cookies.ts';

const SECRET = [0x1234567, 0x89abcde] as const;
const number = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
const port = fc.integer({ min: 1, max: 65_535 });
const time = fc.integer({ min: 0, max: 1e15 });
const offer = fc.record({
  sequence: number,
  sourcePort: port,
  destinationPort: port,
  mss: fc.integer({ min: 0, max: 65_535 }),
  windowScale: fc.integer({ min: -1, max: 14 }),
  sackPermitted: fc.boolean(),
});

function segment(fields: Partial<TcpSegment>): TcpSegment {
  return Object.assign(new TcpSegment(), fields);
}

/** What an honest peer answers. */
function acknowledging(syn: TcpSegment, cookie: number, more: Partial<TcpSegment> = {}): TcpSegment {
  const { sourcePort, destinationPort } = syn;
  const numbers = { sequence: (syn.sequence + 1) | 0, acknowledgement: (cookie + 1) | 0 };
  return segment({ sourcePort, destinationPort, ...numbers, ...more });
}

describe('a SYN cookie (RFC 4987, 3.6)', () => {
  it('gives back what the SYN has offered, none of it larger, for a period at least', () => {
    fc.assert(
      fc.property(
        number,
        offer,
        time,
        fc.integer({ min: 0, max: COOKIE_PERIOD_US }),
        (source, fields, atUs, laterUs) => {
          const cookies = new SynCookies(SECRET);
          const syn = segment(fields);
          const cookie = cookies.make(atUs, source, syn);
          const out = new TcpSegment();
          const ack = acknowledging(syn, cookie, { hasTimestamps: true, timestamp: 77 });
          expect(cookies.read(atUs + laterUs, source, ack, out)).toBe(true);
          const { sequence, sackPermitted, sourcePort, destinationPort } = syn;
          expect(out).toMatchObject({ sequence, sackPermitted, sourcePort, destinationPort, timestamp: 77 });
          const mss = syn.mss === 0 ? 536 : syn.mss;
          expect(out.mss).toBeLessThanOrEqual(Math.max(64, mss));
          expect(out.windowScale).toBeLessThanOrEqual(syn.windowScale);
          // No scale is something else than a shift of 0: then ours does not count either.
          expect(out.windowScale >= 0).toBe(syn.windowScale >= 0);
        },
      ),
    );
  });

  it.each([
    [0, 536],
    [1, 64],
    [536, 536],
    [1459, 1400],
    [1460, 1460],
    [8960, 8960],
    [65_495, 8960],
  ])('keeps an MSS of %i as %i', (mss, kept) => {
    const cookies = new SynCookies(SECRET);
    const syn = segment({ mss });
    const out = new TcpSegment();
    cookies.read(0, 1, acknowledging(syn, cookies.make(0, 1, syn)), out);
    expect(out.mss).toBe(kept);
  });

  it('is none for another peer, port, number, or when a bit of it is another', () => {
    fc.assert(
      fc.property(number, offer, time, fc.nat(31), (source, fields, atUs, bit) => {
        const cookies = new SynCookies(SECRET);
        const syn = segment(fields);
        const cookie = cookies.make(atUs, source, syn);
        const out = new TcpSegment();
        const good = (from: number, ack: TcpSegment) => cookies.read(atUs, from, ack, out);
        expect(good(source ^ (1 << bit), acknowledging(syn, cookie))).toBe(false);
        expect(good(source, acknowledging(syn, cookie, { sourcePort: syn.sourcePort ^ 1 }))).toBe(false);
        expect(good(source, acknowledging(syn, cookie, { destinationPort: syn.destinationPort ^ 1 }))).toBe(
          false,
        );
        expect(good(source, acknowledging(syn, cookie, { sequence: syn.sequence }))).toBe(false);
        expect(good(source, acknowledging(syn, cookie ^ (1 << bit)))).toBe(false);
      }),
      // One of 2^24 wrong ones is good by chance.
      { seed: 4987, numRuns: 100 },
    );
  });

  it('is none any more after two periods, nor with another secret', () => {
    fc.assert(
      fc.property(
        offer,
        time,
        fc.integer({ min: 2 * COOKIE_PERIOD_US, max: 1e12 }),
        (fields, atUs, laterUs) => {
          const cookies = new SynCookies(SECRET);
          const syn = segment(fields);
          const ack = acknowledging(syn, cookies.make(atUs, 9, syn));
          const out = new TcpSegment();
          expect(cookies.read(atUs + laterUs, 9, ack, out)).toBe(false);
          expect(new SynCookies([SECRET[0], SECRET[1] ^ 1]).read(atUs, 9, ack, out)).toBe(false);
        },
      ),
      { seed: 4987, numRuns: 100 },
    );
  });
});
