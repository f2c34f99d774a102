/** The statistics that are exported: what each is, of a point and of a trial, and how far to believe it. */
import type { CostOfSide, Measured, Verdict } from '../formats/index.ts';
import { latencyUs } from '../run/histogram.ts';
import { bandwidthOf, gbitPerS } from '../summary/bandwidth.ts';
import { intervalAround, type TrialSample, throughput } from '../summary/trial-samples.ts';
import { formatCount } from '../text/format.ts';

type LatencyName = keyof NonNullable<Measured['latency_us']>;
type Judged = 'p50' | 'p99' | 'p999' | 'throughput';

interface Latency {
  name: string;
  field: LatencyName;
  /** The statistic whose verdict it shares: the next one that is judged by itself. */
  judged: Judged;
  /** Extremes over trials are no estimate of the extreme over all. */
  hasInterval: boolean;
}

const latency = (name: string, field: LatencyName, judged: Judged, hasInterval = true): Latency => ({
  name,
  field,
  judged,
  hasInterval,
});

const latencies: Latency[] = [
  latency('mean', 'mean', 'p99'),
  latency('min', 'min', 'p50', false),
  latency('p50', 'p50', 'p50'),
  latency('p90', 'p90', 'p99'),
  latency('p95', 'p95', 'p99'),
  latency('p99', 'p99', 'p99'),
  latency('p99.9', 'p999', 'p999'),
  latency('p99.99', 'p9999', 'p999'),
  latency('max', 'max', 'p999', false),
];

/** Per second, beside the throughput. */
const rateNames = ['offered', 'completed', 'misses', 'errors', 'wrong', 'stale', 'torn'] as const;

/** Of a million right replies, of each side: its name, its unit, and where it comes from. */
const costsOfSide: [name: string, unit: CostUnit, of: (side: CostOfSide) => number | null][] = [
  ['core_s', 'core-s/M', ({ user_s, system_s }) => user_s + system_s],
  ['user_s', 'core-s/M', ({ user_s }) => user_s],
  ['system_s', 'core-s/M', ({ system_s }) => system_s],
  ['vain_s', 'core-s/M', ({ vain_s }) => vain_s],
  ['voluntary_switches', '1/M', ({ voluntary_switches }) => voluntary_switches],
  ['involuntary_switches', '1/M', ({ involuntary_switches }) => involuntary_switches],
  ['cycles', '1/M', ({ cycles }) => cycles],
  ['instructions', '1/M', ({ instructions }) => instructions],
  ['cache_misses', '1/M', ({ cache_misses }) => cache_misses],
];
const costSides = ['server', 'client'] as const;

/** All that there are; of a point those that are known. */
export const statisticNames: string[] = [
  ...latencies.map(({ name }) => name),
  'throughput',
  'bandwidth',
  'bulk_bandwidth',
  'p50_over_first',
  ...rateNames,
  ...costSides.flatMap((side) => costsOfSide.map(([name]) => `${side}_${name}`)),
  'joules',
];

/** A quantile q needs 10 / (1 - q) samples, so that about ten lie beyond it. */
const SAMPLES_FOR_P9999 = 100_000;

/** Of a million right replies. */
type CostUnit = 'core-s/M' | '1/M' | 'J/M';

export interface StatisticValue {
  statistic: string;
  value: number | null;
  unit: 'us' | 'ops/s' | 'Gbit/s' | '1' | CostUnit;
  low: number | null;
  high: number | null;
  confidence: number | null;
  verdict: Verdict['state'] | null;
  reasons: string[];
}

const NO_INTERVAL = { low: null, high: null, confidence: null };
/** As bootstrap.ts makes them. */
const BOOTSTRAP_CONFIDENCE = 0.95;

/** Of a point: its histograms merged, with the interval over its trials. Means of runs have mean and middle only. */
export function statisticsOfPoint(point: Measured, samples: TrialSample[]): StatisticValue[] {
  const { latency_us, throughput_ops, versus_first, verdicts } = point;
  const ofTrials = samples.flatMap((sample) => latencyUs(sample.latency_ns) ?? []);
  const shown = latencies.filter(({ field }) => isKnown(point, field));
  const rates = point.trial_throughput_ops.map((trial) => trial.throughput_ops);
  return [
    ...shown.map(({ name, field, judged, hasInterval }): StatisticValue => {
      const value = latency_us?.[field] ?? null;
      const values = ofTrials.map((trial) => trial[field]);
      const interval = value !== null && hasInterval ? intervalAround(value, values) : null;
      const verdict = name === 'p99.99' ? verdictOnP9999(point) : verdicts[judged];
      return {
        statistic: name,
        value,
        unit: 'us',
        ...(interval ?? NO_INTERVAL),
        verdict: verdict?.state ?? null,
        reasons: verdict?.reasons ?? [],
      };
    }),
    ...(verdicts.throughput
      ? [
          {
            statistic: 'throughput',
            value: throughput_ops,
            unit: 'ops/s' as const,
            ...((throughput_ops !== null && intervalAround(throughput_ops, rates)) || NO_INTERVAL),
            verdict: verdicts.throughput.state,
            reasons: verdicts.throughput.reasons,
          },
        ]
      : []),
    ...bandwidthOfPoint(point),
    ...bulkOfPoint(point),
    ...(versus_first
      ? [
          {
            statistic: 'p50_over_first',
            value: versus_first.ratio,
            unit: '1' as const,
            ...(versus_first.interval
              ? { ...versus_first.interval, confidence: BOOTSTRAP_CONFIDENCE }
              : NO_INTERVAL),
            verdict: verdicts.p50.state,
            reasons: verdicts.p50.reasons,
          },
        ]
      : []),
    ...ratesOf(point),
    ...costsOf(point),
  ];
}

