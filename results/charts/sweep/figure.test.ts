/** Figures of sweeps: which one fits which axes, what lies where, and that nothing lies on anything else. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Axis } from '../../formats/index.ts';
import { type RunReport, readReport } from '../../run-report.ts';
import {
  axis,
  manifest,
  run,
  type SyntheticRun,
  swept,
  system,
  target,
  writeRunInto,
} from '../../test-synthetic-run.ts';
import { type ChartName, pictureOf, reportedCharts } from '../charts.ts';
import { draw } from '../render.ts';
import { overlapping } from '../text-boxes.ts';
import { dejaVuSans } from '../theme/font.ts';
import { pageTheme, paperTheme } from '../theme/theme.ts';
import { axisLabel } from './axes.ts';

const KNEE_RATE = 60_000;

/** Latency rises with clients, sizes and the rate; behind the knee its tail rises more. */
const measured: SyntheticRun['measured'] = ({ name }, { clients, value_bytes, rate_ops }) => {
  const us = (10 + Number(name.slice(1))) * (1 + clients / 8) * (1 + value_bytes / 10_000);
  const rate = rate_ops ?? clients / (us * 1e-6);
  const tail = rate_ops && rate_ops > KNEE_RATE ? 10 : 1.5;
  const latencies_ns = Array.from({ length: 300 }, (_, index) => us * 1000 * (index % 50 === 0 ? tail : 1));
  return { latencies_ns, elapsed_s: latencies_ns.length / rate };
};

const sweeps: Record<string, { axes: Axis[]; systems: number }> = {
  clients: { axes: [axis('clients', [1, 2, 4, 8, 16, 32, 64])], systems: 12 },
  sizes: { axes: [axis('value_bytes', [64, 1024, 16_384, 65_536], { unit: 'bytes' })], systems: 4 },
  rates: { axes: [axis('rate_ops', [20_000, 40_000, KNEE_RATE, 80_000], { scale: 'linear' })], systems: 2 },
  mtu: {
    axes: [
      axis('clients', [1, 4, 16]),
      axis('mtu', [1500, 2000, 4000, 9000], { path: 'systems.s2.options.mtu', systems: ['s2'] }),
    ],
    systems: 3,
  },
};

let dir = '';
const reports = new Map<string, RunReport>();

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'bypassbench-results-'));
  for (const [name, { axes, systems }] of Object.entries(sweeps)) {
    const names = Array.from({ length: systems }, (_, index) => `s${index}`);
    const whole = manifest({
      systems: names.map((one) => system(one, { label: `system ${one} with a name` })),
    });
    const plan = { ...whole.plan, trials: 2, reference: null, measurements: [target('get')] };
    await writeRunInto(join(dir, name), run({ manifest: swept({ ...whole, plan }, axes), measured }));
    reports.set(name, await readReport(join(dir, name), { reference: false }));
  }
});
afterAll(() => rm(dir, { recursive: true, force: true }));

const pictures = (of: string, chart: ChartName, theme = pageTheme) =>
  draw((sized) => pictureOf(chart, reports.get(of)!.source, sized), theme);

interface Row {
  panel: string;
  system: string;
  x: number;
  y: number;
  is_constant: boolean;
  is_knee?: boolean;
}

async function rows(of: string, chart: ChartName): Promise<Row[]> {
  return (await pictures(of, chart))!.picture.datasets.points as Row[];
}

describe.each([
  ['clients', ['figure', 'curve', 'throughput']],
  ['sizes', ['figure', 'throughput', 'bandwidth']],
  ['rates', ['figure', 'latency', 'throughput']],
  ['mtu', ['figure']],
] as const)('over %s', (of, charts) => {
  test.each([240, 504])('%i pt wide, no text lies on another', async (widthPt) => {
    const paper = { fontSizePt: 8, hasTitle: false, patterns: false, logX: null, logY: null };
    const theme = paperTheme({ ...paper, font: dejaVuSans, widthPt });
    for (const chart of charts) {
      const { svg, texts } = (await pictures(of, chart, theme))!;
      expect(overlapping(texts).map(([a, b]) => `${chart}: ${a.text} | ${b.text}`)).toEqual([]);
      expect((Number(/<svg[^>]* width="([\d.]+)"/.exec(svg)![1]) * 72) / 96).toBeCloseTo(widthPt, 0);
    }
  });
});

