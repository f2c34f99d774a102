/** States are found where the readings have gaps, and nowhere else. */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { normalSource, uniformSource } from '../test-sources.ts';
import { findStates, stateAt } from './states.ts';
import { recordedNs } from './test-recorded.ts';
import { drift, series } from './test-series.ts';

const NEAR: [number, number] = [100, 125];
const FAR: [number, number] = [409, 535];
const SHARED_CORE: [number, number] = [65, 90];
const seeds = Array.from({ length: 20 }, (_, index) => 101 + 17 * index);

function names(readings_ns: number[]): string[] {
  return findStates(readings_ns).map(({ name }) => name);
}

describe('one state', () => {
  test('of a constant distance, with rare disturbances', () => {
    for (const seed of seeds) {
      const [only, ...others] = findStates(series({ states_ns: [NEAR], readings: 600, seed }));
      expect(others).toEqual([]);
      expect(only).toMatchObject({ name: 'only' });
      expect(only.low_ns).toBeGreaterThan(85);
      expect(only.high_ns).toBeLessThan(160);
      expect(only.share).toBeGreaterThan(0.97);
    }
  });

  test('of a slow drift, however broad, and however few its readings are', () => {
    for (const seed of seeds) {
      for (const readings of [30, 100, 600, 5000]) {
        expect(names(drift(100, 400, readings, seed))).toEqual(['only']);
      }
    }
  });

  test('of readings that are all the same, to the digit', () => {
    expect(findStates(Array(100).fill(112))).toEqual([
      { name: 'only', low_ns: 112, high_ns: 112, median_ns: 112, share: 1 },
    ]);
  });

  test('of whole nanoseconds, whose steps are no gaps', () => {
    const normal = normalSource(3);
    const readings = Array.from({ length: 5000 }, () => Math.round(70 * Math.exp(0.02 * normal())));
    expect(names(readings)).toEqual(['only']);
  });

  test('of few readings, whatever they are; none of none', () => {
    expect(names([110, 430, 112, 455, 111])).toEqual(['only']);
    expect(findStates([])).toEqual([]);
  });

  test('even if one reading in thirty was disturbed', () => {
    for (const seed of seeds) {
      const readings = series({ states_ns: [NEAR], readings: 1000, disturbed: 0.03, seed });
      expect(names(readings)).toEqual(['only']);
    }
  });
});

describe('two states', () => {
  test('near and far, within the distances that they have', () => {
    for (const seed of seeds) {
      const readings = series({ states_ns: [NEAR, FAR], weights: [1, 2], readings: 1500, seed });
      const states = findStates(readings);
      expect(states.map(({ name }) => name)).toEqual(['near', 'far']);
      const [near, far] = states;
      expect(near.high_ns).toBeLessThan(150);
      // A reading near that was disturbed may look like one that is far.
      expect(far.low_ns).toBeGreaterThan(300);
      expect(near.share + far.share).toBeGreaterThan(0.97);
      expect(near.median_ns).toBeGreaterThan(NEAR[0]);
      expect(near.median_ns).toBeLessThan(NEAR[1]);
      expect(stateAt(states, 112)).toBe(near);
      expect(stateAt(states, 450)).toBe(far);
      expect(stateAt(states, 220)).toBeNull();
      expect(stateAt(states, null)).toBeNull();
    }
  });

  test('near and far, where one program reads near a little longer than the others', () => {
    for (const seed of seeds) {
      const normal = normalSource(seed);
      const around = (ns: number, readings: number): number[] =>
        Array.from({ length: readings }, () => ns * Math.exp(0.02 * normal()));
      const longer = around(92, 60);
      const states = findStates([...around(76, 1000), ...longer, ...around(350, 400)]);
      expect(states.map(({ name }) => name)).toEqual(['near', 'far']);
      expect(longer.filter((ns) => stateAt(states, ns)?.name === 'near').length).toBeGreaterThan(57);
    }
  });

  test('in half a minute of readings', () => {
    for (const seed of seeds) {
      const readings = series({ states_ns: [NEAR, FAR], readings: 400, stay_s: [0.5, 2], seed });
      expect(names(readings)).toEqual(['near', 'far']);
    }
  });

  test.each([
    { rare: NEAR, common: FAR, at: 0 },
    { rare: FAR, common: NEAR, at: 1 },
  ])('the rare one of two in a hundred readings, $rare ns', ({ rare, common, at }) => {
    for (const seed of seeds) {
      const readings = [
        ...series({ states_ns: [common], readings: 980, seed }),
        ...series({ states_ns: [rare], readings: 20, seed: seed + 5 }),
      ];
      const states = findStates(readings);
      expect(states.map(({ name }) => name)).toEqual(['near', 'far']);
      expect(states[at].share).toBeGreaterThan(0.018);
      expect(states[at].share).toBeLessThan(0.027);
    }
  });

  test('where one is broad and the other is not', () => {
    for (const seed of seeds) {
      const readings = [...drift(200, 500, 600, seed), ...series({ states_ns: [NEAR], readings: 300, seed })];
      expect(names(readings)).toEqual(['near', 'far']);
    }
  });
});

