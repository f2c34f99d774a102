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

/** Over the slices of a state, or all of them; null where too few have both, or nobody measured the distance. */
export function afterProbe(trials: TrialSlices[], state: string | null): Measured['after_probe'] {
  const ratios = ofSlices(trials, state);
  if (ratios === null) return null;
  const ratio = median(ratios);
  const interval = bootstrapInterval([ratios], 'paired', median, RESAMPLES);
  return { ratio, interval, left_out: isMuch(ratio) };
}

/** The same without the interval. */
export function leavesOutEarly(trials: TrialSlices[], state: string | null): boolean {
  const ratios = ofSlices(trials, state);
  return ratios !== null && isMuch(median(ratios));
}

/** Of each slice that has both. */
function ofSlices(trials: TrialSlices[], state: string | null): number[] | null {
  const ratios = trials
    .flatMap(({ slices }) => slices.filter((slice) => slice.isRead && isOfState(slice, state)))
    .flatMap(({ slice: { operations } }) => {
      const early_ns = medianNs(operations.map(({ early }) => early));
      const late_ns = medianNs(operations.map(({ late }) => late));
      return !early_ns || !late_ns ? [] : [early_ns / late_ns];
    });
  return ratios.length < FEWEST_SLICES ? null : ratios;
}

function isMuch(ratio: number): boolean {
  return Math.abs(ratio - 1) > MUCH;
}
