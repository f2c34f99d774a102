/** What is said first of a run: question, answer, and whether to believe it. */
import { expect, test } from 'vitest';
import type { Point } from '../formats/index.ts';
import { point, summary, verdicts } from '../summary/test-summary.ts';
import { axis, manifest, swept, system } from '../test-synthetic-run.ts';
import { answer, belief, question } from './answer.ts';

const ratio = (value: number): Point['versus_first'] => ({
  ratio: value,
  interval: { low: value - 0.01, high: value + 0.01 },
  trials: 5,
  detectable: null,
});
const latency = (p50: number): Point['latency_us'] => ({
  ...{ min: p50, p50, p90: p50, p95: p50, p99: p50, p999: p50, p9999: p50 },
  ...{ max: p50, mean: p50 },
});
const redis = point('redis', [30], { label: 'Redis', latency_us: latency(30) });
const kernel = point('kv-kernel', [12], { label: 'kvserver', versus_first: ratio(0.4) });
const systems = ['redis', 'kv-kernel', 'kv-dpdk'].map((name) => system(name));

test('ratios with their intervals, the lowest first, of what can be believed', () => {
  const dpdk = point('kv-dpdk', [4], { versus_first: ratio(0.13), verdicts: verdicts('suspect', 'Why.') });
  const rdma = point('kv-rdma', [4], { versus_first: ratio(0.12), verdicts: verdicts('invalid', 'Why.') });
  expect(answer(manifest(), summary([redis, kernel, dpdk, rdma]))).toEqual([
    'GET, p50 over that of Redis (30.0 µs): kv-dpdk 0.13 [0.12 to 0.14] (suspect); kvserver 0.40 [0.39 to 0.41].',
  ]);
});

test('at most three sentences, one of each group first', () => {
  const groups = ['a', 'b'].flatMap((group) =>
    (['set', 'get'] as const).flatMap((operation) =>
      [redis, kernel].map((one) => ({ ...one, group, operation, label: `${one.label} ${group}` })),
    ),
  );
  expect(answer(manifest(), summary(groups)).map((sentence) => sentence.slice(0, 37))).toEqual(
    [
      'GET, p50 over that of Redis a (30.0 µs',
      'GET, p50 over that of Redis b (30.0 µs',
      'SET, p50 over that of Redis a (30.0 µs',
    ].map((sentence) => sentence.slice(0, 37)),
  );
});

test('over a sweep: where the ratio is lowest and highest, and the most requests', () => {
  const clients = [1, 8];
  const at = (one: Point, many: number, overrides: Partial<Point> = {}): Point => ({
    ...one,
    at: { clients: many },
    clients: many,
    ...overrides,
  });
  const rates = (ops: number): Partial<Point> => ({
    throughput_ops: ops,
    trial_throughput_ops: [1, 2, 3].map((trial) => ({ trial, throughput_ops: ops })),
  });
  const points = [
    ...clients.map((many) => at(redis, many, rates(1000 * many))),
    ...clients.map((many) => at(kernel, many, { versus_first: ratio(many / 10), ...rates(3000 * many) })),
  ];
  const { axes } = swept(manifest(), [axis('clients', clients)]).plan;
  expect(answer(manifest(), summary(points, { axes }))).toEqual([
    'kvserver, p50 over that of Redis: 0.10 [0.09 to 0.11] with 1 client to 0.80 [0.79 to 0.81] with 8 clients.',
    'Most requests: kvserver 24,000/s with 8 clients, 3.00 [3.00 to 3.00] times the most of Redis, 8,000/s with 8 clients.',
  ]);
  expect(question({ ...manifest(), systems, plan: { ...manifest().plan, axes } }, summary(points))).toBe(
    'How do redis; kv-kernel; kv-dpdk compare in p50 latency of GET, over clients 1 to 8?',
  );
});

test('nothing is compared with a first system that is invalid', () => {
  const invalid = { ...redis, verdicts: verdicts('invalid', 'Why.') };
  const other = { ...kernel, latency_us: latency(12), versus_first: null };
  expect(answer(manifest(), summary([invalid, other]))).toEqual([
    'Nothing is compared with Redis, whose p50 is invalid.',
    'kvserver, GET: p50 12.0 µs.',
  ]);
});

test('one system alone, and nothing that can be believed', () => {
  expect(answer(manifest(), summary([redis]))).toEqual(['Redis, GET: p50 30.0 µs.']);
  const none = { ...redis, verdicts: verdicts('invalid', 'Why.') };
  expect(answer(manifest(), summary([none]))).toEqual([
    'No p50 of this run can be believed, so that it answers nothing yet.',
  ]);
  expect(belief(manifest(), summary([none]))).toMatch(
    /^Do not believe it: every p50 is invalid, over 1 trial;/,
  );
});

