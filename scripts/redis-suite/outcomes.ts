/** What Redis' own test suite prints, read and compared. */
import { stripVTControlCharacters } from 'node:util';

/** ok and err: it ran. ignore: its tags leave it out; skip: by name. exception: it ended the unit. */
export type Outcome = 'ok' | 'err' | 'ignore' | 'skip' | 'exception' | 'timeout';

/** By name; a name that is used several times has a number behind it from the second time on. */
export type Outcomes = Map<string, Outcome>;

export interface OutcomeDifference {
  name: string;
  /** undefined: the test did not come to run. */
  unmodified: Outcome | undefined;
  port: Outcome | undefined;
}

const LINE = /^\[(ok|err|ignore|skip|exception|TIMEOUT)\]: (.*)$/;
const DURATION = / \(\d+ ms\)$/;
const PLACE = / in tests\/\S+\.tcl$/;

/** `text`: standard output of test_helper.tcl. */
export function readOutcomes(text: string): Outcomes {
  const outcomes: Outcomes = new Map();
  for (const line of stripVTControlCharacters(text).split('\n')) {
    const found = LINE.exec(line);
    if (found === null) continue;
    const base = found[2].replace(DURATION, '').replace(PLACE, '');
    let name = base;
    for (let n = 2; outcomes.has(name); n++) name = `${base} (${n})`;
    outcomes.set(name, found[1].toLowerCase() as Outcome);
  }
  return outcomes;
}

/** Tests that came out differently, or ran in one of the two only. */
export function compareOutcomes(unmodified: Outcomes, port: Outcomes): OutcomeDifference[] {
  const names = new Set([...unmodified.keys(), ...port.keys()]);
  return [...names]
    .map((name) => ({ name, unmodified: unmodified.get(name), port: port.get(name) }))
    .filter(({ unmodified: one, port: other }) => one !== other && (hasRun(one) || hasRun(other)));
}

export function hasRun(outcome: Outcome | undefined): boolean {
  return outcome !== undefined && outcome !== 'ignore' && outcome !== 'skip';
}

export function countPassed(outcomes: Outcomes): number {
  return [...outcomes.values()].filter((outcome) => outcome === 'ok').length;
}
