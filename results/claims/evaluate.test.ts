/** What becomes of a claim, for each way in which a run can bear it out or not. */
import { describe, expect, test } from 'vitest';
import type { Point, Summary } from '../formats/index.ts';
import { point, summary, verdicts } from '../summary/test-summary.ts';
import { evaluateClaims, exitCode, type Finding } from './evaluate.ts';
import { renderClaims } from './render.ts';
import type { Claim } from './schema.ts';

const paper = { title: 'T', authors: ['A'], venue: 'V' };

function claim(overrides: Partial<Claim> = {}): Claim {
  return {
    id: 'one',
    statement: 'One is faster.',
    source: 'figure 1',
    measure: 'latency_p50',
    system: 'kv',
    over: 'redis',
    operations: ['get'],
    pipeline: 1,
    at_most: 0.8,
    ...overrides,
  };
}

function evaluate(run: Summary, ...claims: Claim[]): Finding[] {
  return evaluateClaims(run, [{ schema: 'bypassbench.claims/1', paper, claims }]);
}

/** The one finding about redis at 100 µs in each trial and kv at `p50_us`. */
function finding(p50_us: number[], overrides: Partial<Claim> = {}, ofPoint: Partial<Point> = {}): Finding {
  const redis = point('redis', Array(p50_us.length).fill(100));
  const found = evaluate(summary([redis, point('kv', p50_us, ofPoint)]), claim(overrides));
  expect(found).toHaveLength(1);
  return found[0];
}

test('it holds when the whole interval keeps the bound, with the evidence', () => {
  expect(finding([70, 72, 74, 76, 78])).toMatchObject({
    about: 'GET',
    result: 'holds',
    reason: null,
    evidence: {
      system_value: 74,
      over_value: 100,
      ratio: 0.74,
      interval: { low: 0.7, high: 0.78 },
      trials: 5,
      doubts: [],
    },
  });
});

test('a claim about closed loops says nothing of an open one', () => {
  const open = { rate_ops: 5000 };
  const points = [point('redis', Array(5).fill(100), open), point('kv', [70, 72, 74, 76, 78], open)];
  expect(evaluate(summary(points), claim())).toMatchObject([
    {
      result: 'cannot be tested here',
      reason: 'this run is of an open loop, whose latencies are not what the claim is about',
    },
  ]);
});

test.each<{
  what: string;
  p50_us: number[];
  overrides?: Partial<Claim>;
  result: string;
  reason: string | null;
}>([
  { what: 'just at the bound', p50_us: [80, 80, 80], result: 'holds', reason: null },
  {
    what: 'above it',
    p50_us: [85, 90, 92],
    result: 'fails',
    reason: 'the interval 0.850 to 0.920 lies above 0.8',
  },
  {
    what: 'on both sides',
    p50_us: [74, 79, 85],
    result: 'cannot be tested here',
    reason: 'the interval 0.740 to 0.850 straddles 0.8; more trials',
  },
  {
    what: 'below a least ratio',
    p50_us: [74, 75, 76],
    overrides: { at_most: undefined, at_least: 0.9 },
    result: 'fails',
    reason: 'the interval 0.740 to 0.760 lies below 0.9: better than claimed',
  },
  {
    what: 'twice the throughput where half is claimed',
    p50_us: [50, 50, 50],
    overrides: { measure: 'throughput', at_most: 0.5 },
    result: 'fails',
    reason: 'the interval 2.00 to 2.00 lies above 0.5: better than claimed',
  },
  {
    what: 'half the throughput where all of it is claimed',
    p50_us: [200, 200, 200],
    overrides: { measure: 'throughput', at_most: undefined, at_least: 1 },
    result: 'fails',
    reason: 'the interval 0.500 to 0.500 lies below 1',
  },
  {
    what: 'between two bounds',
    p50_us: [74, 75, 76],
    overrides: { at_least: 0.7 },
    result: 'holds',
    reason: null,
  },
  {
    what: 'across the lower of two bounds',
    p50_us: [69, 75, 76],
    overrides: { at_least: 0.7 },
    result: 'cannot be tested here',
    reason: 'the interval 0.690 to 0.760 straddles 0.7; more trials',
  },
  {
    what: 'twice the throughput at half the latency',
    p50_us: [50, 50, 50],
    overrides: { measure: 'throughput', at_most: undefined, at_least: 2 },
    result: 'holds',
    reason: null,
  },
  {
    what: 'a p99',
    p50_us: [70, 70, 70],
    overrides: { measure: 'latency_p99' },
    result: 'holds',
    reason: null,
  },
])('an interval $what: $result', ({ p50_us, overrides, result, reason }) => {
  expect(finding(p50_us, overrides)).toMatchObject({ result, reason });
});

const good = [70, 70, 70, 70, 70];

