import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ClockOffset, clockOffset, driftBetween, type RoundTrip } from './clock-offset.ts';

interface Delays {
  pause_ns: number;
  out_ns: number;
  there_ns: number;
  back_ns: number;
}

/** Trips one after the other, of a clock that is `offset_ns` ahead. */
function trips(offset_ns: bigint, delays: readonly Delays[], begin_ns: bigint): RoundTrip[] {
  let now = begin_ns;
  return delays.map(({ pause_ns, out_ns, there_ns, back_ns }) => {
    const sent = now + BigInt(pause_ns);
    const received = sent + BigInt(out_ns) + offset_ns;
    const answered = received + BigInt(there_ns);
    now = answered - offset_ns + BigInt(back_ns);
    return { sent, received, answered, arrived: now };
  });
}

const delay = fc.nat({ max: 2_000_000_000 });
const delays = fc.record({ pause_ns: delay, out_ns: delay, there_ns: delay, back_ns: delay });
/** A time of day of this century; clocks are up to weeks apart, as clocks since boot are. */
const now = fc.bigInt({ min: 946_684_800_000_000_000n, max: 4_102_444_800_000_000_000n });
const WEEKS_NS = 2_000_000_000_000_000;
const offset = fc.integer({ min: -WEEKS_NS, max: WEEKS_NS });

/** Halves of nanoseconds are exact below 2^52. */
const within = ({ offset_ns, bound_ns }: ClockOffset, true_ns: number): boolean =>
  Math.abs(offset_ns - true_ns) <= bound_ns;

describe('the offset of a clock', () => {
  it('lies within its bound, whatever the delays', () => {
    fc.assert(
      fc.property(offset, fc.array(delays, { minLength: 1 }), now, (true_ns, list, begin) => {
        const found = clockOffset(trips(BigInt(true_ns), list, begin))!;
        expect(within(found, true_ns)).toBe(true);
      }),
    );
  });

  it('is as good as the fastest trip, half of whose delay is the bound', () => {
    const fast = { pause_ns: 0, out_ns: 300, there_ns: 5000, back_ns: 100 };
    const slow = { pause_ns: 0, out_ns: 10, there_ns: 0, back_ns: 9000 };
    const found = clockOffset(trips(-7000n, [slow, fast, slow], 0n))!;
    // 100 too high: the way out takes 200 longer than the way back.
    expect(found).toEqual({ offset_ns: -6900, bound_ns: 200, at_ns: 9010n + 2700n });
  });

  it('does not count a trip during which a clock was set', () => {
    const true_ns = 5_000_000_000n;
    const one = { pause_ns: 0, out_ns: 300, there_ns: 50, back_ns: 300 };
    const [good] = trips(true_ns, [one], 0n) as [RoundTrip];
    // Theirs was set ahead by a second before it answered; ours back before that arrived.
    const setAhead = { ...good, answered: good.answered + 1_000_000_000n };
    const setBack = { ...good, arrived: good.arrived - 1_000_000_000n };
    expect(clockOffset([setAhead, good, setBack])).toEqual(clockOffset([good]));
    expect(clockOffset([setAhead, setBack])).toBeNull();
  });

  it('is exact over ways that take the same time', () => {
    fc.assert(
      fc.property(offset, delay, delay, now, (true_ns, way_ns, there_ns, begin) => {
        const one = { pause_ns: 0, out_ns: way_ns, there_ns, back_ns: way_ns };
        expect(clockOffset(trips(BigInt(true_ns), [one], begin))!.offset_ns).toBe(true_ns);
      }),
    );
  });

  it('is none without a trip', () => {
    expect(clockOffset([])).toBeNull();
  });
});

describe('the drift of a clock', () => {
  it('lies within its bound, whatever the delays', () => {
    const later = fc.integer({ min: 10, max: 600 });
    const drift = fc.integer({ min: -100_000, max: 100_000 });
    fc.assert(
      fc.property(drift, later, delays, delays, now, (ns_per_s, seconds, first, second, begin) => {
        const before = clockOffset(trips(0n, [first], begin))!;
        const after = clockOffset(
          trips(BigInt(ns_per_s * seconds), [second], begin + BigInt(seconds) * 1_000_000_000n),
        )!;
        const found = driftBetween(before, after)!;
        const elapsed_ns = Number(after.at_ns - before.at_ns);
        const true_ppm = ((ns_per_s * seconds) / elapsed_ns) * 1e6;
        // A millionth for rounding.
        expect(Math.abs(found.drift_ppm - true_ppm)).toBeLessThanOrEqual(found.bound_ppm * (1 + 1e-6) + 1e-6);
      }),
    );
  });

  it('is none where no time has passed', () => {
    const one = clockOffset(trips(5n, [{ pause_ns: 0, out_ns: 1, there_ns: 1, back_ns: 1 }], 0n))!;
    expect(driftBetween(one, one)).toBeNull();
  });
});
