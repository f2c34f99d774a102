import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, expect, onTestFinished, test, vi } from 'vitest';
import { BusyTime } from './busy-time.ts';
import { nowNs } from './clock.ts';
import { PauseLog } from './pauses.ts';
import { StampRing } from './stamps/ring.ts';

const folder = mkdtempSync(path.join(os.tmpdir(), 'bypassbench-busy-'));
afterAll(() => rmSync(folder, { recursive: true }));

const LOOK = 61;

/** The clock of this thread, which goes on as it is told. */
class HeldClock {
  #atMs = 1000;
  readonly #now = vi.spyOn(performance, 'now').mockImplementation(() => this.#atMs);

  constructor() {
    onTestFinished(() => this.letGo());
  }

  passUs(us: number): void {
    this.#atMs += us / 1000;
  }

  letGo(): void {
    this.#now.mockRestore();
  }
}

test('one turn in 61 is timed, and stands for all of them', () => {
  const clock = new HeldClock();
  const busyNs = new Float64Array(1);
  const busy = new BusyTime(null, busyNs);
  busy.begin();
  clock.passUs(1);
  for (let turn = 1; turn < LOOK; turn++) busy.turnEnded(nowNs() - 1e6);
  expect(busyNs[0]).toBe(0);
  expect(busy.share()).toBe(0);
  busy.turnEnded(nowNs() - 1e6);
  expect(busyNs[0]).toBeGreaterThanOrEqual(LOOK * 1e6);
  // More than there was time for.
  expect(busy.share()).toBe(1);
  busy.begin();
  clock.passUs(1);
  expect(busy.share()).toBe(0);
});

test('the turn that is timed is timed from where it began, and no wait is', () => {
  const clock = new HeldClock();
  const busy = new BusyTime(null);
  busy.begin();
  for (let turn = 1; turn <= LOOK; turn++) {
    clock.passUs(100);
    busy.turnBegan();
    if (turn === LOOK) clock.passUs(20);
    busy.turnEnded();
  }
  expect(busy.share()).toBeCloseTo((LOOK * 20) / (LOOK * 100 + 20), 6);
});

test('a gap in the turn that is timed stands for itself alone', async () => {
  const clock = new HeldClock();
  const pauses = new PauseLog();
  const busy = new BusyTime(pauses);
  busy.begin();
  for (let turn = 1; turn < LOOK; turn++) busy.turnEnded(nowNs());
  pauses.resume();
  const sinceNs = nowNs();
  pauses.look(sinceNs);
  clock.passUs(5000);
  busy.turnEnded(sinceNs);
  clock.passUs(95_000);
  // 5 ms of 100, and not 305.
  expect(busy.share()).toBeCloseTo(0.05, 6);
  clock.letGo();
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
