/**
 * The verdicts on a point: for each of its statistics whether it can be believed. `invalid` backs no claim, `suspect`
 * wants a second look, else `valid`. Each check names the statistics that it doubts (checks.ts, trial-checks.ts).
 */
import type { Manifest, Measured, Verdict, Verdicts } from '../formats/index.ts';
import { checkAll, checkLowerBounds, type LowerBound } from './checks.ts';
import { MIXTURE } from './distance/by-state.ts';
import { bySeverity, type Doubt, withDoubts } from './doubt.ts';
import { checkTrials } from './trial-checks.ts';
import type { TrialOutcome } from './trial-outcome.ts';

export interface Given {
  /** What no p50 of this point can be below. */
  bounds: LowerBound[];
  /** What is known of the point already. */
  doubts: Doubt[];
  /** Whether the point has stages that can be doubted. */
  is_staged: boolean;
}

/** Means of runs have a middle and nothing else. */
export function judge(
  manifest: Manifest,
  outcomes: TrialOutcome[],
  numbers: Pick<Measured, 'samples' | 'sample' | 'latency_us' | 'by_state'>,
  { bounds, doubts: known, is_staged }: Given,
): Verdicts {
  const { samples, sample, latency_us, by_state } = numbers;
  const p50_us = latency_us?.p50 ?? null;
  const mixture = by_state.find(({ state }) => state === MIXTURE);
  const doubts = [
    ...checkTrials(manifest, outcomes, samples),
    ...checkAll(outcomes),
    ...checkLowerBounds(
      p50_us,
      bounds.filter(({ of_state }) => of_state),
    ),
    ...checkLowerBounds(
      mixture ? mixture.p50_us : p50_us,
      bounds.filter(({ of_state }) => !of_state),
    ),
    ...known,
  ];
  const valid = (measured: boolean): Verdict | null => (measured ? { state: 'valid', reasons: [] } : null);
  const isOfMeans = sample === 'run_mean';
  return withDoubts(
    {
      p50: { state: 'valid', reasons: [] },
      p99: valid(!isOfMeans),
      p999: valid(!isOfMeans),
      throughput: valid(!isOfMeans),
      stages: valid(is_staged),
    },
    doubts.toSorted(bySeverity),
  );
}
