/** What is made from a run: the figure, the table and the page, for good runs, bad runs and hostile data. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { figureSpec } from './charts/latency/figure.ts';
import { renderPng, renderSvg } from './charts/render.ts';
import type { Manifest, Summary } from './formats/index.ts';
import { writeReport } from './index.ts';
import { readRun } from './run/run-folder.ts';
import { summarize } from './summary/summary.ts';
import { renderTable } from './terminal/table.ts';
import { manifest, run, type SyntheticRun, system, target, writeRun } from './test-synthetic-run.ts';
import { reportFiles } from './write-report.ts';

const p50_ns = new Map([
  ['redis', 32_000],
  ['kv-sockets', 33_500],
  ['kv-kernel', 9_100],
]);
const measured: SyntheticRun['measured'] = ({ name }, _target, trial) => ({
  latencies_ns: Array(3000).fill((p50_ns.get(name) ?? 1500) + trial * 100),
});

async function report(
  synthetic: Partial<SyntheticRun>,
  reference = true,
): Promise<{ dir: string; summary: Summary; svg: string; html: string }> {
  const dir = await writeRun(run({ measured, ...synthetic }));
  const { summary } = await writeReport(dir, { reference });
  const [svg, html] = await Promise.all(
    ['figure.svg', 'report.html'].map((file) => readFile(join(dir, file), 'utf8')),
  );
  return { dir, summary, svg: svg!, html: html! };
}

/** The texts of an SVG, in document order. */
function texts(svg: string): string[] {
  return [...svg.matchAll(/<(?:text|tspan)[^>]*>([^<]+)</g)].map((match) => match[1]);
}

/** The page without its own scripts and the data that they read, which cannot end before their elements do. */
function withoutScripts(page: string): string {
  return page.replace(/<script( type="application\/json")?>.*?<\/script>/gs, '');
}

function withSystems(names: string[]): Manifest {
  return manifest({ systems: names.map((name) => system(name)) });
}

test('a rebuild writes the same bytes, from the raw files alone', async () => {
  const { dir } = await report({});
  const files = ['summary.json', 'figure.svg', 'figure.png', 'distribution.vl.json', 'report.html'];
  expect(reportFiles).toEqual(expect.arrayContaining(files));
  const read = (): Promise<Buffer[]> => Promise.all(files.map((file) => readFile(join(dir, file))));
  const before = await read();
  await writeReport(dir, { reference: true });
  expect(await read()).toEqual(before);
});

