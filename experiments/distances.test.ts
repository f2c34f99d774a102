import { expect, test } from 'vitest';
import type { PairDistance } from '../results/formats/index.ts';
import { distanceLines } from './distances.ts';

const near = { name: 'near', low_ns: 100, high_ns: 130, median_ns: 112.4, share: 0.31 };
const far = { name: 'far', low_ns: 400, high_ns: 520, median_ns: 451, share: 0.68 };

function pairOf(states: (typeof near)[], rest: Partial<PairDistance> = {}): PairDistance {
  const survey = {
    seconds: 1,
    helper: 'real_time' as const,
    readings: 100,
    lost: 0,
    median_ns: 112,
    states,
    waited_ns: 45_000,
    cost_ns: 60_000,
  };
  return {
    client: 1,
    server: 0,
    relation: 'one cache',
    shared_cache: null,
    numa: 'unknown',
    survey,
    unknown: null,
    ...rest,
  };
}

test('only what changes, or is not known, is said', () => {
  const lost = pairOf([]);
  lost.survey = { ...lost.survey!, lost: 100, median_ns: null, waited_ns: null };
  const lines = distanceLines([
    pairOf([{ ...near, share: 1 }]),
    pairOf([near, far]),
    pairOf([], { server: 2, client: 3, survey: null, unknown: 'the glue is not built' }),
    lost,
  ]);
  expect(lines).toEqual([
    'cores 0 and 1 change their distance: near 112 ns (31 %), far 451 ns (68 %) of 1 s',
    'the distance of cores 2 and 3 is not known: the glue is not built',
    'the distance of cores 0 and 1 is not known: the helper never got core 0 in time',
  ]);
});
