/**
 * How long a property runs: no run begins when its time is over, but one that has begun goes on to its end, and a first
 * one there is in any case. fast-check's own limit cuts the run that goes on, and fails a property that had no whole
 * one: so on a machine that is slow, or stands still for a moment.
 */
import fc from 'fast-check';

let isLimited = false;

/** Of all properties, each by itself. Called for each file of tests of a worker, which all have one fast-check. */
export function limitProperties(ms: number): void {
  if (!isLimited) fc.installGlobalPlugin(untilTimeIsOver(ms));
  isLimited = true;
}

/** A plugin for `ms`, counted from the first run. */
export function untilTimeIsOver(ms: number): fc.Plugin<unknown> {
  return () => {
    let endMs: number | null = null;
    // Values that a property does without are no run.
    let hasRun = false;
    return {
      decorateRun: (run) => (value) => {
        endMs ??= performance.now() + ms;
        if (hasRun && performance.now() >= endMs) return new fc.PreconditionFailure(true);
        const seen = <Outcome>(outcome: Outcome): Outcome => {
          hasRun ||= !fc.PreconditionFailure.isFailure(outcome);
          return outcome;
        };
        const outcome = run(value);
        return outcome instanceof Promise ? outcome.then(seen) : seen(outcome);
      },
    };
  };
}
