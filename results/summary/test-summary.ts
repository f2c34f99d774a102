/** Summaries made by hand, for tests of what is made from a summary. */
import {
  type Point,
  type Statistic,
  type Summary,
  statistics,
  type Verdict,
  type Verdicts,
} from '../formats/index.ts';

import { roleOf } from '../test-synthetic-run.ts';

const VALID: Verdict = { state: 'valid', reasons: [] };

/** Verdicts of which these statistics are not valid. */
export function verdicts(
  state: Verdict['state'],
  reason: string,
  about: readonly Statistic[] = statistics,
): Verdicts {
  const valid: Verdicts = { p50: VALID, p99: VALID, p999: VALID, throughput: VALID, stages: null };
  const changed = about.filter((statistic) => valid[statistic]);
  return {
    ...valid,
    ...Object.fromEntries(changed.map((statistic) => [statistic, { state, reasons: [reason] }])),
  };
}

/** A valid point of one client, GET, 64 bytes; each of its trials has the p50 given, a p99 of twice that. */
export function point(system: string, p50_us: number[], overrides: Partial<Point> = {}): Point {
  const perTrial = p50_us.map((value, index) => ({ trial: index + 1, value }));
  return {
    system,
    label: system,
    role: roleOf(system),
    group: '',
    backend: 'kernel',
    device: 'loopback',
    operation: 'get',
    at: {},
    clients: 1,
    value_bytes: 64,
    pipeline: 1,
    rate_ops: null,
    own_workload: [],
    measured_at: '2026-01-02T03:04:06Z',
    state: null,
    distance_unknown: null,
    by_state: [],
    after_probe: null,
    latency_us: null,
    p50_interval_us: null,
    trial_p50_us: perTrial.map(({ trial, value }) => ({ trial, p50_us: value })),
    trial_p99_us: perTrial.map(({ trial, value }) => ({ trial, p99_us: 2 * value })),
    trial_throughput_ops: perTrial.map(({ trial, value }) => ({ trial, throughput_ops: 1e6 / value })),
    throughput_ops: null,
    rates: null,
    fell_behind: null,
    cost: null,
    bulk: null,
    samples: 10_000 * p50_us.length,
    sample: 'round_trip',
    misses: 0,
    errors: 0,
    wrong: 0,
    stale: 0,
    torn: 0,
    trials: p50_us.length,
    trials_planned: p50_us.length,
    interference: null,
    tail: null,
    provenance: 'software_device',
    breakdown: null,
    published_us: null,
    published_ops: null,
    published_gbit_per_s: null,
    probe_overhead: null,
    versus_first: null,
    verdicts: { p50: VALID, p99: VALID, p999: VALID, throughput: VALID, stages: null },
    ...overrides,
  };
}

export function summary(points: Point[], overrides: Partial<Summary> = {}): Summary {
  return {
    schema: 'bypassbench.summary/4',
    experiment: 'redis-figure',
    title: 'Redis SET and GET latency',
    quick: false,
    finished: true,
    axes: [],
    additions: [],
    pipeline: 1,
    open_loop: null,
    reference: null,
    distance: null,
    missing: [],
    points,
    floors: [],
    repeats: [],
    splits: [],
    polling_splits: [],
    ...overrides,
  };
}
