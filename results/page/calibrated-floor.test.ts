/** The report names the generator's own floor in each state of distance that it was calibrated in. */
import { expect, test } from 'vitest';
import type { Summary } from '../formats/index.ts';
import type { Run } from '../run/run-folder.ts';
import { point, summary } from '../summary/test-summary.ts';
import { trust } from './trust.ts';

const state = (name: string, low_ns: number, high_ns: number) => ({
  name,
  low_ns,
  high_ns,
  median_ns: low_ns,
  share: 0.5,
});
const near = state('near', 100, 125);
const far = state('far', 409, 535);

function page(states: (typeof near)[]): string {
  const distance: Summary['distance'] = {
    cores: [0, 1],
    states,
    chosen: null,
    why: 'so',
    too_fast: false,
    company: null,
  };
  const slice = (ns: number, p50_us: number) => ({ asked_us: null, before_ns: ns, after_ns: ns, p50_us });
  const calibration: Run['calibrations'][number] = {
    schema: 'bypassbench.calibration/1',
    backend: 'kernel',
    value_bytes: 64,
    core: 1,
    server_core: 0,
    counter: null,
    duration_s: 1,
    floor_us: { p50: 10, p99: 20 },
    delays: [],
    slices: [...[8, 8, 8].map((us) => slice(110, us)), ...[12, 12].map((us) => slice(450, us))],
    pauses: [],
    versions: { node: '24' },
    host: null,
  };
  return trust(summary([point('redis', [20, 20, 20])], { distance }), [calibration]).markup;
}

test('of those that it was in for long enough', () => {
  expect(page([near, far])).toContain('By distance of the cores: p50 near 8.00 µs.');
});

test('of one state nothing more is said', () => {
  expect(page([near])).not.toContain('By distance');
});
