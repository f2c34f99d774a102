/** How long states last, in series whose lengths are known. */
import { expect, test } from 'vitest';
import { uniformSource } from '../test-sources.ts';
import { lastingOf, type TimedReading } from './lasting.ts';
import { findStates } from './states.ts';

const every = (step_s: number, distances_ns: (number | null)[]): TimedReading[] =>
  distances_ns.map((distance_ns, index) => ({ at_s: index * step_s, distance_ns }));
const times = (count: number, value: number): number[] => Array(count).fill(value);
const states = findStates([...times(50, 110), ...times(50, 450)]);

test('time goes to the state at both ends, or half to each', () => {
  const [near, far] = lastingOf(states, [
    every(0.1, [...times(11, 110), ...times(21, 450), ...times(6, 110)]),
  ]);
  expect(near.total_s).toBeCloseTo(1 + 0.05 + 0.5 + 0.05);
  expect(far.total_s).toBeCloseTo(2 + 0.1);
  expect([near.left, far.left]).toEqual([1, 1]);
  expect(far.mean_s).toBeCloseTo(2.1);
});

test('what lies between windows is no time, and no change', () => {
  const [near, far] = lastingOf(states, [every(0.1, times(11, 110)), every(0.1, times(11, 450))]);
  expect([near.total_s, far.total_s]).toEqual([expect.closeTo(1), expect.closeTo(1)]);
  expect([near.left, far.left]).toEqual([0, 0]);
  expect([near.mean_s, far.mean_s]).toEqual([null, null]);
});

test('a reading that failed between two of a state ends nothing', () => {
  const [near] = lastingOf(states, [every(0.1, [110, null, 110, 2000, 110])]);
  expect(near).toEqual({ total_s: expect.closeTo(0.4), left: 0, mean_s: null });
});

test('is right for windows shorter than the states last', () => {
  const random = uniformSource(7);
  const lasting_s = { near: 1.5, far: 3 };
  const windows: TimedReading[][] = [];
  let near = true;
  for (let window = 0; window < 2000; window++) {
    const readings = Array.from({ length: 21 }, (_, index) => {
      if (random() < 0.05 / (near ? lasting_s.near : lasting_s.far)) near = !near;
      return { at_s: index * 0.05, distance_ns: near ? 110 : 450 };
    });
    windows.push(readings);
  }
  const [ofNear, ofFar] = lastingOf(states, windows);
  expect(ofNear.mean_s).toBeGreaterThan(1.3);
  expect(ofNear.mean_s).toBeLessThan(1.7);
  expect(ofFar.mean_s).toBeGreaterThan(2.6);
  expect(ofFar.mean_s).toBeLessThan(3.4);
});
