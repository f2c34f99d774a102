/** What a summary makes of a run whose cores others use at times: every compared number is of slices alike in that. */
import { expect, test } from 'vitest';
import type { Manifest, Summary } from '../../formats/index.ts';
import { readRun } from '../../run/run-folder.ts';
import { type SlicedMeasurement, sliced } from '../../test-slices.ts';
import { manifest, run, system, target, writeRun } from '../../test-synthetic-run.ts';
import { summarize } from '../summary.ts';

const SLICES = 24;
const ALONE_NS = 250;

function one(): Manifest {
  const whole = manifest();
  return {
    ...whole,
    systems: [system('redis')],
    plan: { ...whole.plan, trials: 3, measurements: [target('get')] },
  };
}

/** Near all of the time; `shared`: which cores others use at each reading. A request takes 4 us more for each. */
function measurement(
  shared: (reading: number) => [client: boolean, server: boolean],
  distanceOf: (reading: number) => number = () => 112,
): SlicedMeasurement {
  const readings_ns = Array.from(
    { length: SLICES + 1 },
    (_, index) => distanceOf(index) * (1 + ((index * 7) % 9) / 200),
  );
  const measured = sliced(readings_ns, {
    latencyOf: (_reading, slice) => 10_000 + 4000 * shared(slice).filter(Boolean).length,
  });
  const work = (isShared: boolean, index: number): number =>
    ALONE_NS * (1 + 0.002 * Math.sin(index) + (isShared ? 0.2 + 0.7 * ((index * 0.618) % 1) : 0));
  const works_ns = readings_ns.map((_, index): [number, number] => {
    const [client, server] = shared(index);
    return [work(client, index), work(server, 2 * index)];
  });
  return { ...measured, slices: { ...measured.slices, works_ns } };
}

async function summaryOf(shared: Parameters<typeof measurement>[0]): Promise<Summary> {
  const synthetic = run({ manifest: one(), measured: () => measurement(shared) });
  return summarize(await readRun(await writeRun(synthetic)));
}

test('slices whose cores nobody else used are compared, where there are enough', async () => {
  const { distance, points } = await summaryOf((reading) => [reading >= 16, false]);
  // Of 24 slices 15 have ends that are alone.
  expect(distance).toMatchObject({ chosen: 'only', company: { share: 9 / 24, compared: 'neither' } });
  expect(points[0].latency_us!.p50).toBeCloseTo(10, 0);
  expect(points[0].by_state.map(({ state, slices }) => [state, slices])).toEqual([
    ['only', 45],
    ['mixture', 72],
  ]);
});

test('else those in which the same cores were shared', async () => {
  const { distance, points } = await summaryOf((reading) => [reading >= 4, reading >= 4]);
  expect(distance).toMatchObject({ chosen: 'only', company: { compared: 'both' } });
  expect(points[0].latency_us!.p50).toBeCloseTo(18, 0);
});

test('and all of them where too few are alike', async () => {
  const { distance, points } = await summaryOf((reading) => [reading % 2 === 0, reading % 3 === 0]);
  expect(distance).toMatchObject({ chosen: null, company: { compared: null } });
  expect(points[0].samples).toBe(3 * SLICES * 100);
});

test('cores of one distance keep others from none of theirs, and those from being alone', async () => {
  const whole = one();
  const synthetic = run({
    manifest: { ...whole, systems: [system('redis'), system('kv-kernel')] },
    measured: ({ name }) => {
      const isFirst = name === 'redis';
      const { slices, ...measured } = measurement(
        (reading) => [reading % 12 >= 10, false],
        (reading) => (isFirst && reading >= 12 ? 450 : 112),
      );
      const cores = isFirst ? { client: 1, server: 0 } : { client: 3, server: 2 };
      return { ...measured, slices: { ...slices, cores } };
    },
  });
  const { distance, points } = await summarize(await readRun(await writeRun(synthetic)));
  expect(distance).toMatchObject({ chosen: 'near', company: { compared: 'neither' } });
  expect(points.map(({ state }) => state)).toEqual(['near', 'only']);
  for (const { latency_us } of points) expect(latency_us!.p50).toBeCloseTo(10, 0);
});

test('cores that are always alone have no company', async () => {
  const { distance, points } = await summaryOf(() => [false, false]);
  expect(distance).toMatchObject({ chosen: null, company: null, why: 'there is one state only' });
  expect(points[0].by_state).toEqual([]);
});
