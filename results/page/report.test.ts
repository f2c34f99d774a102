/** The page: its sections and links, and that it loads and runs nothing that the data brings. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { writeReport } from '../index.ts';
import { figureOf, report, withoutScripts } from '../test-report.ts';
import { manifest, type SyntheticRun, system } from '../test-synthetic-run.ts';

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
      knobs: [{ name: hostile, value: hostile, absent: hostile }],
    },
    git: { commit: hostile, dirty: true },
    systems: [
      system('redis', { label: hostile, backend: hostile, device: hostile, transport_note: hostile }),
      system('constructor', { client: { idle: 'poll', backend: hostile } }),
    ],
  }),
  trial: (_system, trial) =>
    trial === 1 ? { status: 'failed', reason: hostile, log_tail: [hostile, hostile] } : {},
  measured: () => ({ latencies_ns: Array(3000).fill(1000), errors: 1, first_error: hostile }),
};

test('has question, answer, figure and belief first, then sections that are folded', async () => {
  const html = await (await report({})).page();
  const parts = [
    '<p class="question">How do Redis; kvserver on sockets; kvserver on libOS, kernel compare',
    '<p>GET, p50 over that of Redis (32.3 µs): kvserver on libOS, kernel 0.29 [',
    '<figure class="chart',
    'id="chart-figure"',
    '<p class="belief">Believe it: every p50 is valid, over 5 trials; a virtual machine.',
    '<details class="section">',
    '<h2>Numbers</h2>',
    '<h2>Validity</h2>',
    '<h2>Distributions</h2>',
    'id="chart-distribution"',
    '<h2>About the figure</h2>',
    '<h2>Trials</h2>',
    '<h3>Spread between trials</h3>',
    '<h2>Environment</h2>',
    '<h2>How to repeat it</h2>',
  ];
  const places = parts.map((part) => html.indexOf(part));
  expect(places.every((place) => place > 0)).toBe(true);
  expect(places).toEqual(places.toSorted((a, b) => a - b));
  expect(html).toContain('bypassbench run experiments/redis-figure.yaml --out runs/a');
  expect(html).toContain(
    '<details><summary>What of the kernel was left as it came</summary><dl><dt>net.core.busy_poll</dt><dd>off</dd>' +
      '<dt>turbo</dt><dd>not there: this kernel sets no frequency</dd></dl></details>',
  );
});

test('links relative to itself, to files that are there', async () => {
  const { run } = await report({});
  await writeReport(run.dir, { reference: true });
  const html = await readFile(join(run.dir, 'report.html'), 'utf8');
  const links = [...html.matchAll(/href="([^"]*)"/g)].map((match) => match[1]);
  expect(links.length).toBeGreaterThan(5 * 3 * 4);
  for (const link of links.filter((one) => one.startsWith('#')))
    expect(html).toContain(`id="${link.slice(1)}"`);
  const files = links.filter((link) => !link.startsWith('#'));
  expect(files.every((link) => link.startsWith('./'))).toBe(true);
  const made = files.filter((link) =>
    /result\.json$|\.hdr$|manifest\.json$|\.svg$|\.png$|\.vl\.json$/.test(link),
  );
  for (const link of made) expect((await readFile(join(run.dir, link))).length).toBeGreaterThan(0);
});

test.each([
  ['an ordinary run', {}],
  ['hostile data', hostileRun],
])('loads nothing: %s', async (_name, synthetic) => {
  const html = await (await report(synthetic)).page();
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
  const made = await report(hostileRun);
  const [html, svg] = await Promise.all([made.page(), figureOf(made)]);
  for (const text of [withoutScripts(html), svg]) {
    expect(text).not.toContain('<script');
    expect(text).not.toContain('<img');
  }
  expect(html).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
  expect(html.match(/<title>(.*?)<\/title>/s)![1]).not.toContain('<');
  expect(html).toContain(`&#39;it&#39;\\&#39;&#39;s&#39;`);
});

test('the spread has each trial of a system that ran in added blocks by itself', async () => {
  const whole = manifest();
  const [redis, kvKernel] = ['redis', 'kv-kernel'].map((subject) => ({ subject, at: {} }));
  const added_blocks = [[redis], [redis, kvKernel], [kvKernel]];
  const plan = { ...whole.plan, trials: 8, added_trials: 3, added_blocks };
  const page = await (await report({ manifest: manifest({ plan }) })).page();
  const table = page.slice(page.indexOf('<h3>Spread between trials</h3>'));
  expect(table.slice(0, table.indexOf('</table>'))).toContain('trial 8');
});

test('a run that did not finish says so', async () => {
  const unfinished = await report({
    manifest: manifest({ finished_at: null }),
    trial: (_system, trial) => (trial < 3 ? {} : null),
  });
  const html = await unfinished.page();
  expect(html).toContain('Believe it in part: every p50 is suspect, over 2 trials; the run did not finish;');
  expect(html).toContain('Only 2 of 5 trials ran: the run did not finish.');
});
