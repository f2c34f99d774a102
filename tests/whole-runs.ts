/**
 * Runs of asynchronous properties. fast-check goes on without a run that exceeds its time, but what that has begun goes
 * on as well, and would reach into the next test: each test ends when its runs have ended (randomised.ts).
 */
let last: Promise<unknown> = Promise.resolve();

/** Resolves when the run that was begun last has ended. */
export function lastRunEnded(): Promise<unknown> {
  return last;
}

/** For `fc.asyncProperty`, in the place of the predicate itself. */
export function whole<Values extends unknown[]>(
  predicate: (...values: Values) => Promise<void>,
): (...values: Values) => Promise<void> {
  return (...values) => {
    const run = predicate(...values);
    // What it finds is told by fast-check.
    last = run.catch(() => {});
    return run;
  };
}
