/** The distribution figure: which quantiles it draws, of whom, and how. */
import { build } from 'hdr-histogram-js';
import { expect, test } from 'vitest';
import { drawn } from '../../test-report.ts';
import { manifest, type SyntheticRun, system, target } from '../../test-synthetic-run.ts';

interface Spec {
  datasets: { quantiles: Quantile[]; curves: Curve[] };
  vconcat: { concat?: { layer: [{ data: { values: { words: string[] }[] } }] }[] }[];
}
interface Quantile {
  series: string;
  system: string;
  operation: string;
  quantile: number;
  latency_us: number;
}
interface Curve {
  series: string;
  system: string;
  verdict: string;
  colour: string;
  shape: string;
}

const distribution = (synthetic: Partial<SyntheticRun>) => drawn<Spec>('distribution', synthetic);

const panels = (spec: Spec): string[] =>
  spec.vconcat.flatMap(
    ({ concat }) => concat?.flatMap(({ layer: [title] }) => title.data.values[0].words) ?? [],
  );

/** The dashes of the curves, "" for none: those of the lines that have no box. */
const dashesOfCurves = (svg: string): string[] =>
  [
    ...svg.matchAll(
      /<path aria-label="[^"]*" role="graphics-symbol" aria-roledescription="line mark"[^>]*>/g,
    ),
  ].map(([path]) => /stroke-dasharray="([^"]*)"/.exec(path)?.[1] ?? '');

test('reads quantiles from the histograms of all trials merged by count', async () => {
  const { spec } = await distribution({
    measured: (_system, _target, trial) => ({
      latencies_ns: Array.from({ length: 2000 }, (_, index) => 1000 * trial + index),
    }),
  });
  const merged = build({ lowestDiscernibleValue: 1, numberOfSignificantValueDigits: 3 });
  for (let trial = 1; trial <= 5; trial++) {
    for (let index = 0; index < 2000; index++) merged.recordValue(1000 * trial + index);
  }
  const quantiles = spec.datasets.quantiles.filter(({ series }) => series === 'redis get');
  expect(quantiles.map(({ quantile }) => quantile)).toEqual(
    expect.arrayContaining([0, 0.5, 0.9, 0.99, 0.999]),
  );
  for (const { quantile, latency_us } of quantiles) {
    expect(latency_us).toBe(merged.getValueAtPercentile(100 * quantile) / 1000);
  }
});

test.each([
  [100, 0.9],
  [1000, 0.99],
  [20_000, 0.9999],
])(
  'with %i samples in each of 5 trials, ends where 10 lie beyond, not below %f',
  async (samples, highest) => {
    const { spec } = await distribution({
      manifest: manifest({ systems: [system('redis')] }),
      measured: () => ({ latencies_ns: Array.from({ length: samples }, (_, index) => 1000 + index) }),
    });
    const quantiles = spec.datasets.quantiles.map(({ quantile }) => quantile);
    const last = Math.max(...quantiles);
    expect(last).toBeGreaterThanOrEqual(highest);
    expect(last).toBeLessThanOrEqual(0.9999);
    expect((1 - last) * 5 * samples).toBeGreaterThanOrEqual(10 - 1e-6);
  },
);

test('has a panel for each operation, and for each number of clients and value size where these differ', async () => {
  expect(panels((await distribution({})).spec)).toEqual(['SET', 'GET']);
  const whole = manifest();
  const measurements = [
    target('get', 1, 64, { at: { clients: 1 } }),
    target('get', 8, 64, { at: { clients: 8 } }),
    target('mix', 8, 1024, { at: { clients: 8, value_bytes: 1024 } }),
  ];
  const { spec } = await distribution({ manifest: { ...whole, plan: { ...whole.plan, measurements } } });
  expect(panels(spec)).toEqual([
    'GET with 1 client of 64 bytes',
    'GET with 8 clients of 64 bytes',
    'MIX with 8 clients of 1,024 bytes',
  ]);
});

test('labels the nines, and tells systems apart by colour and by mark', async () => {
  const { spec, svg } = await distribution({});
  for (const label of ['0 %', '50 %', '90 %', '99 %', '99.9 %', '99.99 %', 'latency (µs)', 'Redis']) {
    expect(svg).toContain(`>${label}</text>`);
  }
  const looks = new Map(spec.datasets.curves.map(({ system, colour, shape }) => [system, { colour, shape }]));
  expect(new Set([...looks.values()].map(({ colour }) => colour)).size).toBe(3);
  expect(new Set([...looks.values()].map(({ shape }) => shape)).size).toBe(3);
  expect(dashesOfCurves(svg)).toEqual(Array(6).fill('1,0'));
});

test('dashes what is invalid, and leaves out what was not measured, but for its name', async () => {
  const { spec, svg } = await distribution({
    trial: ({ name }, trial) => {
      if (name === 'kv-sockets') return { status: 'failed', reason: 'never ready', measurements: [] };
      return name === 'kv-kernel' && trial === 2 ? { status: 'failed', reason: 'hung' } : {};
    },
  });
  expect(dashesOfCurves(svg).toSorted()).toEqual(['1,0', '1,0', '5,3', '5,3']);
  expect(spec.datasets.quantiles.some(({ system }) => system === 'kv-sockets')).toBe(false);
  expect(svg).toContain('kvserver on sockets');
  expect(svg).toContain('Dashed: invalid, backs no claim.');
});

test('draws floors, dotted, but not those whose samples are means of runs', async () => {
  const floors = [
    { name: 'dpdk-frames', label: 'raw DPDK frames', systems: ['redis'], cores: [0, 1] },
    { name: 'fi-pingpong', label: 'fi_pingpong', systems: ['redis'], cores: [0, 1] },
  ];
  const { spec, svg } = await distribution({
    manifest: manifest({ systems: [system('redis', { label: 'Redis' })], floors }),
    measured: ({ name }) =>
      name === 'fi-pingpong'
        ? { latencies_ns: [1510, 1520], sample: 'run_mean' }
        : { latencies_ns: Array.from({ length: 4000 }, (_, index) => 1000 + index) },
  });
  expect(new Set(spec.datasets.curves.map(({ system }) => system))).toEqual(
    new Set(['redis', 'dpdk-frames']),
  );
  expect(dashesOfCurves(svg).toSorted()).toEqual(['1,0', '1,0', '1.5,2.5', '1.5,2.5']);
  expect(svg).toContain('raw DPDK frames (floor)');
  expect(svg).toContain('Floors whose samples are means');
});

test('nothing measured at all is still a figure', async () => {
  const { svg } = await distribution({
    trial: () => ({ status: 'failed', reason: 'no server', measurements: [] }),
  });
  expect(svg).toContain('99.99 %');
  expect(svg).not.toContain('NaN');
});
