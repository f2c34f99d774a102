import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SeededRandom } from '../../workload/random.ts';
import { meanWait, waitProbability, waitQuantile } from './md1.ts';

const utilisations = fc.double({ min: 0.05, max: 0.8, noNaN: true });

describe('M/D/1', () => {
  /**
   * Lindley's recursion: a customer waits for what was left to do when the one before came, less the time since. It
   * knows nothing of Erlang's sum.
   */
  it('waits as long as customers that are simulated one by one', () => {
    const customers = 400_000;
    for (const utilisation of [0.3, 0.5, 0.7]) {
      const random = new SeededRandom(7);
      const waits = new Float64Array(customers);
      let wait = 0;
      for (let i = 0; i < customers; i++) {
        waits[i] = wait;
        const gap = -Math.log(1 - random.fraction()) / utilisation;
        wait = Math.max(0, wait + 1 - gap);
      }
      const queue = { utilisation, service: 1 };
      const mean = waits.reduce((sum, one) => sum + one, 0) / customers;
      expect(mean / meanWait(queue)).toBeCloseTo(1, 1);
      waits.sort();
      for (const at of [0.5, 0.8, 0.9, 0.99]) {
        const seen = waits[Math.floor(at * customers)];
        expect(Math.abs(seen - waitQuantile(queue, at))).toBeLessThan(0.02 + 0.03 * seen);
      }
    }
  });

  it('has the mean of Pollaczek and Khinchin, as the area above its distribution', () => {
    fc.assert(
      fc.property(utilisations, (utilisation) => {
        const queue = { utilisation, service: 1 };
        const step = 0.01;
        let area = 0;
        for (let t = step / 2; t < 30 && waitProbability(queue, t) < 1 - 1e-7; t += step) {
          area += step * (1 - waitProbability(queue, t));
        }
        expect(area).toBeCloseTo(meanWait(queue), 3);
      }),
      { numRuns: 20 },
    );
  });

  it('rises, from the share that finds nobody, and its quantiles are its inverse', () => {
    const probabilities = fc.double({ min: 0, max: 0.999, noNaN: true });
    fc.assert(
      fc.property(
        utilisations,
        probabilities,
        fc.double({ min: 0.1, max: 1e4, noNaN: true }),
        (utilisation, probability, service) => {
          const queue = { utilisation, service };
          expect(waitProbability(queue, 0)).toBeCloseTo(1 - utilisation, 12);
          const wait = waitQuantile(queue, probability);
          if (probability <= 1 - utilisation) expect(wait).toBe(0);
          else expect(waitProbability(queue, wait)).toBeCloseTo(probability, 5);
          expect(waitProbability(queue, wait + service / 10)).toBeGreaterThanOrEqual(
            waitProbability(queue, wait) - 1e-6,
          );
        },
      ),
    );
  });

  it('refuses what its sum cannot tell', () => {
    for (const utilisation of [0, 0.81, 1, Number.NaN]) {
      expect(() => waitQuantile({ utilisation, service: 1 }, 0.5)).toThrow(RangeError);
    }
  });
});
