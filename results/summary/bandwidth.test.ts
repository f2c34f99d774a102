import { expect, test } from 'vitest';
import { bandwidthOf } from './bandwidth.ts';
import { point, verdicts } from './test-summary.ts';

const measured = point('echo-kernel', [20, 20, 20], {
  operation: 'echo',
  clients: 1,
  pipeline: 1,
  value_bytes: 262_144,
  latency_us: { min: 20, p50: 20, p90: 20, p95: 20, p99: 20, p999: 20, p9999: 20, max: 20, mean: 20 },
  p50_interval_us: { low: 10, high: 40, confidence: 0.95 },
  throughput_ops: 40_000,
  trial_throughput_ops: [39_000, 40_000, 44_000].map((throughput_ops, trial) => ({ trial, throughput_ops })),
  verdicts: verdicts('suspect', 'R.', ['p50']),
});

test('of a ping-pong it is the size over half of the round trip, whose verdict it has', () => {
  const found = bandwidthOf(measured)!;
  // 262,144 bytes in 10 us.
  expect(found.gbit_per_s).toBeCloseTo(209.7152, 6);
  expect(found.interval!.low).toBeCloseTo(209.7152 / 2, 6);
  expect(found.interval!.high).toBeCloseTo(209.7152 * 2, 6);
  expect(found.verdict!.state).toBe('suspect');
  expect(bandwidthOf({ ...measured, latency_us: null })).toBeNull();
});

test.each([{ operation: 'send' }, { operation: 'get' }, { pipeline: 4 }, { clients: 2 }, { rate_ops: 1000 }])(
  'else it is the size times the replies per second: %j',
  (other) => {
    const found = bandwidthOf({ ...measured, ...other })!;
    expect(found.gbit_per_s).toBeCloseTo((262_144 * 8 * 40_000) / 1e9, 6);
    expect(found.interval!.low).toBeCloseTo((262_144 * 8 * 39_000) / 1e9, 6);
    expect(found.interval!.high).toBeCloseTo((262_144 * 8 * 44_000) / 1e9, 6);
    expect(found.verdict?.state ?? 'valid').toBe('valid');
    expect(bandwidthOf({ ...measured, ...other, throughput_ops: null })).toBeNull();
  },
);
