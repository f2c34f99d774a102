/**
 * Reads what redis-benchmark prints of one test: its rate, and its latencies as far as it tells them, which is how many
 * requests took no longer than each of some times.
 *
 *     Latency by percentile distribution:
 *     0.000% <= 0.031 milliseconds (cumulative count 12)
 *     50.000% <= 0.063 milliseconds (cumulative count 550)
 *     ...
 *     Summary:
 *       throughput summary: 41666.67 requests per second
 */
import { LoadError } from '../errors.ts';

export interface BenchmarkRun {
  requests: number;
  requestsPerSecond: number;
  /** Ascending: so many requests took longer than the time before and no longer than this one. */
  latencies: { ns: number; count: number }[];
}

const finished = /^ +(\d+) requests completed in /m;
const rate = /^ +throughput summary: ([\d.]+) requests per second$/m;
const step = /^[\d.]+% <= ([\d.]+) milliseconds \(cumulative count (\d+)\)$/gm;

/** Throws METER_FAILED where it is not the report of a test. */
export function readRun(printed: string): BenchmarkRun {
  const requests = Number(finished.exec(printed)?.[1]);
  const requestsPerSecond = Number(rate.exec(printed)?.[1]);
  const upTo = new Map([...printed.matchAll(step)].map(([, ms, count]) => [Number(ms), Number(count)]));
  if (!(requests > 0 && requestsPerSecond > 0 && upTo.size > 0)) {
    const line =
      printed
        .trim()
        .split(/[\r\n]+/)
        .at(-1) || 'nothing';
    throw new LoadError('METER_FAILED', `redis-benchmark gave no result (it printed: ${line})`);
  }
  let before = 0;
  const latencies = [...upTo]
    .sort(([one], [other]) => one - other)
    .map(([ms, count]) => {
      const more = { ns: Math.round(ms * 1e6), count: count - before };
      before = count;
      return more;
    });
  return { requests, requestsPerSecond, latencies: latencies.filter(({ count }) => count > 0) };
}
