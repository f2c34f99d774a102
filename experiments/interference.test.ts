import { expect, test } from 'vitest';
import { interference, readCounts } from './interference.ts';
import { availableCores } from './machine.ts';

test('what happened between two readings, never less than nothing', () => {
  const before = { steal_s: { 0: 1, 1: 2 }, throttled_s: 0.5, involuntary_switches: 10 };
  const after = { steal_s: { 0: 1.02, 1: 1.99 }, throttled_s: 0.75, involuntary_switches: 13 };
  expect(interference(before, after)).toEqual({
    steal_s: { 0: 0.02, 1: 0 },
    throttled_s: 0.25,
    server_involuntary_switches: 3,
  });
});

test('a server that has ended, or a machine without control groups, tells nothing', () => {
  const counts = { steal_s: {}, throttled_s: null, involuntary_switches: 10 };
  expect(interference(counts, { ...counts, involuntary_switches: null })).toEqual({
    steal_s: {},
    throttled_s: null,
    server_involuntary_switches: null,
  });
});

test('the counts of this machine and of this process', async () => {
  const cores = availableCores();
  const counts = await readCounts(cores, process.pid);
  expect(Object.keys(counts.steal_s)).toEqual(cores.map(String));
  expect(Object.values(counts.steal_s).every((seconds) => seconds >= 0)).toBe(true);
  expect(counts.involuntary_switches).toBeGreaterThanOrEqual(0);
  // No process has this number: Linux's largest is 2^22.
  expect((await readCounts(cores, 2 ** 22 + 1)).involuntary_switches).toBeNull();
});
