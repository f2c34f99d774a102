/** A host that is lost in the middle of a trial. */
import { TrialFailure } from '../errors.ts';
import type { TrialHost } from '../machine/trial-host.ts';

/** Throws, with why, where one of them is; what was to be measured there is measured again by a run that goes on. */
export function refuseLost(hosts: readonly TrialHost[], logs: readonly string[]): void {
  for (const { lost } of hosts) if (lost !== null) throw new TrialFailure(lost, logs, { isFinal: false });
}
