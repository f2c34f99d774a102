/** Where the limits are that hold for whoever asks for a load; tests/load-doors.test.ts has them at both doors. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  type AskedLoad,
  DATAGRAM_BYTES,
  type LoadNames,
  loadProblems,
  mostRateOps,
  openFilesProblem,
  type SaidOfLoad,
  traceProblem,
} from './load-checks.ts';

const names = new Proxy({}, { get: (_, said) => String(said) }) as LoadNames;
const asked: AskedLoad = {
  protocol: 'resp',
  connections: 16,
  pipeline: 1,
  threads: 1,
  requests: null,
  bulk: null,
  rateOps: null,
  arrivals: null,
  durationS: 1,
  valueBytes: 64,
  stamps: false,
  backend: { name: 'b', threads: true, datagrams: true },
};
const refused = (more: Partial<AskedLoad>): SaidOfLoad[] =>
  loadProblems({ ...asked, ...more }, names).map(({ at }) => at);

test('a load that can be is refused nothing', () => {
  expect(refused({})).toEqual([]);
});

test.each<[what: string, at: SaidOfLoad, most: Partial<AskedLoad>, more: Partial<AskedLoad>]>([
  ['requests at a time', 'pipeline', { pipeline: 1_048_576 }, { pipeline: 1_048_577 }],
  [
    'bulk',
    'bulk_bytes',
    { bulk: { connections: 2, valueBytes: 2 ** 29 } },
    { bulk: { connections: 2, valueBytes: 2 ** 29 + 1 } },
  ],
  ['threads of connections', 'threads', { threads: 16 }, { threads: 17 }],
  ['threads of requests', 'threads', { threads: 4, requests: 4 }, { threads: 4, requests: 3 }],
  ['all threads', 'threads', { threads: 256, connections: 300 }, { threads: 257, connections: 300 }],
  [
    'messages',
    'value_bytes',
    { protocol: 'echo', valueBytes: 2 ** 26 },
    { protocol: 'sink', valueBytes: 2 ** 26 + 1 },
  ],
  [
    'datagrams',
    'value_bytes',
    { protocol: 'datagrams', valueBytes: DATAGRAM_BYTES.most },
    { protocol: 'relay', valueBytes: DATAGRAM_BYTES.most + 1 },
  ],
  [
    'small datagrams',
    'value_bytes',
    { protocol: 'datagrams', valueBytes: DATAGRAM_BYTES.least },
    { protocol: 'datagrams', valueBytes: DATAGRAM_BYTES.least - 1 },
  ],
  ['stamps of a relay', 'stamps', { protocol: 'relay' }, { protocol: 'relay', stamps: true }],
  [
    'datagrams of a backend',
    'backend',
    { backend: { ...asked.backend, datagrams: false } },
    { protocol: 'datagrams', backend: { ...asked.backend, datagrams: false } },
  ],
  [
    'threads of a backend',
    'threads',
    { backend: { ...asked.backend, threads: false } },
    { threads: 2, backend: { ...asked.backend, threads: false } },
  ],
  [
    'windows',
    'rate',
    { rateOps: 4, arrivals: 'poisson', durationS: 0.25 },
    { rateOps: 3.9, arrivals: 'poisson', durationS: 0.25 },
  ],
])('%s: the most, and one more', (_what, at, most, more) => {
  expect([refused(most), refused(more)]).toEqual([[], [at]]);
});

test('a rate is what the threads can send, each of them alike, also of a trace and within bursts', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 256 }), (threads) => {
      const rateOps = mostRateOps(threads);
      const load = { threads, connections: 256, rateOps };
      expect(rateOps).toBe(Math.floor((threads * 1e9) / 150));
      expect(refused({ ...load, arrivals: 'constant' })).toEqual([]);
      expect(refused({ ...load, rateOps: rateOps + 1, arrivals: 'constant' })).toEqual(['rate']);
      expect(refused({ ...load, rateOps: rateOps + 1 })).toEqual(['trace_speed']);
      const bursts = { kind: 'onoff', on_ms: 1, off_ms: 1, times: 'fixed' } as const;
      expect(refused({ ...load, rateOps: Math.floor(rateOps / 2), arrivals: bursts })).toEqual([]);
      expect(refused({ ...load, rateOps: rateOps / 2 + 1, arrivals: bursts })).toEqual(['arrivals']);
    }),
  );
});

test('files and traces end where they end', () => {
  expect(openFilesProblem(924, 1024)).toBeNull();
  expect(openFilesProblem(925, 1024)?.message).toMatch(/may have 1024 here: raise that to 1025 /);
  expect(openFilesProblem(1e9, Number.POSITIVE_INFINITY)).toBeNull();
  expect(traceProblem({ spanS: 10, speed: 2, measuredS: 4.9 }, names)).toBeNull();
  expect(traceProblem({ spanS: 10, speed: 2, measuredS: 5 }, names)?.at).toBe('duration');
});