test('lines go through the points of each system, and systems without the axis stand in all of its panels', async () => {
  const drawn = await rows('mtu', 'figure');
  expect([...new Set(drawn.map(({ panel }) => panel))].sort()).toEqual(
    ['1,500', '2,000', '4,000', '9,000'].map((mtu) => `GET, mtu ${mtu}`),
  );
  for (const name of ['s0', 's1', 's2']) {
    const ofSystem = drawn.filter(({ system, panel }) => system === name && panel === 'GET, mtu 9,000');
    expect(ofSystem.map(({ x }) => x)).toEqual([1, 4, 16]);
    expect(ofSystem[0].y).toBeLessThan(ofSystem[2].y);
  }
});

test('the scale is logarithmic where the values of the axis are', async () => {
  expect(JSON.stringify((await pictures('clients', 'figure'))!.spec)).toMatch(/"field":"x"[^}]*"type":"log"/);
  expect(JSON.stringify((await pictures('rates', 'throughput'))!.spec)).not.toMatch(
    /"field":"x"[^}]*"type":"log"/,
  );
});

test('of an offered rate the figure is latency over what was achieved, with its knee', async () => {
  const drawn = await rows('rates', 'figure');
  expect(new Set(drawn.map(({ panel }) => panel))).toEqual(new Set(['GET, p50', 'GET, p99']));
  const knees = drawn.filter(({ is_knee }) => is_knee);
  expect(knees).toHaveLength(4);
  for (const { x } of knees) expect(x).toBeCloseTo(KNEE_RATE / 1000, 3);
});

test.each([
  ['the load generator', { state: 'invalid', fell_behind: null }, 0],
  ['the load generator, which answers too little then', { state: 'invalid', fell_behind: 'generator' }, 0],
  ['the system', { state: 'valid', fell_behind: null }, 4],
  ['the system, whose latencies are suspect then', { state: 'suspect', fell_behind: 'server' }, 4],
  ['the system, which never answers some then', { state: 'invalid', fell_behind: 'server' }, 4],
] as const)('a rise of the p99 that is of %s', async (_who, { state, fell_behind }, knees) => {
  const { run, summary, looks, distance } = reports.get('rates')!.source;
  const points = summary.points.map((point) =>
    point.rate_ops! <= KNEE_RATE
      ? point
      : { ...point, fell_behind, verdicts: { ...point.verdicts, p99: { state, reasons: [] } } },
  );
  const source = { run, looks, distance, summary: { ...summary, points } };
  const drawn = (await draw((theme) => pictureOf('figure', source, theme), pageTheme))!.picture.datasets
    .points as Row[];
  expect(drawn.filter(({ is_knee }) => is_knee)).toHaveLength(knees);
});

test('bandwidth is the bytes of the values alone', async () => {
  const drawn = await rows('sizes', 'bandwidth');
  const rates = await rows('sizes', 'throughput');
  for (const [index, { x, y }] of drawn.entries()) {
    expect(y).toBeCloseTo((rates[index].y * 1000 * x * 8) / 1e9, 9);
  }
});

test('the report has the figures that fit, and no others', async () => {
  const of = async (name: string): Promise<string[]> =>
    (await reports.get(name)!.charts()).map((chart) => chart.name);
  expect(await of('sizes')).toEqual(['figure', 'throughput', 'bandwidth', 'distribution']);
  expect(await of('rates')).toEqual(['figure', 'latency', 'throughput', 'distribution']);
});

test('twelve systems have looks of their own', () => {
  const looks = [...reports.get('clients')!.source.looks.values()];
  expect(looks).toHaveLength(12);
  expect(new Set(looks.map(({ colour }) => colour)).size).toBe(12);
  expect(new Set(looks.map(({ shape, dash }) => JSON.stringify([shape, dash]))).size).toBe(12);
});

test('labels of axes are short', () => {
  const label = (unit: string | null, value: number) => axisLabel({ unit }, value);
  expect([64, 1024, 65_536, 1536, 1000].map((value) => label('bytes', value))).toEqual([
    '64',
    '1Ki',
    '64Ki',
    '1.5Ki',
    '1,000',
  ]);
  expect([1, 1500, 20_000, 1_500_000].map((value) => label(null, value))).toEqual([
    '1',
    '1,500',
    '20k',
    '1,500k',
  ]);
});

