/** The table in the terminal: what the figure says, in as many columns as there are. */
import { expect, test } from 'vitest';
import type { Summary } from '../formats/index.ts';
import { readRun } from '../run/run-folder.ts';
import { summarize } from '../summary/summary.ts';
import { point, summary, verdicts } from '../summary/test-summary.ts';
import { measured } from '../test-report.ts';
import { axis, run, type SyntheticRun, writeRun } from '../test-synthetic-run.ts';
import { renderTable } from './table.ts';

async function oneTrialFailed(): Promise<Summary> {
  const failed: SyntheticRun['trial'] = ({ name }, trial) =>
    name === 'kv-sockets' && trial === 1 ? { status: 'failed', reason: 'hung' } : {};
  return summarize(await readRun(await writeRun(run({ measured, trial: failed }))));
}

test('says the same as the figure, aligned, within 100 columns', async () => {
  const summary = await oneTrialFailed();
  const lines = renderTable(summary, { columns: 100, color: false }).split('\n');
  const row = (start: string): string => lines.find((line) => line.startsWith(start))!;
  expect(row('redis ')).toMatch(/SET +32\.3 +32\.1 to 32\.5 +1\.00 +32\.3 +32\.5 +32\.5 +600 +5\/5$/);
  expect(row('kv-kernel ')).toMatch(/SET +9\.41 +9\.21 to 9\.61 +0\.29 +23\.3 .*5$/);
  expect(row('kv-sockets ')).toMatch(/SET +33\.8 ✗ +33\.6 to 34\.0 +– +– +34\.0 ✗ +34\.0 ✗ +600 ✗ +5\/5$/);
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(100);
  const table = lines.filter((line) => /^(system|redis|kv-\w+) +(op|SET|GET) /.test(line));
  expect(new Set(table.map((line) => line.search(/ {2}(op|SET|GET) /))).size).toBe(1);
  expect(lines.join('\n')).toContain(
    'kv-sockets, SET and GET: all statistics invalid\n  Trial 1 failed: hung.',
  );
});

test.each([40, 60, 80, 100, 200])('fits %i columns', async (columns) => {
  const summary = await oneTrialFailed();
  const table = renderTable(summary, { columns, color: false });
  expect(Math.max(...table.split('\n').map((line) => line.length))).toBeLessThanOrEqual(columns);
  expect(table).toContain('p50 µs');
  expect(table).toContain('33.8 ✗');
});

test('colours only when asked', async () => {
  const summary = await oneTrialFailed();
  const esc = String.fromCharCode(27);
  expect(renderTable(summary, { columns: 100, color: false })).not.toContain(esc);
  expect(renderTable(summary, { columns: 100, color: true })).toContain(`${esc}[31m33.8 ✗`);
});

test('data cannot steer the terminal', async () => {
  const summary = await oneTrialFailed();
  const [point] = summary.points;
  const hostile = {
    ...point!,
    verdicts: verdicts('invalid', '\u001b[2J\u001b]0;owned\u0007gone\r\n'),
  };
  const table = renderTable(
    { ...summary, title: '\u001b[31mred', points: [hostile] },
    { columns: 100, color: false },
  );
  expect(table).toMatch(/^[^\p{Cc}]*$/mu);
  expect(table.replaceAll('\n', '')).not.toMatch(/\p{Cc}/u);
});

test('a sweep has its axes as columns, each once, and a doubt about many points once', () => {
  const clients = Array.from({ length: 10 }, (_, index) => 2 ** index);
  const points = ['redis', 'kv-kernel', 'kv-dpdk'].flatMap((name) =>
    clients.map((many) => {
      const stolen = verdicts('suspect', `Trial 1: ${many}.5 % of it was stolen.`);
      const at = { clients: many, 'think time': many / 4 };
      return point(name, [30, 31, 32], { at, clients: many, ...(many > 8 && { verdicts: stolen }) });
    }),
  );
  const quarters = clients.map((many) => many / 4);
  const axes = [axis('clients', clients), axis('think time', quarters)];
  const text = renderTable(summary(points, { axes }), { columns: 100, color: false });
  const lines = text.split('\n');
  expect(lines.find((line) => line.startsWith('system'))).toMatch(/^system +op +clients +think time +p50 µs/);
  expect(lines.find((line) => line.startsWith('redis'))).toMatch(/^redis +GET +1 +0\.25 /);
  expect(lines.filter((line) => /^(redis|kv-\w+) +GET /.test(line))).toHaveLength(30);
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(100);
  expect(text.match(/was stolen/g)).toHaveLength(1);
});
