/** The slices of a point, trial by trial, each with its state, and what those that count come to. */
import { type Probe, type Slice, type SlicePart, type SlicesFile, usualSlices } from '../../formats/index.ts';
import { countedHistogram } from '../../run/histogram.ts';
import type { TrialOutcome } from '../trial-outcome.ts';
import type { TrialSample } from '../trial-samples.ts';
import { FEWEST_SLICES, type RunDistance, sliceStates } from './run-distance.ts';
import type { SliceState } from './slice-states.ts';

export interface StatedSlice {
  slice: Slice;
  state: SliceState;
  /**
   * The distance was read right before it, or that was tried. An open loop that has no gap goes on without; then
   * nothing disturbed what it calls early, which is all that was due before the slice.
   */
  isRead: boolean;
}

export interface TrialSlices {
  trial: number;
  file: SlicesFile;
  slices: StatedSlice[];
}

/** Which requests count. */
export interface Selection {
  /** Those in slices of this state; null for all slices. */
  state: string | null;
  /** Without those sent right behind a reading of the distance. */
  withoutEarly: boolean;
}

/** Of the trials whose windows were cut into slices. */
export function slicesOfTrials(distance: RunDistance, outcomes: TrialOutcome[]): TrialSlices[] {
  return outcomes.flatMap(({ trial, measurement }) => {
    const file = measurement?.recording?.slices;
    if (!file) return [];
    const states = sliceStates(distance, file);
    const slices = file.slices.map((slice, index) => ({
      slice,
      state: states[index],
      isRead: wasRead(file.probes[index]),
    }));
    return [{ trial, file, slices }];
  });
}

function wasRead(probe: Probe | undefined): boolean {
  return probe !== undefined && (probe.median_ns !== null || probe.end_ns > probe.start_ns);
}

export function isOfState({ state }: Pick<StatedSlice, 'state'>, name: string | null): boolean {
  return name === null || (typeof state === 'object' && state.name === name);
}

/** Name of the state that most slices of a trial are in; null where none is in any. */
export function commonestState({ slices }: TrialSlices): string | null {
  const names = slices.flatMap(({ state }) => (typeof state === 'object' ? state.name : []));
  const counted = [...Map.groupBy(names, (name) => name)].sort(([, a], [, b]) => b.length - a.length);
  return counted[0]?.[0] ?? null;
}

/** What a trial counted in the slices that count; null where these are too few of a state. */
export function sampleOf(trial: TrialSlices, selection: Selection): TrialSample | null {
  const slices = selected(trial, selection);
  const length = slices.reduce((sum, { slice }) => sum + usualSlices(slice), 0);
  if (selection.state !== null && length < FEWEST_SLICES) return null;
  const parts = slices.flatMap((one) => partsOf(one, selection));
  const time_ns = slices.reduce((sum, one) => {
    const { start_ns, end_ns } = one.slice;
    const early_ns = isWithoutEarly(one, selection) ? trial.file.early_ns : 0;
    return sum + Math.max(0, end_ns - start_ns - early_ns);
  }, 0);
  if (time_ns === 0) return null;
  return {
    trial: trial.trial,
    latency_ns: countedHistogram(parts),
    right: slices.reduce((sum, one) => sum + rightIn(one, selection), 0),
    elapsed_s: time_ns / 1e9,
  };
}

/** Right replies that came in a slice; older files know only those to the requests of the window. */
function rightIn(one: StatedSlice, selection: Selection): number {
  const withoutEarly = isWithoutEarly(one, selection);
  const countOf = ({ counts }: SlicePart): number => counts.reduce((sum, count) => sum + count, 0);
  return one.slice.operations.reduce((sum, { received, early, late }) => {
    const all = received ?? countOf(early) + countOf(late);
    return sum + all - (withoutEarly ? countOf(early) : 0);
  }, 0);
}

/** The p50 of each slice that counts and has samples, in their order, ns. */
export function sliceMediansNs(trial: TrialSlices, selection: Selection): number[] {
  return selected(trial, selection).flatMap((one) => medianNs(partsOf(one, selection)) ?? []);
}

function selected({ slices }: TrialSlices, { state }: Selection): StatedSlice[] {
  return slices.filter((one) => isOfState(one, state));
}

function isWithoutEarly({ isRead }: StatedSlice, { withoutEarly }: Selection): boolean {
  return withoutEarly && isRead;
}

/** What of a slice counts. */
export function partsOf(one: StatedSlice, selection: Selection): SlicePart[] {
  const withoutEarly = isWithoutEarly(one, selection);
  return one.slice.operations.flatMap(({ early, late }) => (withoutEarly ? [late] : [early, late]));
}

/** The p50 of what some parts of a slice hold together; null of nothing. */
export function medianNs(parts: SlicePart[]): number | null {
  const values = parts
    .flatMap(({ values_ns, counts }) =>
      values_ns.map((value_ns, index) => ({ value_ns, count: counts[index] })),
    )
    .sort((a, b) => a.value_ns - b.value_ns);
  let left = values.reduce((sum, { count }) => sum + count, 0) / 2;
  for (const { value_ns, count } of values) {
    left -= count;
    if (left <= 0 && count > 0) return value_ns;
  }
  return null;
}
