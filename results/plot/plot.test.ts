/** Plots for paper: as wide as asked, no text smaller than asked, and none on another; and the files. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inflateSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { pictureOf } from '../charts/charts.ts';
import { draw } from '../charts/render.ts';
import { overlapping } from '../charts/text-boxes.ts';
import { dejaVuSans } from '../charts/theme/font.ts';
import { paperTheme } from '../charts/theme/theme.ts';
import type { Role, SystemUnderTest } from '../formats/index.ts';
import { type RunReport, readReport } from '../run-report.ts';
import { manifest, run, type SyntheticRun, system, writeRunInto } from '../test-synthetic-run.ts';
import { escapeLatex } from './latex.ts';
import { defaultOptions, type PlotOptions, parseLabels, parseWidth } from './options.ts';
import { plot } from './plot.ts';
import { parseStyle } from './style-file.ts';

const labels = [
  ['Redis, unmodified', 33_000],
  ['Redis, libOS over the kernel', 18_000],
  ['Redis, libOS on DPDK', 9_400],
  ['kvserver, node:net sockets', 41_000],
  ['kvserver, libOS over the kernel', 12_000],
  ['kvserver, libOS on DPDK', 4_100],
  ['kvserver, libOS over RDMA', 3_200],
  ['memcached', 30_000],
  ['Valkey', 28_000],
  ['a server with a long name of its own', 22_000],
  ['KeyDB', 35_000],
  ['Garnet', 15_000],
] as const;
const roles: Role[] = ['unmodified', 'libos_over_kernel', 'bypass', 'libos_over_epoll'];

/** In groups where there are eight, and with the four systems of a split. */
function systemsOf(count: number): SystemUnderTest[] {
  return labels.slice(0, count).map(([label], index) =>
    system(`s${index}`, {
      label,
      role: roles[index] ?? null,
      backend: index === 2 ? 'dpdk' : 'kernel',
      group: count === 8 ? label.split(',')[0].replace(/^[mV].*/, 'others') : '',
    }),
  );
}

const measured: SyntheticRun['measured'] = ({ name }, { operation }, trial) => {
  const p50_ns = labels[Number(name.slice(1))][1] * (operation === 'set' ? 1.1 : 1);
  const spread = (index: number): number => (0.9 + index / 5000) * (index % 97 === 0 ? 8 : 1);
  const stages = {
    client_libos_send: 0.1,
    server_application: 0.3,
    server_libos_send: 0.2,
    reply_between: 0.4,
  };
  return { latencies_ns: Array.from({ length: 1000 }, (_, index) => p50_ns * spread(index) + trial), stages };
};

let dir = '';
const reports = new Map<number, RunReport>();
const counts = [1, 4, 8, 12];

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'bypassbench-results-'));
  for (const count of counts) {
    const of = join(dir, `of-${count}`);
    const plan = { ...manifest().plan, trials: 2 };
    await writeRunInto(of, run({ manifest: manifest({ plan, systems: systemsOf(count) }), measured }));
    reports.set(count, await readReport(of, { reference: true }));
  }
});
afterAll(() => rm(dir, { recursive: true, force: true }));

const options = (overrides: Partial<PlotOptions>): PlotOptions => ({
  ...defaultOptions,
  font: dejaVuSans.name,
  ...overrides,
});

describe.each(counts)('of %i systems', (count) => {
  test.each(['240pt', '7in'])('%s wide, no text lies on another or is smaller than asked', async (asked) => {
    const widthPt = parseWidth(asked);
    const theme = paperTheme({ ...options({ widthPt, fontSizePt: 8 }), font: dejaVuSans });
    for (const chart of ['figure', 'distribution', 'split', 'polling', 'breakdown'] as const) {
      const drawn = await draw((sized) => pictureOf(chart, reports.get(count)!.source, sized), theme);
      if (drawn === null) continue;
      const { svg, texts } = drawn;
      expect(texts.length).toBeGreaterThan(5);
      const lying = overlapping(texts).map(([a, b]) => `${chart}: ${a.text} | ${b.text}`);
      expect(lying).toEqual([]);
      expect(Math.min(...texts.map(({ fontSize }) => fontSize))).toBeGreaterThanOrEqual(8 * (96 / 72) - 1e-9);
      const [, width, height] = /<svg[^>]* width="([\d.]+)" height="([\d.]+)"/.exec(svg)!.map(Number);
      expect((width * 72) / 96).toBeCloseTo(widthPt, 0);
      for (const { left, right, top, bottom } of texts) {
        expect(Math.min(left, top)).toBeGreaterThan(-1);
        expect(right).toBeLessThan(width + 1);
        expect(bottom).toBeLessThan(height + 1);
      }
    }
  });
});

test('a PDF is as large as the picture, and its text is text in an embedded font', async () => {
  const out = join(dir, 'one.pdf');
  const wanted = options({ formats: ['svg', 'png'], patterns: true });
  const { files, warnings } = await plot(reports.get(4)!, wanted, out);
  expect(warnings).toEqual([]);
  expect(files.map((file) => file.slice(dir.length + 1))).toEqual([
    'one.pdf',
    'one.svg',
    'one.png',
    'one.tex',
  ]);
  const pdf = await readFile(out);
  expect(pdf.toString('latin1')).toMatch(/\/MediaBox \[0 0 240 [\d.]+\]/);
  expect(pdf.toString('latin1')).toMatch(/\/FontFile2/);
  expect(pdf.toString('latin1')).not.toMatch(/\/Subtype \/Image/);
  const content = streamsOf(pdf);
  expect(content.match(/TJ/g)!.length).toBeGreaterThan(20);
  expect(await plot(reports.get(4)!, wanted, out).then(() => readFile(out))).toEqual(pdf);
});