test.each<{ reason: string; found: () => Finding[] }>([
  {
    reason: 'this run has no system other',
    found: () => [finding(good, { system: 'other' })],
  },
  {
    reason: 'this run has no system a and no system b',
    found: () => [finding(good, { system: 'a', over: 'b', operations: 'all' })],
  },
  {
    reason: 'this run has no SET',
    found: () => [finding(good, { operations: ['set'] })],
  },
  {
    reason: 'this run has no GET with at least 50 clients and values of 64 bytes',
    found: () => [finding(good, { clients: { at_least: 50 }, value_bytes: 64 })],
  },
  {
    reason: 'this run has no GET with at most 1 client and values of 1,000 bytes',
    found: () => [finding(good, { clients: { at_most: 1 }, value_bytes: 1000 })],
  },
  {
    reason: 'this run has 8 requests in flight on each connection, the claim is about 1',
    found: () => {
      const points = ['redis', 'kv'].map((name) => point(name, good, { pipeline: 8 }));
      return evaluate(summary(points, { pipeline: 8 }), claim());
    },
  },
  {
    reason: 'the workloads of kv and redis have another value_bytes',
    found: () => {
      const points = [point('redis', good, { value_bytes: 1024 }), point('kv', good)];
      return evaluate(summary(points), claim());
    },
  },
  {
    reason: 'the p50 of kv is invalid: Trial 2 failed: hung',
    found: () => [finding(good, {}, { verdicts: verdicts('invalid', 'Trial 2 failed: hung.') })],
  },
  {
    reason: 'the 2 trials that both systems have give no interval; at least 3 do',
    found: () => [finding([70, 70])],
  },
  {
    reason: 'the 1 trial that both systems have gives no interval; at least 3 do',
    found: () => [finding([70])],
  },
  {
    reason: 'no trial of this run has the throughput of both systems',
    found: () => [finding(good, { measure: 'throughput' }, { trial_throughput_ops: [] })],
  },
  {
    reason: 'kv has too few samples for a p99, which wants 1,000 a trial',
    found: () => [finding(good, { measure: 'latency_p99' }, { samples: 4999 })],
  },
])('cannot be tested here: $reason', ({ reason, found }) => {
  expect(found()).toMatchObject([{ result: 'cannot be tested here', reason }]);
});

test('trials are paired: what slows down both in one block changes nothing', () => {
  const redis = point('redis', [100, 300, 120, 90, 110]);
  const kv = point('kv', [75, 225, 90, 67.5, 82.5]);
  const [found] = evaluate(summary([redis, kv]), claim());
  expect(found).toMatchObject({ result: 'holds', evidence: { interval: { low: 0.75, high: 0.75 } } });
});

test('a suspect measure backs a claim, and the evidence says so', () => {
  const doubtful = finding(good, {}, { verdicts: verdicts('suspect', 'Only 5 of 9 trials ran.') });
  expect(doubtful).toMatchObject({
    result: 'holds',
    evidence: { doubts: ['the p50 of kv is suspect: Only 5 of 9 trials ran.'] },
  });
});

test('doubts about other statistics than the claim is about do not touch it', () => {
  const tail = { verdicts: verdicts('invalid', 'Steal.', ['p99', 'p999', 'throughput']) };
  expect(finding(good, {}, tail)).toMatchObject({ result: 'holds', evidence: { doubts: [] } });
  expect(finding(good, { measure: 'latency_p99' }, tail)).toMatchObject({
    result: 'cannot be tested here',
    reason: 'the p99 of kv is invalid: Steal',
  });
});

test('all operations, and each number of clients that the claim speaks of, are findings of their own', () => {
  const kinds = [
    { operation: 'set', clients: 1 },
    { operation: 'set', clients: 8 },
    { operation: 'set', clients: 64 },
    { operation: 'mix', clients: 8 },
  ] as const;
  const points = ['redis', 'kv'].flatMap((name) =>
    kinds.map((kind) => point(name, good, { ...kind, at: { clients: kind.clients } })),
  );
  const found = evaluate(summary(points), claim({ operations: 'all', clients: { at_least: 8 } }));
  expect(found.map(({ about }) => about)).toEqual([
    'SET with 8 clients',
    'SET with 64 clients',
    'MIX with 8 clients',
  ]);
});

