/** A slice has the state that both its ends agree on, if states last long enough for that to mean something. */
import { describe, expect, test } from 'vitest';
import type { Probe, SlicesFile } from '../../formats/index.ts';
import { readingsOf, stateOfSlice, statesOfSlices, tooFast } from './slice-states.ts';
import { type DistanceState, findStates } from './states.ts';
import { series } from './test-series.ts';

const near: DistanceState = { name: 'near', low_ns: 100, high_ns: 125, median_ns: 112, share: 0.3 };
const far: DistanceState = { name: 'far', low_ns: 409, high_ns: 535, median_ns: 450, share: 0.7 };
const states = [near, far];

function file(readings_ns: (number | null)[], probes: Partial<Probe>[] = []): SlicesFile {
  return {
    schema: 'bypassbench.slices/1',
    cores: { client: 1, server: 0 },
    helper: 'real_time',
    unknown: null,
    early_ns: 2e6,
    probes: readings_ns.map((median_ns, index) => ({
      start_ns: index * 75e6,
      end_ns: index * 75e6 + 5e4,
      median_ns,
      min_ns: median_ns,
      waited_ns: 1000,
      client_work_ns: null,
      server_work_ns: null,
      server_core: null,
      ...probes[index],
    })),
    slices: readings_ns.slice(1).map((_, index) => ({
      start_ns: index * 75e6 + 5e4,
      end_ns: (index + 1) * 75e6,
      operations: [],
    })),
    delayed: 0,
  };
}

describe('the state of a slice', () => {
  test('is the one that its ends agree on', () => {
    expect(stateOfSlice(states, 110, 120)).toBe(near);
    expect(stateOfSlice(states, 420, 510)).toBe(far);
  });

  test('is mixed where they disagree, or where one lies in the gap', () => {
    expect(stateOfSlice(states, 110, 420)).toBe('mixed');
    expect(stateOfSlice(states, 110, 250)).toBe('mixed');
    expect(stateOfSlice(states, 250, 250)).toBe('mixed');
  });

  test('is unknown without a reading at each end', () => {
    expect(stateOfSlice(states, null, 110)).toBe('unknown');
    expect(stateOfSlice(states, 110, null)).toBe('unknown');
  });
});

test('each slice of a window has the readings before and behind it', () => {
  expect(statesOfSlices(states, file([110, 112, 450, 450, null, 115]))).toEqual([
    near,
    'mixed',
    far,
    'unknown',
    'unknown',
  ]);
});

test('a reading beside a server on another core than its own says nothing of it', () => {
  const moved = file([110, 111, 112, 113], [{}, { server_core: 1 }, { server_core: 0 }, { server_core: 0 }]);
  expect(statesOfSlices(states, moved)).toEqual(['unknown', 'unknown', near]);
  expect(readingsOf(moved)).toEqual([110, 112, 113]);
});

test('a window without readings has slices of no known state', () => {
  const { probes: _none, ...window } = file([1, 1, 1]);
  const unknown = { ...window, cores: null, unknown: 'no core of the server was named', probes: [] };
  expect(statesOfSlices(states, unknown)).toEqual(['unknown', 'unknown']);
  expect(readingsOf(unknown)).toEqual([]);
  expect(tooFast(states, [unknown])).toBeNull();
});

describe('states that change', () => {
  const ranges: [number, number][] = [
    [100, 125],
    [409, 535],
  ];
  const windowOf = (stay_s: [number, number], seed: number): SlicesFile =>
    file(series({ states_ns: ranges, readings: 1000, stay_s, seed }));

  test('every half second to five seconds can be told from readings each 75 ms', () => {
    for (const seed of [1, 2, 3, 4, 5]) {
      const window = windowOf([0.5, 5], seed);
      expect(tooFast(findStates(readingsOf(window)), [window])).toBeNull();
    }
  });

  test('from one reading to the next are too fast', () => {
    for (const seed of [1, 2, 3, 4, 5]) {
      // No reading knows of the one before it.
      const mixed = windowOf([0.5, 5], seed);
      const shuffled = { ...mixed, probes: shuffle(mixed.probes) };
      expect(tooFast(findStates(readingsOf(shuffled)), [shuffled])).toMatch(
        /^it changes faster than slices of time pass: the ends of \d/,
      );
    }
  });

  test('seldom are not too fast, however short they stay: the rest of the time is of one state', () => {
    const readings = Array.from({ length: 1000 }, (_, index) => (index % 40 === 0 ? 450 : 112));
    expect(tooFast(states, [file(readings)])).toBeNull();
  });

  test('cannot be judged from a few slices', () => {
    expect(tooFast(states, [file([110, 450, 110, 450, 110])])).toBeNull();
  });
});

/** In an order that has nothing to do with the one before: by the digits behind the point of each reading. */
function shuffle(probes: Probe[]): Probe[] {
  const place = ({ median_ns }: Probe): number => (median_ns! * 1e6) % 1;
  return probes.toSorted((a, b) => place(a) - place(b));
}
