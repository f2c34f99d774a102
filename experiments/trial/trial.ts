/** Runs a trial of the plan, whatever it is about. */
import { TrialFailure } from '../errors.ts';
import { runFloorTrial } from './floor-trial.ts';
import type { PlannedTrial } from './plan.ts';
import { runSystemTrial } from './system-trial.ts';
import { type EndedTrial, type TrialContext, TrialRun } from './trial-run.ts';

/** Runs one trial and writes its folder. */
export function runTrial(planned: PlannedTrial, context: TrialContext): Promise<EndedTrial> {
  return planned.kind === 'system' ? runSystemTrial(planned, context) : runFloorTrial(planned, context);
}

/** Records as failed a trial that cannot be run, such as one of a server that is not installed. */
export function recordUnrunnable(
  planned: PlannedTrial,
  context: TrialContext,
  reason: string,
): Promise<EndedTrial> {
  return new TrialRun(planned, context).run(
    () => Promise.reject(new TrialFailure(reason)),
    () => Promise.resolve(),
  );
}
