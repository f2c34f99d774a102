import { expect, test } from 'vitest';
import { readUsage, threadsOf, type UsageReading, usedBetween } from './process-usage.ts';

interface Given {
  ran_ms?: number | null;
  user_ms?: number;
  system_ms?: number;
  reaped_ms?: number;
  switches?: [number, number];
}

/** Of processes with one thread each, by number. */
function reading(processes: Record<number, Given>): UsageReading {
  return new Map(
    Object.entries(processes).map(([pid, given]) => {
      const { ran_ms = null, user_ms = 0, system_ms = 0, reaped_ms = 0, switches = [0, 0] } = given;
      const [voluntary_switches, involuntary_switches] = switches;
      const ran_ns = ran_ms === null ? null : ran_ms * 1e6;
      const thread = { ran_ns, voluntary_switches, involuntary_switches };
      const times = { user_ns: user_ms * 1e6, system_ns: system_ms * 1e6, reaped_ns: reaped_ms * 1e6 };
      return [Number(pid), { threads: new Map([[Number(pid), thread]]), ...times }];
    }),
  );
}

test('the time is what threads ran, split as the ticks say', () => {
  const before = reading({ 1: { ran_ms: 100, user_ms: 50, system_ms: 50, switches: [10, 1] } });
  const after = reading({ 1: { ran_ms: 500, user_ms: 350, system_ms: 150, switches: [25, 4] } });
  const used = usedBetween(before, after);
  expect(used).toMatchObject({ voluntary_switches: 15, involuntary_switches: 3 });
  expect(used.user_s).toBeCloseTo(0.3);
  expect(used.system_s).toBeCloseTo(0.1);
});

test('of less than a tick the time before says whose it was; without times there are ticks', () => {
  const short = usedBetween(
    reading({ 1: { ran_ms: 100, user_ms: 20, system_ms: 80 } }),
    reading({ 1: { ran_ms: 105, user_ms: 20, system_ms: 80 } }),
  );
  expect([short.user_s, short.system_s]).toEqual([expect.closeTo(0.001), expect.closeTo(0.004)]);
  const ticks = usedBetween(reading({ 1: {} }), reading({ 1: { user_ms: 30, system_ms: 10 } }));
  expect([ticks.user_s, ticks.system_s]).toEqual([expect.closeTo(0.03), expect.closeTo(0.01)]);
});

test('children count that were started or ended in between, and those that ended not twice', () => {
  const before = reading({ 1: {}, 2: { ran_ms: 400, user_ms: 400 } });
  const after = reading({ 1: { reaped_ms: 700 }, 3: { ran_ms: 50, user_ms: 50, switches: [7, 0] } });
  const used = usedBetween(before, after);
  expect(used.user_s).toBeCloseTo(0.3 + 0.05);
  expect(used.voluntary_switches).toBe(7);
});

test('what this process uses is what Node says of it', () => {
  const [before, ofNode] = [readUsage(process.pid), process.cpuUsage()];
  expect(threadsOf(before)).toContain(process.pid);
  while (process.cpuUsage(ofNode).user < 40_000);
  const { user, system } = process.cpuUsage(ofNode);
  const used = usedBetween(before, readUsage(process.pid));
  const all_s = used.user_s + used.system_s;
  expect(all_s).toBeGreaterThan((0.9 * (user + system)) / 1e6);
  expect(all_s).toBeLessThan((3 * (user + system)) / 1e6);
});

test('a process that is not there has nothing', () => {
  expect(readUsage(2 ** 30).size).toBe(0);
});
