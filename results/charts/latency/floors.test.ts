/** Floors, wherever they are shown: across their bars, in the table and in the report. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { RunReport } from '../../run-report.ts';
import { renderTable } from '../../terminal/table.ts';
import { figureOf, report, texts, withoutScripts } from '../../test-report.ts';
import { manifest, type SyntheticRun, system } from '../../test-synthetic-run.ts';

const frames = { name: 'dpdk-frames', label: 'raw DPDK frames', systems: ['kv-dpdk'], cores: [0, 1] };
const systems = [
  system('redis', { label: 'Redis' }),
  system('kv-kernel', { label: 'kvserver on libOS, kernel' }),
  system('kv-dpdk', { label: 'kvserver on libOS, DPDK', device: 'net_memif (shared memory)' }),
];
const withFloor = manifest({ systems, floors: [frames] });
const latencies: SyntheticRun['measured'] = ({ name }, { operation }, trial) => {
  const floor_ns = operation === 'set' ? 950 : 900;
  const p50 = new Map([
    ['redis', 32_000],
    ['kv-kernel', 9_100],
    ['kv-dpdk', 4_200],
  ]);
  return { latencies_ns: Array(3000).fill((p50.get(name) ?? floor_ns) + trial) };
};
/** Parts of a specification are looked at as they are found. */
const specOf = async (made: RunReport) => JSON.parse(JSON.stringify((await made.chart('figure'))!.spec));
const floorStroke = /stroke="#882255"/g;

test('are dashed lines, unlike anything else, across the bars of their system, with label and values', async () => {
  const made = await report({ manifest: withFloor, measured: latencies });
  const svg = await figureOf(made);
  const said = texts(svg).join(' ');
  expect(said).toContain('floor, raw DPDK frames: SET 0.95 GET 0.90');
  expect(texts(svg)).toContain('floor, value below');
  const dashed = [...svg.matchAll(/<path[^>]*stroke-dasharray="5,3"[^>]*>/g)].map(([path]) => path);
  expect(dashed.filter((path) => floorStroke.test(path)).length).toBeGreaterThan(0);
  // One for each operation, and the one of the legend.
  expect(svg.match(floorStroke)).toHaveLength(3);
  expect(made.words.join('\n')).toContain(
    'Dashed lines show floors, the p50 of 5 trials of the same exchange with nothing of the system but its device: ' +
      'raw DPDK frames under kvserver on libOS, DPDK, on cores 0, 1.',
  );
});

test('are drawn at their values, under the bars that they are floors of', async () => {
  const made = await report({ manifest: withFloor, measured: latencies }, false);
  const { summary } = made;
  const spec = await specOf(made);
  const [{ layer: layers }] = spec.vconcat[2].layer;
  const lines = layers.find(({ data }: { data?: { name?: string } }) => data?.name === 'floors');
  expect(lines.encoding.y.field).toBe('p50_us');
  expect(spec.datasets.floors).toMatchObject(
    summary.floors.map(({ operation, latency_us }) => ({
      system: 'kv-dpdk',
      operation,
      p50_us: latency_us!.p50,
    })),
  );
  expect(summary.floors.map(({ latency_us }) => latency_us!.p50.toFixed(2))).toEqual(['0.95', '0.90']);
});

test('that failed have no line, but words', async () => {
  const made = await report({
    manifest: withFloor,
    measured: latencies,
    trial: ({ name }, trial) =>
      name === 'dpdk-frames' && trial === 1 ? { status: 'failed', reason: 'not built' } : {},
  });
  const svg = await figureOf(made);
  expect(svg).not.toMatch(floorStroke);
  const said = texts(svg).join(' ');
  expect(said).toContain('floor, raw DPDK frames: SET 0.95✗ GET 0.90✗');
  expect(await made.page()).toContain('Trial 1 failed: not built.');
});

test('that were never measured say so, and a system without data keeps its words clear of the line', async () => {
  const nothing = (name: string) => ({
    trial: (subject: { name: string }) =>
      subject.name === name ? { status: 'failed' as const, reason: 'no device', measurements: [] } : {},
  });
  const floorless = await report({ manifest: withFloor, measured: latencies, ...nothing('dpdk-frames') });
  expect(texts(await figureOf(floorless)).join(' ')).toContain(
    'floor, raw DPDK frames: SET no data GET no data',
  );
  const serverless = await report({ manifest: withFloor, measured: latencies, ...nothing('kv-dpdk') }, false);
  expect((await figureOf(serverless)).match(floorStroke)).toHaveLength(3);
  const spec = await specOf(serverless);
  const words: { system: string; at_us: number }[] = spec.vconcat[2].layer[0].layer.at(-1).data.values;
  for (const word of words.filter(({ system }) => system === 'kv-dpdk')) {
    expect(word.at_us).toBeGreaterThan(0.9);
  }
});

test('above every bar still fit into the figure', async () => {
  const made = await report({
    manifest: withFloor,
    measured: ({ name }) => ({ latencies_ns: Array(3000).fill(name === 'dpdk-frames' ? 90_000 : 1000) }),
  });
  const spec = await specOf(made);
  expect(spec.vconcat[2].layer[0].encoding.y.scale.domain[1]).toBeGreaterThan(90);
});