test('whether to believe it: what is doubtful, the noise, and unlike links', () => {
  const dpdk = system('kv-dpdk', { provenance: 'shared_memory' });
  const repeats = [{ ...kernel, repeats: 'kv-kernel', versus_itself: ratio(1.04) }];
  expect(belief(manifest({ systems: [system('redis'), dpdk] }), summary([redis, kernel], { repeats }))).toBe(
    'Believe it: every p50 is valid, over 1 trial; the same measured twice differs by 4 % at most; a virtual machine; ' +
      'unlike links: a software device and a shared-memory link.',
  );
});

test('of a figure of throughput the most requests come first, and its throughputs are believed or not', () => {
  const { plan } = manifest();
  const ofRates = manifest({ plan: { ...plan, figure: 'throughput' } });
  const rates = (ops: number): Partial<Point> => ({
    throughput_ops: ops,
    trial_throughput_ops: [1, 2, 3].map((trial) => ({ trial, throughput_ops: ops })),
  });
  const points = [
    { ...redis, ...rates(1000) },
    { ...kernel, ...rates(4000) },
  ];
  expect(answer(ofRates, summary(points))).toEqual([
    'Most requests: kvserver 4,000/s, 4.00 [4.00 to 4.00] times the most of Redis, 1,000/s.',
    'GET, p50 over that of Redis (30.0 µs): kvserver 0.40 [0.39 to 0.41].',
  ]);
  expect(question(ofRates, summary(points))).toContain('compare in throughput of GET, with 1 client?');
  const doubtful = [{ ...redis, verdicts: verdicts('invalid', 'Why.', ['throughput']) }, kernel];
  expect(belief(ofRates, summary(doubtful))).toMatch(/^Believe it in part: of 2 throughputs 1 invalid,/);
});

test('beside bulk: the p99 without it and with most of it, and what that carried', () => {
  const axes = [axis('bulk_clients', [0, 4], { path: 'workload.bulk.clients', scale: 'linear' })];
  const bulk = (connections: number, bytes_per_s: number): Point['bulk'] => ({
    connections,
    value_bytes: 1_048_576,
    request: 'get',
    bytes_per_s,
    trial_bytes_per_s: [],
    generator: { share: 0, longest_us: 0, mean_wait_us: 0 },
  });
  const at = (one: Point, streams: number, p99: number, gbit: number): Point => ({
    ...one,
    at: { bulk_clients: streams },
    latency_us: { ...(latency(10) as NonNullable<Point['latency_us']>), p99 },
    ...(streams > 0 && { bulk_clients: streams, bulk: bulk(streams, (gbit * 1e9) / 8) }),
  });
  const points = [
    at(redis, 4, 1000, 26),
    at(redis, 0, 41, 0),
    at(kernel, 0, 14, 0),
    { ...at(kernel, 4, 175, 8), verdicts: verdicts('suspect', 'Why.', ['p99']) },
  ];
  const run = swept(manifest(), axes);
  expect(answer(run, summary(points, { axes })).slice(0, 2)).toEqual([
    'GET, p99 without bulk and beside 4 streams: Redis 41.0 and 1,000 µs; kvserver 14.0 and 175? µs.',
    'Bandwidth of the bulk beside 4 streams: Redis 26.0 Gbit/s; kvserver 8.00 Gbit/s.',
  ]);
  expect(question(run, summary(points))).toBe(
    'How do Redis; kvserver on sockets; kvserver on libOS, kernel compare in p99 latency of GET beside bulk, and ' +
      'bandwidth of the bulk, over bulk streams 0 to 4?',
  );
});

test('over a sweep nothing is compared where the first is invalid', () => {
  const { axes } = swept(manifest(), [axis('clients', [1, 8])]).plan;
  const at = (one: Point, clients: number, overrides: Partial<Point> = {}): Point => ({
    ...one,
    at: { clients },
    clients,
    ...overrides,
  });
  const points = [
    at(redis, 1),
    at(redis, 8, { verdicts: verdicts('invalid', 'Why.') }),
    at(kernel, 1, { versus_first: ratio(0.4) }),
    at(kernel, 8, { versus_first: ratio(0.02) }),
  ];
  expect(answer(manifest(), summary(points, { axes }))).toEqual([
    'kvserver, p50 over that of Redis: 0.40 [0.39 to 0.41] with 1 client.',
  ]);
});
