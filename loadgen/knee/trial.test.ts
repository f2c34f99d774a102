import { describe, expect, it } from 'vitest';
import { ownLagOf } from '../measurement/merge.ts';
import type { LoadOutcome } from '../measurement/options.ts';
import { LatencyRecorder, resultOfRightReplies } from '../measurement/recorder.ts';
import { trialOf } from './trial.ts';

const limit = { percentile: 99, limitUs: 1000 };

/** A load with these latencies and own lags, in us, of a hundred requests each. */
function outcome(latencyUs: number, ownUs: number, more: Partial<LoadOutcome> = {}): LoadOutcome {
  const recorded = (us: number): LatencyRecorder => {
    const recorder = new LatencyRecorder();
    for (let i = 0; i < 100; i++) recorder.record(us * 1000);
    return recorder;
  };
  return {
    unanswered: 0,
    operations: [resultOfRightReplies('get', recorded(latencyUs).histogram(), 100)],
    own_lag_us: ownLagOf(recorded(ownUs).histogram()),
    ...more,
  } as LoadOutcome;
}

describe('a trial of a rate', () => {
  it('has the percentile of the response time', () => {
    const { latencyUs, isGeneratorLate } = trialOf(outcome(500, 400), limit);
    expect(latencyUs).toBeCloseTo(500, 0);
    expect(isGeneratorLate).toBe(false);
  });

  it('above the limit says nothing of the server where the generator was late by about as much', () => {
    expect(trialOf(outcome(1800, 700), limit).isGeneratorLate).toBe(true);
    expect(trialOf(outcome(5000, 5000), limit).isGeneratorLate).toBe(true);
  });

  it("above the limit is the server's where requests waited for room, however late a few were besides", () => {
    expect(trialOf(outcome(1_000_000, 300), limit).isGeneratorLate).toBe(false);
    expect(trialOf(outcome(1200, 3), limit).isGeneratorLate).toBe(false);
  });

  it('with requests that were never answered, or not rightly, is above any limit', () => {
    const unanswered = trialOf(outcome(100, 10, { unanswered: 1 }), limit);
    expect(unanswered).toEqual({ latencyUs: Number.POSITIVE_INFINITY, isGeneratorLate: false });
    expect(trialOf(outcome(100, 2000, { unanswered: 1 }), limit).isGeneratorLate).toBe(true);
    const { operations } = outcome(100, 2000);
    const wrong = { operations: operations.map((one) => ({ ...one, hits: 99, wrong: 1 })) };
    expect(trialOf(outcome(100, 2000, wrong), limit)).toEqual({
      latencyUs: Number.POSITIVE_INFINITY,
      isGeneratorLate: false,
    });
  });

  it('looks at the lag of the percentile, or of the next one that is known', () => {
    const own_lag_us = { p50: 0, p90: 1, p99: 2, p999: 3000, max: 9000 };
    const at = (percentile: number): boolean =>
      trialOf(outcome(4000, 0, { own_lag_us }), { percentile, limitUs: 1000 }).isGeneratorLate;
    expect([50, 90, 99, 99.5, 99.9, 99.99].map(at)).toEqual([false, false, false, true, true, true]);
  });
});
