/** The figure: values, marks, published values, for good runs, bad runs and hostile data. */
import { expect, test } from 'vitest';
import type { Manifest } from '../../formats/index.ts';
import { figureOf, report, texts } from '../../test-report.ts';
import { manifest, type SyntheticRun, system, target } from '../../test-synthetic-run.ts';
import { renderPng, renderSvg } from '../render.ts';
import { pageTheme } from '../theme/theme.ts';

const figure = async (...of: Parameters<typeof report>) => figureOf(await report(...of));

function withSystems(names: string[]): Manifest {
  return manifest({ systems: names.map((name) => system(name)) });
}

test('says every value, system and operation, and the published values once in the legend', async () => {
  const svg = await figure({});
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
  for (const made of [off, none]) {
    expect(`${await figureOf(made)}${await made.page()}`).not.toContain('published');
    expect(JSON.stringify(made.summary)).not.toContain('23.3');
  }
});

test('published values stand beside one client only', async () => {
  const many = manifest();
  const svg = await figure({
    manifest: { ...many, plan: { ...many.plan, measurements: [target('get', 50)] } },
  });
  expect(svg).not.toContain('published');
});

test('the caption says in at most three lines what must be known, most important first', async () => {
  const hung: SyntheticRun['trial'] = (_subject, trial) =>
    trial === 2 ? { status: 'failed', reason: 'hung' } : {};
  const svg = await figure({ manifest: manifest({ quick: true, finished_at: null }), trial: hung });
  const all = texts(svg);
  const caption = all.slice(all.findIndex((text) => text.startsWith('Quick run.')));
  expect(caption.length).toBeLessThanOrEqual(3);
  expect(caption.join(' ')).toMatch(
    /^Quick run\. The run did not finish\. p50 of 5 trials; whiskers: 93\.8 % interval\. ✗, hollow: invalid\./,
  );
});

test('links that are unlike are named on the face of the figure, however narrow it is', async () => {
  const systems = [
    system('redis', { label: 'Redis' }),
    system('kv-dpdk', { label: 'DPDK', device: 'net_memif (a remark)', provenance: 'shared_memory' }),
  ];
  const svg = await figure({ manifest: manifest({ systems, quick: true, finished_at: null }) });
  expect(texts(svg)).toContain('over net_memif');
  expect(texts(svg).join(' ')).toContain('Unlike links: a software device and a shared-memory link.');
});

test('an invalid point is hollow and named; one without data says so', async () => {
  const svg = await figure({
    trial: ({ name }, trial) => {
      if (name === 'kv-sockets') return { status: 'failed', reason: 'never ready', measurements: [] };
      return name === 'kv-kernel' && trial === 2 ? { status: 'failed', reason: 'hung' } : {};
    },
  });
  // Two hollow bars for kv-kernel, with their mark; two without data; no reasons, which stand elsewhere.
  expect(svg.match(/stroke-dasharray="5,3"/g)).toHaveLength(2);
  expect(texts(svg).filter((text) => text === '✗')).toHaveLength(2);
  expect(texts(svg).filter((text) => text === '9.41')).toHaveLength(2);
  expect(texts(svg).filter((text) => text === 'data')).toHaveLength(2);
  expect(texts(svg).join(' ')).not.toContain('hung');
});

test('a suspect median has a mark, and doubts about the tail have none', async () => {
  const few = { latencies_ns: [30_000, 31_000, 32_000] };
  const short =
    (count: number): SyntheticRun['measured'] =>
    () => ({
      latencies_ns: Array(count).fill(32_000),
    });
  expect(
    texts(await figureOf(await report({ measured: () => few }))).filter((text) => text === '?'),
  ).toHaveLength(6);
  const made = await report({ measured: short(100) });
  expect(made.summary.points[0].verdicts).toMatchObject({
    p50: { state: 'valid' },
    p99: { state: 'suspect' },
  });
  expect(texts(await figureOf(made))).not.toContain('?');
});

