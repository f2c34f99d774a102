/** What was measured of a point, before it is judged: of the state of distance that its run is compared in. */
import {
  type Measured,
  type MeasurementTarget,
  type OwnWorkload,
  sameAt,
  trialsOf,
} from '../formats/index.ts';
import { type Recording, type Run, sameTarget } from '../run/run-folder.ts';
import { summarizeBulk } from './bulk.ts';
import { summarizeCost, summarizeRates } from './cost.ts';
import { numbersByState } from './distance/by-state.ts';
import { afterProbe, leavesOutEarly } from './distance/early.ts';
import {
  commonestState,
  type Selection,
  sampleOf,
  sliceMediansNs,
  slicesOfTrials,
  type TrialSlices,
} from './distance/point-slices.ts';
import {
  chosenFor,
  hasStates,
  type PairStates,
  pairOf,
  type RunDistance,
  stateIn,
} from './distance/run-distance.ts';
import { whyUnread } from './distance/slice-states.ts';
import { whoFellBehind } from './fallen-behind.ts';
import { summarizeInterference, summarizeTail } from './interference.ts';
import type { TrialOutcome } from './trial-outcome.ts';
import { overTrials, type TrialSample, wholeSamples } from './trial-samples.ts';

export type Numbers = Omit<Measured, 'verdicts' | 'versus_first'>;

/** What a point's numbers are made from. */
export interface Counted {
  target: MeasurementTarget;
  own_workload: OwnWorkload;
  outcomes: TrialOutcome[];
  /** Null where the distance of its cores is not known. */
  pair: PairStates | null;
  /** Why no slice has a state, half a sentence; null where they have. */
  distance_unknown: string | null;
  selection: Selection;
  is_of_means: boolean;
  /** By trial: all slices of time, those that count, and all of the time. */
  slices: TrialSlices[];
  samples: TrialSample[];
  whole: TrialSample[];
}

/** `name` is that of a system or a floor. */
export function countPoint(
  run: Run,
  distance: RunDistance,
  name: string,
  target: MeasurementTarget,
): Counted {
  const planned = plannedTrials(run, name, target);
  const slices = slicesOfTrials(distance, planned);
  const pair = slices.map(({ file }) => pairOf(distance, file)).find((found) => found !== null) ?? null;
  const state = hasStates(pair) ? stateIn(pair, chosenFor(distance, target)) : null;
  const selection = { state, withoutEarly: leavesOutEarly(slices, state) };
  const ofSlices = (of: Selection): TrialSample[] => slices.flatMap((trial) => sampleOf(trial, of) ?? []);
  const whole = selection.withoutEarly ? ofSlices({ ...selection, state: null }) : wholeSamples(planned);
  // What is known of no distance is looked at as a whole.
  const known = pair === null ? [] : slices;
  // In a mixture each trial is looked at in the state that it was in for longest: that states change is no drift.
  const steady = (trial: TrialSlices): Selection =>
    state === null && hasStates(pair) ? { ...selection, state: commonestState(trial) } : selection;
  const medians = new Map(known.map((trial) => [trial.trial, sliceMediansNs(trial, steady(trial))]));
  return {
    target,
    own_workload: run.manifest.systems.find((system) => system.name === name)?.workload ?? {},
    outcomes: planned.map((outcome) => ({ ...outcome, slice_p50_ns: medians.get(outcome.trial) ?? null })),
    pair,
    distance_unknown: whyUnknown(run, name, recordingsOf(planned), pair),
    selection,
    is_of_means: recordingsOf(planned).some(({ result }) => result.sample === 'run_mean'),
    slices,
    samples: state === null ? whole : ofSlices(selection),
    whole,
  };
}

export function numbersOf(counted: Counted): Numbers {
  const {
    target,
    own_workload,
    outcomes,
    pair,
    distance_unknown,
    selection,
    is_of_means,
    slices,
    samples,
    whole,
  } = counted;
  const recorded = recordingsOf(outcomes);
  return {
    ...target,
    own_workload: Object.keys(own_workload),
    measured_at: outcomes.map(({ record }) => record?.trial.started_at).find((start) => start) ?? null,
    ...overTrials(samples, is_of_means),
    sample: is_of_means ? 'run_mean' : 'round_trip',
    state: selection.state,
    distance_unknown,
    by_state: numbersByState(pair, slices, whole, selection.withoutEarly, is_of_means),
    after_probe: afterProbe(slices, selection.state),
    rates: summarizeRates(recorded),
    fell_behind: whoFellBehind(recorded),
    cost: summarizeCost(recorded),
    bulk: summarizeBulk(outcomes),
    misses: countReplies(recorded, 'misses'),
    errors: countReplies(recorded, 'errors'),
    wrong: countReplies(recorded, 'wrong'),
    stale: countReplies(recorded, 'stale'),
    torn: countReplies(recorded, 'torn'),
    trials_planned: outcomes.length,
    interference: summarizeInterference(outcomes),
    tail: summarizeTail(outcomes),
  };
}

function recordingsOf(outcomes: TrialOutcome[]): Recording[] {
  return outcomes.flatMap(({ measurement }) => measurement?.recording ?? []);
}

/** Those of the plan, with what is there of each. */
function plannedTrials(run: Run, name: string, target: MeasurementTarget): TrialOutcome[] {
  return trialsOf(run.manifest, name, target.at).map((number) => {
    const record = run.trials.find(
      ({ trial }) => trial.subject === name && trial.trial === number && sameAt(trial.at, target.at),
    );
    const measurement = record?.measurements.find((other) => sameTarget(other.measurement, target));
    return {
      trial: number,
      record: record ?? null,
      measurement: measurement ?? null,
      slice_p50_ns: null,
    };
  });
}

type ReplyCount = 'misses' | 'errors' | 'wrong' | 'stale' | 'torn';

function countReplies(recordings: Recording[], kind: ReplyCount): number {
  return recordings
    .flatMap((recording) => recording.result.operations)
    .reduce((sum, operation) => sum + operation[kind], 0);
}

/**
 * Why no distance of a point is known, half a sentence; null where it is, where nothing was measured, and where the
 * cores are of two machines and have none. The runner knows why it asked for none, where the load generator only knows
 * that nobody did.
 */
function whyUnknown(
  { manifest: { systems } }: Run,
  name: string,
  recorded: Recording[],
  pair: PairStates | null,
): string | null {
  if (recorded.length === 0) return null;
  if (pair) return pair.tooFast;
  const system = systems.find((one) => one.name === name);
  if (system?.place?.generators.some((generator) => generator !== system.place?.server)) return null;
  return system?.distance_unknown ?? whyUnread(recorded.flatMap(({ slices }) => slices ?? []));
}
