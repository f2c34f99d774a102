/** Points of two runs are compared at a distance of the cores that both had. */
import { expect, test } from 'vitest';
import type { Point, Summary } from '../formats/index.ts';
import { point, summary } from '../summary/test-summary.ts';
import { compared } from './test-compared.ts';

type State = [name: string, low_ns: number, high_ns: number, p50_us: number];

const near: State = ['near', 100, 125, 10];
const far: State = ['far', 409, 535, 14];

/** A run of one point that has these states, and is compared in one of them. */
function of(states: State[], chosen: string | null, overrides: Partial<Point> = {}): Summary {
  const trials = (p50_us: number) => [1, 2, 3].map((trial) => ({ trial, p50_us }));
  const by_state = states.map(([state, low_ns, high_ns, p50_us]) => ({
    state,
    low_ns,
    high_ns,
    slices: 50,
    share: 0.5,
    p50_us,
    p50_interval_us: null,
    trial_p50_us: trials(p50_us),
    throughput_ops: null,
    rates: null,
    cost: null,
    bulk: null,
    versus_first: null,
  }));
  const p50_us = states.find(([name]) => name === chosen)?.[3] ?? states[0][3];
  const one = point('redis', Array(3).fill(p50_us), {
    ...(states.length > 1 && { state: chosen, by_state }),
    ...overrides,
  });
  return summary([one], {
    distance: {
      cores: [0, 1],
      states: states.map(([name, low_ns, high_ns]) => ({
        name,
        low_ns,
        high_ns,
        median_ns: low_ns,
        share: 0.5,
      })),
      chosen,
      why: 'it is so',
      too_fast: false,
      company: null,
    },
  });
}

const changes = (first: Summary, second: Summary) =>
  compared(first, second).changes.map(({ measure, ratio, distance, reading }) => [
    measure,
    ratio,
    distance,
    reading,
  ]);

test('in the state of both runs, where it is of the same distances', () => {
  const same = of([near, far], 'near');
  expect(changes(same, same)).toEqual([
    ['latency_p50', 1, '100 to 125 ns (near)', 'no difference detectable below 0.1 %'],
    ['latency_p99', 1, '100 to 125 ns (near)', 'no difference detectable below 0.1 %'],
    ['throughput', 1, '100 to 125 ns (near)', 'no difference detectable below 0.1 %'],
  ]);
});

test('in the state of the first run, if the second has it beside its own; of it the p50 alone is known', () => {
  expect(changes(of([near, far], 'near'), of([near, far], 'far'))).toEqual([
    ['latency_p50', 1, '100 to 125 ns (near)', 'no difference detectable below 0.1 %'],
  ]);
});

test('a run of one state with one of two, by the distance and not by the name', () => {
  const one = of([['only', 420, 500, 14]], null);
  expect(changes(one, of([near, far], 'near'))).toEqual([
    ['latency_p50', 1, '420 to 500 ns', 'no difference detectable below 0.1 %'],
  ]);
});

test('runs that have no distance in common are not judged', () => {
  const found = changes(of([['only', 100, 125, 10]], null), of([['only', 420, 500, 14]], null));
  expect(found[0]).toEqual(['latency_p50', 1.4, '100 to 125 ns, 420 to 500 ns', 'at unlike distances']);
});

test('where one run does not know its distance that is said, and where neither does nothing is', () => {
  const { distance: _none, ...older } = of([['only', 100, 125, 10]], null);
  const unknown = { ...older, distance: null };
  expect(changes(unknown, of([near, far], 'near'))[0]).toEqual([
    'latency_p50',
    1,
    'unknown in one run',
    'no difference detectable below 0.1 %',
  ]);
  expect(changes(unknown, unknown)[0][2]).toBeNull();
});
