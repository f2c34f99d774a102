/** A point's breakdown from the stamped requests of all its trials, and what stamping cost. */
import { median } from 'simple-statistics';
import type { Measured, Point, StagesFile } from '../../formats/index.ts';
import { pairedRatio, type TrialValue } from '../bootstrap.ts';
import type { TrialOutcome } from '../trial-outcome.ts';
import { breakdownAt } from './breakdown.ts';
import { stagedRequests } from './stages-file.ts';

/**
 * Trials whose requests have the stages of the first one count; requests of all of them are ranked together,
 * as those of the latency are.
 */
export function summarizeStages(
  outcomes: TrialOutcome[],
  trial_p50_us: Measured['trial_p50_us'],
): Pick<Point, 'breakdown' | 'probe_overhead'> {
  const stamped = outcomes.flatMap(({ trial, measurement }) =>
    measurement?.stamped && measurement.stamped.stages.latency_ns.length > 0
      ? [{ trial, file: measurement.stamped.stages }]
      : [],
  );
  if (stamped.length === 0) return { breakdown: null, probe_overhead: null };
  const namesOf = (file: StagesFile): string => Object.keys(file.stages_ns).join();
  const files = stamped.map(({ file }) => file).filter((file) => namesOf(file) === namesOf(stamped[0].file));
  const { stages, requests } = stagedRequests(files);
  const command_us = meanCommand(files);
  const count = (of: (file: StagesFile) => number): number => files.reduce((sum, file) => sum + of(file), 0);
  return {
    breakdown: {
      p50: breakdownAt(requests, stages, 'p50', command_us),
      p99: breakdownAt(requests, stages, 'p99', command_us),
      joined: count(({ joined }) => joined),
      incomplete: count(({ incomplete }) => incomplete),
      inconsistent: count(({ inconsistent }) => inconsistent),
    },
    probe_overhead: overhead(stamped, trial_p50_us),
  };
}

function meanCommand(files: StagesFile[]): number | null {
  const known_us = files.flatMap(({ server_command_us }) => server_command_us ?? []);
  return known_us.length === 0 ? null : known_us.reduce((sum, us) => sum + us, 0) / known_us.length;
}

function overhead(
  stamped: { trial: number; file: StagesFile }[],
  trial_p50_us: Measured['trial_p50_us'],
): Point['probe_overhead'] {
  const withStamps: TrialValue[] = stamped.map(({ trial, file }) => ({
    trial,
    value: median(file.latency_ns) / 1000,
  }));
  const without = trial_p50_us.map(({ trial, p50_us }) => ({ trial, value: p50_us }));
  return pairedRatio(withStamps, without);
}
