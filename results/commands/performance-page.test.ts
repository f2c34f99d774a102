/** The measured part of docs/performance.md. */
import { expect, test } from 'vitest';
import type { Performance } from '../formats/index.ts';
import { manifest } from '../test-synthetic-run.ts';
import { renderPerformance, withMeasured } from './performance-page.ts';

const { machine, git } = manifest();
const row = {
  what: 'GET p50, kv-kernel over redis',
  value: 11.74,
  unit: 'us',
  ratio: 0.4,
  interval: { low: 0.39, high: 0.41 },
  goal: 'at most 0.4',
  result: 'met',
};
const kept: Performance = {
  schema: 'bypassbench.performance/1',
  machine,
  measurements: ['2026-01-01', '2026-02-01'].map((day, index) => ({
    title: 'Goals',
    measured_at: `${day}T00:00:00Z`,
    git,
    command: 'npm run goals',
    rows: [{ ...row, value: row.value + index }],
  })),
};

test('the newest measurement of each kind, with its commit and command', () => {
  const text = renderPerformance([kept]);
  expect(text).toContain('2026-02-01, commit 0123456789ab');
  expect(text).not.toContain('2026-01-01');
  expect(text).toContain(
    '| GET p50, kv-kernel over redis | 12.7 us | 0.400 [0.390, 0.410] | at most 0.4: met |',
  );
});

test('only what is between the marks is written', () => {
  const page =
    'above\n<!-- measured: written by bypassbench performance -->\nold\n<!-- end of measured -->\nbelow\n';
  const written = withMeasured(page, 'new');
  expect(written).toMatch(/^above\n<!-- .* -->\n\nnew\n\n<!-- end of measured -->\nbelow\n$/);
  expect(withMeasured(written, 'new')).toBe(written);
  expect(() => withMeasured('no marks', 'new')).toThrow('lacks its marks');
});
