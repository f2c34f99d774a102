/**
 * What a reading of the distance costs the requests behind it: the p50 of those sent in the first 2 ms of a slice over
 * that of the others of the same slice, as the median of these ratios over slices.
 */
import { median } from 'simple-statistics';
import type { Measured } from '../../formats/index.ts';
import { bootstrapInterval } from '../bootstrap.ts';
import { isOfState, medianNs, type TrialSlices } from './point-slices.ts';

/** From here on they are left out. */
const MUCH = 0.02;
const FEWEST_SLICES = 3;
/** Hundreds of slices are drawn each time, so that fewer times are as exact as a trial's many. */
const RESAMPLES = 1001;

interface Ratios {
  early_ns: number[];
  late_ns: number[];
}

/** Over the slices of a state, or all of them; null where too few have both, or nobody measured the distance. */
export function afterProbe(trials: TrialSlices[], state: string | null): Measured['after_probe'] {
  const both = ofSlices(trials, state);
  if (both === null) return null;
  const { early_ns, late_ns } = both;
  const ratio = medianRatio(early_ns, late_ns);
  const interval = bootstrapInterval([early_ns, late_ns], 'paired', medianRatio, RESAMPLES);
  return { ratio, interval, left_out: isMuch(ratio) };
}

/** The same without the interval. */
export function leavesOutEarly(trials: TrialSlices[], state: string | null): boolean {
  const both = ofSlices(trials, state);
  return both !== null && isMuch(medianRatio(both.early_ns, both.late_ns));
}

function ofSlices(trials: TrialSlices[], state: string | null): Ratios | null {
  const both = trials
    .flatMap(({ slices }) => slices.filter((slice) => slice.isRead && isOfState(slice, state)))
    .flatMap(({ slice: { operations } }) => {
      const early_ns = medianNs(operations.map(({ early }) => early));
      const late_ns = medianNs(operations.map(({ late }) => late));
      return !early_ns || !late_ns ? [] : [{ early_ns, late_ns }];
    });
  if (both.length < FEWEST_SLICES) return null;
  return {
    early_ns: both.map(({ early_ns }) => early_ns),
    late_ns: both.map(({ late_ns }) => late_ns),
  };
}

function isMuch(ratio: number): boolean {
  return Math.abs(ratio - 1) > MUCH;
}

function medianRatio(early_ns: number[], late_ns: number[]): number {
  return median(early_ns.map((ns, index) => ns / late_ns[index]));
}
