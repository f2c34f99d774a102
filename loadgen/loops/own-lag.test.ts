/** Whose a lag is, in a loop with a simulated clock before a server that takes one time for each request. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { OwnLag } from './own-lag.ts';

const TURN_NS = 1000;

interface Simulated {
  /** Between requests. */
  gapNs: number;
  requests: number;
  /** Requests that may be outstanding. */
  window: number;
  serviceNs: number;
  /** When the loop stands still, and for how long. */
  stall?: { atNs: number; lengthNs: number };
  /** When its own lag until then is forgotten. */
  forgottenNs?: number;
}

/** Of each request, in order: when it was sent, how late, and how much of that was the loop's own. */
function simulate({ gapNs, requests, window, serviceNs, stall, forgottenNs }: Simulated) {
  const lag = new OwnLag();
  const sent: { sentNs: number; lagNs: number; ownNs: number }[] = [];
  const repliesNs: number[] = [];
  let nowNs = 0;
  let freeNs = 0;
  while (sent.length < requests) {
    while (repliesNs.length < window && sent.length < requests) {
      const intendedNs = sent.length * gapNs;
      if (intendedNs > nowNs) {
        lag.forget();
        break;
      }
      const ownNs = nowNs - lag.possibleNs(intendedNs, nowNs);
      sent.push({ sentNs: nowNs, lagNs: nowNs - intendedNs, ownNs });
      freeNs = Math.max(freeNs, nowNs) + serviceNs;
      repliesNs.push(freeNs);
    }
    const beforeNs = nowNs;
    nowNs += TURN_NS;
    if (stall && beforeNs <= stall.atNs && stall.atNs < nowNs) nowNs += stall.lengthNs;
    if (forgottenNs !== undefined && beforeNs <= forgottenNs && forgottenNs < nowNs) lag.forget();
    if (repliesNs.length === window) lag.hadNoRoom(beforeNs);
    while (repliesNs.length > 0 && repliesNs[0] <= nowNs) repliesNs.shift();
  }
  return sent;
}

const gapNs = fc.integer({ min: 4 * TURN_NS, max: 100 * TURN_NS });
const window = fc.integer({ min: 1, max: 20 });
const stall = fc.record({
  atNs: fc.integer({ min: 0, max: 200 * TURN_NS }),
  lengthNs: fc.integer({ min: 0, max: 5000 * TURN_NS }),
});
const requests = 500;

describe('the lag of a request', () => {
  it('is all its own for a loop that always has room', () => {
    fc.assert(
      fc.property(gapNs, stall, fc.integer({ min: 0, max: 1e5 }), (gapNs, stall, serviceNs) => {
        for (const { lagNs, ownNs } of simulate({
          gapNs,
          requests,
          window: requests + 1,
          serviceNs,
          stall,
        })) {
          expect(ownNs).toBe(lagNs);
        }
      }),
    );
  });

  it('is the wait for a slow server, but for a turn, for a loop that never stands still', () => {
    fc.assert(
      fc.property(gapNs, window, fc.integer({ min: 0, max: 1e5 }), (gapNs, window, serviceNs) => {
        for (const { lagNs, ownNs } of simulate({ gapNs, requests, window, serviceNs })) {
          expect(ownNs).toBeLessThanOrEqual(Math.min(lagNs, TURN_NS));
          expect(ownNs).toBeGreaterThanOrEqual(0);
        }
      }),
    );
  });

  it('is its own behind a standstill, also of requests that then find the windows full, where the server keeps up', () => {
    fc.assert(
      fc.property(
        gapNs,
        window,
        stall,
        fc.double({ min: 0, max: 1, noNaN: true }),
        (gapNs, window, stall, load) => {
          // A reply is seen within a turn, and the next request sent then.
          const serviceNs = load * (gapNs - 2 * TURN_NS);
          const sent = simulate({ gapNs, requests, window, serviceNs, stall });
          for (const { lagNs, ownNs } of sent) expect(lagNs - ownNs).toBeLessThanOrEqual(TURN_NS);
        },
      ),
    );
  });

  it('is the wait for a server that takes more time than there is, also when the loop once stood still', () => {
    fc.assert(
      fc.property(
        gapNs,
        window,
        stall,
        fc.double({ min: 1.1, max: 3, noNaN: true }),
        (gapNs, window, stall, load) => {
          const forgottenNs = stall.atNs + stall.lengthNs + window * load * gapNs + 2 * TURN_NS;
          const sent = simulate({ gapNs, requests, window, serviceNs: load * gapNs, stall, forgottenNs });
          for (const { sentNs, ownNs } of sent) {
            if (sentNs > forgottenNs + TURN_NS) expect(ownNs).toBeLessThanOrEqual(TURN_NS);
          }
          expect(sent.at(-1)!.lagNs).toBeGreaterThan(0);
        },
      ),
    );
  });
});
