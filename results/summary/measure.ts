/** The measures by which two points are compared: each has one number for each trial. */

import type { Measured, Statistic, Verdict } from '../formats/index.ts';
import { formatCount, formatUs } from '../text/format.ts';
import type { TrialValue } from './bootstrap.ts';

export const measures = ['latency_p50', 'latency_p99', 'throughput'] as const;

export type Measure = (typeof measures)[number];

/** As part of a sentence. */
export const measureNames: Record<Measure, string> = {
  latency_p50: 'p50',
  latency_p99: 'p99',
  throughput: 'throughput',
};

/** With their units, as tables have them. */
export const measureHeads: Record<Measure, string> = {
  latency_p50: 'p50 µs',
  latency_p99: 'p99 µs',
  throughput: 'ops/s',
};

/** The statistic that a measure is about. */
const statisticOf: Record<Measure, Statistic> = {
  latency_p50: 'p50',
  latency_p99: 'p99',
  throughput: 'throughput',
};

/** Whether the measure can be believed, and why not; null where the point does not have it. */
export function verdictOn({ verdicts }: Pick<Measured, 'verdicts'>, measure: Measure): Verdict | null {
  return verdicts[statisticOf[measure]];
}

/** A quantile q needs 10 / (1 - q) samples, so that about ten lie beyond it; here in each trial. */
const SAMPLES_FOR_P99 = 1000;

/** In µs, or in requests per second. */
export function trialValues(
  point: Pick<Measured, 'trial_p50_us' | 'trial_p99_us' | 'trial_throughput_ops'>,
  measure: Measure,
): TrialValue[] {
  switch (measure) {
    case 'latency_p50':
      return point.trial_p50_us.map(({ trial, p50_us }) => ({ trial, value: p50_us }));
    case 'latency_p99':
      return point.trial_p99_us.map(({ trial, p99_us }) => ({ trial, value: p99_us }));
    case 'throughput':
      return point.trial_throughput_ops.map(({ trial, throughput_ops }) => ({
        trial,
        value: throughput_ops,
      }));
  }
}

/** Whether the trials, on average, have the samples that their quantile wants. */
export function enoughForQuantile({ samples, trials }: Measured, measure: Measure): boolean {
  return measure !== 'latency_p99' || samples >= SAMPLES_FOR_P99 * trials;
}

/** Without its unit: "23.3", "104,000". */
export function formatMeasure(value: number, measure: Measure): string {
  return measure === 'throughput' ? formatCount(value) : formatUs(value);
}
