import { expect, test } from 'vitest';
import { readConfig } from './config/config.ts';
import { findExperiment } from './config/experiments.ts';
import { durationInWords, runDuration_s } from './duration.ts';

/** As `npm start` and `npm start -- --quick` took, system of two cores: 14 and 4 minutes. */
test('the figure takes as long as it took, give or take a fifth', async () => {
  const { config } = await readConfig(findExperiment('redis-figure'), [0, 1]);
  const kernel = config.systems.find(({ name }) => name === 'kv-kernel') as (typeof config.systems)[number];
  // `repeat` adds one system to each block.
  const full = { ...config, systems: [...config.systems, kernel] };
  expect(runDuration_s(full) / 60).toBeGreaterThan(14 * 0.8);
  expect(runDuration_s(full) / 60).toBeLessThan(14 * 1.2);
  const { trials, workload, stages, calibration } = { ...config, ...config.quick };
  const quick = {
    ...full,
    trials,
    workload: { ...config.workload, ...workload },
    stages: config.stages && { ...config.stages, ...stages },
    calibration,
  };
  expect(runDuration_s(quick) / 60).toBeGreaterThan(4 * 0.8);
  expect(runDuration_s(quick) / 60).toBeLessThan(4 * 1.2);
});

test.each([
  [0.4, '1 s'],
  [19, '19 s'],
  [61, '1 min 5 s'],
  [840, '14 min'],
])('%d s in words', (seconds, words) => {
  expect(durationInWords(seconds)).toBe(words);
});
