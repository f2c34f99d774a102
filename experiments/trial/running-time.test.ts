import { describe, expect, test } from 'vitest';
import { runningTime } from './running-time.ts';

const MS = 400;

function standStill(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

describe('time in which this process runs', () => {
  test('is over when it has passed', async () => {
    const start = performance.now();
    await runningTime(MS, new AbortController().signal);
    expect(performance.now() - start).toBeGreaterThanOrEqual(MS * 0.95);
  });

  test('goes on by a part of itself while the process stands still', async () => {
    const start = performance.now();
    const passed = runningTime(MS, new AbortController().signal);
    standStill(3 * MS);
    await passed;
    expect(performance.now() - start).toBeGreaterThanOrEqual(3 * MS + MS / 2);
  });

  test('ends when it is aborted', async () => {
    const timer = new AbortController();
    const passed = runningTime(60_000, timer.signal);
    timer.abort();
    await expect(passed).rejects.toThrow('aborted');
  });
});
