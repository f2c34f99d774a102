import { describe, expect, it } from 'vitest';
import { nowNs } from './clock.ts';
import { PauseLog } from './pauses.ts';

describe('PauseLog', () => {
  it('notes the gaps of a loop, in the time of the machine, and how long they were', async () => {
    const log = new PauseLog();
    log.resume();
    log.look(nowNs());
    const busyUntilNs = nowNs() + 3e6;
    const before = process.hrtime.bigint();
    while (nowNs() < busyUntilNs);
    log.look(nowNs());
    const { gaps, gaps_lost, involuntary_switches } = await log.finish();
    const gap = gaps.find(({ duration_ns }) => duration_ns >= 2.9e6)!;
    expect(Math.abs(gap.start_ns - Number(before))).toBeLessThan(1e6);
    expect(gap.duration_ns).toBeGreaterThanOrEqual(2.9e6);
    expect(gaps_lost).toBe(0);
    expect(involuntary_switches).toBeGreaterThanOrEqual(gap.involuntary_switches);
  });

  it('takes no work for a gap, and no switch of before for one in it', async () => {
    const log = new PauseLog();
    const busyFor = (ms: number) => {
      const untilNs = nowNs() + ms * 1e6;
      while (nowNs() < untilNs);
    };
    log.resume();
    log.worked(100);
    busyFor(0.9);
    log.look(nowNs());
    // Long ago by now: what the thread lost its core to until here is not the next gap's.
    busyFor(300);
    log.resume();
    busyFor(2);
    log.look(nowNs());
    const { gaps } = await log.finish();
    // Another thread may have taken the core while there was work: that is one.
    expect(gaps.filter(({ duration_ns }) => duration_ns < 1.05e6)).toEqual([]);
    const last = gaps.at(-1)!;
    expect(last.duration_ns).toBeGreaterThan(1.9e6);
    expect(last.involuntary_switches).toBeLessThan(10);
  });

  it('takes no gap for one that the loop is told to leave out', async () => {
    const log = new PauseLog();
    const untilNs = nowNs() + 2e6;
    while (nowNs() < untilNs);
    log.resume();
    log.look(nowNs());
    const { gaps } = await log.finish();
    expect(gaps.filter(({ duration_ns }) => duration_ns >= 1.9e6)).toEqual([]);
  });

  it('has the collections of garbage that happened while nothing returned to the event loop', async () => {
    const log = new PauseLog();
    const before = Number(process.hrtime.bigint());
    let kept: unknown[] = [];
    for (let i = 0; i < 3e6; i++) {
      if (kept.length > 1000) kept = [];
      kept.push({ i });
    }
    const after = Number(process.hrtime.bigint());
    const { gc } = await log.finish();
    expect(gc.length).toBeGreaterThan(0);
    const inside = gc.filter(({ start_ns }) => start_ns > before - 1e6 && start_ns < after + 1e6);
    expect(inside).toEqual(gc);
    expect(gc.every(({ duration_ns }) => duration_ns > 0)).toBe(true);
  });
});
