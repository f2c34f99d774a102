/** When two systems agree: they are no further from each other than one of them is from itself. */
import { expect, test } from 'vitest';
import { point, summary } from '../summary/test-summary.ts';
import { evaluateRelation } from './relation.ts';
import { type Goal, goalSchema } from './schema.ts';

const goal: Goal = {
  measure: 'latency_p50',
  system: 'ours',
  over: 'theirs',
  operations: ['get'],
  within_noise_of: 'ours',
};

/** Of ours at 100 in each trial, measured again with these p50s, beside theirs with those. */
function found(again: number[] | null, theirs: number[], wanted: Goal = goal) {
  const ours = point('ours', Array(theirs.length).fill(100));
  const repeats = again ? [{ ...point('ours-again', again), repeats: 'ours', versus_itself: null }] : [];
  const [only, ...others] = evaluateRelation(
    { ...summary([ours, point('theirs', theirs)]), repeats },
    wanted,
  );
  expect(others).toEqual([]);
  return only;
}

const noisy = [96, 98, 100, 102, 104];

test('within the noise they agree, in either direction', () => {
  for (const theirs of [noisy, [102, 102, 103, 103, 104], [96, 97, 98, 98, 99]]) {
    expect(found(noisy, theirs)).toMatchObject({ result: 'holds', reason: null });
  }
  const { noise } = found(noisy, noisy);
  expect(noise?.at_most).toBeCloseTo(1 / 0.96);
  expect(noise?.at_least).toBeCloseTo(0.96);
});

test('beyond it they do not, and the noise is said', () => {
  expect(found(noisy, [120, 121, 122, 123, 124])).toMatchObject({
    result: 'fails',
    reason: expect.stringMatching(
      /^the interval 0\.80\d+ to 0\.83\d+ lies outside the noise, 0\.96\d* to 1\.04\d*$/,
    ),
  });
});

test('an interval that reaches into the noise decides nothing', () => {
  const { result, reason } = found(noisy, [100, 100, 110, 111, 112]);
  expect([result, reason]).toEqual([
    'cannot be tested here',
    expect.stringContaining('lies outside the noise'),
  ]);
});

test('within much noise everything would agree', () => {
  const { result, reason } = found([80, 90, 100, 110, 120], noisy);
  expect([result, reason]).toEqual([
    'cannot be tested here',
    expect.stringContaining('ours differs from itself by up to 25 %'),
  ]);
});

test('without a repetition, or with too few trials, the noise is not known', () => {
  const unknown = { result: 'cannot be tested here', noise: null };
  expect(found(null, noisy)).toMatchObject({
    ...unknown,
    reason: expect.stringContaining('the noise is not known'),
  });
  expect(found([100, 101], noisy)).toMatchObject(unknown);
});

test('a goal has bounds, or the noise in their place', () => {
  const { within_noise_of, ...without } = goal;
  expect(goalSchema.safeParse({ ...without, within_noise_of }).success).toBe(true);
  expect(goalSchema.safeParse(without).error?.issues[0]?.message).toContain('has no bound');
  const both = goalSchema.safeParse({ ...goal, at_most: 2 });
  expect(both.error?.issues[0]?.message).toContain('give one of them');
});
