/** What charts over an axis can show of a point. */
import type { Measured, Point } from '../../formats/index.ts';
import { FROM_LOWEST } from '../../sentences/figure-words.ts';
import { bandwidthOf, gbitPerS, isPingPong, lowestToHighest } from '../../summary/bandwidth.ts';
import type { State } from '../../summary/doubt.ts';

export interface Shown {
  /** Name of the field in the chart's rows; its unit stands last. */
  field: string;
  title: string;
  /** Null where the point, or the floor, has none. */
  valueOf: (of: Measured) => number | null;
  intervalOf: (of: Measured) => { low: number; high: number } | null;
  /** What the interval is of these, in words; null where there is none. */
  whiskersOf: (all: readonly Measured[]) => string | null;
  stateOf: (of: Measured) => State;
  /** What was published of it, in the same unit; null where nothing was. */
  publishedOf: (point: Point) => number | null;
  /** Whether a floor, which is one exchange at a time with the device alone, is the best that can be had of it. */
  hasFloors: boolean;
}

export const latencyP50: Shown = {
  field: 'p50_us',
  title: 'p50 latency (µs)',
  valueOf: ({ latency_us }) => latency_us?.p50 ?? null,
  intervalOf: ({ p50_interval_us }) => p50_interval_us,
  whiskersOf: () => 'interval over the trials',
  stateOf: ({ verdicts }) => verdicts.p50.state,
  publishedOf: ({ published_us }) => published_us,
  hasFloors: true,
};

export const latencyP99: Shown = {
  field: 'p99_us',
  title: 'p99 latency (µs)',
  valueOf: ({ latency_us, sample }) => (sample === 'run_mean' ? null : (latency_us?.p99 ?? null)),
  intervalOf: () => null,
  whiskersOf: () => null,
  stateOf: ({ verdicts }) => verdicts.p99?.state ?? 'valid',
  publishedOf: () => null,
  hasFloors: false,
};

export const throughput: Shown = {
  field: 'throughput_kops',
  title: 'throughput (1,000 requests/s)',
  valueOf: ({ throughput_ops }) => (throughput_ops === null ? null : throughput_ops / 1000),
  intervalOf: ({ trial_throughput_ops }) =>
    lowestToHighest(trial_throughput_ops.map(({ throughput_ops }) => throughput_ops / 1000)),
  whiskersOf: () => FROM_LOWEST,
  stateOf: ({ verdicts }) => verdicts.throughput?.state ?? 'valid',
  publishedOf: ({ published_ops }) => (published_ops === null ? null : published_ops / 1000),
  hasFloors: false,
};

/** Of values that were carried beside the requests. */
export const bulkBandwidth: Shown = {
  field: 'bulk_gbit_per_s',
  title: 'bandwidth of bulk (Gbit/s)',
  valueOf: ({ bulk }) => (bulk ? gbitPerS(bulk.bytes_per_s) : null),
  intervalOf: ({ bulk }) =>
    lowestToHighest((bulk?.trial_bytes_per_s ?? []).map(({ bytes_per_s }) => gbitPerS(bytes_per_s))),
  whiskersOf: () => FROM_LOWEST,
  stateOf: ({ verdicts }) => verdicts.throughput?.state ?? 'valid',
  publishedOf: () => null,
  hasFloors: false,
};

/** Of server and client together, what polling in vain takes included. */
export const cost: Shown = {
  field: 'cost_core_s',
  title: 'cost (core-s a million requests)',
  valueOf: ({ cost }) => {
    const sides = [cost?.server, cost?.client].filter((side) => side != null);
    return sides.length === 0
      ? null
      : sides.reduce((sum, { user_s, system_s }) => sum + user_s + system_s, 0);
  },
  intervalOf: () => null,
  whiskersOf: () => null,
  stateOf: ({ verdicts }) => verdicts.throughput?.state ?? 'valid',
  publishedOf: () => null,
  hasFloors: false,
};

export const bandwidth: Shown = {
  field: 'bandwidth_gbit_per_s',
  title: 'bandwidth (Gbit/s)',
  valueOf: (point) => bandwidthOf(point)?.gbit_per_s ?? null,
  intervalOf: (point) => bandwidthOf(point)?.interval ?? null,
  whiskersOf: (all) => (all.every(isPingPong) ? latencyP50 : throughput).whiskersOf(all),
  stateOf: (point) => bandwidthOf(point)?.verdict?.state ?? 'valid',
  publishedOf: ({ published_gbit_per_s }) => published_gbit_per_s,
  hasFloors: true,
};
