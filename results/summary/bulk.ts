/** What was carried beside the requests of a point, over its trials. */
import type { Measured } from '../formats/index.ts';
import type { TrialOutcome } from './trial-outcome.ts';

/** Null where no trial carried any. */
export function summarizeBulk(outcomes: TrialOutcome[]): Measured['bulk'] {
  const known = outcomes.flatMap(({ trial, measurement }) => {
    const bulk = measurement?.recording?.result.bulk;
    return bulk ? [{ trial, ...bulk }] : [];
  });
  const [first] = known;
  if (first === undefined) return null;
  const { connections, value_bytes, request } = first;
  const elapsed_s = known.reduce((sum, one) => sum + one.elapsed_s, 0);
  const overTime = (of: (one: (typeof known)[number]) => number): number =>
    known.reduce((sum, one) => sum + of(one) * one.elapsed_s, 0) / elapsed_s;
  return {
    connections,
    value_bytes,
    request,
    bytes_per_s: overTime(({ bytes_per_s }) => bytes_per_s),
    trial_bytes_per_s: known.map(({ trial, bytes_per_s }) => ({ trial, bytes_per_s })),
    generator: {
      share: overTime(({ generator }) => generator.share),
      longest_us: Math.max(...known.map(({ generator }) => generator.longest_us)),
      mean_wait_us: overTime(({ generator }) => generator.mean_wait_us),
    },
  };
}
