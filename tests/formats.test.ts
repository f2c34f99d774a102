/**
 * The libOS describes by itself what it records, and imports no format: these tests hold the two descriptions
 * together.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, onTestFinished, test } from 'vitest';
import { nowNs, PauseLog, portsOf, StampKind, StampRing } from '../libos/index.ts';
import { EVERY } from '../libos/stamps/ring.ts';
import { SLICE_NS } from '../loadgen/measurement/slices.ts';
import * as formats from '../results/formats/index.ts';

test('a slice of the load generator is one usual slice, and a run of 1.3 s stands for many', () => {
  expect(formats.usualSlices({ start_ns: 1e9, end_ns: 1e9 + SLICE_NS })).toBe(1);
  expect(formats.usualSlices({ start_ns: 0, end_ns: 1.3e9 })).toBe(17);
  expect(formats.usualSlices({ start_ns: 0, end_ns: 1 })).toBe(1);
});

test('a log of pauses with a gap and a garbage collection is what pauses.json holds', async () => {
  setFlagsFromString('--expose-gc');
  const collect: () => void = runInNewContext('gc');
  const log = new PauseLog();
  log.resume();
  collect();
  const untilNs = nowNs() + 1e6;
  while (nowNs() < untilNs);
  log.look(nowNs());
  const pauses = await log.finish();
  expect(pauses.gc.length).toBeGreaterThan(0);
  expect(pauses.gaps.length).toBeGreaterThan(0);
  const { schema } = formats.pausesFormat;
  const text = formats.pausesFormat.write({ schema, ...pauses });
  expect(formats.pausesFormat.read(text)).toEqual({ schema, ...pauses });
  expect(JSON.parse(text)).toEqual({ schema, ...pauses });
});

test('a ring is told by its file to stamp, and read from it while its maker runs', () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'ring-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = path.join(folder, 'stamps');
  const ring = StampRing.create(file, 4);
  ring.take(StampKind.Push, portsOf(1, 2));
  StampRing.stampEveryIn(file, 1);
  expect(ring.words[EVERY]).toBe(1);
  for (let end = 1; end <= 6; end++) {
    const at = ring.take(StampKind.Push, portsOf(40_000, 6379));
    ring.doubles[(at >> 3) + 1] = end;
    ring.doubles[(at >> 3) + 5] = 1;
  }
  StampRing.stampEveryIn(file, 0);
  expect(ring.words[EVERY]).toBe(0);
  const known = StampRing.create(null, 4);
  const untilNs = nowNs() + 20e6;
  while (nowNs() < untilNs);
  known.readClocks();
  // It has read its clocks once: the rate is of that and of the moment of the snapshot.
  expect(formats.readStampFile(ring.snapshot()).ns_per_count).toBeNaN();
  const { connections, ns_per_count } = formats.readStampFile(StampRing.snapshotOf(file));
  // What was there before it was told to is forgotten.
  expect([...connections.keys()]).toEqual(['40000:6379']);
  expect(connections.get('40000:6379')?.pushes.map(({ end }) => end)).toEqual([3, 4, 5, 6]);
  expect(ns_per_count / formats.readStampFile(known.snapshot()).ns_per_count).toBeCloseTo(1, 2);
});

test('the file of a ring of stamps holds its stamps, the oldest first, and the rate of its counter', () => {
  const ring = StampRing.create(null, 4);
  const ports = portsOf(40_000, 6379);
  for (const end of [10, 20, 30]) {
    const at = ring.take(StampKind.Push, ports);
    ring.doubles[(at >> 3) + 1] = end;
    ring.doubles[(at >> 3) + 5] = 10;
    for (const field of [16, 24, 32]) ring.writeCounter(at + field);
  }
  const pop = ring.take(StampKind.Pop, ports);
  ring.doubles[(pop >> 3) + 1] = 5;
  ring.doubles[(pop >> 3) + 5] = 5;
  // The fifth stamp takes the place of the first.
  const request = ring.take(StampKind.Request, ports);
  [20, 5, 1234, 7, 99].forEach((value, index) => {
    ring.doubles[(request >> 3) + 1 + index] = value;
  });
  ring.readClocks();
  const file = formats.readStampFile(ring.snapshot());
  expect([...file.connections.keys()]).toEqual(['40000:6379']);
  const { pushes, pops, requests } = file.connections.get('40000:6379') as formats.StampedConnection;
  expect(pushes.map(({ start, end }) => [start, end])).toEqual([
    [10, 20],
    [20, 30],
  ]);
  for (const { application, enter, leave } of pushes) {
    expect(application).toBeGreaterThan(0);
    expect(enter).toBeGreaterThanOrEqual(application);
    expect(leave).toBeGreaterThanOrEqual(enter);
  }
  expect(pops).toMatchObject([{ start: 0, end: 5, application: 0, enter: 0, leave: 0 }]);
  expect(requests).toEqual([{ requestEnd: 20, replyEnd: 5, latency_ns: 1234, behind_ns: 7, sent_ns: 99 }]);
  expect(file.ns_per_count).toBeGreaterThan(0);
  expect(file.machine).toMatch(/^[0-9a-f]{32}$/);
});

test('what is no ring of stamps, or is cut off, is refused', () => {
  expect(() => formats.readStampFile(new Uint8Array(8192))).toThrow('these are no stamps');
  const ring = StampRing.create(null, 4);
  ring.take(StampKind.Push, portsOf(1, 2));
  const file = ring.snapshot();
  expect(() => formats.readStampFile(file.subarray(0, file.length - 1))).toThrow('it is cut off');
});