test('more than a system can take stands at the upper edge of the curve, and stretches no axis', async () => {
  const whole = manifest({ systems: [system('s0')] });
  const plan = { ...whole.plan, trials: 2, reference: null, measurements: [target('get')] };
  const rates = [axis('rate_ops', [1000, 2000, 4000], { scale: 'log' })];
  // Of the last one twice as much is offered as comes back, and waits ten thousand times as long.
  const overloaded: SyntheticRun['measured'] = (_system, { rate_ops }) => ({
    latencies_ns: Array(300).fill(rate_ops === 4000 ? 1e9 : 1e5),
    elapsed_s: 300 / Math.min(rate_ops as number, 2000),
  });
  const folder = join(dir, 'overloaded');
  await writeRunInto(folder, run({ manifest: swept({ ...whole, plan }, rates), measured: overloaded }));
  const { source: recorded } = await readReport(folder, { reference: false });
  const bad = { misses_ops: 0, errors_ops: 0, wrong_ops: 0, stale_ops: 0, torn_ops: 0 };
  const points = recorded.summary.points.map((point) => ({
    ...point,
    rates: { offered_ops: point.rate_ops, achieved_ops: point.throughput_ops ?? 0, completed_ops: 0, ...bad },
    fell_behind: point.rate_ops === 4000 ? ('server' as const) : null,
  }));
  const source = {
    run: recorded.run,
    looks: recorded.looks,
    distance: recorded.distance,
    summary: { ...recorded.summary, points },
  };
  const { picture } = (await draw((theme) => pictureOf('figure', source, theme), pageTheme))!;
  const drawn = picture.datasets.points as (Row & { is_beyond: boolean; p50_us: number })[];
  const beyond = drawn.filter(({ is_beyond }) => is_beyond);
  expect(beyond).toHaveLength(2);
  const kept = Math.max(...drawn.filter(({ is_beyond }) => !is_beyond).map(({ y }) => y));
  for (const { y, p50_us } of beyond) {
    expect(p50_us).toBeGreaterThan(100 * y);
    expect(y).toBeLessThan(2 * kept);
  }
  expect(picture.caption.join(' ')).toContain('At the upper edge: more than the system can take');
});

test('the figure is what the experiment says, and the report has the other charts beside it', async () => {
  const { run, summary, looks, distance } = reports.get('clients')!.source;
  const plan = { ...run.manifest.plan, figure: 'throughput' as const };
  const source = { run: { ...run, manifest: { ...run.manifest, plan } }, summary, looks, distance };
  expect(pictureOf('figure', source, pageTheme)!.title).toMatch(/^Throughput over clients/);
  const charts = reportedCharts(source);
  expect(charts).toContain('latency');
  expect(charts).not.toContain('throughput');
});

