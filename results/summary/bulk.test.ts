/** What bulk carried over the trials of a point. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { LoadResult } from '../formats/index.ts';
import { bulkResult } from '../test-synthetic-run.ts';
import { summarizeBulk } from './bulk.ts';
import type { TrialOutcome } from './trial-outcome.ts';

/** Null: a trial whose measurement failed. */
function outcome(trial: number, bulk: LoadResult['bulk'] | null): TrialOutcome {
  const recording = bulk && { result: { bulk } };
  return { trial, measurement: { recording } } as unknown as TrialOutcome;
}

test('the bytes of all trials over all of their time, and those of each', () => {
  const found = summarizeBulk([
    outcome(1, bulkResult(4, 1e9, 1)),
    outcome(2, null),
    outcome(3, bulkResult(4, 4e9, 3, { generator: { share: 0.3, longest_us: 80, mean_wait_us: 6 } })),
  ]);
  expect(found).toMatchObject({
    connections: 4,
    value_bytes: 1_048_576,
    request: 'get',
    bytes_per_s: 13e9 / 4,
    trial_bytes_per_s: [
      { trial: 1, bytes_per_s: 1e9 },
      { trial: 3, bytes_per_s: 4e9 },
    ],
  });
  expect(found?.generator.share).toBeCloseTo((0.1 + 3 * 0.3) / 4, 12);
  expect(found?.generator.mean_wait_us).toBeCloseTo((2 + 3 * 6) / 4, 12);
  expect(found?.generator.longest_us).toBe(80);
});

test('there is none where no trial carried any, or none was measured', () => {
  expect(summarizeBulk([])).toBeNull();
  expect(summarizeBulk([outcome(1, null), { ...outcome(2, null), measurement: null }])).toBeNull();
});

test('the bandwidth lies between those of the trials, whatever their lengths and order', () => {
  const trial = fc.tuple(
    fc.double({ min: 1, max: 1e11, noNaN: true }),
    fc.double({ min: 0.01, max: 60, noNaN: true }),
  );
  fc.assert(
    fc.property(fc.array(trial, { minLength: 1, maxLength: 9 }), (trials) => {
      const outcomes = trials.map(([rate, elapsed], index) =>
        outcome(index + 1, bulkResult(2, rate, elapsed)),
      );
      const found = summarizeBulk(outcomes)!;
      const rates = found.trial_bytes_per_s.map(({ bytes_per_s }) => bytes_per_s);
      expect(rates).toEqual(trials.map(([rate]) => rate));
      expect(found.bytes_per_s).toBeGreaterThanOrEqual(Math.min(...rates) * (1 - 1e-9));
      expect(found.bytes_per_s).toBeLessThanOrEqual(Math.max(...rates) * (1 + 1e-9));
      const bytes = trials.reduce((sum, [rate, elapsed]) => sum + rate * elapsed, 0);
      const elapsed = trials.reduce((sum, [, one]) => sum + one, 0);
      expect(found.bytes_per_s / (bytes / elapsed)).toBeCloseTo(1, 9);
      expect(summarizeBulk(outcomes.toReversed())!.bytes_per_s / found.bytes_per_s).toBeCloseTo(1, 9);
    }),
  );
});
