import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { interference, readCounts, throttledIn, together } from './interference.ts';
import { availableCores } from './machine.ts';

test('counts of two hosts keep their cores apart, and what neither has stays unknown', () => {
  const server = { steal_s: { 0: 1 }, throttled_s: null, involuntary_switches: 10 };
  const client = { steal_s: { 0: 2, 1: 3 }, throttled_s: null, involuntary_switches: null };
  const both = [
    { prefix: 'server0:', counts: server },
    { prefix: 'client0:', counts: client },
  ];
  expect(together(both)).toEqual({
    steal_s: { 'server0:0': 1, 'client0:0': 2, 'client0:1': 3 },
    throttled_s: null,
    involuntary_switches: 10,
  });
  expect(together([{ prefix: '', counts: server }])).toEqual(server);
});

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

test('the limit of a group that this one lies in throttles as well', async () => {
  const mount = mkdtempSync(join(tmpdir(), 'cgroup-'));
  mkdirSync(join(mount, 'limited.slice/job.scope'), { recursive: true });
  const stat = (group: string, usec: number) =>
    writeFileSync(join(mount, group, 'cpu.stat'), `usage_usec 5\nnr_throttled 1\nthrottled_usec ${usec}\n`);
  writeFileSync(join(mount, 'cpu.stat'), 'usage_usec 5\n');
  expect(await throttledIn('/limited.slice/job.scope', mount)).toBeNull();
  stat('limited.slice/job.scope', 0);
  stat('limited.slice', 1_500_000);
  expect(await throttledIn('/limited.slice/job.scope', mount)).toBe(1.5);
  expect(await throttledIn('/', mount)).toBeNull();
  rmSync(mount, { recursive: true });
});

test('the counts of this machine and of this process', async () => {
  const cores = availableCores();
  const status = readFileSync('/proc/self/status', 'utf8');
  const ofMainThread = Number(/^nonvoluntary_ctxt_switches:\s+(\d+)$/m.exec(status)![1]);
  // proc(5): the eighth number of a core's line, in hundredths of a second.
  const stolen_s = (core: number) =>
    Number(new RegExp(`^cpu${core} (.*)$`, 'm').exec(readFileSync('/proc/stat', 'utf8'))![1].split(' ')[7]) /
    100;
  const stolenBefore_s = cores.map(stolen_s);
  const counts = await readCounts(cores, process.pid);
  expect(Object.keys(counts.steal_s)).toEqual(cores.map(String));
  cores.forEach((core, index) => {
    expect(counts.steal_s[core]).toBeGreaterThanOrEqual(stolenBefore_s[index]);
    expect(counts.steal_s[core]).toBeLessThanOrEqual(stolen_s(core));
  });
  expect(counts.involuntary_switches).toBeGreaterThanOrEqual(ofMainThread);
  // Of all threads that there ever were.
  const { involuntaryContextSwitches } = process.resourceUsage();
  expect(counts.involuntary_switches).toBeLessThanOrEqual(involuntaryContextSwitches);
  // No process has this number: Linux's largest is 2^22.
  expect((await readCounts(cores, 2 ** 22 + 1)).involuntary_switches).toBeNull();
});
