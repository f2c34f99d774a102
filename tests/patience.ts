/** Waiting that a process which is stopped for a while, as with the whole machine, has not done meanwhile. */
import type { Completion, Libos, QToken } from '../libos/index.ts';

const TURN_MS = 10;

/** The completion, or null after so many milliseconds in which it was not stopped. */
export function waitPatiently(libos: Libos, token: QToken, patienceMs: number): Completion | null {
  for (let turns = 0; turns < patienceMs / TURN_MS; turns++) {
    const completion = libos.wait(token, TURN_MS);
    if (completion !== null) return completion;
  }
  return null;
}

/** Longer than any stop: for a libOS whose connects are waited for like that. */
export const NO_CONNECT_TIMEOUT_MS = 600_000;
