import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Point } from '../formats/index.ts';
import { pollingSplits, splits } from './split.ts';
import { point, verdicts } from './test-summary.ts';

const three = [
  point('redis', [32, 30, 34], { published_us: 32.2 }),
  point('kv-kernel', [24, 22, 26], { published_us: 23.4 }),
  point('kv-rdma', [11, 10, 12], { published_us: 11.4 }),
];

test('the parts are differences of medians, and add up', () => {
  const [split] = splits(three);
  expect(split).toMatchObject({
    operation: 'get',
    unmodified: 'redis',
    bypass: 'kv-rdma',
    unmodified_us: 32,
    interface_us: 8,
    data_path_us: 13,
    rest_us: 11,
    trials: 3,
  });
  expect(split!.interface.share).toBeCloseTo(8 / 32);
  expect(split!.kernel.share).toBeCloseTo(21 / 32);
});

test('the interval holds the share, and is that of the trials', () => {
  const [split] = splits(three);
  const { share, interval } = split!.interface;
  expect(interval!.low).toBeLessThanOrEqual(share);
  expect(interval!.high).toBeGreaterThanOrEqual(share);
  expect(interval!.low).toBeGreaterThanOrEqual(8 / 34);
  expect(interval!.high).toBeLessThanOrEqual(8 / 30);
});

test('shares are the microseconds over the unmodified median, and add up, whatever trials disagree about', () => {
  const [split] = splits([
    point('redis', [32, 30, 34, 36, 31]),
    point('kv-kernel', [14, 10, 14, 10, 14]),
    point('kv-rdma', [3, 5, 2, 6, 3]),
  ]);
  const { interface: inter, data_path, kernel, unmodified_us, interface_us, data_path_us } = split!;
  expect(inter.share).toBeCloseTo(interface_us / unmodified_us);
  expect(data_path.share).toBeCloseTo(data_path_us / unmodified_us);
  expect(kernel.share).toBeCloseTo(inter.share + data_path.share);
});

test('systems that have their trials in other blocks are split all the same, each drawn by itself', () => {
  const later = ({ trial_p50_us, ...rest }: Point): Point => ({
    ...rest,
    trial_p50_us: trial_p50_us.map(({ trial, p50_us }) => ({ trial: trial + 2, p50_us })),
  });
  const [split] = splits([three[0], later(three[1]), three[2]]);
  expect(split).toMatchObject({
    unmodified_us: 32,
    interface_us: 8,
    data_path_us: 13,
    rest_us: 11,
    trials: 3,
  });
  // The extremes of both sides meet, which no block shows.
  expect(split!.interface.interval).toEqual({ low: expect.closeTo(4 / 30), high: expect.closeTo(12 / 34) });
});

test('the published shares are those of the figure', () => {
  const [split] = splits(three);
  expect(split!.published!.interface).toBeCloseTo((32.2 - 23.4) / 32.2);
  expect(split!.published!.kernel).toBeCloseTo((32.2 - 11.4) / 32.2);
});

test('a split for each unmodified system and each bypass; none without the one between or of invalid points', () => {
  const more = [...three, point('kv-sockets', [33, 33, 33]), point('kv-dpdk', [10, 10, 10])];
  expect(splits(more).map(({ unmodified, bypass }) => `${unmodified} ${bypass}`)).toEqual([
    'redis kv-rdma',
    'redis kv-dpdk',
    'kv-sockets kv-rdma',
    'kv-sockets kv-dpdk',
  ]);
  expect(splits(more)[2].published).toBeNull();
  expect(splits([three[0], three[2]])).toEqual([]);
  expect(
    splits([three[0], point('kv-kernel', [24], { verdicts: verdicts('invalid', 'R.', ['p50']) }), three[2]]),
  ).toEqual([]);
  const tail = point('kv-kernel', [24], { verdicts: verdicts('invalid', 'R.', ['p99']) });
  expect(splits([three[0], tail, three[2]])).toHaveLength(1);
});

test('trials that one of them lacks do not count', () => {
  const [split] = splits([three[0], three[1], point('kv-rdma', [11, 10])]);
  expect(split).toMatchObject({ trials: 2, unmodified_us: 31, interface: { interval: null } });
});

