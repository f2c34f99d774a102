/**
 * What counts as a disturbance, and that the measurement finds one: "cannot be told" is neither never nor
 * always said.
 */
import { execa } from 'execa';
import { expect, test } from 'vitest';
import {
  clientCore,
  disturbancesBetween,
  disturbancesOf,
  measureDisturbance,
  type ProcessorTimes,
  readProcessorTimes,
  serverCore,
} from './disturbance.ts';

const start: ProcessorTimes = { at_s: 0, busy_s: 0, idle_s: 0, steal_s: 0, own_s: 0 };

test.each([
  ['a quiet machine of two cores', { at_s: 2, busy_s: 3.1, idle_s: 0.9, own_s: 3 }, []],
  ['steal', { at_s: 2, busy_s: 3, own_s: 3, steal_s: 0.2 }, ['the hypervisor took 10 % of a core']],
  ['a busy loop beside it', { at_s: 2, busy_s: 4, own_s: 2 }, ['other work took 100 % of a core']],
  ['the same with cores to spare', { at_s: 2, busy_s: 4, idle_s: 12, own_s: 2 }, []],
])('%s', (_what, end, found) => {
  expect(disturbancesBetween(start, { ...start, ...end })).toEqual(found);
});

test('a thread that loses its core', () => {
  const quiet = { core: 0, lost_share: 0.05, longest_ms: 4 };
  expect(disturbancesOf([quiet])).toEqual([]);
  expect(disturbancesOf([quiet, { core: 1, lost_share: 0.5, longest_ms: 4 }])).toEqual([
    'a spinning thread lost 50 % of core 1, 4.0 ms at once',
  ]);
});

test('busy loops on the cores of a measurement are found', async () => {
  const loops = [serverCore, clientCore].map((core) =>
    execa('taskset', ['-c', String(core), process.execPath, '-e', 'for (;;);'], { reject: false }),
  );
  try {
    const { found, lost_share } = await measureDisturbance();
    expect(found.join()).toMatch(/a spinning thread lost \d+ % of core 0/);
    expect(lost_share).toBeGreaterThan(0.15);
  } finally {
    for (const loop of loops) loop.kill('SIGKILL');
    await Promise.all(loops);
  }
});

test('what this process does is its own', () => {
  const before = { ...readProcessorTimes(), ...process.cpuUsage() };
  const untilMs = performance.now() + 300;
  while (performance.now() < untilMs);
  const own_s = readProcessorTimes().own_s - before.own_s;
  const { user, system } = process.cpuUsage(before);
  // Each of the four counters of ticks may be a tick behind.
  expect(Math.abs(own_s - (user + system) / 1e6)).toBeLessThan(0.05);
});
