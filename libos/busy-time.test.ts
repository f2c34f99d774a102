import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { BusyTime } from './busy-time.ts';
import { nowNs } from './clock.ts';
import { PauseLog } from './pauses.ts';
import { StampRing } from './stamps/ring.ts';

const folder = mkdtempSync(path.join(os.tmpdir(), 'bypassbench-busy-'));
afterAll(() => rmSync(folder, { recursive: true }));

const LOOK = 61;

test('one turn in 61 is timed, and stands for all of them', () => {
  const busyNs = new Float64Array(1);
  const busy = new BusyTime(null, busyNs);
  busy.begin();
  for (let turn = 1; turn < LOOK; turn++) busy.turnEnded(nowNs() - 1e6);
  expect(busyNs[0]).toBe(0);
  expect(busy.share()).toBe(0);
  busy.turnEnded(nowNs() - 1e6);
  expect(busyNs[0]).toBeGreaterThanOrEqual(LOOK * 1e6);
  // More than there was time for.
  expect(busy.share()).toBe(1);
  busy.begin();
  expect(busy.share()).toBe(0);
});

test('the turn that is timed is timed from where it began, and no wait is', () => {
  const spin = (ns: number): void => {
    for (const untilNs = nowNs() + ns; nowNs() < untilNs; );
  };
  const rounds = Array.from({ length: 3 }, () => {
    const busy = new BusyTime(null);
    busy.begin();
    for (let turn = 1; turn <= LOOK; turn++) {
      spin(100_000);
      busy.turnBegan();
      if (turn === LOOK) spin(20_000);
      busy.turnEnded();
    }
    return busy.share();
  });
  // It stands for 61 of 20 us in 61 of 100 us. A busy machine makes a round longer, and its turn at times.
  expect(Math.min(...rounds)).toBeGreaterThan(0);
  expect(Math.min(...rounds)).toBeLessThan(0.5);
});

test('a gap in the turn that is timed stands for itself alone', async () => {
  const pauses = new PauseLog();
  const busy = new BusyTime(pauses);
  busy.begin();
  const startNs = nowNs();
  for (let turn = 1; turn < LOOK; turn++) busy.turnEnded(nowNs());
  pauses.resume();
  const sinceNs = nowNs();
  pauses.look(sinceNs);
  while (nowNs() < sinceNs + 5e6);
  busy.turnEnded(sinceNs);
  while (nowNs() < startNs + 100e6);
  // 5 ms of 100, and not 305.
  expect(busy.share()).toBeGreaterThan(0);
  expect(busy.share()).toBeLessThan(0.5);
  await pauses.finish();
});

test('a ring of stamps says how long its loop was busy, where that is counted there', () => {
  const file = path.join(folder, 'stamps');
  expect(() => StampRing.readBusyNs(file)).toThrow('cannot be read');
  writeFileSync(file, 'something else');
  expect(() => StampRing.readBusyNs(file)).toThrow('has no stamps');
  const ring = StampRing.create(file, 4);
  expect(StampRing.readBusyNs(file)).toBeNull();
  const busy = new BusyTime(null, ring.sayBusyNs());
  expect(StampRing.readBusyNs(file)).toBe(0);
  for (let turn = 0; turn < LOOK; turn++) busy.turnEnded(nowNs() - 1e6);
  expect(StampRing.readBusyNs(file)).toBeGreaterThanOrEqual(LOOK * 1e6);
});
