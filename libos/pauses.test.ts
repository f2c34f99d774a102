import { describe, expect, it, test } from 'vitest';
import { nowNs } from './clock.ts';
import { monotonicOriginNs, PauseLog } from './pauses.ts';

const monotonicNs = (): number => Number(process.hrtime.bigint());
/** What two readings of two clocks may lie apart. */
const READING_NS = 20_000;

function busyFor(ms: number): void {
  const untilNs = nowNs() + ms * 1e6;
  while (nowNs() < untilNs);
}

// Whatever else runs on the machine: times are held against readings around them, not against how long a
// thing should take.
describe('PauseLog', () => {
  it('notes the gaps of a loop, in the time of the machine, and how long they were', async () => {
    const log = new PauseLog();
    const before = monotonicNs();
    log.resume();
    busyFor(3);
    log.look(nowNs());
    const after = monotonicNs();
    const { gaps, gaps_lost, involuntary_switches } = await log.finish();
    expect(gaps).toHaveLength(1);
    const [gap] = gaps;
    expect(gap.start_ns).toBeGreaterThan(before - READING_NS);
    expect(gap.start_ns + gap.duration_ns).toBeLessThan(after + READING_NS);
    expect(gap.duration_ns).toBeGreaterThanOrEqual(3e6);
    expect(gaps_lost).toBe(0);
    expect(involuntary_switches).toBeGreaterThanOrEqual(gap.involuntary_switches);
  });

  it('takes no work for a gap, and no switch of before for one in it', async () => {
    const log = new PauseLog();
    const begunNs = nowNs();
    log.look(begunNs);
    log.worked(180_000);
    log.look(begunNs + 900_000);
    // Long ago by now: what the thread lost its core to until here is not the next gap's.
    busyFor(300);
    const switchesBefore = process.resourceUsage().involuntaryContextSwitches;
    log.resume();
    busyFor(2);
    log.look(nowNs());
    const switchesMeanwhile = process.resourceUsage().involuntaryContextSwitches - switchesBefore;
    const { gaps } = await log.finish();
    // 5 us and 5 ns a byte were allowed for.
    expect(gaps.filter(({ duration_ns }) => duration_ns === 900_000)).toEqual([]);
    const last = gaps.at(-1)!;
    expect(last.duration_ns).toBeGreaterThanOrEqual(2e6);
    expect(last.involuntary_switches).toBeLessThanOrEqual(switchesMeanwhile);
  });

  it('allows for what was handed out while it is received, and while it is handled after the look', async () => {
    const log = new PauseLog();
    let timeNs = nowNs();
    const turn = (completions: number, ns: number): void => {
      for (let i = 0; i < completions; i++) log.worked(64);
      timeNs += ns;
      log.look(timeNs);
    };
    log.look(timeNs);
    const begun = Math.round(log.monotonicNs(timeNs));
    // Ten requests of some 5 us each: 50 us more are no gap in this turn, nor in the next one, and are one in
    // that after it.
    turn(10, 100_000);
    turn(0, 101_000);
    turn(0, 102_000);
    // A millisecond without the core in a busy turn.
    turn(20, 150_000);
    turn(20, 1_160_000);
    turn(20, 160_000);
    const { gaps } = await log.finish();
    const sinceThen = gaps.filter(({ start_ns }) => start_ns >= begun);
    expect(sinceThen.map(({ duration_ns }) => duration_ns)).toEqual([102_000, 1_160_000]);
  });

  it('takes no gap for one that the loop is told to leave out', async () => {
    const log = new PauseLog();
    busyFor(2);
    const before = monotonicNs();
    log.resume();
    log.look(nowNs());
    const { gaps } = await log.finish();
    expect(gaps.filter(({ start_ns }) => start_ns < before - READING_NS)).toEqual([]);
  });

  it('has the collections of garbage that happened while nothing returned to the event loop', async () => {
    const created = monotonicNs();
    const log = new PauseLog();
    const before = monotonicNs();
    let kept: unknown[] = [];
    for (let i = 0; i < 3e6; i++) {
      if (kept.length > 1000) kept = [];
      kept.push({ i });
    }
    const after = monotonicNs();
    const { gc } = await log.finish();
    const finished = monotonicNs();
    expect(gc.filter(({ start_ns }) => start_ns > before && start_ns < after).length).toBeGreaterThan(0);
    const ofTheLog = gc.filter(
      ({ start_ns }) => start_ns > created - READING_NS && start_ns < finished + READING_NS,
    );
    expect(ofTheLog).toEqual(gc);
    expect(gc.every(({ duration_ns }) => duration_ns > 0)).toBe(true);
  });
});

test('clocks are laid side by side though the thread loses its core between two readings', () => {
  const originNs = 5e12;
  let timeNs = originNs + 7e9;
  let readings = 0;
  const read = (offsetNs: number) => () => {
    const shownNs = timeNs - offsetNs;
    timeNs += ++readings === 5 ? 1.45e6 : 100;
    return shownNs;
  };
  expect(monotonicOriginNs(read(0), read(originNs))).toBe(originNs - 100);
});
