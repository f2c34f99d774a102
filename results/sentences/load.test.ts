/** What a sweep asked, in the words of captions and in the columns of tables. */
import { expect, test } from 'vitest';
import { point, summary } from '../summary/test-summary.ts';
import { renderTable } from '../terminal/table.ts';
import { axis, manifest, swept, system } from '../test-synthetic-run.ts';
import { shortCaption } from './caption.ts';
import { describeFigure } from './description.ts';

const systems = [system('redis'), system('kv-kernel', { workload: { pipeline: 16 } })];
const axes = [axis('clients', [1, 2, 4, 8, 16]), axis('key_distribution', ['uniform', 'single'])];
const whole = swept(manifest({ systems }), axes);
const own = { pipeline: 16, own_workload: ['pipeline'], versus_first: null };
const run = summary(
  [
    point('redis', [10, 10, 10], { at: { clients: 4, key_distribution: 'single' }, clients: 4 }),
    point('kv-kernel', [5, 5, 5], {
      ...own,
      at: { clients: 4, key_distribution: 'single' },
      clients: 4,
      latency_us: { ...Object.fromEntries([]), p50: 5 } as never,
      versus_first: { ratio: 0.5, interval: null, trials: 3, detectable: null },
    }),
  ],
  { axes },
);
for (const one of run.points) one.latency_us ??= { p50: 10 } as never;

test('captions have the values of axes, few of them each, and workloads of systems', () => {
  expect(shortCaption(whole, run).join(' ')).toContain(
    'Closed loop, 1 to 16 clients, 64-byte values, key distribution uniform / single, kv-kernel had pipeline 16.',
  );
  expect(describeFigure(whole, run).flat().join(' ')).toContain(
    'with 1 to 16 clients, pipeline 1, 64-byte values and 1,000,000 keys (uniform), for 5 s after 1 s of warm-up per ' +
      'measurement. Varied, too: key distribution uniform / single. kv-kernel had pipeline 16 of its own.',
  );
});

test('tables have a column for each axis, and mark ratios of unlike workloads', () => {
  const lines = renderTable(run, { columns: 140, color: false }).split('\n');
  const head = lines.find((line) => line.includes('× redis'))!;
  expect(head.split(/ {2,}/)).toEqual(expect.arrayContaining(['pipeline', 'key_distribution']));
  expect(lines.find((line) => line.startsWith('kv-kernel'))).toMatch(/ 16 +single .* 0\.50 \* /);
  expect(lines).toContain('*: of unlike workloads, as kv-kernel (pipeline) has some of it in its own way.');
});