describe('figure', () => {
  test('says every value, system and operation, and the published values once in the legend', async () => {
    const { svg } = await report({});
    for (const text of [
      '32.3',
      '33.8',
      '9.41',
      'Redis',
      'SET',
      'GET',
      'p50 latency (µs)',
      'Redis SET and GET latency',
    ]) {
      expect(texts(svg)).toContain(text);
    }
    expect(texts(svg).filter((text) => text.startsWith('published'))).toHaveLength(1);
    expect(svg).toContain('font-family="DejaVu Sans, sans-serif"');
    expect(svg).not.toContain('NaN');
  });

  test('published values can be turned off, and are not drawn where there are none', async () => {
    const off = await report({}, false);
    const none = await report({ manifest: withSystems(['valkey', 'memcached']) });
    for (const { svg, html, summary } of [off, none]) {
      expect(`${svg}${html}`).not.toContain('published');
      expect(JSON.stringify(summary)).not.toContain('23.3');
    }
  });

  test('published values stand beside one client only', async () => {
    const many = manifest();
    const { svg } = await report({
      manifest: { ...many, plan: { ...many.plan, measurements: [target('get', 50)] } },
    });
    expect(svg).not.toContain('published');
  });

  test('the caption says what the manifest says', async () => {
    const { svg } = await report({ manifest: manifest({ quick: true, finished_at: null }) });
    const caption = texts(svg).join(' ');
    for (const fact of [
      'Quick run',
      'The run did not finish',
      'p50 of 5 trials',
      '93.8 % confidence',
      '1 client,',
      '64-byte values',
      '1,000,000 keys (uniform)',
      'polls through the kernel backend',
      'server on 0, client on 1',
      'Device: loopback',
      'AMD EPYC 7B13, 2 cores, 8 GiB',
      'virtual machine (KVM)',
      'Debian GNU/Linux 12 (bookworm)',
      'Linux 6.18.5 x86_64',
      'node v24.21.0',
      'bypassbench 0.1.0',
      'Redis server v=7.0.15',
      'commit 0123456789ab',
      '2026-01-02',
    ]) {
      expect(caption).toContain(fact);
    }
  });

  test('devices that differ are named under the systems, and systems that differ in the caption', async () => {
    const systems = [
      system('redis', { label: 'Redis' }),
      system('kv-dpdk', {
        label: 'DPDK',
        device: 'net_memif',
        client: { wait: 'block', backend: 'dpdk' },
        transport_note: 'There is no wire.',
        server_cores: [],
      }),
    ];
    const { svg } = await report({ manifest: manifest({ systems, git: { commit: null, dirty: true } }) });
    expect(texts(svg)).toContain('over net_memif');
    const caption = texts(svg).join(' ');
    expect(caption).toContain('DPDK: blocks through the dpdk backend');
    expect(caption).toContain('Cores: server on 0, client on 1; DPDK: server not pinned, client on 1.');
    expect(caption).toContain('DPDK: There is no wire.');
    expect(caption).toContain('commit unknown with uncommitted changes');
  });

  test('an invalid point is hollow and named; one without data says so', async () => {
    const { svg } = await report({
      trial: ({ name }, trial) => {
        if (name === 'kv-sockets') return { status: 'failed', reason: 'never ready', measurements: [] };
        return name === 'kv-kernel' && trial === 2 ? { status: 'failed', reason: 'hung' } : {};
      },
    });
    // Two hollow bars for kv-kernel; two without data; the words stand over each.
    expect(svg.match(/stroke-dasharray="5,3"/g)).toHaveLength(2);
    expect(texts(svg).filter((text) => text === 'invalid')).toHaveLength(4);
    expect(texts(svg).filter((text) => text === 'no data')).toHaveLength(2);
    const all = texts(svg).join(' ');
    expect(all).toContain(
      'kvserver on sockets, SET and GET invalid: Trials 1, 2, 3, 4 and 5 failed: never ready.',
    );
    expect(all).toContain('kvserver on libOS, kernel, SET and GET invalid: Trial 2 failed: hung.');
  });

  test('texts that are names to JavaScript are only texts', async () => {
    const names = ['constructor', 'toString', 'valueOf'];
    const systems = names.map((name) => system(name, { label: name, device: name, transport_note: name }));
    const { svg, summary } = await report({ manifest: manifest({ title: 'constructor', systems }) });
    expect(texts(svg)).toEqual(expect.arrayContaining(names));
    expect(summary.points.map((point) => point.system)).toEqual(names.flatMap((name) => [name, name]));
  });

  test('each number of clients has a panel of its own', async () => {
    const whole = manifest();
    const measurements = [target('get', 1), target('get', 8), target('mix', 8, 1024)];
    const { svg } = await report({ manifest: { ...whole, plan: { ...whole.plan, measurements } } });
    for (const name of [
      '1 client, 64-byte values',
      '8 clients, 64-byte values',
      '8 clients, 1,024-byte values',
    ]) {
      expect(texts(svg)).toContain(name);
    }
  });

  test('nothing measured at all is still a figure', async () => {
    const { svg } = await report(
      { trial: () => ({ status: 'failed', reason: 'no server', measurements: [] }) },
      false,
    );
    expect(texts(svg).filter((text) => text === 'no data')).toHaveLength(6);
    expect(svg).not.toContain('NaN');
  });

  test('a specification that Vega warns about is refused', async () => {
    const dir = await writeRun(run({ measured }));
    const { manifest } = await readRun(dir);
    const { summary } = await writeReport(dir, { reference: true });
    const spec = figureSpec(manifest, summary, true);
    await expect(
      renderSvg({ ...spec, vconcat: [{ mark: 'bar', encoding: { colour: { value: 'red' } } }] } as never),
    ).rejects.toThrow(/specification is wrong: colour-encoding is dropped/);
  });

  test('the PNG has twice the pixels of the SVG, and letters: the font is found', async () => {
    const { dir, svg } = await report({});
    const png = await readFile(join(dir, 'figure.png'));
    const [, width, height] = /<svg[^>]* width="(\d+)" height="(\d+)"/.exec(svg)!;
    expect(png.readUInt32BE(16)).toBe(2 * Number(width));
    expect(png.readUInt32BE(20)).toBe(2 * Number(height));
    const withoutText = renderPng(svg.replace(/<text.*?<\/text>/gs, ''));
    expect(png.length).toBeGreaterThan(2 * withoutText.length);
  });
});

