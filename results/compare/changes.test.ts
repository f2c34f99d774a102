/** Two summaries, point by point. */
import { expect, test } from 'vitest';
import type { Point } from '../formats/index.ts';
import { point, summary, verdicts } from '../summary/test-summary.ts';
import { manifest, system } from '../test-synthetic-run.ts';
import type { Change } from './changes.ts';
import { compared } from './test-compared.ts';
import type { Asked } from './workloads.ts';

/** The change in p50 of a system whose first run had 100 to 104 µs. */
function p50Change(second_us: number[], ofSecond: Partial<Point> = {}): Change {
  const first = summary([point('redis', [100, 101, 102, 103, 104])]);
  return compared(first, summary([point('redis', second_us, ofSecond)])).changes[0];
}

test('the p50, p99 and throughput of a point, the second over the first', () => {
  const { changes } = compared(
    summary([point('redis', [100, 100, 100])]),
    summary([point('redis', [50, 50, 50, 50])]),
  );
  expect(changes).toMatchObject([
    { measure: 'latency_p50', first: 100, second: 50, ratio: 0.5, trials: [3, 4], reading: '50 % lower' },
    { measure: 'latency_p99', first: 200, second: 100, ratio: 0.5, reading: '50 % lower' },
    { measure: 'throughput', first: 10_000, second: 20_000, ratio: 2, reading: '100 % higher' },
  ]);
});

test('an interval that holds 1 says below what nothing could be told', () => {
  const { differs, interval, reading, ratio } = p50Change([99, 100, 101, 103, 105]);
  expect(interval!.low).toBeLessThan(1);
  expect(interval!.high).toBeGreaterThan(1);
  expect(differs).toBe(false);
  const percent = ((interval!.high - interval!.low) / 2 / ratio) * 100;
  expect(reading).toBe(`no difference detectable below ${percent.toFixed(1)} %`);
});

test('equal runs can be told apart no finer than a histogram resolves', () => {
  const same = summary([point('redis', [100, 100, 100])]);
  expect(compared(same, same).changes[0].reading).toBe('no difference detectable below 0.1 %');
});

test.each<{ reading: string; change: () => Change }>([
  { reading: 'fewer than 3 trials', change: () => p50Change([50, 50]) },
  {
    reading: 'invalid in the second run',
    change: () => p50Change([50, 50, 50], { verdicts: verdicts('invalid', 'R.') }),
  },
])('$reading: compared, not judged', ({ reading, change }) => {
  expect(change()).toMatchObject({ reading, differs: false, second: 50 });
});

test('invalid in the first run, or in both', () => {
  const bad = summary([point('redis', [1, 1, 1], { verdicts: verdicts('invalid', 'R.') })]);
  const good = summary([point('redis', [2, 2, 2])]);
  expect(compared(bad, good).changes[0].reading).toBe('invalid in the first run');
  expect(compared(bad, bad).changes[0].reading).toBe('invalid in both runs');
});

test('what is invalid is not judged, the rest is', () => {
  const bad = summary([point('redis', [1, 1, 1], { verdicts: verdicts('invalid', 'R.', ['p99']) })]);
  const good = summary([point('redis', [2, 2, 2])]);
  expect(compared(bad, good).changes.map(({ reading }) => reading)).toEqual([
    '100 % higher',
    'invalid in the first run',
    '50 % lower',
  ]);
});

test('a p99 of too few samples is compared, not judged', () => {
  const first = summary([point('redis', [100, 100, 100])]);
  const { changes } = compared(first, summary([point('redis', [50, 50, 50], { samples: 2999 })]));
  expect(changes.map(({ reading }) => reading)).toEqual(['50 % lower', 'too few samples', '100 % higher']);
});

test('a measure that one run lacks is left out', () => {
  const first = summary([point('redis', [100, 100, 100])]);
  const second = summary([point('redis', [50, 50, 50], { trial_p99_us: [] })]);
  expect(compared(first, second).changes.map(({ measure }) => measure)).toEqual([
    'latency_p50',
    'throughput',
  ]);
});

test('points that only one run has are named, with what tells them apart', () => {
  const of = (clients: number): Partial<Point> => ({ at: { clients }, clients });
  const first = summary([point('redis', [1], of(1)), point('redis', [1], of(8))]);
  const second = summary([point('redis', [1], of(1)), point('kv-dpdk', [1], of(1))]);
  expect(compared(first, second)).toMatchObject({
    only_first: ['redis, GET with 8 clients'],
    only_second: ['kv-dpdk, GET with 1 client'],
  });
});

test('floors are compared as well', () => {
  const { system: _s, label: _l, backend: _b, device: _d, ...measured } = point('kv-dpdk', [2, 2, 2]);
  const floors = [{ ...measured, name: 'frames', label: 'raw frames', systems: ['kv-dpdk'] }];
  const run = summary([point('kv-dpdk', [3, 3, 3])], { floors });
  const names = compared(run, run).changes.map(({ system }) => system);
  expect([...new Set(names)]).toEqual(['kv-dpdk', 'frames (floor)']);
});

const unlike: { what: string; of?: Partial<Point>; ofSecond?: Partial<Asked> }[] = [
  { what: 'pipeline', of: { pipeline: 16 } },
  {
    what: 'loop and rate',
    of: { rate_ops: 5000 },
    ofSecond: { plan: { ...manifest().plan, open_loop: { rate_ops: 5000, arrivals: 'poisson' } } },
  },
  { what: 'keys', ofSecond: { plan: { ...manifest().plan, keys: 1000 } } },
  { what: 'key distribution', ofSecond: { plan: { ...manifest().plan, key_distribution: 'single' } } },
  {
    what: 'idle mode',
    ofSecond: { systems: [system('redis', { client: { idle: 'sleep', backend: 'kernel' } })] },
  },
];

test.each(unlike)('points of unlike $what are set side by side, and not judged', ({ what, of, ofSecond }) => {
  const [first, second] = [
    summary([point('redis', [100, 100, 100])]),
    summary([point('redis', [50, 50, 50], of)]),
  ];
  for (const change of compared(first, second, ofSecond).changes) {
    expect(change).toMatchObject({ reading: `unlike ${what}`, differs: false });
  }
});

test('the only other point of a system and operation is one of another workload', () => {
  const first = summary([point('redis', [100, 100, 100])]);
  const { changes, only_first } = compared(
    first,
    summary([point('redis', [50, 50, 50], { value_bytes: 1024, clients: 8 })]),
  );
  expect(only_first).toEqual([]);
  expect(changes[0]).toMatchObject({
    reading: 'unlike clients and value size',
    workload: [
      { what: 'clients', first: '1', second: '8' },
      { what: 'value size', first: '64 bytes', second: '1,024 bytes' },
    ],
  });
});
