import { expect, it } from 'vitest';
import { readRun } from './redis-benchmark-output.ts';

/** Of redis-benchmark 7.0.15, with what it draws while it runs. */
const printed = `\x20
SET: rps=0.0 (overall: 1000.0) avg_msec=0.236 (overall: 0.236)\r                                          \r====== SET ======
  1000 requests completed in 0.02 seconds
  5 parallel clients
  3 bytes payload
  keep alive: 1
  host configuration "save":\x20
  host configuration "appendonly": no
  multi-thread: no

Latency by percentile distribution:
0.000% <= 0.031 milliseconds (cumulative count 12)
50.000% <= 0.063 milliseconds (cumulative count 550)
98.438% <= 0.119 milliseconds (cumulative count 985)
99.902% <= 4.911 milliseconds (cumulative count 1000)
100.000% <= 4.911 milliseconds (cumulative count 1000)

Cumulative distribution of latencies:
97.900% <= 0.103 milliseconds (cumulative count 979)
99.900% <= 0.503 milliseconds (cumulative count 999)
100.000% <= 5.103 milliseconds (cumulative count 1000)

Summary:
  throughput summary: 41666.67 requests per second
  latency summary (msec):
          avg       min       p50       p95       p99       max
        0.070     0.024     0.063     0.095     0.167     4.911
`;

it('reads rate and latencies, of both distributions together', () => {
  expect(readRun(printed)).toEqual({
    requests: 1000,
    requestsPerSecond: 41666.67,
    latencies: [
      { ns: 31_000, count: 12 },
      { ns: 63_000, count: 538 },
      { ns: 103_000, count: 429 },
      { ns: 119_000, count: 6 },
      { ns: 503_000, count: 14 },
      { ns: 4_911_000, count: 1 },
    ],
  });
});

it.each(['', 'Could not connect to Redis at 127.0.0.1:1: Connection refused\n'])('refuses %j', (text) => {
  expect(() => readRun(text)).toThrow('redis-benchmark gave no result (it printed: ');
});
