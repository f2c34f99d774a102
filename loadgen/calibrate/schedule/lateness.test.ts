import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Gap, latenessOf } from './lateness.ts';

/** When a queue sends the requests due at `intended` that takes `service` for each, and does nothing in the gaps. */
function sendAll(intended: readonly number[], service: number, gaps: readonly Gap[]): number[] {
  let free = 0;
  return intended.map((due) => {
    let at = Math.max(due, free);
    for (const { startNs, endNs } of gaps) if (at >= startNs && at < endNs) at = endNs;
    let end = at + service;
    for (const { startNs, endNs } of gaps) if (at < startNs && end > startNs) end += endNs - startNs;
    free = end;
    return at;
  });
}

const latenesses = (intended: readonly number[], gaps: readonly Gap[], service = 0) =>
  latenessOf(Float64Array.from(intended), Float64Array.from(sendAll(intended, service, gaps)), gaps, service);

describe('lateness', () => {
  it('leaves out what came due in a gap, and behind it until nothing was left of that', () => {
    const gaps = [{ startNs: 20, endNs: 50 }];
    // Due every 10, sent in 8: at 50 those of 20, 30, 40 and 50 wait, and 4 are behind what comes due meanwhile.
    const intended = Array.from({ length: 40 }, (_, i) => 10 * i);
    const seen = latenesses(intended, gaps, 8)!;
    expect(seen.maxNs).toBe(0);
    expect(seen.leftOut).toBeGreaterThan(4);
    expect(seen.requests + seen.leftOut).toBe(40);
    expect(seen).toMatchObject({ gaps: 1, gapsNs: 30 });
  });

  it('counts all where there is no gap, and nothing but what gaps have not delayed where there are some', () => {
    const between = fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 60 });
    const holes = fc.array(fc.tuple(fc.integer({ min: 1, max: 200 }), fc.integer({ min: 1, max: 100 })), {
      maxLength: 6,
    });
    fc.assert(
      fc.property(between, holes, fc.integer({ min: 0, max: 12 }), (steps, spans, service) => {
        let at = 0;
        const intended = steps.map((step) => (at += step));
        at = 0;
        const gaps = spans.map(([before, length]) => {
          const startNs = at + before;
          at = startNs + length;
          return { startNs, endNs: at };
        });
        const undisturbed = sendAll(intended, service, []);
        const whole = latenesses(intended, [], service)!;
        expect(whole.requests).toBe(intended.length);
        expect(whole.maxNs).toBe(Math.max(...undisturbed.map((sent, i) => sent - intended[i])));
        // Of what is kept nothing is later than without the gaps.
        const seen = latenesses(intended, gaps, service);
        if (seen !== null) expect(seen.maxNs).toBeLessThanOrEqual(whole.maxNs);
      }),
    );
  });

  it('has quantiles of what it counts, and says nothing of nothing', () => {
    const intended = Float64Array.from({ length: 1000 }, (_, i) => 1000 * i);
    const seen = latenessOf(
      intended,
      intended.map((due, i) => due + (i % 100)),
      [],
      0,
    )!;
    expect(seen).toMatchObject({ meanNs: 49.5, p50Ns: 50, p99Ns: 99, maxNs: 99, leftOut: 0, gaps: 0 });
    expect(latenessOf(new Float64Array(0), new Float64Array(0), [], 0)).toBeNull();
    expect(
      latenessOf(new Float64Array([5]), new Float64Array([9]), [{ startNs: 1, endNs: 8 }], 2),
    ).toBeNull();
  });
});
