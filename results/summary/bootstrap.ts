/**
 * How sure a ratio of two systems is, from the trials of both: the percentile bootstrap.
 *
 * With a and b the values of trials 1 to n (a p50, a p99, a throughput), the ratio is that of their medians,
 *
 *     r = median(a) / median(b)
 *
 * Each of B resamples draws n trials with replacement and computes r from what it drew. The interval reaches
 * from the 2.5th to the 97.5th percentile of these B ratios, for a nominal confidence of 95 %.
 *
 * - Paired: trial i of both systems ran in the same block of one run, next to each other in time. A resample
 *   draws trial numbers and takes both values of each, so that what slowed down a whole block cancels out.
 * - Unpaired: trials of two runs have nothing to do with each other. A resample draws from each by itself. So it does
 *   for two systems of one run that have too few blocks in common, as where the cores change their distance and each
 *   has its trials near when chance had it: what pairing keeps out is kept out by comparing within one state.
 *
 * Sources: B. Efron and R. Tibshirani, An Introduction to the Bootstrap (1993): section 13.3 for percentile
 * intervals, chapter 8 for two samples.
 *
 * Its weakness is few trials: what no trial showed, no resample shows. In the simulation of bootstrap.long.test.ts,
 * the nominal 95 % cover 75 % with 3 paired trials, 94 % with 5, 98 % with 10; unpaired, 90 %, 97 % and 96 %. Medians
 * are taken rather than means since those cover less with few trials (5 paired: 83 %), and one disturbed trial moves
 * them further. With fewer than 3 trials there is no interval at all.
 */
import { quantileSorted } from 'simple-statistics';
import type { Addition, Ratio } from '../formats/index.ts';
import { median } from './median.ts';

/** One number for each trial that gave one, in any order; greater than zero. */
export interface TrialValue {
  trial: number;
  value: number;
}

export type Pairing = 'paired' | 'unpaired';

export interface Difference {
  /** Medians over the trials that were used, and the first over the second. */
  a: number;
  b: number;
  ratio: number;
  /** The interval, nominally of 95 %; null with fewer than 3 trials. */
  interval: { low: number; high: number } | null;
  /** Trials used: pairs, or the smaller number of the two sides. */
  trials: number;
  /**
   * The smallest relative difference that these trials could tell from none: half the interval's width, relative to
   * the ratio. Null without an interval.
   */
  detectable: number | null;
}

export const FEWEST_TRIALS = 3;

/** So many that both percentiles are values of resamples, with nothing to interpolate. */
const DEFAULT_RESAMPLES = 10_001;
const TAIL = 0.025;
const SEED = 2019;

/** A statistic of samples, such as the ratio of the medians of two. They are its own until it returns. */
type Statistic = (...samples: number[][]) => number;

const ratioOfMedians: Statistic = (a, b) => median(a) / median(b);

/**
 * The ratio of `a` to `b` over trials, with its interval: the same for the same values, as the random source is seeded.
 * Paired, only trials that both have count. Null when there is no trial to compare, or a value that is not positive.
 */
export function differenceInterval(a: TrialValue[], b: TrialValue[], pairing: Pairing): Difference | null {
  const [valuesA, valuesB] = pairing === 'paired' ? pairs(a, b) : [valuesOf(a), valuesOf(b)];
  const trials = Math.min(valuesA.length, valuesB.length);
  if (trials === 0 || ![...valuesA, ...valuesB].every((value) => value > 0)) return null;
  const ratio = ratioOfMedians(valuesA, valuesB);
  const interval =
    trials < FEWEST_TRIALS ? null : bootstrapInterval([valuesA, valuesB], pairing, ratioOfMedians);
  return {
    a: median(valuesA),
    b: median(valuesB),
    ratio,
    interval,
    trials,
    detectable: interval && (interval.high - interval.low) / 2 / ratio,
  };
}

/** Where a run was added to later, the numbers of the first trials of each time. */
export type Times = readonly Pick<Addition, 'first_trial'>[];

/** Of each list, what is of a time that all have: what was measured apart in time is not compared. */
export function ofCommonTimes<T extends { trial: number }>(lists: readonly T[][], times: Times): T[][] {
  const timeOf = ({ trial }: T): number => times.filter(({ first_trial }) => trial >= first_trial).length;
  const ofEach = lists.map((list) => new Set(list.map(timeOf)));
  return lists.map((list) => list.filter((one) => ofEach.every((has) => has.has(timeOf(one)))));
}

/**
 * The same of systems of one run: paired by block, unless only unpaired there are trials enough for an interval; of
 * the times that both were measured at.
 */
export function differenceWithinRun(
  ofA: TrialValue[],
  ofB: TrialValue[],
  times: Times = [],
): Difference | null {
  const [a, b] = ofCommonTimes([ofA, ofB], times);
  const paired = differenceInterval(a, b, 'paired');
  if (paired?.interval) return paired;
  const unpaired = differenceInterval(a, b, 'unpaired');
  return unpaired?.interval ? unpaired : paired;
}

/** That, as a summary has it. */
export function ratioWithinRun(a: TrialValue[], b: TrialValue[], times: Times = []): Ratio | null {
  const difference = differenceWithinRun(a, b, times);
  if (!difference) return null;
  const { ratio, interval, trials, detectable } = difference;
  return { ratio, interval, trials, detectable };
}

/**
 * The percentile interval of `statistic` over resamples of the samples. Paired, values at the same index belong
 * together, and all samples must be of one length.
 */
export function bootstrapInterval(
  samples: number[][],
  pairing: Pairing,
  statistic: Statistic,
  resamples = DEFAULT_RESAMPLES,
): { low: number; high: number } {
  const random = mulberry32(SEED);
  const draw = pairing === 'paired' ? drawPairs : drawEach;
  // Of all resamples: a report draws a million.
  const drawn = samples.map((sample) => [...sample]);
  const estimates = new Float64Array(resamples);
  for (let resample = 0; resample < resamples; resample++) {
    draw(samples, drawn, random);
    estimates[resample] = statistic(...drawn);
  }
  const sorted = Array.from(estimates.sort());
  return { low: quantileSorted(sorted, TAIL), high: quantileSorted(sorted, 1 - TAIL) };
}

/** From each sample by itself. */
function drawEach(samples: readonly number[][], drawn: number[][], random: () => number): void {
  for (let which = 0; which < samples.length; which++) {
    const [from, to] = [samples[which], drawn[which]];
    for (let at = 0; at < from.length; at++) to[at] = from[Math.floor(random() * from.length)];
  }
}

/** The same places of all of them. */
function drawPairs(samples: readonly number[][], drawn: number[][], random: () => number): void {
  const { length } = samples[0];
  for (let at = 0; at < length; at++) {
    const from = Math.floor(random() * length);
    for (let which = 0; which < samples.length; which++) drawn[which][at] = samples[which][from];
  }
}

function valuesOf(trials: TrialValue[]): number[] {
  return trials.map(({ value }) => value);
}

function pairs(a: TrialValue[], b: TrialValue[]): [number[], number[]] {
  const ofB = new Map(b.map(({ trial, value }) => [trial, value]));
  const both = a.filter(({ trial }) => ofB.has(trial));
  return [valuesOf(both), both.map(({ trial }) => ofB.get(trial)!)];
}

/** Tommy Ettinger's mulberry32: uniform in [0, 1), small, and good enough to draw trials. */
function mulberry32(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
