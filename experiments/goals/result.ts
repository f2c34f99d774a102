/** What becomes of goals: records of them, a table for the terminal, and the exit code. */
import Table from 'cli-table3';
import type { GoalRecord, GoalResult, Summary } from '../../results/formats/index.ts';
import {
  evaluateRelation,
  formatMeasure,
  formatRatioFinely,
  type Goal,
  measureNames,
  nameBounds,
  type RelationFinding,
} from '../../results/index.ts';

export function resultOf(result: RelationFinding['result']): GoalResult {
  return result === 'holds' ? 'met' : result === 'fails' ? 'missed' : result;
}

/** The goals of an experiment, held against its run. */
export function judgeGoals(file: string, goals: readonly Goal[], summary: Summary): GoalRecord[] {
  return goals.flatMap((goal) =>
    evaluateRelation(summary, goal).map((finding) => recordOf(file, goal, finding)),
  );
}

function recordOf(file: string, goal: Goal, finding: RelationFinding): GoalRecord {
  const { about, system, over, result, reason, evidence, noise } = finding;
  const { measure } = goal;
  const { at_most, at_least } = noise ?? goal;
  const names = `${system ?? 'a system that is absent'} over ${over ?? 'one that is absent'}`;
  return {
    file,
    goal: `${about} ${measureNames[measure]}, ${names}${evidence?.state ? `, ${evidence.state}` : ''}`,
    result: resultOf(result),
    reason,
    is_suspect: (evidence?.doubts.length ?? 0) > 0,
    at_most: at_most ?? null,
    at_least: at_least ?? null,
    unit: measure === 'throughput' ? 'ops/s' : 'us',
    value: evidence?.system_value ?? null,
    over_value: evidence?.over_value ?? null,
    measured: evidence?.ratio ?? null,
    interval: evidence?.interval ?? null,
    trials: evidence?.trials ?? 0,
  };
}

/** Goals of a file of which nothing could be run. */
export function untestedGoals(file: string, goals: readonly Goal[], reason: string): GoalRecord[] {
  return goals.map((goal) => ({
    file,
    goal: `${measureNames[goal.measure]}, ${nameSide(goal.system)} over ${nameSide(goal.over)}`,
    result: 'cannot be tested here',
    reason,
    is_suspect: false,
    at_most: goal.at_most ?? null,
    at_least: goal.at_least ?? null,
    unit: goal.measure === 'throughput' ? 'ops/s' : 'us',
    value: null,
    over_value: null,
    measured: null,
    interval: null,
    trials: 0,
  }));
}

function nameSide(side: Goal['system']): string {
  return typeof side === 'string' ? side : side.role;
}

/** 0 when all goals are met, 1 when one is missed, 2 when none is missed and some cannot be tested. */
export function exitCodeOf(records: readonly GoalRecord[]): 0 | 1 | 2 {
  if (records.some(({ result }) => result === 'missed')) return 1;
  return records.every(({ result }) => result === 'met') ? 0 : 2;
}

/** The table of all goals, the reasons below it, and how many are met. */
export function renderGoals(records: readonly GoalRecord[]): string {
  const table = new Table({
    head: ['goals', 'goal', 'bound', 'measured', 'trials', 'result'],
    style: { head: [], border: [] },
  });
  for (const record of records) {
    const { file, goal, trials, result, is_suspect } = record;
    table.push([
      file,
      goal,
      boundsOf(record),
      measuredText(record),
      trials,
      `${result}${is_suspect ? ' (suspect)' : ''}`,
    ]);
  }
  const reasons = records.flatMap(({ file, goal, reason }) =>
    reason ? [`  ${file}: ${goal}: ${reason}`] : [],
  );
  return [
    table.toString(),
    'measured: the ratio of the medians over trials [95 % interval by a bootstrap over trials] (the two medians);',
    'of a number that is no ratio, its median and whole range. suspect: a check of the run doubts it (see its report).',
    ...(reasons.length > 0 ? ['', ...reasons] : []),
    '',
    tally(records),
  ].join('\n');
}

function boundsOf({ at_most, at_least }: GoalRecord): string {
  return nameBounds({ at_most: at_most ?? undefined, at_least: at_least ?? undefined });
}

/** "0.403 [0.394 to 0.446] (11.7 over 28.4 us)" */
export function measuredText({ measured, interval, value, over_value, unit }: GoalRecord): string {
  if (measured === null || value === null) return '';
  const range = interval
    ? ` [${formatRatioFinely(interval.low)} to ${formatRatioFinely(interval.high)}]`
    : '';
  if (over_value === null) return `${formatRatioFinely(measured)}${range} ${unit}`;
  const format = (one: number): string => formatMeasure(one, unit === 'ops/s' ? 'throughput' : 'latency_p50');
  return `${formatRatioFinely(measured)}${range} (${format(value)} over ${format(over_value)} ${unit})`;
}

/** "9 of 12 goals met, 1 missed, 2 cannot be tested here." */
function tally(records: readonly GoalRecord[]): string {
  const count = (wanted: GoalResult): number => records.filter(({ result }) => result === wanted).length;
  return `${count('met')} of ${records.length} goals met, ${count('missed')} missed, ${count('cannot be tested here')} cannot be tested here.`;
}
