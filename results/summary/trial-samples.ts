/** What each trial of a point counted, of its whole window or of some of its slices, and what comes of it together. */
import type { LoadResult, Measured } from '../formats/index.ts';
import { type Histogram, latencyUs, medianUs, mergeHistograms, p99Us } from '../run/histogram.ts';
import { type Interval, medianInterval } from './interval.ts';
import type { TrialOutcome } from './trial-outcome.ts';

export interface TrialSample {
  trial: number;
  /** Of right replies. */
  latency_ns: Histogram;
  /** Right replies, and the time in which they came. */
  right: number;
  elapsed_s: number;
}

export type OverTrials = Pick<
  Measured,
  | 'latency_us'
  | 'p50_interval_us'
  | 'trial_p50_us'
  | 'trial_p99_us'
  | 'trial_throughput_ops'
  | 'throughput_ops'
  | 'samples'
  | 'trials'
>;

/** Of the whole windows of the trials that measured anything. */
export function wholeSamples(outcomes: TrialOutcome[]): TrialSample[] {
  return outcomes.flatMap(({ trial, measurement }) => {
    if (!measurement?.recording) return [];
    const { latency_ns, result } = measurement.recording;
    return [{ trial, latency_ns, ...receivedIn(result) }];
  });
}

/** `is_of_means`: each latency is the mean of a run, so that there is no tail and no rate. */
export function overTrials(recorded: TrialSample[], is_of_means: boolean): OverTrials {
  const merged = mergeHistograms(recorded.map(({ latency_ns }) => latency_ns));
  const latency_us = latencyUs(merged);
  const sampled = recorded.filter(({ latency_ns }) => latency_ns.totalCount > 0);
  const trial_p50_us = sampled.map(({ trial, latency_ns }) => ({ trial, p50_us: medianUs(latency_ns) }));
  return {
    latency_us,
    p50_interval_us:
      latency_us &&
      intervalAround(
        latency_us.p50,
        trial_p50_us.map(({ p50_us }) => p50_us),
      ),
    trial_p50_us,
    trial_p99_us: is_of_means
      ? []
      : sampled.map(({ trial, latency_ns }) => ({ trial, p99_us: p99Us(latency_ns) })),
    trial_throughput_ops: is_of_means
      ? []
      : recorded.map((sample) => ({ trial: sample.trial, throughput_ops: throughput([sample])! })),
    throughput_ops: is_of_means ? null : throughput(recorded),
    samples: merged.totalCount,
    trials: trial_p50_us.length,
  };
}

/**
 * The interval over trials of a statistic. The merged `value` weighs trials by their requests, the ranks do not: it is
 * kept inside its own interval.
 */
export function intervalAround(value: number, ofTrials: number[]): Interval | null {
  const interval = medianInterval(ofTrials);
  if (!interval) return null;
  const { low, high, confidence } = interval;
  return { low: Math.min(low, value), high: Math.max(high, value), confidence };
}

/** Right replies that came in the measured window, and its length. Of older results, those to its requests. */
function receivedIn({ rates, operations, elapsed_s }: LoadResult): Pick<TrialSample, 'right' | 'elapsed_s'> {
  if (rates !== null) return { right: rates.achieved_ops * rates.window_s, elapsed_s: rates.window_s };
  return { right: operations.reduce((sum, { hits }) => sum + hits, 0), elapsed_s };
}

/** Per second: the right replies of all trials over the sum of the times in which they came. */
export function throughput(samples: TrialSample[]): number | null {
  if (samples.length === 0) return null;
  const right = samples.reduce((sum, sample) => sum + sample.right, 0);
  const elapsed_s = samples.reduce((sum, sample) => sum + sample.elapsed_s, 0);
  return Math.round(right / elapsed_s);
}
