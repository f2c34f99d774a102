import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ProportionalRate } from './proportional-rate.ts';

const MSS = 1000;

/** A flight of `segments`, the first `lost` of them lost: each acknowledgement SACKs one, and all goes that may. */
function recover(segments: number, lost: number, thresholdSegments: number) {
  const rate = new ProportionalRate();
  const sent: number[] = [];
  let inNetwork = segments * MSS;
  rate.begin(thresholdSegments * MSS, segments * MSS);
  for (let i = 0; i < segments - lost; i++) {
    inNetwork -= MSS;
    // The loss shows with the third.
    if (i === 2) inNetwork -= lost * MSS;
    if (i < 2) continue;
    rate.delivered(MSS, inNetwork, false, MSS);
    let now = 0;
    while (rate.window - inNetwork >= MSS) {
      rate.sent(MSS);
      inNetwork += MSS;
      now++;
    }
    sent.push(now);
  }
  return { sent, inNetwork: inNetwork / MSS };
}

describe('proportional rate reduction (RFC 9937)', () => {
  it('sends one segment for two delivered where the window is halved, from the first acknowledgement on', () => {
    const { sent, inNetwork } = recover(20, 1, 10);
    expect(sent.slice(0, 8)).toEqual([1, 0, 0, 1, 0, 1, 0, 1]);
    expect(Math.abs(inNetwork - 10)).toBeLessThanOrEqual(1);
  });

  it('sends seven for ten delivered where seven tenths are left', () => {
    const { sent } = recover(40, 1, 28);
    expect(sent.slice(0, 30).reduce((sum, now) => sum + now)).toBe(21);
  });

  it('sends as much as is delivered when losses have left less than the threshold', () => {
    const { sent } = recover(20, 15, 10);
    expect(sent).toEqual([1, 1, 1]);
  });

  it('sends a segment more for each acknowledgement with progress and no loss, up to the threshold (SafeACK)', () => {
    const rate = new ProportionalRate();
    rate.begin(10 * MSS, 20 * MSS);
    let inNetwork = 2 * MSS;
    const flights: number[] = [];
    for (let i = 0; i < 12; i++) {
      inNetwork -= MSS;
      rate.delivered(MSS, inNetwork, true, MSS);
      while (rate.window - inNetwork >= MSS) {
        rate.sent(MSS);
        inNetwork += MSS;
      }
      flights.push(inNetwork / MSS);
    }
    expect(flights).toEqual([3, 4, 5, 6, 7, 8, 9, 10, 10, 10, 10, 10]);
  });

  it('lets the first retransmission go whatever has been delivered', () => {
    const rate = new ProportionalRate();
    rate.begin(10 * MSS, 20 * MSS);
    rate.delivered(1, 19 * MSS, false, MSS);
    expect(rate.window).toBe(20 * MSS);
    rate.sent(MSS);
    rate.delivered(1, 19 * MSS, false, MSS);
    expect(rate.window).toBe(19 * MSS);
  });

  it('ends with the threshold in flight, and sends in proportion to what is delivered while there is more', () => {
    const property = fc.property(
      fc.integer({ min: 4, max: 100 }),
      fc.double({ min: 0.3, max: 0.9, noNaN: true }),
      fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 100, maxLength: 100 }),
      (segments, part, deliveries) => {
        const threshold = Math.max(2, Math.floor(part * segments)) * MSS;
        const rate = new ProportionalRate();
        rate.begin(threshold, segments * MSS);
        let inNetwork = (segments - 1) * MSS;
        let left = segments - 1;
        let delivered = 0;
        let sent = 0;
        for (const wanted of deliveries) {
          const now = Math.min(wanted, left);
          if (now === 0) break;
          left -= now;
          delivered += now;
          inNetwork -= now * MSS;
          const isAbove = inNetwork > threshold;
          rate.delivered(now * MSS, inNetwork, false, MSS);
          while (rate.window - inNetwork >= MSS) {
            rate.sent(MSS);
            inNetwork += MSS;
            sent++;
          }
          if (isAbove)
            expect(sent).toBeLessThanOrEqual(Math.max(1, (delivered * threshold) / (segments * MSS) + 1));
          else expect(inNetwork).toBeLessThanOrEqual(threshold + MSS);
        }
        expect(inNetwork).toBeLessThanOrEqual(threshold + MSS);
        expect(inNetwork).toBeGreaterThanOrEqual(threshold - 2 * MSS);
      },
    );
    fc.assert(property);
  });
});