describe('by role', () => {
  const of = (name: string, us: number, role: Point['role'], rest: Partial<Point> = {}): Point =>
    point(name, Array(5).fill(us), { role, ...rest });
  const bypass = claim({ system: { role: 'bypass' }, over: { role: 'unmodified' } });
  const pairsOf = (found: Finding[]) => found.map(({ system, over, result }) => [system, over, result]);

  test('every system of the role is held against every one of the other', () => {
    const run = summary([
      of('a', 100, 'unmodified'),
      of('b', 60, 'unmodified'),
      of('x', 50, 'bypass', { backend: 'rdma' }),
      of('other', 1, null),
    ]);
    const found = evaluate(run, bypass);
    expect(pairsOf(found)).toEqual([
      ['x', 'a', 'holds'],
      ['x', 'b', 'fails'],
    ]);
    expect(found.map(({ about }) => about)).toEqual(['GET, x over a', 'GET, x over b']);
  });

  test('by backend', () => {
    const run = summary([
      of('redis', 100, 'unmodified'),
      of('x', 50, 'bypass', { backend: 'rdma' }),
      of('y', 40, 'bypass', { backend: 'dpdk' }),
    ]);
    const overDpdk = claim({ system: { role: 'bypass', backend: 'dpdk' }, over: { role: 'unmodified' } });
    expect(pairsOf(evaluate(run, overDpdk))).toEqual([['y', 'redis', 'holds']]);
    expect(
      evaluate(
        run,
        claim({ system: { role: 'bypass', backend: 'xdp' }, over: { role: 'libos_over_kernel' } }),
      ),
    ).toMatchObject([
      {
        system: null,
        reason: 'this run has no system of role bypass over xdp and no system of role libos_over_kernel',
      },
    ]);
  });

  test('within a group, unless the claim names one', () => {
    const run = summary([
      of('redis', 100, 'unmodified', { group: 'redis' }),
      of('valkey', 50, 'unmodified', { group: 'valkey' }),
      of('x', 60, 'bypass', { group: 'redis' }),
      of('y', 60, 'bypass', { group: 'valkey' }),
    ]);
    expect(pairsOf(evaluate(run, bypass))).toEqual([
      ['x', 'redis', 'holds'],
      ['y', 'valkey', 'fails'],
    ]);
    const across = claim({
      system: { role: 'bypass', group: 'valkey' },
      over: { role: 'unmodified', group: 'redis' },
    });
    expect(pairsOf(evaluate(run, across))).toEqual([['y', 'redis', 'holds']]);
  });
});

test('over a floor', () => {
  const frames = point('frames', Array(5).fill(10));
  const { system: _, role, group, backend, device, provenance, breakdown, probe_overhead, ...rest } = frames;
  const run = summary([point('kv', Array(5).fill(45))], {
    floors: [{ ...rest, name: 'frames', label: 'raw frames', systems: ['kv'] }],
  });
  const [found] = evaluate(run, claim({ over: 'frames', at_most: 5 }));
  expect(found).toMatchObject({
    system: 'kv',
    over: 'frames',
    result: 'holds',
    evidence: { over_device: null },
  });
  expect(renderClaims([found], { columns: 100, color: false, run: 'r' })).toContain(
    'measured 4.50 [4.50 to 4.50], 5 trials: kv on loopback 45.0 over frames 10.0 µs',
  );
});

test('within a state of distance, which the text names where both are of it', () => {
  const of = (state: string | null): Point => point('redis', Array(5).fill(100), { state });
  const kv = point('kv', [70, 72, 74, 76, 78], { state: 'near' });
  const found = evaluate(summary([of('near'), kv]), claim());
  expect(found).toMatchObject([{ result: 'holds', evidence: { state: 'near' } }]);
  expect(renderClaims(found, { columns: 100, color: false, run: 'r' })).toContain(
    'measured 0.740 [0.700 to 0.780], 5 trials, near: kv on loopback',
  );
  expect(evaluate(summary([of(null), kv]), claim())).toMatchObject([{ evidence: { state: null } }]);
});

test('the exit code: one that fails outweighs all, and nothing tested is no success', () => {
  const [holds, fails, untested] = [finding(good), finding([90, 90, 90]), finding([70])];
  expect(exitCode([holds, untested])).toBe(0);
  expect(exitCode([holds, fails, untested])).toBe(1);
  expect(exitCode([untested, untested])).toBe(2);
});

test('the text: each claim once, equal reasons once, values and interval', () => {
  const run = summary([
    ...(['set', 'get'] as const).map((operation) => point('redis', [100, 100, 100], { operation })),
    ...(['set', 'get'] as const).map((operation) => point('kv', [70, 72, 74], { operation })),
  ]);
  const found = evaluate(
    run,
    claim({ operations: ['set', 'get'], published_ratio: { set: 0.7, get: [0.6, 0.7] } }),
    claim({ id: 'two', system: 'other', operations: ['set', 'get'], note: 'N.' }),
  );
  const text = renderClaims(found, { columns: 100, color: false, run: 'runs/a' });
  expect(text).toContain(`Run: runs/a

A, T, V

  one: One is faster.
  Source: figure 1.
    - SET p50: holds
      measured 0.720 [0.700 to 0.740], 3 trials: kv on loopback 72.0 over redis on loopback 100 µs
      claimed at most 0.8; published 0.7
    - GET p50: holds
      measured 0.720 [0.700 to 0.740], 3 trials: kv on loopback 72.0 over redis on loopback 100 µs
      claimed at most 0.8; published 0.6 to 0.7

  two: One is faster.
  Source: figure 1.
  Note: N.
    - SET and GET p50: cannot be tested here: this run has no system other
      claimed at most 0.8
`);
  expect(text).toMatch(/\n2 hold, 0 fail, 2 cannot be tested here\.\n$/);
});

test('colour is only there when asked for, and data cannot steer the terminal', () => {
  const esc = String.fromCharCode(27);
  const hostile = [{ ...finding(good), paper: { ...paper, title: `T${esc}[2J` } }];
  const options = { columns: 80, run: `a${esc}]0;x` };
  expect(renderClaims(hostile, { ...options, color: false })).not.toContain(esc);
  expect(renderClaims(hostile, { ...options, color: true })).toContain(`${esc}[32mholds${esc}[39m`);
});
