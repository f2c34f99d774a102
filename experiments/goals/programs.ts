/** Runs the programs of a goal file: each start prints one number, in turn with those of its reference. */
import { mkdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { median } from 'simple-statistics';
import { z } from 'zod';
import type { GoalRecord } from '../../results/formats/index.ts';
import { differenceInterval, formatSignificant, holdInterval } from '../../results/index.ts';
import { ownCheckout } from '../machine/checkout.ts';
import { availableCores } from '../machine/machine.ts';
import type { Supervisor } from '../machine/process.ts';
import { lastWords } from '../trial/trial-folder.ts';
import type { GoalFile, ProgramGoal } from './goal-file.ts';
import { resultOf } from './result.ts';

/** A program that takes so many times what it should, and more, counts as hung. */
const PATIENCE = 5;
const STARTING_S = 60;
const STOP_GRACE_MS = 2000;

const printed = z.object({ value: z.number(), unit: z.string().min(1) });
type Printed = z.infer<typeof printed>;

export interface ProgramsRun {
  goals: Extract<GoalFile, { kind: 'programs' }>;
  /** For the logs. */
  folder: string;
  supervisor: Supervisor;
  /** Rejects when all is to stop. */
  interrupted: Promise<never>;
  say: (line: string) => void;
}

export async function runPrograms(run: ProgramsRun): Promise<GoalRecord[]> {
  mkdirSync(run.folder, { recursive: true });
  const records: GoalRecord[] = [];
  for (const [index, goal] of run.goals.programs.entries()) {
    records.push(await runProgram(run, goal, index + 1));
  }
  return records;
}

async function runProgram(run: ProgramsRun, goal: ProgramGoal, ordinal: number): Promise<GoalRecord> {
  const { name, trials } = run.goals;
  const values: number[] = [];
  const references: number[] = [];
  let unit = '';
  let failure: string | null = null;
  for (let trial = 1; trial <= trials && failure === null; trial++) {
    const sides = [
      { argv: goal.program, into: values, what: 'program' },
      ...(goal.over ? [{ argv: goal.over, into: references, what: 'reference' }] : []),
    ];
    // Neither is always the one that follows the other.
    if (trial % 2 === 0) sides.reverse();
    for (const { argv, into, what } of sides) {
      const said = await start(run, argv, `${ordinal}-${what}-t${trial}`, goal.seconds);
      if (typeof said === 'string') {
        failure = said;
        break;
      }
      into.push(said.value);
      unit = said.unit;
      const turn = `trial ${trial} of ${trials}`;
      run.say(`${goal.goal}   ${turn}   ${what}   ${formatSignificant(said.value)} ${unit}`);
    }
  }
  if (failure !== null) run.say(`${goal.goal}   FAILED: ${failure}`);
  const measured = failure === null ? measure(values, goal.over ? references : null) : null;
  const { at_most, at_least } = goal;
  return {
    file: name,
    goal: goal.goal,
    is_suspect: false,
    at_most: at_most ?? null,
    at_least: at_least ?? null,
    unit,
    value: values.length > 0 ? median(values) : null,
    over_value: references.length > 0 ? median(references) : null,
    measured: measured?.value ?? null,
    interval: measured?.interval ?? null,
    trials: Math.min(values.length, goal.over ? references.length : values.length),
    ...judge(goal, measured, failure),
  };
}

interface MeasuredNumber {
  value: number;
  interval: { low: number; high: number } | null;
}

/** The ratio with its interval, or of a number that is no ratio the middle one of all starts and their whole range. */
function measure(values: number[], references: number[] | null): MeasuredNumber | null {
  if (references === null) {
    return { value: median(values), interval: { low: Math.min(...values), high: Math.max(...values) } };
  }
  const [a, b] = [values, references].map((all) => all.map((value, index) => ({ trial: index + 1, value })));
  const difference = differenceInterval(
    a as { trial: number; value: number }[],
    b as { trial: number; value: number }[],
    'paired',
  );
  return difference && { value: difference.ratio, interval: difference.interval };
}

function judge(
  goal: ProgramGoal,
  measured: MeasuredNumber | null,
  failure: string | null,
): Pick<GoalRecord, 'result' | 'reason'> {
  if (failure !== null) return { result: 'cannot be tested here', reason: failure };
  if (!measured) return { result: 'cannot be tested here', reason: 'a number is not greater than zero' };
  if (!measured.interval) {
    return { result: 'cannot be tested here', reason: 'too few trials for an interval' };
  }
  const { result, reason } = holdInterval(goal, measured.interval);
  return { result: resultOf(result), reason };
}

/** What one start prints, or why it printed nothing of use. */
async function start(
  run: ProgramsRun,
  argv: readonly string[],
  log: string,
  seconds: number,
): Promise<Printed | string> {
  const [program = '', ...args] = argv;
  const stdoutFile = path.join(run.folder, `${log}.stdout.log`);
  const stderrFile = path.join(run.folder, `${log}.stderr.log`);
  const running = run.supervisor.start({
    argv: [program === 'node' ? process.execPath : program, ...args],
    cores: availableCores(),
    cwd: ownCheckout,
    env: {},
    stdoutFile,
    stderrFile,
  });
  const limitSeconds = PATIENCE * seconds + STARTING_S;
  const timer = new AbortController();
  const timeOver = sleep(limitSeconds * 1000, null, { signal: timer.signal });
  try {
    const end = await Promise.race([running.ended, timeOver, run.interrupted]);
    if (end === null) return `${argv.join(' ')} had not finished after ${limitSeconds} s`;
    if (end !== 'exited with code 0')
      return `${argv.join(' ')} ${end}: ${(await lastWords([stderrFile])) ?? 'it said nothing'}`;
    return (
      parse(await readFile(stdoutFile, 'utf8')) ??
      `${argv.join(' ')} printed no {"value": NUMBER, "unit": TEXT}`
    );
  } finally {
    timer.abort();
    await running.stop(STOP_GRACE_MS);
  }
}

function parse(stdout: string): Printed | null {
  try {
    const parsed = printed.safeParse(JSON.parse(stdout.trim().split('\n').at(-1) ?? ''));
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
  }
}
