/**
 * The program that runs cases of the suite, one after the other: `node case-runner.ts TASK`. A backend may hang in it
 * or end it: who has started it (run.ts) hears on descriptor 3 which case has begun, and starts another one.
 */
import { AssertionError } from 'node:assert';
import { writeSync } from 'node:fs';
import { chooseBackend } from '../backend-flags.ts';
import { backendNamed } from '../backends.ts';
import { type ConformanceCase, runCase, whyLeftOut } from './case.ts';
import type { CaseOutcome, RunnerMessage, RunnerTask } from './case-messages.ts';
import { endWithParent } from './end-with-parent.ts';
import { isLibosError } from './outcome.ts';
import { type PairedWorlds, pairedWorlds, whyNotIn } from './paired-worlds.ts';
import { packError } from './protocol.ts';
import { conformanceCases } from './suite.ts';
import { measureTraits } from './traits.ts';
import { NoAnswer } from './two-processes.ts';
import { NoCompletion, type TestedBackend, World } from './world.ts';

const MESSAGES_FD = 3;
const CASE_FILE = /libos\/conformance\/cases\//;
/** Of a stack trace. */
const FRAMES = 4;
/** Of making a libOS: it is for who has asked to do something about them. */
const refusals = ['INVALID_ARGUMENT', 'BACKEND_UNAVAILABLE', 'PERMISSION_DENIED'];

function say(message: RunnerMessage): void {
  writeSync(MESSAGES_FD, `${JSON.stringify(message)}\n`);
}

endWithParent();
const task = JSON.parse(process.argv[2]) as RunnerTask;
const worlds = await makeWorlds(task);
const backend = worlds === null ? null : getToKnow(worlds, task);
if (backend !== null) await runAll(task.cases, backend);
// Whatever the module of a backend may have left running.
process.exit(0);

/** Two ends of the backend that the flags name, of which each is there once; null: it is said why not. */
async function makeWorlds({
  flags,
  processes,
  folder,
  openTimeoutMs,
}: RunnerTask): Promise<PairedWorlds | null> {
  try {
    const chosen = await chooseBackend(flags);
    const descriptor = backendNamed(chosen.backend);
    await descriptor.load?.();
    const { name, title } = descriptor;
    say({ kind: 'backend', name, title });
    const made = pairedWorlds(descriptor, chosen.backendOptions, folder, processes, {
      timeoutMs: openTimeoutMs,
      opens: (side) => say({ kind: 'opens', side }),
      opened: () => say({ kind: 'opened' }),
    });
    const why = whyNotIn(processes, descriptor, chosen.backendOptions);
    if (why === null) {
      new World(made).shutdown();
      return made;
    }
    say({ kind: 'leftOut', why });
  } catch (error) {
    if (isLibosError(error) && refusals.includes(error.code)) {
      say({ kind: 'refused', failure: packError(error) });
    } else say({ kind: 'unmeasured', why: inWords(error) });
  }
  return null;
}

/** The backend as the suite wants it; null: it is said why not. */
function getToKnow(made: PairedWorlds, { traits }: RunnerTask): TestedBackend | null {
  const { capabilities, socketOptions } = made.descriptor;
  try {
    const { clientAddress, ...known } = traits ?? measureTraits(made, capabilities.datagrams);
    say({ kind: 'measured', traits: { clientAddress, ...known } });
    const create: TestedBackend['create'] = (options) => ({ ...made.create(options), clientAddress });
    return { ...made, create, ...known, socketOptions };
  } catch (error) {
    say({ kind: 'unmeasured', why: inWords(error) });
    return null;
  }
}

async function runAll(cases: readonly number[], on: TestedBackend): Promise<void> {
  const outcomes = cases.map((index) => run(index, on));
  const why = await whyNotClosed(on);
  // How an agent ended that a case has ended was said with that case.
  say({ kind: 'through', why: outcomes.includes('failed') ? null : why });
}

function run(index: number, on: TestedBackend): CaseOutcome {
  say({ kind: 'begins', index });
  const begun = performance.now();
  const [outcome, why, hung] = outcomeOf(conformanceCases[index], on);
  say({ kind: 'ends', index, outcome, why, hung, elapsedMs: performance.now() - begun });
  return outcome;
}

function outcomeOf(
  one: ConformanceCase,
  on: TestedBackend,
): [outcome: CaseOutcome, why: string | null, hung: boolean] {
  const leftOut = whyLeftOut(one, on);
  if (leftOut !== null) return ['skipped', leftOut, false];
  try {
    runCase(one, on);
    return ['passed', null, false];
  } catch (error) {
    return ['failed', inWords(error), error instanceof NoCompletion || error instanceof NoAnswer];
  }
}

/** What was thrown, and where: of what the suite itself throws the line of the case says it. */
function inWords(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown);
  const frames = (thrown.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line));
  const isOurs =
    thrown instanceof AssertionError || thrown instanceof NoCompletion || thrown instanceof NoAnswer;
  const shown = isOurs
    ? frames.filter((frame) => CASE_FILE.test(frame)).slice(0, 1)
    : frames.slice(0, FRAMES);
  return [thrown.message, ...shown.map((frame) => frame.trim())].join('\n');
}

async function whyNotClosed({ close }: TestedBackend): Promise<string | null> {
  try {
    await close?.();
    return null;
  } catch (error) {
    return inWords(error);
  }
}