function streamsOf(pdf: Buffer): string {
  const streams: string[] = [];
  for (let at = pdf.indexOf('stream\n'); at >= 0; at = pdf.indexOf('stream\n', at + 1)) {
    try {
      streams.push(inflateSync(pdf.subarray(at + 7)).toString('latin1'));
    } catch {
      // The end of a stream, or one that is not packed.
    }
  }
  return streams.join('\n');
}

test('some systems, under other labels, look as they do among all of them', async () => {
  const wanted = options({
    charts: ['distribution'],
    formats: ['svg'],
    systems: ['s5', 's0'],
    labels: { s0: 'a_b & c' },
    colours: { s5: '#123456' },
  });
  await plot(reports.get(12)!, wanted, dir);
  const svg = await readFile(join(dir, 'distribution.svg'), 'utf8');
  expect(svg).toContain('a_b &amp; c');
  expect(svg).not.toContain('memcached');
  expect(svg.indexOf('libOS on DPDK')).toBeLessThan(svg.indexOf('a_b &amp; c'));
  const strokes = new Set(
    [...svg.matchAll(/stroke="(#[0-9a-f]{6})" stroke-width="2"/g)].map(([, colour]) => colour),
  );
  expect([...strokes].sort()).toEqual(['#0072b2', '#123456']);
  const tex = await readFile(join(dir, 'distribution.tex'), 'utf8');
  expect(tex).toMatch(
    /\\caption\{Latency distribution: Redis SET and GET latency\. .*\\%.*\}\n\\label\{fig:redis-figure-distribution\}/,
  );
});

test('patterns tell bars apart without colours', async () => {
  await plot(reports.get(4)!, options({ formats: ['svg'], patterns: true }), dir);
  const svg = await readFile(join(dir, 'figure.svg'), 'utf8');
  const defined = new Set([...svg.matchAll(/<pattern id="([^"]+)"/g)].map(([, id]) => id));
  const used = new Set([...svg.matchAll(/fill="url\(#([^)]+)\)"/g)].map(([, id]) => id));
  // Of two operations the first one has its plain colour.
  expect(used.size).toBe(1);
  expect(defined).toEqual(used);
});

test('values on a logarithmic scale stand where they are', async () => {
  const theme = paperTheme({ ...options({ logY: true, widthPt: 500 }), font: dejaVuSans });
  const drawn = (await draw((sized) => pictureOf('figure', reports.get(4)!.source, sized), theme))!;
  expect(drawn.texts.map(({ text }) => text)).toEqual(expect.arrayContaining(['1', '10', '41.1']));
  expect(overlapping(drawn.texts)).toEqual([]);
});

test('what is asked wrongly is said', async () => {
  const report = reports.get(4)!;
  await expect(plot(report, options({ systems: ['s9'] }), dir)).rejects.toThrow(
    /no system s9; it has s0, s1, s2 and s3/,
  );
  await expect(plot(report, options({ font: 'Comic Sans' }), dir)).rejects.toThrow(
    /known are Times, Helvetica/,
  );
  await expect(plot(report, options({ charts: ['states'] }), dir)).rejects.toThrow(
    /nothing that the chart 'states'/,
  );
  await expect(plot(report, options({ charts: ['figure', 'split'] }), 'a.pdf')).rejects.toThrow(
    /give a folder/,
  );
  expect(() => parseWidth('3.33 parsecs')).toThrow(/3\.33in, 85mm or 240pt/);
  expect(() => parseLabels('redis')).toThrow(/pairs such as/);
  expect(() => parseStyle('paper.yaml', 'width: 3in\ncolour: red')).toThrow(/paper\.yaml:1: .*colour/);
  expect(() => parseStyle('paper.yaml', 'width: 3in\ncolours: { redis: red }')).toThrow(
    /paper\.yaml:2: .*#0072b2/,
  );
});

test('a style file says what all plots of a paper have in common', () => {
  const text =
    'width: 85mm\nfont_size: 9\nformat: [pdf, svg]\nlabels: { redis: "Redis, 7" }\norder: [redis]\npatterns: true';
  const style = parseStyle('paper.yaml', text);
  expect(style).toMatchObject({ fontSizePt: 9, formats: ['pdf', 'svg'], systems: ['redis'], patterns: true });
  expect(style.widthPt).toBeCloseTo(240.9, 1);
  expect(parseLabels('a=kvserver, DPDK,b=Redis')).toEqual({ a: 'kvserver, DPDK', b: 'Redis' });
});

test('LaTeX prints captions as they are', () => {
  expect(escapeLatex('50 % of 3 µs_{a} & $x → y')).toBe(
    '50~\\% of 3~$\\mu$s\\_\\{a\\} \\& \\$x $\\rightarrow$ y',
  );
});
