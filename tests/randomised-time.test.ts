import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { untilTimeIsOver } from './randomised-time.ts';

const MS = 20;
const plugins = [untilTimeIsOver(MS)];

function busyFor(ms: number): void {
  for (const endMs = performance.now() + ms; performance.now() < endMs; );
}

test('a property whose first run takes longer than its time has that one run', () => {
  let runs = 0;
  const slow = fc.property(fc.nat(), () => {
    runs++;
    busyFor(2 * MS);
  });
  fc.assert(slow, { plugins });
  expect(runs).toBe(1);
  const picky = fc.property(fc.nat(), () => {
    busyFor(2 * MS);
    fc.pre(++runs > 3);
  });
  fc.assert(picky, { plugins });
  expect(runs).toBe(4);
});

test('a run that has begun goes on to its end, and what it finds counts', async () => {
  let ended = 0;
  const slow = fc.asyncProperty(fc.nat(), async () => {
    await sleep(2 * MS);
    ended++;
  });
  await fc.assert(slow, { plugins });
  expect(ended).toBe(1);
  const wrong = fc.asyncProperty(fc.nat(), async () => {
    await sleep(2 * MS);
    throw new Error('found late');
  });
  await expect(fc.assert(wrong, { plugins, endOnFailure: true })).rejects.toThrow(/failed after 1 test/);
});

test('a property ends, as passed, when its time is over', () => {
  let runs = 0;
  const quick = fc.property(fc.nat(), () => {
    runs++;
    busyFor(1);
  });
  fc.assert(quick, { plugins, numRuns: 1e6 });
  expect(runs).toBeLessThanOrEqual(MS);
});