test('three states, of which two lie close together', () => {
  for (const seed of seeds) {
    const readings = series({ states_ns: [SHARED_CORE, NEAR, FAR], readings: 2000, seed });
    const states = findStates(readings);
    expect(states.map(({ name }) => name)).toEqual(['near', 'middle', 'far']);
    expect(stateAt(states, 76)).toBe(states[0]);
    expect(stateAt(states, 111)).toBe(states[1]);
  }
});

test('four states', () => {
  const readings = series({ states_ns: [[30, 34], NEAR, [200, 230], FAR], readings: 3000, seed: 5 });
  expect(names(readings)).toEqual(['near', 'middle 1', 'middle 2', 'far']);
});

test.each(Object.entries(recordedNs))('a recorded series: %s', (_name, { readings_ns, states }) => {
  expect(names(readings_ns)).toEqual(states);
});

test('the order of the readings changes nothing', () => {
  const readings = series({ states_ns: [SHARED_CORE, NEAR, FAR], readings: 500, seed: 9 });
  const states = findStates(readings);
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 1e6 }), (seed) => {
      const uniform = uniformSource(seed);
      const shuffled = readings
        .map((reading_ns) => ({ reading_ns, place: uniform() }))
        .sort((a, b) => a.place - b.place)
        .map(({ reading_ns }) => reading_ns);
      expect(findStates(shuffled)).toEqual(states);
    }),
    { numRuns: 20 },
  );
});

test('readings that are all longer by a factor have the same states, longer by that factor', () => {
  const readings = series({ states_ns: [NEAR, FAR], readings: 800, seed: 4 });
  const states = findStates(readings);
  fc.assert(
    fc.property(fc.double({ min: 0.05, max: 20, noNaN: true }), (factor) => {
      const scaled = findStates(readings.map((reading_ns) => reading_ns * factor));
      expect(scaled.map(({ name, share }) => [name, share])).toEqual(
        states.map(({ name, share }) => [name, share]),
      );
      for (const [index, { low_ns, high_ns, median_ns }] of scaled.entries()) {
        expect(low_ns).toBeCloseTo(states[index].low_ns * factor, 6);
        expect(high_ns).toBeCloseTo(states[index].high_ns * factor, 6);
        expect(median_ns).toBeCloseTo(states[index].median_ns * factor, 6);
      }
    }),
    { numRuns: 50 },
  );
});

test('states lie apart, nearest first, and each reading is of one at most', () => {
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: 10, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 300 }),
      (readings) => {
        const states = findStates(readings);
        expect(states.length).toBeGreaterThan(0);
        for (const [index, { low_ns, high_ns, median_ns }] of states.entries()) {
          expect(low_ns).toBeLessThanOrEqual(median_ns);
          expect(median_ns).toBeLessThanOrEqual(high_ns);
          if (index > 0) expect(low_ns).toBeGreaterThan(states[index - 1].high_ns);
        }
        const shares = states.reduce((sum, { share }) => sum + share, 0);
        const within = readings.filter((reading_ns) => stateAt(states, reading_ns) !== null).length;
        expect(shares).toBeCloseTo(within / readings.length, 9);
      },
    ),
  );
});
