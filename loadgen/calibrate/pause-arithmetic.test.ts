import { describe, expect, it } from 'vitest';
import { expectedEffect, type PausedLoad } from './pause-arithmetic.ts';

const load: PausedLoad = {
  rateOps: 5000,
  requests: 5000,
  pausesUs: [5000, 5000, 5000, 5000, 5000],
  delayedUs: 500,
  floorUs: { p50: 10, p999: 40 },
};

describe('expectedEffect', () => {
  it('of an open loop: all that was due is delayed, evenly up to the pause', () => {
    const { delayed, p999_us, max_us } = expectedEffect(load);
    // 25 in each pause, of which the last tenth waits for less than 500 us.
    expect(delayed).toBeCloseTo(5 * 22.5);
    // 5 of 5,000: the first in each pause, sent within its first 200 us.
    expect(p999_us).toBeCloseTo(10 + 4800, 3);
    expect(max_us).toBe(5010);
  });

  it('of a closed loop: one request for each pause, too few for the p99.9', () => {
    const effect = expectedEffect({ ...load, rateOps: null, requests: 100_000 });
    expect(effect).toEqual({ delayed: 5, p999_us: 40, max_us: 5010 });
  });

  it('of a closed loop that is slow enough for pauses to reach its p99.9', () => {
    const { p999_us } = expectedEffect({ ...load, rateOps: null, requests: 4000 });
    expect(p999_us).toBeCloseTo(5010, 3);
  });

  it('of pauses that differ', () => {
    const { delayed, max_us } = expectedEffect({ ...load, pausesUs: [5000, 6000, 400] });
    expect(delayed).toBeCloseTo(22.5 + 27.5);
    expect(max_us).toBe(6010);
  });

  it('without a pause: the floor', () => {
    expect(expectedEffect({ ...load, pausesUs: [] })).toEqual({ delayed: 0, p999_us: 40, max_us: 10 });
  });
});