test('texts that are names to JavaScript are only texts', async () => {
  const names = ['constructor', 'toString', 'valueOf'];
  const systems = names.map((name) => system(name, { label: name, device: name, transport_note: name }));
  const made = await report({ manifest: manifest({ title: 'constructor', systems }) });
  expect(texts(await figureOf(made))).toEqual(expect.arrayContaining(names));
  expect(made.summary.points.map((point) => point.system)).toEqual(names.flatMap((name) => [name, name]));
});

test('each number of clients has a panel of its own', async () => {
  const whole = manifest();
  const measurements = [
    target('get', 1, 64, { at: { clients: 1 } }),
    target('get', 8, 64, { at: { clients: 8 } }),
    target('mix', 8, 1024, { at: { clients: 8, value_bytes: 1024 } }),
  ];
  const svg = await figure({ manifest: { ...whole, plan: { ...whole.plan, measurements } } });
  for (const name of [
    '1 client, 64-byte values',
    '8 clients, 64-byte values',
    '8 clients, 1,024-byte values',
  ]) {
    expect(texts(svg)).toContain(name);
  }
});

test('groups stand beside each other, at one scale and with one legend', async () => {
  const systems = [
    system('redis', { label: 'Redis, unmodified', group: 'Redis' }),
    system('redis-kernel', { label: 'Redis, libOS', role: 'libos_over_kernel', group: 'Redis' }),
    system('kv-sockets', { label: 'kvserver, node:net sockets', group: 'kvserver' }),
    system('kv-kernel', { label: 'kvserver, libOS over the kernel', group: 'kvserver' }),
  ];
  const made = await report({ manifest: manifest({ systems }) });
  const svg = await figureOf(made);
  const all = texts(svg);
  // The name of a group stands over it, and not before each of its labels.
  for (const text of ['Redis', 'kvserver', 'unmodified']) expect(all).toContain(text);
  expect(all.join(' ')).not.toMatch(/Redis, unmodified|kvserver, node/);
  for (const once of ['SET', 'GET', 'p50 latency (µs)']) {
    expect(all.filter((text) => text === once)).toHaveLength(1);
  }
  const spec = JSON.stringify((await made.chart('figure'))!.spec);
  const scales = new Set([...spec.matchAll(/"domain":\[0,([\d.]+)\]/g)].map(([, highest]) => highest));
  expect(scales.size).toBe(1);
  expect(spec).toContain('"columns":2');
});

test('one legend names what any of the groups shows', async () => {
  const systems = [
    system('redis', { label: 'Redis', group: 'Redis' }),
    system('other', { label: 'other', group: 'other' }),
  ];
  const all = texts(await figureOf(await report({ manifest: manifest({ systems }) })));
  for (const once of ['SET', 'GET']) expect(all.filter((text) => text === once)).toHaveLength(1);
  expect(all.filter((text) => text.startsWith('published'))).toHaveLength(1);
});

test('nothing measured at all is still a figure', async () => {
  const svg = await figure(
    { trial: () => ({ status: 'failed', reason: 'no server', measurements: [] }) },
    false,
  );
  expect(texts(svg).filter((text) => text === 'data')).toHaveLength(6);
  expect(svg).not.toContain('NaN');
});

test('a specification that Vega warns about is refused', async () => {
  const { spec } = (await (await report({})).chart('figure'))!;
  await expect(
    renderSvg({ ...spec, vconcat: [{ mark: 'bar', encoding: { colour: { value: 'red' } } }] } as never),
  ).rejects.toThrow(/specification is wrong: colour-encoding is dropped/);
});

test('the PNG has twice the pixels of the SVG, and letters: the font is found', async () => {
  const svg = await figureOf(await report({}));
  const png = renderPng(svg, pageTheme);
  const [, width, height] = /<svg[^>]* width="(\d+)" height="(\d+)"/.exec(svg)!;
  expect(png.readUInt32BE(16)).toBe(2 * Number(width));
  expect(png.readUInt32BE(20)).toBe(2 * Number(height));
  const withoutText = renderPng(svg.replace(/<text.*?<\/text>/gs, ''), pageTheme);
  expect(png.length).toBeGreaterThan(2 * withoutText.length);
});
