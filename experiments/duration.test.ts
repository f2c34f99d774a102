import { expect, test } from 'vitest';
import { readExperiment } from './config/config.ts';
import type { Experiment } from './config/schema.ts';
import { addedDuration_s, durationInWords, runDuration_s } from './duration.ts';

/** As the figure of these and its --quick took on a machine of two cores. */
const only = ['redis', 'kv-sockets', 'kv-kernel', 'kv-rdma', 'kv-dpdk'];

test.each([
  [false, 14],
  [true, 5],
])(
  'the figure (quick: %s) takes as long as it took, %d minutes, give or take a fifth',
  async (quick, min) => {
    const experiment = await readExperiment('redis-figure', { quick, set: [], only });
    expect(runDuration_s(experiment) / 60).toBeGreaterThan(min * 0.8);
    expect(runDuration_s(experiment) / 60).toBeLessThan(min * 1.2);
  },
);

test('trials may go on only where two cores have a distance', () => {
  const on = (server_cores: number[], core: number): number =>
    addedDuration_s({
      systems: [{ server_cores, client: { core } } as Experiment['systems'][number]],
      distance: { slices: 20, extend_s: 300 },
    });
  expect(on([0], 1)).toBe(300);
  expect(on([0], 0)).toBe(0);
  expect(on([0, 1], 2)).toBe(0);
});

test.each([
  [0.4, '1 s'],
  [19, '19 s'],
  [61, '1 min 5 s'],
  [840, '14 min'],
])('%d s in words', (seconds, words) => {
  expect(durationInWords(seconds)).toBe(words);
});