describe('floors', () => {
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
  const floorStroke = /stroke="#882255"/g;

  test('are dashed lines, unlike anything else, across the bars of their system, with label and values', async () => {
    const { svg } = await report({ manifest: withFloor, measured: latencies });
    const said = texts(svg).join(' ');
    expect(said).toContain('floor, raw DPDK frames: SET 0.95, GET 0.90');
    expect(texts(svg)).toContain('floor (its value stands below)');
    const dashed = [...svg.matchAll(/<path[^>]*stroke-dasharray="5,3"[^>]*>/g)].map(([path]) => path);
    expect(dashed.filter((path) => floorStroke.test(path)).length).toBeGreaterThan(0);
    // One for each operation, and the one of the legend.
    expect(svg.match(floorStroke)).toHaveLength(3);
    expect(said).toContain(
      'Dashed line, floor: p50 of 5 trials of the same exchange with nothing of the system but its device: ' +
        'raw DPDK frames under kvserver on libOS, DPDK, on 0, 1.',
    );
  });

  test('are drawn at their values, under the bars that they are floors of', async () => {
    const dir = await writeRun(run({ manifest: withFloor, measured: latencies }));
    const { summary } = await writeReport(dir, { reference: false });
    const spec = JSON.parse(await readFile(join(dir, 'figure.vl.json'), 'utf8'));
    const [{ layer: layers }] = spec.vconcat[1].layer;
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
    const { svg, html } = await report({
      manifest: withFloor,
      measured: latencies,
      trial: ({ name }, trial) =>
        name === 'dpdk-frames' && trial === 1 ? { status: 'failed', reason: 'not built' } : {},
    });
    expect(svg).not.toMatch(floorStroke);
    const said = texts(svg).join(' ');
    expect(said).toContain('floor, raw DPDK frames: SET 0.95 invalid, GET 0.90 invalid');
    expect(said).toContain('raw DPDK frames (floor), SET and GET invalid: Trial 1 failed: not built.');
    expect(html).toContain('Trial 1 failed: not built.');
  });

  test('that were never measured say so, and a system without data keeps its words clear of the line', async () => {
    const nothing = (name: string) => ({
      trial: (subject: { name: string }) =>
        subject.name === name ? { status: 'failed' as const, reason: 'no device', measurements: [] } : {},
    });
    const floorless = await report({ manifest: withFloor, measured: latencies, ...nothing('dpdk-frames') });
    expect(texts(floorless.svg).join(' ')).toContain('floor, raw DPDK frames: SET no data, GET no data');
    const serverless = await report(
      { manifest: withFloor, measured: latencies, ...nothing('kv-dpdk') },
      false,
    );
    expect(serverless.svg.match(floorStroke)).toHaveLength(3);
    const spec = JSON.parse(await readFile(join(serverless.dir, 'figure.vl.json'), 'utf8'));
    const words: { system: string; at_us: number }[] = spec.vconcat[1].layer[0].layer.at(-1).data.values;
    for (const word of words.filter(({ system }) => system === 'kv-dpdk')) {
      expect(word.at_us).toBeGreaterThan(0.9);
    }
  });

  test('above every bar still fit into the figure', async () => {
    const { dir } = await report({
      manifest: withFloor,
      measured: ({ name }) => ({ latencies_ns: Array(3000).fill(name === 'dpdk-frames' ? 90_000 : 1000) }),
    });
    const spec = JSON.parse(await readFile(join(dir, 'figure.vl.json'), 'utf8'));
    expect(spec.vconcat[1].layer[0].encoding.y.scale.domain[1]).toBeGreaterThan(90);
  });

  test('are rows of the table and of the report, behind those of their system, with nothing published', async () => {
    const dir = await writeRun(run({ manifest: withFloor, measured: latencies }));
    const { summary } = await writeReport(dir, { reference: true });
    const table = renderTable(summary, { columns: 110, color: false });
    const named = table
      .split('\n')
      .flatMap((line) => /^([a-z-]+(?: \(floor\))?) +(?:SET|GET) /.exec(line)?.[1] ?? []);
    expect(named).toEqual(
      ['redis', 'kv-kernel', 'kv-dpdk', 'dpdk-frames (floor)'].flatMap((name) => [name, name]),
    );
    expect(table).toMatch(/^dpdk-frames \(floor\) +SET +0\.95 +0\.95 to 0\.95 +0\.03 +– .* 5\/5 +valid$/m);
    expect(table.replaceAll('\n', ' ')).toContain(
      '(floor): the same exchange with nothing of the system but its device.',
    );
    const html = await readFile(join(dir, 'report.html'), 'utf8');
    expect(html.match(/<td>raw DPDK frames \(floor\)<\/td>/g)!.length).toBe(4);
    expect(html).toContain('<h3>Floors</h3>');
    const links = [...html.matchAll(/href="\.\/([^"]*dpdk-frames[^"]*)"/g)].map(([, link]) => link!);
    expect(links.some((link) => link.includes('server.'))).toBe(false);
    for (const link of links.filter((one) => one.endsWith('.json'))) {
      expect((await readFile(join(dir, link))).length).toBeGreaterThan(0);
    }
  });

  test('of means of runs are called that wherever they stand, and have no tail', async () => {
    const pingpong = { name: 'fi-pingpong', label: 'fi_pingpong', systems: ['kv-rdma'], cores: [0, 1] };
    const both = manifest({
      systems: [...systems, system('kv-rdma', { label: 'kvserver on libOS, RDMA', device: 'shm' })],
      floors: [frames, pingpong],
    });
    const { svg, html, summary } = await report({
      manifest: both,
      measured: (subject, target, trial) =>
        subject.name === 'fi-pingpong'
          ? { latencies_ns: [1510, 1520, 1530], sample: 'run_mean' }
          : latencies(subject, target, trial),
    });
    const said = texts(svg).join(' ');
    expect(said).toContain('floor, fi_pingpong, means of runs: SET 1.52, GET 1.52');
    expect(said).toContain('floor, raw DPDK frames: SET 0.95, GET 0.90');
    expect(said).toContain(
      'raw DPDK frames under kvserver on libOS, DPDK, on 0, 1; fi_pingpong (means of runs, not single exchanges) ' +
        'under kvserver on libOS, RDMA, on 0, 1.',
    );
    expect(svg.match(floorStroke)).toHaveLength(5);
    const table = renderTable(summary, { columns: 140, color: false });
    // Neither a published value, a tail nor a throughput.
    expect(table).toMatch(
      /^fi-pingpong \(floor\) +SET +1\.52 +1\.52 to 1\.52 +0\.05 +– +– +– +– +5\/5 +valid$/m,
    );
    expect(table.replaceAll('\n', ' ')).toContain(
      'fi-pingpong: each sample is the mean of a run of many exchanges, so there is no tail to tell.',
    );
    expect(html.match(/<td>fi_pingpong \(floor, means of runs\)<\/td>/g)).toHaveLength(4);
    expect(html).toContain('fi-pingpong: each sample is the mean of a run of many exchanges');
  });

  test('with names that mean something to JavaScript or to a browser are only texts', async () => {
    const label = '<script>alert(1)</script> constructor';
    const floors = [{ ...frames, name: 'constructor', label }];
    const { svg, html } = await report({ manifest: manifest({ systems, floors }), measured: latencies });
    expect(texts(svg).join(' ')).toContain('constructor: SET 0.95, GET 0.90');
    for (const text of [svg, withoutScripts(html)]) expect(text).not.toContain('<script');
  });
});

