/** Requests beside bulk: what is drawn where, and what is said of it. */
import { beforeAll, expect, test } from 'vitest';
import type { Manifest } from '../../formats/index.ts';
import type { RunReport } from '../../run-report.ts';
import { drawn } from '../../test-report.ts';
import {
  axis,
  bulkResult,
  manifest,
  type SyntheticRun,
  swept,
  system,
  target,
} from '../../test-synthetic-run.ts';
import { pictureOf, reportedCharts } from '../charts.ts';
import { draw } from '../render.ts';
import { overlapping } from '../text-boxes.ts';
import { dejaVuSans } from '../theme/font.ts';
import { pageTheme, paperTheme } from '../theme/theme.ts';

const STREAMS = [0, 1, 4];

/** The p99 grows by 10 us with each stream, of the second system twice as much; a stream carries 1 GB/s. */
const measured: SyntheticRun['measured'] = ({ name }, { bulk_clients = 0 }, trial) => {
  const slow = name === 'redis' ? 1 : 2;
  const tail_ns = 20_000 + 10_000 * slow * bulk_clients;
  return {
    latencies_ns: Array.from({ length: 3000 }, (_, index) => (index % 20 === 0 ? tail_ns : 10_000)),
    bulk:
      bulk_clients > 0 ? bulkResult(bulk_clients, (bulk_clients * 1e9 * (1 + trial / 100)) / slow, 1) : null,
  };
};

function beside(plan: Partial<Manifest['plan']> = {}): Manifest {
  const whole = manifest({
    systems: [
      system('redis', { label: 'Redis' }),
      system('kv-dpdk', { label: 'kvserver on DPDK', provenance: 'shared_memory' }),
    ],
  });
  const axes = [axis('bulk_clients', STREAMS, { path: 'workload.bulk.clients', scale: 'linear' })];
  const made = swept(
    { ...whole, plan: { ...whole.plan, trials: 3, reference: null, measurements: [target('get')], ...plan } },
    axes,
  );
  const measurements = made.plan.measurements.map((one) => {
    const streams = one.at.bulk_clients as number;
    return streams > 0 ? { ...one, bulk_clients: streams } : one;
  });
  return { ...made, plan: { ...made.plan, measurements } };
}

interface Row {
  panel: string;
  system: string;
  x: number;
  y: number | null;
  low: number | null;
  high: number | null;
}

let report: RunReport;
beforeAll(async () => {
  ({ report } = await drawn('bulk', { manifest: beside(), measured }));
});

const bulkPicture = async (theme = pageTheme) =>
  (await draw((sized) => pictureOf('bulk', report.source, sized), theme))!;

test('one panel has the p99 of the requests, the other the bandwidth of the bulk beside them', async () => {
  const { picture } = await bulkPicture();
  const rows = picture.datasets.points as Row[];
  const of = (panel: string, name: string): (number | null)[] =>
    rows.filter((row) => row.panel === panel && row.system === name).map(({ y }) => y);
  expect(of('GET: p99 latency (µs)', 'redis').map((us) => Math.round(us as number))).toEqual([20, 30, 60]);
  expect(of('GET: p99 latency (µs)', 'kv-dpdk').map((us) => Math.round(us as number))).toEqual([20, 40, 100]);
  // Gbit/s; without bulk there is no bandwidth.
  const [none, one, four] = of('GET: bandwidth of bulk (Gbit/s)', 'redis');
  expect(none).toBeNull();
  expect(one).toBeCloseTo(8 * 1.02, 6);
  expect(four).toBeCloseTo(32 * 1.02, 6);
  const last = rows.find(
    (row) => row.panel.includes('bandwidth') && row.system === 'kv-dpdk' && row.x === 4,
  )!;
  expect([last.low, last.high].map((value) => Number((value as number).toFixed(6)))).toEqual([16.16, 16.48]);
});

test('it is the figure of such a run, and its words say what it shows', async () => {
  expect(report.source.run.manifest.plan.figure).toBeNull();
  const charts = reportedCharts(report.source);
  expect(charts).toContain('figure');
  expect(charts).not.toContain('bulk');
  expect(pictureOf('figure', report.source, pageTheme)?.title).toMatch(/^p99 latency beside bulk/);
  const [about, doubts] = report.words;
  expect(about).toContain(
    'the p99 latency of GET beside bulk, and bandwidth of the bulk, for Redis; kvserver on DPDK.',
  );
  expect(about).toContain(
    'Lines show the p99 of 3 trials, merged by count, and the bandwidth of the bulk over the bulk streams;',
  );
  expect(about).toContain('Beside it 1 / 4 streams read values of 1,048,576 bytes, one at a time each.');
  expect(about).not.toContain('Bars show');
  expect(doubts).toBe('Every p99 and throughput shown is valid.');
});

test('the caption says what was carried, and how much of a latency may be the generator itself', async () => {
  const { picture } = await bulkPicture();
  const caption = picture.caption.join(' ');
  expect(caption).toContain('Streams of GET of 1,048,576 bytes, beside 3 trials');
  expect(caption).toContain('Of each latency, 2.00 µs at most, on average,');
  expect(picture.warnings.join(' ')).toContain('Unlike links');
});

test.each([240, 504])('%i pt wide, no text lies on another', async (widthPt) => {
  const paper = { fontSizePt: 8, hasTitle: false, patterns: false, logX: null, logY: null };
  const { texts } = await bulkPicture(paperTheme({ ...paper, font: dejaVuSans, widthPt }));
  expect(overlapping(texts).map(([a, b]) => `${a.text} | ${b.text}`)).toEqual([]);
});

test('a run without bulk has no such chart', async () => {
  const { report: without } = await drawn('latency', {
    manifest: beside(),
    measured: (...of) => ({ ...measured(...of), latencies_ns: [1000], bulk: null }),
  });
  expect(pictureOf('bulk', without.source, pageTheme)).toBeNull();
});
