/** Latencies by state: what is drawn of whom, and that states and mixture are what was put in. */
import { beforeAll, expect, test } from 'vitest';
import { type Drawn, drawn, report, texts } from '../../test-report.ts';
import { sliced } from '../../test-slices.ts';
import type { SyntheticRun } from '../../test-synthetic-run.ts';

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

/** Drawn once, and looked at by several tests. */
let ofTwoStates: Drawn<Spec>;
beforeAll(async () => {
  ofTwoStates = await drawn<Spec>('states', { measured });
});

test('each state has its requests and its p50, and the mixture all of them', async () => {
  const { spec, svg } = ofTwoStates;
  const humps = new Map(spec.datasets.humps.map((hump) => [hump.hump, hump]));
  const [near, far, all] = ['near', 'far', 'mixture'].map((state) => humps.get(`redis get ${state}`)!);
  expect([near.slices, far.slices, all.slices]).toEqual([5 * 12, 5 * 11, 5 * 24]);
  expect([near.requests, far.requests, all.requests]).toEqual([5 * 12 * 60, 5 * 11 * 60, 5 * 24 * 60]);
  expect(near.p50_us).toBeCloseTo(10, 0);
  expect(far.p50_us / near.p50_us).toBeCloseTo(1.5, 1);
  expect(texts(svg)).toEqual(expect.arrayContaining(['SET', 'GET', 'near', 'far', 'mixture', 'Redis']));
});

test('the bins of all states together are those of the mixture, but for mixed slices', async () => {
  const { spec } = ofTwoStates;
  const shareOf = (state: string): number =>
    spec.datasets.densities
      .filter(({ hump }) => hump === `redis get ${state}`)
      .reduce((sum, { share }) => sum + share, 0);
  // The slowest and the fastest hundredth are not drawn.
  const drawnOf = { mixture: 1, near: 12 / 24, far: 11 / 24 };
  for (const [state, share] of Object.entries(drawnOf)) {
    expect(shareOf(state)).toBeLessThan(share + 1e-5);
    expect(shareOf(state)).toBeGreaterThan(0.97 * share);
  }
});

test('what was near alone is not drawn, and the caption says so', async () => {
  const { spec, svg } = await drawn<Spec>('states', {
    measured: (subject, ...of) =>
      subject.name === 'kv-kernel'
        ? sliced(readings_ns.slice(0, 12), { latencyOf: () => 5000 })
        : measured(subject, ...of),
  });
  expect(new Set(spec.datasets.humps.map(({ system }) => system))).toEqual(new Set(['redis', 'kv-sockets']));
  const said = 'Not drawn, with too little of a second state: kvserver on libOS, kernel.';
  expect(texts(svg).join(' ')).toContain(said);
  expect(texts(ofTwoStates.svg).join(' ')).not.toContain('Not drawn');
});

test('without slices there is none', async () => {
  expect(await (await report({})).chart('states')).toBeNull();
});
