/** Latencies by state: what is drawn of whom, and that states and mixture are what was put in. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { writeReport } from '../../index.ts';
import { texts } from '../../test-report.ts';
import { sliced } from '../../test-slices.ts';
import { run, type SyntheticRun, writeRun } from '../../test-synthetic-run.ts';

interface Spec {
  datasets: {
    humps: {
      hump: string;
      system: string;
      state: string;
      slices: number;
      requests: number;
      p50_us: number;
    }[];
    densities: { hump: string; latency_us: number; share: number }[];
  };
}

const readings_ns = Array.from({ length: 25 }, (_, index) => (index <= 12 ? 110 : 450) + (index % 5));

/** 60 requests in each slice, that scatter by some percent, 1.5 times as long where it is far. */
const measured: SyntheticRun['measured'] = ({ name }) => {
  const near_ns = name === 'redis' ? 10_000 : 600;
  return sliced(readings_ns, {
    latencyOf: (reading_ns) => (reading_ns > 300 ? 1.5 : 1) * near_ns,
    requests: 60,
  });
};

async function drawn(synthetic: Partial<SyntheticRun>): Promise<{ spec: Spec; svg: string }> {
  const dir = await writeRun(run(synthetic));
  await writeReport(dir, { reference: true });
  const [spec, svg] = await Promise.all(
    ['states.vl.json', 'states.svg'].map((file) => readFile(join(dir, file), 'utf8')),
  );
  return { spec: JSON.parse(spec!), svg: svg! };
}

test('each state has its requests and its p50, and the mixture all of them', async () => {
  const { spec, svg } = await drawn({ measured });
  const humps = new Map(spec.datasets.humps.map((hump) => [hump.hump, hump]));
  const [near, far, all] = ['near', 'far', 'mixture'].map((state) => humps.get(`redis get 1 64 ${state}`)!);
  expect([near.slices, far.slices, all.slices]).toEqual([5 * 12, 5 * 11, 5 * 24]);
  expect([near.requests, far.requests, all.requests]).toEqual([5 * 12 * 60, 5 * 11 * 60, 5 * 24 * 60]);
  expect(near.p50_us).toBeCloseTo(10, 0);
  expect(far.p50_us / near.p50_us).toBeCloseTo(1.5, 1);
  expect(texts(svg)).toEqual(expect.arrayContaining(['SET', 'GET', 'near', 'far', 'mixture', 'Redis']));
});

test('the bins of all states together are those of the mixture, but for mixed slices', async () => {
  const { spec } = await drawn({ measured });
  const shareOf = (state: string): number =>
    spec.datasets.densities
      .filter(({ hump }) => hump === `redis get 1 64 ${state}`)
      .reduce((sum, { share }) => sum + share, 0);
  // The slowest and the fastest hundredth are not drawn.
  const drawnOf = { mixture: 1, near: 12 / 24, far: 11 / 24 };
  for (const [state, share] of Object.entries(drawnOf)) {
    expect(shareOf(state)).toBeLessThan(share + 1e-5);
    expect(shareOf(state)).toBeGreaterThan(0.97 * share);
  }
});

test('what was near alone is not drawn', async () => {
  const { spec } = await drawn({
    measured: (subject, ...of) =>
      subject.name === 'kv-kernel'
        ? sliced(readings_ns.slice(0, 12), { latencyOf: () => 5000 })
        : measured(subject, ...of),
  });
  expect(new Set(spec.datasets.humps.map(({ system }) => system))).toEqual(new Set(['redis', 'kv-sockets']));
});

test('without slices there is none', async () => {
  const dir = await writeRun(run());
  await writeReport(dir, { reference: true });
  expect((await readdir(dir)).filter((file) => file.startsWith('states.'))).toEqual([]);
});
