import { expect, test } from 'vitest';
import { keepsSchedule } from './merge.ts';
import type { LoadOutcome } from './options.ts';
import { lateInWords } from './result.ts';

const rates: LoadOutcome['rates'] = {
  window_s: 2,
  offered_ops: 5000,
  achieved_ops: 5000,
  completed_ops: 5000,
  misses_ops: 0,
  errors_ops: 0,
  wrong_ops: 0,
  stale_ops: 0,
  torn_ops: 0,
};

function thread(core: number, sentLate: number): NonNullable<LoadOutcome['threads']>[number] {
  return {
    core,
    connections: 4,
    offered_ops: 2500,
    achieved_ops: 2500,
    busy_share: 0.5,
    schedule_lag_p99_us: 900,
    sent_late: sentLate,
    kept_schedule: keepsSchedule(sentLate, 5000),
  };
}

test('a schedule is kept where at most one request of a hundred was late by the generator', () => {
  expect(keepsSchedule(100, 10_000)).toBe(true);
  expect(keepsSchedule(101, 10_000)).toBe(false);
  expect(keepsSchedule(null, 10_000)).toBeNull();
});

test('the generator that could not keep its schedule is named', () => {
  expect(lateInWords({ threads: null, sent_late: 100, rates })).toBeNull();
  expect(lateInWords({ threads: null, sent_late: 101, rates })).toMatch(
    /^the generator could not keep the schedule/,
  );
});

test('of several threads the one is named that could not', () => {
  const threads = [thread(1, 0), thread(2, 51), thread(3, 50)];
  expect(lateInWords({ threads, sent_late: 101, rates })).toMatch(
    /^thread 1 on core 2 could not keep the schedule/,
  );
});
