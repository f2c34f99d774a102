/** Whether a run has enough slices of one state, as the runner asks while it goes on. */
import { describe, expect, test } from 'vitest';
import { type SlicedMeasurement, sliced } from '../../test-slices.ts';
import { manifest, run, system, target, writeRun } from '../../test-synthetic-run.ts';
import { distanceCoverage } from './coverage.ts';

/** A run of two systems, unless others are named, and one operation, whose windows have these readings. */
function runOf(
  windowOf: (name: string, trial: number) => SlicedMeasurement | (number | null)[],
  { trials = 3, systems = [system('redis'), system('kv-kernel')] } = {},
): Promise<string> {
  const whole = manifest();
  return writeRun(
    run({
      manifest: {
        ...whole,
        finished_at: null,
        systems,
        plan: { ...whole.plan, trials, measurements: [target('get')] },
      },
      measured: ({ name }, _target, trial) => measured(windowOf(name, trial)),
    }),
  );
}

/** Readings make the window of which they are. */
function measured(window: SlicedMeasurement | (number | null)[]): SlicedMeasurement {
  return Array.isArray(window) ? sliced(window, { latencyOf: () => 20_000, requests: 10 }) : window;
}

const near = (slices: number): number[] => Array(slices).fill(112);
const far = (slices: number): number[] => Array(slices).fill(450);
const wanted = { slices: 20, trials: 3 };

test('enough of the nearer of two states', async () => {
  const dir = await runOf(() => [...near(11), ...far(11)]);
  expect(await distanceCoverage(dir, wanted)).toMatchObject({
    states: [{ name: 'near' }, { name: 'far' }],
    chosen: 'near',
    sharing: null,
    lacking: [],
    unknown: null,
  });
});

test('not enough: the state that is nearest to it, and who lacks it', async () => {
  const dir = await runOf((name) => (name === 'redis' ? [...near(3), ...far(20)] : [...near(16), ...far(6)]));
  expect(await distanceCoverage(dir, wanted)).toMatchObject({
    chosen: 'far',
    sharing: null,
    lacking: [
      { subject: 'kv-kernel', operation: 'get', what: 'slices', has: 15, wanted: 20, beside: 'redis' },
    ],
  });
});

test('enough slices, but in too few trials, are not enough', async () => {
  const dir = await runOf((_name, trial) => (trial < 3 ? [...near(30), ...far(3)] : [...far(12)]));
  const { chosen, lacking } = await distanceCoverage(dir, wanted);
  expect(chosen).toBe('near');
  expect(lacking.map(({ subject, what, has, beside }) => [subject, what, has, beside])).toEqual([
    ['redis', 'trials', 2, null],
    ['kv-kernel', 'trials', 2, 'redis'],
  ]);
  expect((await distanceCoverage(dir, { slices: 20, trials: 2 })).lacking).toEqual([]);
});

test('a repetition is waited for last, and chooses nothing', async () => {
  const systems = [system('redis'), system('kv-kernel'), system('again', { repeats: 'kv-kernel' })];
  const lackingOf = async (readingsOf: (name: string) => number[]): Promise<unknown> => {
    const { chosen, lacking } = await distanceCoverage(await runOf(readingsOf, { systems }), wanted);
    return [chosen, ...lacking.map(({ subject, beside }) => [subject, beside])];
  };
  // Far all three would have enough.
  const few = (name: string): number[] => [...near(name === 'again' ? 0 : 11), ...far(20)];
  expect(await lackingOf(few)).toEqual(['near', ['again', 'kv-kernel']]);
  const fewer = (name: string): number[] => [
    ...near(name === 'again' ? 0 : name === 'redis' ? 4 : 11),
    ...far(name === 'redis' ? 0 : 3),
  ];
  expect(await lackingOf(fewer)).toEqual(['near', ['redis', null]]);
});

test('what has a state in other trials than what it is compared with can be compared', async () => {
  const dir = await runOf(
    (name, trial) => [...near(trial === (name === 'redis' ? 2 : 3) ? 0 : 16), ...far(16)],
    { trials: 4 },
  );
  const { chosen, lacking } = await distanceCoverage(dir, wanted);
  expect(chosen).toBe('near');
  expect(lacking).toEqual([]);
});

describe('slices that are alike in who used the cores', () => {
  /** `shared`: whether somebody else used the core of the client, at each reading. */
  const withCompany = (readings_ns: number[], shared: (reading: number) => boolean): SlicedMeasurement => {
    const measured = sliced(readings_ns, { latencyOf: () => 20_000, requests: 10 });
    const works_ns = readings_ns.map((_, index): [number, number] => [
      (shared(index) ? 400 + 20 * (index % 5) : 250) + (index % 3),
      250 + (index % 3),
    ]);
    return { ...measured, slices: { ...measured.slices, works_ns } };
  };

  test.each([
    ['only', near(32)],
    ['near', [...near(32), ...far(32)]],
  ])('are waited for when there is enough of a distance: %s', async (name, readings) => {
    // Of 31 slices of a trial redis has 15 alone and 15 in company, kv-kernel 25 and 5.
    const shared = (of: string) => (reading: number) => reading % 32 >= (of === 'redis' ? 16 : 26);
    const dir = await runOf((of) => withCompany(readings, shared(of)));
    expect(await distanceCoverage(dir, { slices: 50, trials: 3 })).toMatchObject({
      chosen: name,
      sharing: 'neither',
      lacking: [{ subject: 'redis', what: 'slices', has: 45, wanted: 50 }],
    });
    expect(await distanceCoverage(dir, { slices: 45, trials: 3 })).toMatchObject({
      sharing: null,
      lacking: [],
    });
  });

  test('are waited for by the rule that lacks least', async () => {
    const dir = await runOf((name) =>
      withCompany(near(32), (reading) => (name === 'redis' ? reading >= 3 : reading >= 30)),
    );
    expect(await distanceCoverage(dir, { slices: 20, trials: 3 })).toMatchObject({
      chosen: 'only',
      sharing: 'neither',
      lacking: [{ subject: 'redis', what: 'slices', has: 6 }],
    });
  });
});

test('nothing to wait for with one state, or with none that is known', async () => {
  const nothing = { chosen: null, sharing: null, lacking: [] };
  expect(await distanceCoverage(await runOf(() => near(5)), wanted)).toMatchObject({
    ...nothing,
    states: [{ name: 'only' }],
    unknown: null,
  });
  expect(await distanceCoverage(await runOf(() => [null, null, null]), wanted)).toMatchObject({
    ...nothing,
    states: [],
    unknown: "the helper did not get the server's core in time for a reading",
  });
});
