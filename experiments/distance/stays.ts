/** How long the machine stays in each of its states of distance, from readings one behind the other. */
import { median } from 'simple-statistics';

export interface Stays {
  /** How often it came into the state, or was in it at the start. */
  count: number;
  /** The first and the last one of all count with what was seen of them. */
  median_s: number;
  longest_s: number;
}

/**
 * By state. A reading without a state, disturbed or failed, does not end a stay; a stay ends where the first reading of
 * another state is. At least two readings.
 */
export function staysOf<State>(
  at_s: readonly number[],
  states: readonly (State | null)[],
): Map<State, Stays> {
  const lengths_s = new Map<State, number[]>();
  let current: State | null = null;
  let since_s = at_s[0];
  const leave = (until_s: number) => {
    if (current === null) return;
    lengths_s.set(current, [...(lengths_s.get(current) ?? []), until_s - since_s]);
  };
  for (const [index, state] of states.entries()) {
    if (state === null || state === current) continue;
    leave(at_s[index]);
    current = state;
    since_s = at_s[index];
  }
  leave(at_s[at_s.length - 1]);
  return new Map([...lengths_s].map(([state, lengths]) => [state, describe(lengths)]));
}

function describe(lengths_s: number[]): Stays {
  return { count: lengths_s.length, median_s: median(lengths_s), longest_s: Math.max(...lengths_s) };
}
