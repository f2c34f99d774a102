/**
 * Time in which this process runs. While it is stopped, or its machine stands still, so are the programs that it waits
 * for: that time is none of theirs.
 */
import { setTimeout as sleep } from 'node:timers/promises';

/** A standstill counts as one of so many parts of the time at most, whatever it took. */
const PARTS = 8;

/** Resolves when this process has run for so long; rejects when `signal` aborts. */
export async function runningTime(ms: number, signal: AbortSignal): Promise<void> {
  for (let part = 0; part < PARTS; part++) await sleep(ms / PARTS, undefined, { signal });
}
