/**
 * Runs of asynchronous properties. Where a test ends without one of them, as at its time limit, what that has begun
 * goes on, and would reach into the next test: that begins when the run has ended (randomised.ts).
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
