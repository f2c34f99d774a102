/**
 * The verdicts on a point: for each of its statistics whether it can be believed. `invalid` backs no claim, `suspect`
 * wants a second look, else `valid`. Each check names the statistics that it doubts (checks.ts, trial-checks.ts).
 */
import type { Manifest, Measured, Verdict, Verdicts } from '../formats/index.ts';
import { checkAll, type LowerBound } from './checks.ts';
import { bySeverity, withDoubts } from './doubt.ts';
import { checkTrials } from './trial-checks.ts';
import type { TrialOutcome } from './trial-outcome.ts';

/**
 * `bounds`: what no p50 of this point can be below. `is_staged`: whether the point has stages that can be doubted.
 * Means of runs have a middle and nothing else.
 */
export function judge(
  manifest: Manifest,
  outcomes: TrialOutcome[],
  { samples, sample, latency_us }: Pick<Measured, 'samples' | 'sample' | 'latency_us'>,
  bounds: LowerBound[],
  is_staged: boolean,
): Verdicts {
  const doubts = [
    ...checkTrials(manifest, outcomes, samples),
    ...checkAll(outcomes, latency_us?.p50 ?? null, bounds),
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
