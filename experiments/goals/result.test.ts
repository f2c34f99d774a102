/** The exit code and the table of goals. */
import { expect, test } from 'vitest';
import type { GoalRecord } from '../../results/formats/index.ts';
import { exitCodeOf, renderGoals } from './result.ts';

const met: GoalRecord = {
  file: 'latency',
  goal: 'GET p50, kv-kernel over redis',
  result: 'met',
  reason: null,
  is_suspect: false,
  at_most: 0.4,
  at_least: null,
  unit: 'us',
  value: 11.7,
  over_value: 30.1,
  measured: 0.389,
  interval: { low: 0.38, high: 0.396 },
  trials: 5,
};
const missed: GoalRecord = { ...met, result: 'missed', reason: 'the interval lies above 0.4' };
const untested: GoalRecord = { ...met, result: 'cannot be tested here', reason: 'kv-kernel is invalid' };

test('the exit code: one that is missed outweighs all, and one that cannot be tested is not met', () => {
  expect(exitCodeOf([met, met])).toBe(0);
  expect(exitCodeOf([met, untested])).toBe(2);
  expect(exitCodeOf([met, untested, missed])).toBe(1);
});

test('the table has the ratio with its interval, both values, the reasons and the tally', () => {
  const heap: GoalRecord = {
    ...met,
    file: 'memory',
    goal: 'heap growth',
    at_most: 1,
    unit: 'MiB',
    value: 0.09,
    over_value: null,
    measured: 0.09,
    interval: { low: 0.08, high: 0.1 },
    is_suspect: true,
  };
  const text = renderGoals([met, missed, untested, heap]);
  expect(text).toContain('at most 0.4');
  expect(text).toContain('0.389 [0.380 to 0.396] (11.7 over 30.1 us)');
  expect(text).toContain('0.0900 [0.0800 to 0.100] MiB');
  expect(text).toContain('met (suspect)');
  expect(text).toContain('latency: GET p50, kv-kernel over redis: the interval lies above 0.4');
  expect(text).toMatch(/\n2 of 4 goals met, 1 missed, 1 cannot be tested here\.$/);
});