test('roles make a split, not names, and only within a group', () => {
  const named = (name: string, role: Point['role'], group: string) => point(name, [3, 3, 3], { role, group });
  const points = [
    named('valkey', 'unmodified', 'valkey'),
    named('valkey-libos', 'libos_over_kernel', 'valkey'),
    named('valkey-new', 'bypass', 'valkey'),
    named('echo', 'unmodified', 'echo'),
    named('echo-libos', 'libos_over_kernel', 'echo'),
    named('helper', null, 'echo'),
  ];
  expect(splits(points)).toMatchObject([
    { group: 'valkey', unmodified: 'valkey', libos_over_kernel: 'valkey-libos', bypass: 'valkey-new' },
  ]);
});

test('a system with a workload of its own has no part in a split, nor has one at another point', () => {
  const [redis, kernel, rdma] = three as [Point, Point, Point];
  expect(splits([redis, kernel, { ...rdma, pipeline: 16, own_workload: ['pipeline'] }])).toEqual([]);
  expect(splits([redis, kernel, { ...rdma, at: { clients: 8 }, clients: 8 }])).toEqual([]);
});

describe('in four parts', () => {
  const [redis, kernel, rdma] = three as [Point, Point, Point];
  const epoll = point('kv-epoll', [28, 26, 31]);
  const four = [redis, epoll, kernel, rdma];

  test('polling is what the libOS that sleeps takes longer than the one that polls', () => {
    const [split, ...others] = pollingSplits(four);
    expect(others).toEqual([]);
    expect(split).toMatchObject({
      unmodified: 'redis',
      libos_over_epoll: 'kv-epoll',
      libos_over_kernel: 'kv-kernel',
      bypass: 'kv-rdma',
      unmodified_us: 32,
      interface_us: 4,
      polling_us: 4,
      data_path_us: 13,
      rest_us: 11,
      trials: 3,
    });
    const { low, high } = split!.polling.interval!;
    expect(low).toBeLessThanOrEqual(split!.polling.share);
    expect(high).toBeGreaterThanOrEqual(split!.polling.share);
  });

  test('the parts add up, and interface and polling are the interface of the paper', () => {
    fc.assert(
      fc.property(
        fc.array(fc.array(fc.integer({ min: 1, max: 1000 }), { minLength: 3, maxLength: 3 }), {
          minLength: 4,
          maxLength: 4,
        }),
        (us) => {
          const points = us.map((of, index) => point(four[index].system, of));
          const [split] = pollingSplits(points);
          const [paper] = splits(points);
          const { interface_us, polling_us, data_path_us, rest_us, unmodified_us } = split!;
          expect(interface_us + polling_us + data_path_us + rest_us).toBeCloseTo(unmodified_us);
          expect(interface_us + polling_us).toBeCloseTo(paper!.interface_us);
          expect(split!.interface.share + split!.polling.share).toBeCloseTo(paper!.interface.share);
          expect(split!.data_path.share).toBeCloseTo(paper!.data_path.share);
        },
      ),
      // Each has six bootstraps.
      { numRuns: 10 },
    );
  });

  test('there is one where the group has a libOS over epoll, for each of them, and none else', () => {
    expect(pollingSplits(three)).toEqual([]);
    expect(splits(four)).toEqual(splits(three));
    const second = point('kv-epoll-2', [29, 29, 29], { role: 'libos_over_epoll' });
    expect(pollingSplits([...four, second]).map(({ libos_over_epoll }) => libos_over_epoll)).toEqual([
      'kv-epoll',
      'kv-epoll-2',
    ]);
    expect(pollingSplits([redis, { ...epoll, group: 'other' }, kernel, rdma])).toEqual([]);
    const invalid = { ...epoll, verdicts: verdicts('invalid', 'R.', ['p50']) };
    expect(pollingSplits([redis, invalid, kernel, rdma])).toEqual([]);
    expect(splits([redis, invalid, kernel, rdma])).toHaveLength(1);
  });
});

test.each<Partial<Point>>([{ clients: 10 }, { pipeline: 4 }, { rate_ops: 1000 }, { bulk_clients: 1 }])(
  'with %j a latency holds a wait, and is not split',
  (load) => {
    expect(splits(three.map((one) => ({ ...one, ...load })))).toEqual([]);
  },
);
