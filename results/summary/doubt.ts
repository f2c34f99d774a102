/** What doubts about a point come to: the states of its statistics. */
import { type Measured, type Statistic, statistics, type Verdict, type Verdicts } from '../formats/index.ts';

export type State = Verdict['state'];

/** Why some statistics of a point are doubtful: what one check found. */
export interface Doubt {
  state: Exclude<State, 'valid'>;
  about: readonly Statistic[];
  /** A sentence. */
  reason: string;
}

/** From best to worst. */
const STATES: readonly State[] = ['valid', 'suspect', 'invalid'];

/** What makes a statistic invalid first. */
export function bySeverity(a: Doubt, b: Doubt): number {
  return STATES.indexOf(b.state) - STATES.indexOf(a.state);
}

/** The verdicts with more doubts; those about statistics that were not measured fall away. */
export function withDoubts(verdicts: Verdicts, doubts: Doubt[]): Verdicts {
  const changed = { ...verdicts };
  for (const { state, about, reason } of doubts) {
    for (const statistic of about) {
      const before = changed[statistic];
      if (!before) continue;
      changed[statistic] = { state: worse(before.state, state), reasons: [...before.reasons, reason] };
    }
  }
  return changed;
}

/** The worst state of these statistics, of all of them where none is named; valid where none was measured. */
export function stateOf(
  { verdicts }: Pick<Measured, 'verdicts'>,
  about: readonly Statistic[] = statistics,
): State {
  return about.map((statistic) => verdicts[statistic]?.state ?? 'valid').reduce(worse, 'valid');
}

function worse(a: State, b: State): State {
  return STATES.indexOf(a) > STATES.indexOf(b) ? a : b;
}
