/** A point's numbers in each state of distance, and in all of its time together, which is a mixture of them. */
import type { Measured } from '../../formats/index.ts';
import { ratioWithinRun, type Times, type TrialValue } from '../bootstrap.ts';
import { overTrials, type TrialSample } from '../trial-samples.ts';
import { isOfState, sampleOf, type TrialSlices } from './point-slices.ts';
import { hasStates, type PairStates } from './run-distance.ts';

/** The name of the whole time among those of states. */
export const MIXTURE = 'mixture';

type ByState = Measured['by_state'];

/**
 * Empty where there are no states to tell apart. `whole`: what the trials counted in all of their time, as the mixture
 * is to have it.
 */
export function numbersByState(
  pair: PairStates | null,
  trials: TrialSlices[],
  whole: TrialSample[],
  withoutEarly: boolean,
  is_of_means: boolean,
): ByState {
  if (!hasStates(pair)) return [];
  const all = trials.flatMap(({ slices }) => slices);
  const ofStates = pair.states.map(({ name, low_ns, high_ns }) => {
    const slices = all.filter((slice) => isOfState(slice, name)).length;
    const samples = trials.flatMap((trial) => sampleOf(trial, { state: name, withoutEarly }) ?? []);
    return entryOf(
      { state: name, low_ns, high_ns, slices, share: slices / all.length },
      samples,
      is_of_means,
    );
  });
  const mixture = { state: MIXTURE, low_ns: null, high_ns: null, slices: all.length, share: 1 };
  return [...ofStates, entryOf(mixture, whole, is_of_means)];
}

function entryOf(
  of: Pick<ByState[number], 'state' | 'low_ns' | 'high_ns' | 'slices' | 'share'>,
  samples: TrialSample[],
  is_of_means: boolean,
): ByState[number] {
  const { latency_us, p50_interval_us, trial_p50_us, throughput_ops } = overTrials(samples, is_of_means);
  const p50_us = latency_us?.p50 ?? null;
  return { ...of, p50_us, p50_interval_us, trial_p50_us, throughput_ops, versus_first: null };
}

/** The same against another point's, state by state. */
export function byStateVersus(ofPoint: ByState, ofFirst: ByState, times: Times): ByState {
  const valuesOf = ({ trial_p50_us }: ByState[number]): TrialValue[] =>
    trial_p50_us.map(({ trial, p50_us }) => ({ trial, value: p50_us }));
  return ofPoint.map((entry) => {
    const first = ofFirst.find(({ state }) => state === entry.state);
    return { ...entry, versus_first: first ? ratioWithinRun(valuesOf(entry), valuesOf(first), times) : null };
  });
}
