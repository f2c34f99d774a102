/**
 * A point's breakdown from the stamped requests of all its trials, and what stamping cost: of the state of distance
 * that the point is compared in.
 */
import { median } from 'simple-statistics';
import type { Measured, Point, StagesFile } from '../../formats/index.ts';
import { formatCount } from '../../text/format.ts';
import { ratioWithinRun, type TrialValue } from '../bootstrap.ts';
import type { Selection } from '../distance/point-slices.ts';
import { pairOf, type RunDistance } from '../distance/run-distance.ts';
import type { Doubt } from '../doubt.ts';
import type { TrialOutcome } from '../trial-outcome.ts';
import { breakdownAt } from './breakdown.ts';
import { requestsInSlices } from './of-state.ts';
import { boundOf } from './one-way.ts';
import { stagedRequests } from './stages-file.ts';

interface Stamped {
  trial: number;
  file: StagesFile;
}

/** Stamped requests of a trial that are enough for its p50. */
const FEWEST_OF_STATE = 20;

/**
 * Trials whose requests have the stages of the first one count; requests of all of them are ranked together,
 * as those of the latency are.
 */
export function summarizeStages(
  outcomes: TrialOutcome[],
  trial_p50_us: Measured['trial_p50_us'],
  distance: RunDistance,
  selection: Selection,
): Pick<Point, 'breakdown' | 'probe_overhead'> & { doubts: Doubt[] } {
  const recorded = outcomes.flatMap(({ trial, measurement }) =>
    measurement?.stamped && measurement.stamped.stages.latency_ns.length > 0
      ? [{ trial, file: measurement.stamped.stages, slices: measurement.stamped.slices }]
      : [],
  );
  if (recorded.length === 0) return { breakdown: null, probe_overhead: null, doubts: [] };
  const { state, withoutEarly } = selection;
  const isKnown = recorded.some(({ slices }) => pairOf(distance, slices) !== null);
  const stamped =
    !isKnown || (state === null && !withoutEarly)
      ? recorded
      : recorded.map(({ trial, file, slices }) => ({
          trial,
          file: requestsInSlices(file, slices, distance, selection),
        }));
  const breakdown = breakdownOf(stamped);
  const ofState = isKnown ? state : null;
  return {
    breakdown,
    probe_overhead: overhead(stamped, trial_p50_us, ofState === null ? 1 : FEWEST_OF_STATE),
    doubts: state === null ? [] : doubtsOf(stamped, breakdown, state, isKnown),
  };
}

function breakdownOf(stamped: Stamped[]): NonNullable<Point['breakdown']> {
  const namesOf = (file: StagesFile): string => Object.keys(file.stages_ns).join();
  const files = stamped.map(({ file }) => file).filter((file) => namesOf(file) === namesOf(stamped[0].file));
  const { stages, requests } = stagedRequests(files);
  const command_us = meanCommand(files);
  const bound_ns = Math.max(0, ...files.map(({ one_way }) => (one_way === null ? 0 : boundOf(one_way))));
  const count = (of: (file: StagesFile) => number): number => files.reduce((sum, file) => sum + of(file), 0);
  return {
    p50: breakdownAt(requests, stages, 'p50', command_us, bound_ns),
    p99: breakdownAt(requests, stages, 'p99', command_us, bound_ns),
    joined: count(({ joined }) => joined),
    incomplete: count(({ incomplete }) => incomplete),
    inconsistent: count(({ inconsistent }) => inconsistent),
  };
}

function meanCommand(files: StagesFile[]): number | null {
  const known_us = files.flatMap(({ server_command_us }) => server_command_us ?? []);
  return known_us.length === 0 ? null : known_us.reduce((sum, us) => sum + us, 0) / known_us.length;
}

function overhead(
  stamped: Stamped[],
  trial_p50_us: Measured['trial_p50_us'],
  fewest: number,
): Point['probe_overhead'] {
  const withStamps: TrialValue[] = stamped
    .filter(({ file }) => file.latency_ns.length >= fewest)
    .map(({ trial, file }) => ({ trial, value: median(file.latency_ns) / 1000 }));
  const without = trial_p50_us.map(({ trial, p50_us }) => ({ trial, value: p50_us }));
  return ratioWithinRun(withStamps, without);
}

/** That the stages are not of the state, or that too few are. */
function doubtsOf(
  stamped: Stamped[],
  { p50 }: NonNullable<Point['breakdown']>,
  state: string,
  isKnown: boolean,
): Doubt[] {
  const doubt = (reason: string): Doubt[] => [{ state: 'suspect', about: ['stages'], reason }];
  if (!isKnown) {
    return doubt(`Its stages are of all distances of the cores, where its latency is of the state ${state}.`);
  }
  if (p50 !== null) return [];
  const requests = stamped.reduce((sum, { file }) => sum + file.latency_ns.length, 0);
  return doubt(
    `Only ${formatCount(requests)} stamped requests were sent while the cores were ${state}: too few for a breakdown.`,
  );
}
