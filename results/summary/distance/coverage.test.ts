/** Whether a run has enough slices of one state, as the runner asks while it goes on. */
import { expect, test } from 'vitest';
import { sliced } from '../../test-slices.ts';
import { manifest, run, system, target, writeRun } from '../../test-synthetic-run.ts';
import { distanceCoverage } from './coverage.ts';

/** A run of two systems, unless others are named, and one operation, whose windows have these readings. */
function runOf(
  readingsOf: (name: string, trial: number) => (number | null)[],
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
      measured: ({ name }, _target, trial) =>
        sliced(readingsOf(name, trial), { latencyOf: () => 20_000, requests: 10 }),
    }),
  );
}

const near = (slices: number): number[] => Array(slices).fill(112);
const far = (slices: number): number[] => Array(slices).fill(450);
const wanted = { slices: 20, trials: 3 };

test('enough of the nearer of two states', async () => {
  const dir = await runOf(() => [...near(11), ...far(11)]);
  expect(await distanceCoverage(dir, wanted)).toMatchObject({
    states: [{ name: 'near' }, { name: 'far' }],
    chosen: 'near',
    enough: true,
    lacking: [],
    unknown: null,
  });
});

test('not enough: the state that is nearest to it, and who lacks it', async () => {
  const dir = await runOf((name) => (name === 'redis' ? [...near(3), ...far(20)] : [...near(16), ...far(6)]));
  expect(await distanceCoverage(dir, wanted)).toMatchObject({
    chosen: 'far',
    enough: false,
    lacking: [{ subject: 'kv-kernel', operation: 'get', slices: 15 }],
  });
});

test('enough slices, but in too few trials, are not enough', async () => {
  const dir = await runOf((_name, trial) => (trial < 3 ? [...near(30), ...far(3)] : [...far(12)]));
  const { chosen, enough, lacking } = await distanceCoverage(dir, wanted);
  expect({ chosen, enough }).toEqual({ chosen: 'near', enough: false });
  expect(lacking.map(({ subject, slices }) => [subject, slices])).toEqual([
    ['redis', 58],
    ['kv-kernel', 58],
  ]);
  expect((await distanceCoverage(dir, { slices: 20, trials: 2 })).enough).toBe(true);
});

test('a repetition is waited for last, and chooses nothing', async () => {
  const systems = [system('redis'), system('kv-kernel'), system('again', { repeats: 'kv-kernel' })];
  const lackingOf = async (readingsOf: (name: string) => number[]): Promise<unknown> => {
    const { chosen, enough, lacking } = await distanceCoverage(await runOf(readingsOf, { systems }), wanted);
    return [chosen, enough, lacking.map(({ subject }) => subject)];
  };
  // Far all three would have enough.
  const few = (name: string): number[] => [...near(name === 'again' ? 0 : 11), ...far(20)];
  expect(await lackingOf(few)).toEqual(['near', false, ['again']]);
  const fewer = (name: string): number[] => [
    ...near(name === 'again' ? 0 : name === 'redis' ? 4 : 11),
    ...far(name === 'redis' ? 0 : 3),
  ];
  expect(await lackingOf(fewer)).toEqual(['near', false, ['redis']]);
});

test('nothing to wait for with one state, or with none that is known', async () => {
  const nothing = { chosen: null, enough: true, lacking: [] };
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
