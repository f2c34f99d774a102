/** The generator's own floor bounds a point in the state of distance that the point is of. */
import { expect, test } from 'vitest';
import type { Calibration, FloorPoint } from '../formats/index.ts';
import type { Run } from '../run/run-folder.ts';
import { target } from '../test-synthetic-run.ts';
import type { PairStates } from './distance/run-distance.ts';
import { generatorFloor, lowerBounds } from './lower-bounds.ts';
import { point } from './test-summary.ts';

const pair: PairStates = {
  cores: [0, 1],
  readings: 100,
  states: [
    { name: 'near', low_ns: 100, high_ns: 125, median_ns: 112, share: 0.5 },
    { name: 'far', low_ns: 409, high_ns: 535, median_ns: 450, share: 0.5 },
  ],
  tooFast: null,
  company: null,
};

type Measured = Parameters<typeof generatorFloor>[1];
type Slice = Calibration['slices'][number];

/** A floor of 8 us near and 12 far, 10 over all; the delays of 10 us are on top of it. */
function floorOf(
  state: string | null,
  { near, cores = [1, 0] }: { near: number; cores?: [number, number] },
  of: PairStates | null = pair,
  own: Partial<Omit<Measured, 'backend'>> = {},
): ReturnType<typeof generatorFloor> {
  const slice = (ns: number, p50_us: number, asked_us: number | null = null): Slice => ({
    asked_us,
    before_ns: ns,
    after_ns: ns + 2,
    p50_us,
  });
  const slices = [
    ...Array.from({ length: near }, (_, index) => slice(112, 8 + 0.1 * (index % 3))),
    ...Array.from({ length: 5 }, () => slice(112, 18, 10)),
    ...Array.from({ length: 5 }, () => slice(450, 12)),
    { ...slice(112, 30), after_ns: null },
  ];
  const calibration = {
    backend: 'kernel',
    host: null,
    value_bytes: 64,
    floor_us: { p50: 10, p99: 20 },
    slices,
  };
  const run = {
    calibrations: [
      {
        ...calibration,
        backend: 'dpdk',
        floor_us: { p50: 5, p99: 9 },
        core: cores[0],
        server_core: cores[1],
      },
      { ...calibration, core: cores[0], server_core: cores[1] },
    ],
  } as unknown as Run;
  const selection = { state, withoutEarly: false };
  const system: Measured = { backend: 'kernel', host: null, protocol: 'resp', checkout: null, ...own };
  return generatorFloor(run, system, { target: target('get'), pair: of, selection });
}

const name = "the load generator's own floor";

test('where it was measured in that state', () => {
  expect(floorOf('near', { near: 7 })).toEqual([{ name, p50_us: 8.1, of_state: true }]);
  expect(floorOf('far', { near: 7 })).toEqual([{ name, p50_us: 12, of_state: true }]);
});

test('a mixture is bounded by the nearest state', () => {
  expect(floorOf(null, { near: 7 })).toEqual([{ name, p50_us: 8.1, of_state: false }]);
});

test('where it hardly was in that state, or on other cores, it bounds nothing: nearer cores are faster', () => {
  expect(floorOf('near', { near: 2 })).toEqual([]);
  expect(floorOf(null, { near: 2 })).toEqual([]);
  expect(floorOf('near', { near: 7, cores: [2, 3] })).toEqual([]);
});

test('of streams, it bounds no datagrams', () => {
  expect(floorOf('near', { near: 7 }, pair, { protocol: 'echo' })).toHaveLength(1);
  expect(floorOf('near', { near: 7 }, pair, { protocol: 'datagrams' })).toEqual([]);
});

test('of the load generator that ran it all, it bounds no system of another checkout', () => {
  const checkout = { commit: '0123456789abcdef0123456789abcdef01234567', dirty: false };
  expect(floorOf('near', { near: 7 }, pair, { checkout })).toEqual([]);
});

test('of one machine, it bounds no system on another one, or on two', () => {
  expect(floorOf('near', { near: 7 }, pair, { host: 'client0' })).toEqual([]);
  expect(floorOf('near', { near: 7 }, pair, { host: undefined })).toEqual([]);
});

test('as a whole on a machine of one distance, or of none that is known', () => {
  const whole = [{ name, p50_us: 10, of_state: false }];
  expect(floorOf(null, { near: 7 }, { ...pair, states: pair.states.slice(0, 1) })).toEqual(whole);
  expect(floorOf(null, { near: 7 }, null)).toEqual(whole);
});

/** A floor of 16 us far, and of 8 near where it was that at all; `state` is the one that the run is compared in. */
function boundsOf(
  { state, near }: { state: string | null; near: boolean },
  ofPoint: string | null,
): ReturnType<typeof lowerBounds> {
  const ofState = (name: string, us: number[]): FloorPoint['by_state'][number] => ({
    state: name,
    low_ns: null,
    high_ns: null,
    slices: 5 * us.length,
    share: 0.5,
    p50_us: us[0] ?? null,
    p50_interval_us: null,
    trial_p50_us: us.map((p50_us, index) => ({ trial: index + 1, p50_us })),
    throughput_ops: null,
    versus_first: null,
  });
  const { versus_first: _, ...measured } = point('frames', state === 'near' ? [8, 8.2] : [16, 16.2]);
  const floor = {
    ...measured,
    name: 'frames',
    label: 'raw frames',
    systems: ['kv-dpdk'],
    state,
    by_state: [
      ofState('near', near ? [8.2, 8] : []),
      ofState('far', [16.2, 16]),
      ofState('mixture', near ? [8.2, 16.2, 16] : [16.2, 16]),
    ],
  } as unknown as FloorPoint;
  return lowerBounds([floor], 'kv-dpdk', target('get'), ofPoint);
}

test('a floor bounds a point of its state, and a mixture by what it had in the nearest', () => {
  const floor = 'its floor raw frames';
  expect(boundsOf({ state: 'near', near: true }, 'near')).toEqual([
    { name: floor, p50_us: 8, of_state: true },
  ]);
  expect(boundsOf({ state: null, near: true }, null)).toEqual([{ name: floor, p50_us: 8, of_state: false }]);
});

test('a floor that never was in the nearest state bounds no mixture: its system may have been', () => {
  expect(boundsOf({ state: null, near: false }, null)).toEqual([]);
});
