/** What changed in numbers between two runs, point by point, and what the changes are worth. */

import type { MeasurementTarget, Summary } from '../formats/index.ts';
import { nameTarget } from '../sentences/doubts.ts';
import { type SummaryRow, summaryRows } from '../sentences/rows.ts';
import { type Difference, differenceInterval, FEWEST_TRIALS, type Pairing } from '../summary/bootstrap.ts';
import { enoughForQuantile, type Measure, measures, trialValues, verdictOn } from '../summary/measure.ts';
import { formatPercent } from '../text/format.ts';
import { type SameDistance, sameDistance } from './same-distance.ts';

/** One measure of one point that both runs have. */
export type Change = MeasurementTarget & {
  /** Name of the system, or of the floor and that it is one. */
  system: string;
  measure: Measure;
  /** Medians over the trials of each run, and the second over the first. */
  first: number;
  second: number;
  ratio: number;
  interval: Difference['interval'];
  /** At which distance of the cores both were measured, or why it is not one; null where neither knows of any. */
  distance: string | null;
  /** Trials behind each. */
  trials: [number, number];
  /** Whether the interval leaves out 1: the runs differ, as far as their trials can tell. */
  differs: boolean;
  /** What that means, in a few words. */
  reading: string;
};

export interface Comparison {
  changes: Change[];
  /** Points that only one run has, as "kv-dpdk, GET". */
  only_first: string[];
  only_second: string[];
}

/** Trials of two runs were never next to each other. */
const PAIRING: Pairing = 'unpaired';

/**
 * A histogram's bucket is up to 0.1 % wide (histogram.ts): nothing below that can be told, however alike
 * trials are.
 */
const FINEST = 0.001;

/** Points are the same when system or floor, operation, clients and value size are. */
export function comparePoints(first: Summary, second: Summary): Comparison {
  const [rowsFirst, rowsSecond] = [summaryRows(first), summaryRows(second)];
  return {
    changes: rowsFirst.flatMap((row) => {
      const other = rowsSecond.find((candidate) => same(row, candidate));
      if (!other) return [];
      const sides = sameDistance([first, row], [second, other]);
      return measures.flatMap((measure) => change(sides, measure) ?? []);
    }),
    only_first: namesWithout(rowsFirst, rowsSecond),
    only_second: namesWithout(rowsSecond, rowsFirst),
  };
}

function same(a: SummaryRow, b: SummaryRow): boolean {
  return (
    a.system === b.system &&
    a.operation === b.operation &&
    a.clients === b.clients &&
    a.value_bytes === b.value_bytes
  );
}

function namesWithout(rows: SummaryRow[], others: SummaryRow[]): string[] {
  return rows
    .filter((row) => !others.some((other) => same(row, other)))
    .map((row) => `${row.system}, ${nameTarget(row, [...rows, ...others])}`);
}

/** Null where one of the runs has no value, as after failed trials, or for the p99 of means. */
function change({ first, second, ...at }: SameDistance, measure: Measure): Change | null {
  const [before, after] = [trialValues(first, measure), trialValues(second, measure)];
  const difference = differenceInterval(after, before, PAIRING);
  if (!difference) return null;
  const { system, operation, clients, value_bytes } = first;
  const { a, b, ratio, interval } = difference;
  const apart = at.isApart ? 'at unlike distances' : null;
  const obstacle = apart ?? obstacleTo(first, second, measure, difference.trials);
  const differs = !obstacle && interval !== null && (interval.low > 1 || interval.high < 1);
  return {
    system,
    operation,
    clients,
    value_bytes,
    measure,
    first: b,
    second: a,
    ratio,
    interval,
    distance: at.distance,
    trials: [before.length, after.length],
    differs,
    reading: obstacle ?? (differs ? direction(ratio) : noDifference(difference.detectable!)),
  };
}

/** Why the interval says nothing, or null. */
function obstacleTo(first: SummaryRow, second: SummaryRow, measure: Measure, trials: number): string | null {
  const invalid = [first, second].map((row) => verdictOn(row, measure)?.state === 'invalid');
  if (invalid[0] && invalid[1]) return 'invalid in both runs';
  if (invalid[0]) return 'invalid in the first run';
  if (invalid[1]) return 'invalid in the second run';
  if (!enoughForQuantile(first, measure) || !enoughForQuantile(second, measure)) return 'too few samples';
  return trials < FEWEST_TRIALS ? `fewer than ${FEWEST_TRIALS} trials` : null;
}

function direction(ratio: number): string {
  return `${formatPercent(Math.abs(ratio - 1))} ${ratio > 1 ? 'higher' : 'lower'}`;
}

function noDifference(detectable: number): string {
  return `no difference detectable below ${formatPercent(Math.max(detectable, FINEST))}`;
}