describe('table', () => {
  async function oneTrialFailed(): Promise<Summary> {
    const failed: SyntheticRun['trial'] = ({ name }, trial) =>
      name === 'kv-sockets' && trial === 1 ? { status: 'failed', reason: 'hung' } : {};
    return summarize(await readRun(await writeRun(run({ measured, trial: failed }))));
  }

  test('says the same as the figure, aligned, within 100 columns', async () => {
    const summary = await oneTrialFailed();
    const lines = renderTable(summary, { columns: 100, color: false }).split('\n');
    const row = (start: string): string => lines.find((line) => line.startsWith(start))!;
    expect(row('redis ')).toMatch(
      /SET +32\.3 +32\.1 to 32\.5 +1\.00 +32\.3 +32\.5 +32\.5 +600 +5\/5 +valid$/,
    );
    expect(row('kv-kernel ')).toMatch(/SET +9\.41 +9\.21 to 9\.61 +0\.29 +23\.3 .*valid$/);
    expect(row('kv-sockets ')).toMatch(/SET +33\.8 +33\.6 to 34\.0 +– +– .*invalid$/);
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(100);
    const table = lines.filter((line) => /^(system|redis|kv-\w+) +(op|SET|GET) /.test(line));
    expect(new Set(table.map((line) => line.search(/ {2}(op|SET|GET) /))).size).toBe(1);
    expect(lines.join('\n')).toContain('kv-sockets, SET and GET invalid:\n  Trial 1 failed: hung.');
  });

  test.each([40, 60, 80, 100, 200])('fits %i columns', async (columns) => {
    const summary = await oneTrialFailed();
    const table = renderTable(summary, { columns, color: false });
    expect(Math.max(...table.split('\n').map((line) => line.length))).toBeLessThanOrEqual(columns);
    expect(table).toContain('p50 µs');
    expect(table).toContain('verdict');
  });

  test('colours only when asked', async () => {
    const summary = await oneTrialFailed();
    const esc = String.fromCharCode(27);
    expect(renderTable(summary, { columns: 100, color: false })).not.toContain(esc);
    expect(renderTable(summary, { columns: 100, color: true })).toContain(`${esc}[31minvalid`);
  });

  test('published values can be left out', async () => {
    const summary = await oneTrialFailed();
    expect(renderTable(summary, { columns: 100, color: false, reference: false })).not.toContain('published');
  });

  test('data cannot steer the terminal', async () => {
    const summary = await oneTrialFailed();
    const [point] = summary.points;
    const hostile = {
      ...point!,
      verdict: 'invalid' as const,
      reasons: ['\u001b[2J\u001b]0;owned\u0007gone\r\n'],
    };
    const table = renderTable(
      { ...summary, title: '\u001b[31mred', points: [hostile] },
      { columns: 100, color: false },
    );
    expect(table).toMatch(/^[^\p{Cc}]*$/mu);
    expect(table.replaceAll('\n', '')).not.toMatch(/\p{Cc}/u);
  });
});

