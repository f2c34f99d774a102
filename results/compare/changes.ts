/** What changed in numbers between two runs, point by point, and what the changes are worth. */

import type { MeasurementTarget, Summary } from '../formats/index.ts';
import { sameTarget } from '../run/run-folder.ts';
import { listed, nameTarget } from '../sentences/doubts.ts';
import { type SummaryRow, summaryRows } from '../sentences/rows.ts';
import { type Difference, differenceInterval, FEWEST_TRIALS, type Pairing } from '../summary/bootstrap.ts';
import { enoughForQuantile, type Measure, measures, trialValues, verdictOn } from '../summary/measure.ts';
import { formatPercent } from '../text/format.ts';
import { type SameDistance, sameDistance } from './same-distance.ts';
import { type Asked, type WorkloadDifference, workloadDifferences } from './workloads.ts';

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
  /** What was asked otherwise of the one than of the other; then it is not judged. */
  workload: WorkloadDifference[];
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

/** A run: what it found, and what it was asked. */
export interface RunSide {
  summary: Summary;
  manifest: Asked;
}

/**
 * Points are the same when system or floor, operation and place in a sweep are. What is left is set beside the one
 * other of its system and operation, if there is only one, as a point of another workload.
 */
export function comparePoints(first: RunSide, second: RunSide): Comparison {
  const [rowsFirst, rowsSecond] = [summaryRows(first.summary), summaryRows(second.summary)];
  const pairs = pairsOf(rowsFirst, rowsSecond);
  const all = [...rowsFirst, ...rowsSecond];
  const without = (rows: SummaryRow[]): string[] =>
    rows
      .filter((row) => !pairs.some((pair) => pair.includes(row)))
      .map((row) => `${row.system}, ${nameTarget(row, all)}`);
  return {
    changes: pairs.flatMap(([row, other]) => {
      const sides = sameDistance([first.summary, row], [second.summary, other]);
      const workload = workloadDifferences([first.manifest, row], [second.manifest, other]);
      return measures.flatMap((measure) => change(sides, workload, measure) ?? []);
    }),
    only_first: without(rowsFirst),
    only_second: without(rowsSecond),
  };
}

type Pair = [first: SummaryRow, second: SummaryRow];

/** In the order of the first. */
function pairsOf(first: SummaryRow[], second: SummaryRow[]): Pair[] {
  const alike = (a: SummaryRow, b: SummaryRow): boolean =>
    a.system === b.system && a.operation === b.operation;
  const isLeft = (row: SummaryRow, others: SummaryRow[]): boolean =>
    !others.some((other) => alike(row, other) && sameTarget(row, other));
  const [leftFirst, leftSecond] = [
    first.filter((row) => isLeft(row, second)),
    second.filter((row) => isLeft(row, first)),
  ];
  return first.flatMap((row): Pair[] => {
    const same = second.find((other) => alike(row, other) && sameTarget(row, other));
    if (same) return [[row, same]];
    const others = leftSecond.filter((other) => alike(row, other));
    const isOnly = others.length === 1 && leftFirst.filter((one) => alike(row, one)).length === 1;
    return isOnly ? [[row, others[0] as SummaryRow]] : [];
  });
}

/** Null where one of the runs has no value, as after failed trials, or for the p99 of means. */
function change(
  { first, second, ...at }: SameDistance,
  workload: WorkloadDifference[],
  measure: Measure,
): Change | null {
  const [before, after] = [trialValues(first, measure), trialValues(second, measure)];
  const difference = differenceInterval(after, before, PAIRING);
  if (!difference) return null;
  const { system, operation, at: of_sweep, clients, value_bytes, pipeline, rate_ops } = first;
  const { a, b, ratio, interval } = difference;
  const unlike = workload.length > 0 ? `unlike ${listed(workload.map(({ what }) => what))}` : null;
  const apart = at.isApart ? 'at unlike distances' : null;
  const obstacle = unlike ?? apart ?? obstacleTo(first, second, measure, difference.trials);
  const differs = !obstacle && interval !== null && (interval.low > 1 || interval.high < 1);
  return {
    system,
    operation,
    at: of_sweep,
    clients,
    value_bytes,
    pipeline,
    rate_ops,
    measure,
    first: b,
    second: a,
    ratio,
    interval,
    distance: at.distance,
    trials: [before.length, after.length],
    workload,
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