describe('floors', () => {
  const frames = { name: 'frames', label: 'raw frames', systems: ['s1'], cores: [0, 1] };
  const means = { name: 'means', label: 'pingpong', systems: ['s0'], cores: [0, 1] };
  /** A tenth of what the systems take; the second floor is of means, and was not measured at 16,384 bytes. */
  const withFloors: SyntheticRun['measured'] = (subject, of, trial) => {
    const { name } = subject;
    if (name === 'means' && of.value_bytes === 16_384) return null;
    if (name !== 'frames' && name !== 'means') return measured(subject, of, trial);
    const { latencies_ns } = measured({ name: 's0' }, of, trial) as { latencies_ns: number[] };
    const times = latencies_ns.map((ns) => ns / 10);
    return { latencies_ns: times, ...(name === 'means' && { sample: 'run_mean' as const }) };
  };

  async function sweptOver(axes: Axis[], operation = 'get'): Promise<RunReport> {
    const whole = manifest({ systems: [system('s0'), system('s1')], floors: [frames, means] });
    const plan = { ...whole.plan, trials: 2, reference: null, measurements: [target(operation)] };
    const folder = await mkdtemp(join(dir, 'floors-'));
    await writeRunInto(folder, run({ manifest: swept({ ...whole, plan }, axes), measured: withFloors }));
    return readReport(folder, { reference: false });
  }
  const sizes = [axis('value_bytes', [64, 1024, 16_384], { unit: 'bytes' })];

  test('are dotted lines below those of the systems, each with an entry of the legend', async () => {
    const report = await sweptOver(sizes);
    const { picture, svg } = (await draw((theme) => pictureOf('figure', report.source, theme), pageTheme))!;
    const floors = picture.datasets.floors as Row[];
    expect(floors.map(({ system, x }) => [system, x])).toEqual([
      ['frames', 64],
      ['frames', 1024],
      ['frames', 16_384],
      ['means', 64],
      ['means', 1024],
    ]);
    const systems = picture.datasets.points as Row[];
    for (const { x, y } of floors) {
      expect(y / systems.find((row) => row.system === 's0' && row.x === x)!.y).toBeCloseTo(0.1, 2);
    }
    expect(svg).toContain('>raw frames (floor)<');
    expect(svg).toContain('>pingpong (floor, means of runs)<');
    // A line and the sample of the legend for each, in the dashes of floors.
    expect(svg.match(/stroke-dasharray="1.5,2.5"/g)).toHaveLength(4);
    expect(picture.caption.join(' ')).toContain(
      'Dotted: floors, the same exchange with nothing of the system',
    );
    expect(report.words[0]).toContain('Dotted lines show floors, the p50 of');
  });

  test('stand on a scale that has room for them, and no text lies on another', async () => {
    const report = await sweptOver(sizes);
    const paper = { fontSizePt: 8, hasTitle: false, patterns: false, logX: null, logY: null };
    for (const widthPt of [240, 504]) {
      const theme = paperTheme({ ...paper, font: dejaVuSans, widthPt });
      const { texts, spec } = (await draw((sized) => pictureOf('figure', report.source, sized), theme))!;
      expect(overlapping(texts)).toEqual([]);
      const [low] = JSON.parse(/"domain":(\[0\.[\d.]+,[\d.]+\])/.exec(JSON.stringify(spec))![1]) as number[];
      expect(low).toBeLessThan(1.1);
    }
  });

  test('are no part of what they do not bound: rates, and more than one request in flight', async () => {
    const report = await sweptOver([axis('clients', [1, 4, 16])]);
    for (const chart of ['throughput', 'curve'] as const) {
      const picture = pictureOf(chart, report.source, pageTheme)!;
      expect(picture.datasets.floors).toBeUndefined();
      expect(picture.caption.join(' ')).not.toContain('floors');
    }
    const latency = pictureOf('latency', report.source, pageTheme)!;
    const drawnAt = (latency.datasets.floors as Row[]).map(({ system, x }) => `${system} ${x}`);
    expect(drawnAt).toEqual(['frames 1', 'means 1']);
  });

  test('have the bandwidth of a ping-pong, also those of means', async () => {
    const report = await sweptOver(sizes, 'echo');
    const picture = pictureOf('bandwidth', report.source, pageTheme)!;
    for (const { x, y, p50_us } of picture.datasets.floors as (Row & { p50_us: number })[]) {
      expect(y).toBeCloseTo((16 * x) / p50_us / 1000, 9);
    }
  });
});

test('a curve has no knee where its p99 has risen at the first load above the lowest', async () => {
  const whole = manifest({ systems: [system('s0')] });
  const plan = { ...whole.plan, trials: 2, reference: null, measurements: [target('get')] };
  const rising: SyntheticRun['measured'] = (_system, { clients }) => ({
    latencies_ns: Array.from({ length: 3000 }, () => 1000 * clients ** 2),
    elapsed_s: 1 / clients,
  });
  const folder = await mkdtemp(join(dir, 'rising-'));
  const clients = [axis('clients', [1, 2, 4])];
  await writeRunInto(folder, run({ manifest: swept({ ...whole, plan }, clients), measured: rising }));
  const { source } = await readReport(folder, { reference: false });
  const { picture, svg } = (await draw((theme) => pictureOf('curve', source, theme), pageTheme))!;
  expect((picture.datasets.points as Row[]).some(({ is_knee }) => is_knee)).toBe(false);
  expect(picture.caption.join(' ')).not.toContain('knee');
  expect(svg).not.toContain('>knee<');
});
