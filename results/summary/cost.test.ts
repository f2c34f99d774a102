import { expect, test } from 'vitest';
import type { Cost, CostOfSide, LoadResult } from '../formats/index.ts';
import type { Recording } from '../run/run-folder.ts';
import { summarizeCost, summarizeRates } from './cost.ts';

const side: CostOfSide = {
  user_s: 1,
  system_s: 2,
  vain_s: 0.5,
  voluntary_switches: 4,
  involuntary_switches: 1,
  cycles: null,
  instructions: 9e9,
  cache_misses: 3e6,
};
const cost: Cost = { replies: 500_000, server: side, client: side, joules: 10, unknown: [] };
const rates: NonNullable<LoadResult['rates']> = {
  window_s: 1,
  offered_ops: 100,
  achieved_ops: 80,
  completed_ops: 60,
  misses_ops: 4,
  errors_ops: 0,
  wrong_ops: 0,
  stale_ops: 0,
  torn_ops: 2,
};
const recorded = (...results: Partial<LoadResult>[]): Recording[] =>
  results.map((result) => ({ result }) as Recording);

test('a cost is that of all trials over all their replies', () => {
  const other: Cost = {
    ...cost,
    replies: 1_500_000,
    server: { ...side, user_s: 5 },
    unknown: ['No counters.'],
  };
  expect(summarizeCost(recorded({ cost }, { cost: other }, { cost: null }))).toMatchObject({
    replies: 2_000_000,
    server: { user_s: 3, system_s: 2, vain_s: 0.5, voluntary_switches: 4, cycles: null, instructions: 9e9 },
    joules: 10,
    unknown: ['No counters.'],
  });
});

test('a side that one trial does not know is not known', () => {
  const found = summarizeCost(recorded({ cost }, { cost: { ...cost, server: null, joules: null } }));
  expect(found).toMatchObject({ server: null, client: { user_s: 2 }, joules: null });
  expect(summarizeCost(recorded({ cost: null }))).toBeNull();
});

test('rates are means over the time of the windows', () => {
  const long = { ...rates, window_s: 3, achieved_ops: 40, misses_ops: 0, torn_ops: 0 };
  expect(summarizeRates(recorded({ rates }, { rates: long }))).toEqual({
    offered_ops: 100,
    achieved_ops: 50,
    completed_ops: 60,
    misses_ops: 1,
    errors_ops: 0,
    wrong_ops: 0,
    stale_ops: 0,
    torn_ops: 0.5,
  });
  expect(summarizeRates(recorded({ rates: { ...rates, offered_ops: null } }))).toMatchObject({
    offered_ops: null,
  });
  expect(summarizeRates(recorded({ rates }, { rates: null }))).toBeNull();
});
