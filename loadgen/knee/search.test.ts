import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createArrivals } from '../workload/arrivals.ts';
import { findKnee, type KneeOptions, type KneeTrial, neededTrials } from './search.ts';

const options: KneeOptions = {
  limitUs: 100,
  startOps: 1000,
  lowestOps: 1,
  highestOps: 1e9,
  within: 0.05,
  trials: 5,
};
const seen = (latencyUs: number, isGeneratorLate = false): Promise<KneeTrial> =>
  Promise.resolve({ latencyUs, isGeneratorLate });

/** C(n, k) / 2^n, summed over k from `least` on. */
function chance(n: number, least: number): number {
  let sum = 0;
  for (let k = least; k <= n; k++) {
    let term = 0.5 ** n;
    for (let i = 1; i <= k; i++) term *= (n - i + 1) / i;
    sum += term;
  }
  return sum;
}

describe('the number of trials under the limit', () => {
  it.each([
    [3, 3, 0.875],
    [5, 5, 0.96875],
    [8, 7, 1 - 9 / 256],
    [11, 9, 1 - 67 / 2048],
  ])('of %d is %d', (trials, needed, confidence) => {
    expect(neededTrials(trials)).toEqual({ needed, confidence: expect.closeTo(confidence, 12) });
  });

  it('is the smallest that a fair coin has once in twenty', () => {
    fc.assert(
      fc.property(fc.integer({ min: 5, max: 60 }), (trials) => {
        const { needed, confidence } = neededTrials(trials);
        expect(1 - chance(trials, needed)).toBeCloseTo(confidence, 9);
        expect(confidence).toBeGreaterThanOrEqual(0.95);
        expect(1 - chance(trials, needed - 1)).toBeLessThan(0.95);
      }),
    );
  });
});

describe('the search', () => {
  it('ends around the knee of a server without noise, as near as asked for, in few trials', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.double({ min: 2, max: 9e8, noNaN: true }),
        fc.double({ min: 0.001, max: 0.5, noNaN: true }),
        async (kneeOps, within) => {
          const knee = await findKnee({ ...options, within }, (rate) => seen(rate <= kneeOps ? 50 : 101));
          expect(knee.end).toBe('found');
          expect(knee.passesOps!).toBeLessThanOrEqual(kneeOps);
          expect(knee.failsOps!).toBeGreaterThan(kneeOps);
          expect(knee.failsOps! / knee.passesOps!).toBeLessThanOrEqual(1 + within);
          expect(knee.rates.length).toBeLessThan(24 + Math.log2(1 / Math.log2(1 + within)));
          // All of five must pass, so the first failure ends a rate.
          for (const { verdict, trials } of knee.rates)
            expect(trials.length).toBe(verdict === 'passes' ? 5 : 1);
        },
      ),
    );
  });

  it('forgives as many trials as the confidence allows, and bounds the latency by the rest', async () => {
    const latencies = [10, 500, 20, 30, 40, 50, 60, 70];
    let next = 0;
    const within = { ...options, trials: 8, highestOps: 1000 };
    const knee = await findKnee(within, () => seen(latencies[next++]));
    expect(knee).toMatchObject({ end: 'highest_passes', passesOps: 1000, failsOps: null });
    expect(knee.rates[0]).toMatchObject({ verdict: 'passes', upperBoundUs: 70 });
    next = 0;
    latencies[2] = 500;
    const failed = await findKnee({ ...within, lowestOps: 1000 }, () => seen(latencies[next++]));
    expect(failed).toMatchObject({ end: 'lowest_fails', passesOps: null, failsOps: 1000 });
    expect(next).toBe(3);
  });

  it('tells what the generator cannot offer from what the server cannot answer', async () => {
    const knee = await findKnee(options, (rate) => seen(rate > 50_000 ? 1e4 : 10, rate > 50_000));
    expect(knee.end).toBe('generator');
    expect(knee.failsOps).toBe(null);
    expect(knee.passesOps! * 1.05).toBeGreaterThan(50_000);
    expect(knee.rates.some(({ verdict }) => verdict === 'fails')).toBe(false);
    const hopeless = await findKnee(options, () => seen(1e4, true));
    expect(hopeless).toMatchObject({ end: 'generator', passesOps: null, failsOps: null });
  });

  it('ends when it is interrupted, with what it knows', async () => {
    let left = 12;
    const knee = await findKnee(options, async (rate) => (left-- > 0 ? seen(rate > 1e6 ? 200 : 1) : null));
    expect(knee).toMatchObject({ end: 'interrupted', passesOps: 2000, failsOps: null });
  });
});

describe('against a simulated queue', () => {
  const SERVICE_US = 10;

  /** The p99 of the response times of M/D/1, by Lindley's recursion. */
  function trial(rateOps: number, seed: number, requests: number): number {
    const arrivals = createArrivals('poisson', rateOps, seed, 0);
    const responses = new Float64Array(requests);
    let freeNs = 0;
    for (let i = 0; i < requests; i++) {
      freeNs = Math.max(freeNs, arrivals.nextNs) + SERVICE_US * 1000;
      responses[i] = freeNs - arrivals.nextNs;
      arrivals.advance();
    }
    return responses.sort()[Math.ceil(0.99 * requests) - 1] / 1000;
  }

  /** P(wait <= t) of M/D/1 (Erlang; Tijms, A First Course in Stochastic Models, 2003, section 9.6.2). */
  function waitsAtMost(load: number, inServices: number): number {
    let sum = 0;
    let factorial = 1;
    for (let k = 0; k <= inServices; k++) {
      if (k > 0) factorial *= k;
      const x = load * (k - inServices);
      sum += (x ** k / factorial) * Math.exp(-x);
    }
    return (1 - load) * sum;
  }

  /** The load at which the p99 of the response time is the limit. */
  function kneeLoad(limitUs: number): number {
    let [low, high] = [0.01, 0.99];
    while (high - low > 1e-6) {
      const middle = (low + high) / 2;
      if (waitsAtMost(middle, limitUs / SERVICE_US - 1) >= 0.99) low = middle;
      else high = middle;
    }
    return low;
  }

  it.each([30, 60, 100])('finds the knee of M/D/1 that its formula has, limit %d us', async (limitUs) => {
    const kneeOps = (kneeLoad(limitUs) * 1e6) / SERVICE_US;
    let seed = limitUs;
    const knee = await findKnee({ ...options, limitUs, trials: 5 }, (rate) =>
      seen(trial(rate, seed++, 20_000)),
    );
    expect(knee.end).toBe('found');
    // Noise of the trials: a few per cent of the latency are about one of the rate.
    expect(knee.passesOps!).toBeLessThan(kneeOps * 1.03);
    expect(knee.failsOps!).toBeGreaterThan(kneeOps * 0.92);
  });
});