test('are rows of the table and of the report, behind those of their system, with nothing published', async () => {
  const made = await report({ manifest: withFloor, measured: latencies });
  const { run, summary } = made;
  const table = renderTable(summary, { columns: 110, color: false });
  const named = table
    .split('\n')
    .flatMap((line) => /^([a-z-]+(?: \(floor\))?) +(?:SET|GET) /.exec(line)?.[1] ?? []);
  expect(named).toEqual(
    ['redis', 'kv-kernel', 'kv-dpdk', 'dpdk-frames (floor)'].flatMap((name) => [name, name]),
  );
  expect(table).toMatch(
    /^dpdk-frames \(floor\) +SET +0\.95 +0\.95 to 0\.95 +0\.03 +0\.03 to 0\.03 +– .* 5\/5$/m,
  );
  expect(table.replaceAll('\n', ' ')).toContain(
    '(floor): the same exchange with nothing of the system but its device.',
  );
  const html = await made.page();
  expect(html.match(/<td>raw DPDK frames \(floor\)<\/td>/g)!.length).toBe(4);
  expect(html).toContain('<h3>Floors</h3>');
  const links = [...html.matchAll(/href="\.\/([^"]*dpdk-frames[^"]*)"/g)].map(([, link]) => link!);
  expect(links.some((link) => link.includes('server.'))).toBe(false);
  for (const link of links.filter((one) => one.endsWith('.json'))) {
    expect((await readFile(join(run.dir, link))).length).toBeGreaterThan(0);
  }
});

test('of means of runs are called that wherever they stand, and have no tail', async () => {
  const pingpong = { name: 'fi-pingpong', label: 'fi_pingpong', systems: ['kv-rdma'], cores: [0, 1] };
  const both = manifest({
    systems: [...systems, system('kv-rdma', { label: 'kvserver on libOS, RDMA', device: 'shm' })],
    floors: [frames, pingpong],
  });
  const made = await report({
    manifest: both,
    measured: (subject, target, trial) =>
      subject.name === 'fi-pingpong'
        ? { latencies_ns: [1510, 1520, 1530], sample: 'run_mean' }
        : latencies(subject, target, trial),
  });
  const [svg, html] = await Promise.all([figureOf(made), made.page()]);
  const said = texts(svg).join(' ');
  expect(said).toContain('floor, fi_pingpong, means of runs: SET 1.52 GET 1.52');
  expect(said).toContain('floor, raw DPDK frames: SET 0.95 GET 0.90');
  expect(html).toContain(
    'raw DPDK frames under kvserver on libOS, DPDK, on cores 0, 1; fi_pingpong (means of runs, not single exchanges) ' +
      'under kvserver on libOS, RDMA, on cores 0, 1.',
  );
  expect(svg.match(floorStroke)).toHaveLength(5);
  const table = renderTable(made.summary, { columns: 140, color: false });
  // Neither a published value, a tail nor a throughput.
  expect(table).toMatch(
    /^fi-pingpong \(floor\) +SET +1\.52 +1\.52 to 1\.52 +0\.047 +0\.047 to 0\.047 +– +– +– +– +5\/5$/m,
  );
  expect(table.replaceAll('\n', ' ')).toContain(
    'fi-pingpong: each sample is the mean of a run of many exchanges, so there is no tail to show.',
  );
  expect(html.match(/<td>fi_pingpong \(floor, means of runs\)<\/td>/g)).toHaveLength(4);
  expect(html).toContain('fi-pingpong: each sample is the mean of a run of many exchanges');
});

test('with names that mean something to JavaScript or to a browser are only texts', async () => {
  const label = '<script>alert(1)</script> constructor';
  const floors = [{ ...frames, name: 'constructor', label }];
  const made = await report({ manifest: manifest({ systems, floors }), measured: latencies });
  const [svg, html] = await Promise.all([figureOf(made), made.page()]);
  expect(texts(svg).join(' ')).toContain('constructor: SET 0.95 GET 0.90');
  for (const text of [svg, withoutScripts(html)]) expect(text).not.toContain('<script');
});

test('that serve several systems are measured once and drawn across the bars of each', async () => {
  const shared = { ...frames, systems: ['redis', 'kv-dpdk'] };
  const made = await report({ manifest: manifest({ systems, floors: [shared] }), measured: latencies });
  const [svg, html] = await Promise.all([figureOf(made), made.page()]);
  const { summary } = made;
  expect(summary.floors.map(({ operation }) => operation)).toEqual(['set', 'get']);
  // Two systems with two operations each, and the line of the legend.
  expect(svg.match(floorStroke)).toHaveLength(5);
  const table = renderTable(summary, { columns: 140, color: false });
  expect(table.match(/^dpdk-frames \(floor\) +(SET|GET)/gm)).toHaveLength(2);
  expect(html).toContain('raw DPDK frames under Redis and kvserver on libOS, DPDK, on cores 0, 1.');
});
