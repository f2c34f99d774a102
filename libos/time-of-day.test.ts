import { expect, test } from 'vitest';
import { timeOfDayOriginNs } from './time-of-day.ts';

test('the time of day is that of the system, and does not move against the monotonic clock', () => {
  const before = Date.now();
  const nowMs = Number((timeOfDayOriginNs() + process.hrtime.bigint()) / 1000n) / 1000;
  expect(nowMs).toBeGreaterThanOrEqual(before - 0.1);
  expect(nowMs).toBeLessThanOrEqual(Date.now() + 1);
  const moved = timeOfDayOriginNs() - timeOfDayOriginNs();
  expect(Math.abs(Number(moved))).toBeLessThan(1e6);
});