/** Without an interval: its whiskers are no interval of one confidence. */
function bandwidthOfPoint(point: Measured): StatisticValue[] {
  const found = bandwidthOf(point);
  if (found === null || point.verdicts.throughput === null) return [];
  const { state: verdict = null, reasons = [] } = found.verdict ?? {};
  const value = found.gbit_per_s;
  return [{ statistic: 'bandwidth', value, unit: 'Gbit/s', ...NO_INTERVAL, verdict, reasons }];
}

/** Of large values beside the requests. */
function bulkOfPoint({ bulk, verdicts }: Measured): StatisticValue[] {
  if (!bulk) return [];
  const value = gbitPerS(bulk.bytes_per_s);
  const trials = bulk.trial_bytes_per_s.map(({ bytes_per_s }) => gbitPerS(bytes_per_s));
  const interval = intervalAround(value, trials) ?? NO_INTERVAL;
  const { state: verdict = null, reasons = [] } = verdicts.throughput ?? {};
  return [{ statistic: 'bulk_bandwidth', value, unit: 'Gbit/s', ...interval, verdict, reasons }];
}

/** Those that are known, with the verdict on the throughput. */
function ratesOf({ rates, verdicts }: Measured): StatisticValue[] {
  if (rates === null) return [];
  return rateNames.flatMap((name) => {
    const value = rates[`${name}_ops`];
    if (value === null) return [];
    const { state: verdict = null, reasons = [] } = verdicts.throughput ?? {};
    return [{ statistic: name, value, unit: 'ops/s' as const, ...NO_INTERVAL, verdict, reasons }];
  });
}

/** Those that are known. */
function costsOf({ cost }: Measured): StatisticValue[] {
  if (cost === null) return [];
  const bare = { ...NO_INTERVAL, verdict: null, reasons: [] };
  const ofSides = costSides.flatMap((side) => {
    const of = cost[side];
    if (of === null) return [];
    return costsOfSide.map(([name, unit, amount]) => ({
      ...{ statistic: `${side}_${name}`, value: amount(of), unit },
      ...bare,
    }));
  });
  const all = [...ofSides, { statistic: 'joules', value: cost.joules, unit: 'J/M' as const, ...bare }];
  return all.filter(({ value }) => value !== null);
}

function isKnown({ sample }: Measured, field: LatencyName): boolean {
  return sample === 'round_trip' || field === 'p50' || field === 'mean';
}

function verdictOnP9999({ verdicts: { p999 }, samples }: Measured): Verdict | null {
  if (!p999 || samples >= SAMPLES_FOR_P9999) return p999;
  const reason = `${formatCount(samples)} samples are too few for the p99.99, which wants ${formatCount(SAMPLES_FOR_P9999)}.`;
  return {
    state: p999.state === 'valid' ? 'suspect' : p999.state,
    reasons: [...p999.reasons, reason],
  };
}

/** Of one trial of a point: no interval, and no verdict of its own. */
export function statisticsOfTrial(point: Measured, sample: TrialSample): StatisticValue[] {
  const latency_us = latencyUs(sample.latency_ns);
  const bare = { ...NO_INTERVAL, verdict: null, reasons: [] };
  return [
    ...latencies
      .filter(({ field }) => latency_us !== null && isKnown(point, field))
      .map(({ name, field }): StatisticValue => {
        return { statistic: name, value: latency_us?.[field] ?? null, unit: 'us', ...bare };
      }),
    ...(point.verdicts.throughput
      ? [{ statistic: 'throughput', value: throughput([sample]), unit: 'ops/s' as const, ...bare }]
      : []),
    ...(point.bulk?.trial_bytes_per_s ?? [])
      .filter(({ trial }) => trial === sample.trial)
      .map(({ bytes_per_s }): StatisticValue => {
        return { statistic: 'bulk_bandwidth', value: gbitPerS(bytes_per_s), unit: 'Gbit/s', ...bare };
      }),
  ];
}
