import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { StampRing } from '../../libos/index.ts';
import type { CostOfSide } from '../../results/formats/index.ts';
import { CostMeter, polledInVain, vainShareOf } from './cost-meter.ts';

const folder = mkdtempSync(path.join(os.tmpdir(), 'bypassbench-cost-'));
afterAll(() => rmSync(folder, { recursive: true }));

test('a loop polls in vain while it is not busy, on one core at most', () => {
  expect(vainShareOf(250, 1000)).toBe(0.75);
  expect(vainShareOf(1001, 1000)).toBe(0);
  // It lost its core for half of the time.
  expect(polledInVain(0.75, 2, 4)).toBe(1.5);
  // Others of its process had a core of their own.
  expect(polledInVain(0.75, 5, 4)).toBe(3);
});

test('what the server polled in vain is what it was not busy, where it says how long it was', () => {
  const file = path.join(folder, 'stamps');
  const ring = StampRing.create(file, 4);
  const meter = new CostMeter({ serverPid: process.pid, serverBusyTime: file });
  const measure = (work: () => void): { server: CostOfSide; unknown: string } => {
    meter.begin();
    work();
    const { server, unknown } = meter.end(1, null)!;
    return { server: server!, unknown: unknown.join() };
  };
  const silent = measure(() => {});
  expect(silent.server.vain_s).toBeNull();
  expect(silent.unknown).toContain('How long the server polled in vain is not known');
  const busyNs = ring.sayBusyNs();
  const idle = measure(() => {});
  const { user_s, system_s, vain_s } = idle.server;
  expect(vain_s).toBeGreaterThan(0);
  expect(vain_s).toBeLessThanOrEqual(user_s + system_s);
  expect(idle.unknown).not.toContain('in vain');
  const busy = measure(() => {
    busyNs[0] += 1e12;
  });
  expect(busy.server.vain_s).toBe(0);
});
