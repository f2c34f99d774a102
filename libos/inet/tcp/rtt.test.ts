import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RttEstimator } from './rtt.ts';

const MAX_RTO_US = 60e6;

describe('RttEstimator', () => {
  it('starts with a timeout of one second (RFC 6298, 2.1)', () => {
    const rtt = new RttEstimator(50_000, MAX_RTO_US);
    expect(rtt.rtoUs).toBe(1e6);
    expect(rtt.measured).toBe(false);
  });

  it('takes the first measurement R as SRTT = R, RTTVAR = R/2, RTO = SRTT + 4 RTTVAR (2.2)', () => {
    const rtt = new RttEstimator(50_000, MAX_RTO_US);
    rtt.sample(100_000, 1);
    expect([rtt.smoothedUs, rtt.variationUs, rtt.rtoUs]).toEqual([100_000, 50_000, 300_000]);
  });

  it('weighs later ones by 1/8 and 1/4, the variation against the old SRTT (2.3)', () => {
    const rtt = new RttEstimator(50_000, MAX_RTO_US);
    rtt.sample(100_000, 1);
    rtt.sample(180_000, 1);
    expect(rtt.variationUs).toBe(0.75 * 50_000 + 0.25 * 80_000);
    expect(rtt.smoothedUs).toBe(0.875 * 100_000 + 0.125 * 180_000);
    expect(rtt.rtoUs).toBe(110_000 + 4 * 57_500);
  });

  it('never goes below the floor nor, backed off, above the ceiling (2.4, 2.5)', () => {
    const rtt = new RttEstimator(50_000, 3e6);
    rtt.sample(20, 1);
    expect(rtt.rtoUs).toBe(50_000);
    for (let i = 0; i < 10; i++) rtt.backOff();
    expect(rtt.rtoUs).toBe(3e6);
    rtt.sample(1e9, 1);
    expect(rtt.rtoUs).toBe(3e6);
  });

  it('adds at least the granularity of the clock to a steady round trip (2.3)', () => {
    const rtt = new RttEstimator(1, MAX_RTO_US);
    for (let i = 0; i < 200; i++) rtt.sample(500, 1);
    expect(rtt.rtoUs).toBe(501);
  });

  it('doubles at each expiry and returns with the next measurement (5.5)', () => {
    const rtt = new RttEstimator(50_000, MAX_RTO_US);
    rtt.sample(100_000, 1);
    rtt.backOff();
    rtt.backOff();
    expect(rtt.rtoUs).toBe(1_200_000);
    rtt.sample(100_000, 1);
    expect(rtt.rtoUs).toBe(100_000 + 4 * 37_500);
  });

  it('returns without a measurement when told so', () => {
    const rtt = new RttEstimator(50_000, MAX_RTO_US);
    rtt.backOff();
    rtt.resetBackOff();
    expect(rtt.rtoUs).toBe(1e6);
    rtt.sample(100_000, 1);
    rtt.backOff();
    rtt.resetBackOff();
    expect(rtt.rtoUs).toBe(300_000);
  });

  it('begins with three seconds after a lost SYN, unless something was measured (5.7)', () => {
    const rtt = new RttEstimator(50_000, MAX_RTO_US);
    rtt.backOff();
    rtt.establishedAfterLostSyn();
    expect(rtt.rtoUs).toBe(3e6);
    rtt.sample(100_000, 1);
    rtt.establishedAfterLostSyn();
    expect(rtt.rtoUs).toBe(300_000);
  });

  it('weighs samples by how many are expected in a round trip: many change it as one does (RFC 7323, appendix G)', () => {
    for (const samples of [2, 10, 100]) {
      const rtt = new RttEstimator(1, MAX_RTO_US);
      rtt.sample(100_000, 1);
      for (let i = 0; i < samples; i++) rtt.sample(20_000, samples);
      const once = new RttEstimator(1, MAX_RTO_US);
      once.sample(100_000, 1);
      once.sample(20_000, 1);
      expect(Math.abs(rtt.smoothedUs - once.smoothedUs)).toBeLessThan(0.02 * once.smoothedUs);
      expect(Math.abs(rtt.rtoUs - once.rtoUs)).toBeLessThan(0.1 * once.rtoUs);
    }
  });

  it('ignores what cannot be a round trip', () => {
    const rtt = new RttEstimator(50_000, MAX_RTO_US);
    rtt.sample(-1, 1);
    rtt.sample(Number.NaN, 1);
    expect(rtt.measured).toBe(false);
    expect(rtt.rtoUs).toBe(1e6);
    rtt.sample(100_000, 1);
    rtt.sample(-1, 1);
    rtt.sample(Number.NaN, 1);
    expect(rtt.rtoUs).toBe(300_000);
  });

  it('follows the formulas for any measurements', () => {
    const us = fc.double({ min: 0, max: 1e8, noNaN: true });
    fc.assert(
      fc.property(fc.array(us, { minLength: 1, maxLength: 100, size: 'max' }), (samples) => {
        const rtt = new RttEstimator(200_000, MAX_RTO_US);
        let srtt = samples[0];
        let rttvar = samples[0] / 2;
        samples.forEach((r, i) => {
          rtt.sample(r, 1);
          if (i > 0) {
            rttvar += (Math.abs(srtt - r) - rttvar) / 4;
            srtt += (r - srtt) / 8;
          }
          const rto = Math.min(Math.max(srtt + Math.max(1, 4 * rttvar), 200_000), MAX_RTO_US);
          expect(Math.abs(rtt.rtoUs - rto)).toBeLessThanOrEqual(1e-6 * rto);
        });
      }),
    );
  });
});
