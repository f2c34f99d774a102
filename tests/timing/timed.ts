/**
 * A test that asserts times or shares of time. It fails when it fails three times on a quiet machine. When the machine
 * disturbs it, by the measurement of disturbance.ts before, during and after, the outcome is "cannot be told on this
 * machine now", which is printed with its reason and is a skip. Every attempt that is repeated is printed too.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { test } from 'vitest';
import {
  type Disturbance,
  disturbancesBetween,
  measureDisturbance,
  readProcessorTimes,
} from './disturbance.ts';

const ATTEMPTS = 3;
/** How long a quiet machine is waited for, by all tests of a file together. */
const PATIENCE_MS = 30_000;
const BETWEEN_LOOKS_MS = 2000;

/** Called with what has to be ended after the attempt, whatever its outcome, last one first. */
export type EndWith = (end: () => unknown) => void;

/** `lostShare` is what a spinning thread lost of its core just before: a limit for a share of lost time adds it. */
type Body = (endWith: EndWith, lostShare: number) => Promise<void> | void;

export function timed(name: string, body: Body): void {
  test(name, { timeout: 600_000 }, async ({ skip }) => {
    const say = (what: string): void => console.log(`timing: ${name}: ${what}`);
    const tell = (why: string): void => {
      say(`cannot be told on this machine now: ${why}`);
      skip(`cannot be told on this machine now: ${why}`);
    };
    let disturbed = 0;
    for (let failures = 0; ; ) {
      const before = await quietMachine();
      if (before.found.length > 0) return tell(before.found.join('; '));
      const { error, disturbances } = await attempt((endWith) => body(endWith, before.lost_share));
      if (error === null) return;
      const what = (error instanceof Error ? error.message : String(error)).split('\n')[0];
      if (disturbances.length === 0) {
        if (++failures === ATTEMPTS) throw error;
        say(`failed on a quiet machine (${what}), attempt ${failures} of ${ATTEMPTS}; again`);
      } else {
        if (++disturbed === ATTEMPTS) return tell(`${disturbances.join('; ')} (${what})`);
        say(`failed (${what}), but ${disturbances.join('; ')}; again`);
      }
    }
  });
}

let patienceMs = PATIENCE_MS;

/** Waits while there is patience left for a machine without disturbances. Returns the last look. */
async function quietMachine(): Promise<Disturbance> {
  let last = await measureDisturbance();
  while (last.found.length > 0 && patienceMs > 0) {
    const startedMs = performance.now();
    await sleep(BETWEEN_LOOKS_MS);
    last = await measureDisturbance();
    patienceMs -= performance.now() - startedMs;
  }
  return last;
}

async function attempt(
  body: (endWith: EndWith) => Promise<void> | void,
): Promise<{ error: unknown; disturbances: string[] }> {
  const before = readProcessorTimes();
  const ends: (() => unknown)[] = [];
  let error: unknown = null;
  try {
    await body((end) => ends.push(end));
  } catch (thrown) {
    error = thrown;
  } finally {
    // Before the times are read: a child counts as the test's own when it was waited for.
    for (const end of ends.reverse()) await end();
  }
  const during = disturbancesBetween(before, readProcessorTimes());
  return { error, disturbances: error === null ? [] : [...during, ...(await measureDisturbance()).found] };
}