describe('report.html', () => {
  const hostile = `</style></title><script>alert(1)</script>"'&<img src=https://example.org/x onerror=alert(1)>`;
  const hostileRun: Partial<SyntheticRun> = {
    manifest: manifest({
      title: hostile,
      command: ['bypassbench', 'run', hostile, "it's"],
      config: { hostile },
      versions: { node: hostile, bypassbench: hostile, [hostile]: hostile },
      machine: {
        ...manifest().machine,
        cpu: hostile,
        governor: hostile,
        kernel: hostile,
        os: hostile,
        hypervisor: hostile,
      },
      git: { commit: hostile, dirty: true },
      systems: [
        system('redis', { label: hostile, backend: hostile, device: hostile, transport_note: hostile }),
        system('constructor', { client: { wait: 'poll', backend: hostile } }),
      ],
    }),
    trial: (_system, trial) =>
      trial === 1 ? { status: 'failed', reason: hostile, log_tail: [hostile, hostile] } : {},
    measured: () => ({ latencies_ns: Array(3000).fill(1000), errors: 1, first_error: hostile }),
  };

  test('has the figure first, then distributions, numbers, validity, trials, environment, repeating', async () => {
    const { html } = await report({});
    const parts = [
      '<figure class="chart" id="chart-figure"',
      '<h2>Distributions</h2>',
      '<figure class="chart" id="chart-distribution"',
      '<h2>Numbers</h2>',
      '<h2>Validity</h2>',
      '<h2>Trials</h2>',
      '<h3>Spread between trials</h3>',
      '<h2>Environment</h2>',
      '<h2>How to repeat it</h2>',
    ];
    const places = parts.map((part) => html.indexOf(part));
    expect(places.every((place) => place > 0)).toBe(true);
    expect(places).toEqual(places.toSorted((a, b) => a - b));
    expect(html).toContain('bypassbench run experiments/redis-figure.yaml --out runs/a');
  });

  test('links relative to itself, to files that are there', async () => {
    const { dir, html } = await report({});
    const links = [...html.matchAll(/href="([^"]*)"/g)].map((match) => match[1]);
    expect(links.length).toBeGreaterThan(5 * 3 * 4);
    for (const link of links.filter((one) => one.startsWith('#')))
      expect(html).toContain(`id="${link.slice(1)}"`);
    const files = links.filter((link) => !link.startsWith('#'));
    expect(files.every((link) => link.startsWith('./'))).toBe(true);
    const made = files.filter((link) =>
      /result\.json$|\.hdr$|manifest\.json$|\.svg$|\.png$|\.vl\.json$/.test(link),
    );
    for (const link of made) expect((await readFile(join(dir, link))).length).toBeGreaterThan(0);
  });

  test.each([
    ['an ordinary run', {}],
    ['hostile data', hostileRun],
  ])('loads nothing: %s', async (_name, synthetic) => {
    const { html } = await report(synthetic);
    const tags = withoutScripts(html).match(/<[a-z][^>]*>/gi)!;
    expect(
      tags.filter((tag) => /^<(script|img|link|iframe|object|embed|image|use|base|form)\b/i.test(tag)),
    ).toEqual([]);
    expect(
      tags.filter((tag) => /\s(src|srcset|xlink:href|on\w+)\s*=/i.test(tag.replace(/"[^"]*"/g, '""'))),
    ).toEqual([]);
    const style = html.slice(html.indexOf('<style>'), html.indexOf('</style>'));
    expect(style).not.toMatch(/url\(|@import/);
    const scripts = [...html.matchAll(/<script>(.*?)<\/script>/gs)].map(([, code]) => code!);
    expect(scripts).toHaveLength(1);
    const hash = createHash('sha256').update(scripts[0]).digest('base64');
    expect(html).toContain(
      `content="default-src &#39;none&#39;; style-src &#39;unsafe-inline&#39;; script-src &#39;sha256-${hash}&#39;"`,
    );
  });

  test('escapes whatever comes from data, in the page, the figure and the command', async () => {
    const { html, svg } = await report(hostileRun);
    for (const text of [withoutScripts(html), svg]) {
      expect(text).not.toContain('<script');
      expect(text).not.toContain('<img');
    }
    expect(html).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
    expect(html.match(/<title>(.*?)<\/title>/s)![1]).not.toContain('<');
    expect(html).toContain(`&#39;it&#39;\\&#39;&#39;s&#39;`);
  });

  test('a run that did not finish says so', async () => {
    const { html } = await report({
      manifest: manifest({ finished_at: null }),
      trial: (_system, trial) => (trial < 3 ? {} : null),
    });
    expect(html).toContain('not finished; 0 of 6 points valid');
    expect(html).toContain('Only 2 of 5 trials ran: the run did not finish.');
  });
});
