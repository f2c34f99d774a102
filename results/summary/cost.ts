/** What a million right replies of a point cost, over its trials, and its rates. */
import type { Cost, CostOfSide, Measured } from '../formats/index.ts';
import type { Recording } from '../run/run-folder.ts';

const MILLION = 1e6;

/** Null where no trial says. */
export function summarizeCost(recorded: Recording[]): Measured['cost'] {
  const known = recorded.flatMap(({ result }) => result.cost ?? []);
  if (known.length === 0) return null;
  const replies = known.reduce((sum, one) => sum + one.replies, 0);
  const perMillion = (values: (number | null)[]): number | null => {
    const total = totalOf(values);
    return total === null ? null : (total / replies) * MILLION;
  };
  const ofSide = (side: 'server' | 'client'): Cost['server'] => {
    const sides = known.flatMap((one) => one[side] ?? []);
    if (sides.length < known.length) return null;
    const of = (name: keyof CostOfSide): number | null => perMillion(sides.map((one) => one[name]));
    return {
      user_s: of('user_s') ?? 0,
      system_s: of('system_s') ?? 0,
      vain_s: of('vain_s'),
      voluntary_switches: of('voluntary_switches') ?? 0,
      involuntary_switches: of('involuntary_switches') ?? 0,
      cycles: of('cycles'),
      instructions: of('instructions'),
      cache_misses: of('cache_misses'),
    };
  };
  return {
    replies,
    server: ofSide('server'),
    client: ofSide('client'),
    joules: perMillion(known.map(({ joules }) => joules)),
    unknown: [...new Set(known.flatMap(({ unknown }) => unknown))],
  };
}

/** Null where one of them is. */
function totalOf(values: (number | null)[]): number | null {
  return values.reduce<number | null>(
    (sum, value) => (sum === null || value === null ? null : sum + value),
    0,
  );
}

/** Null where no trial says, and for means, which have no rate. */
export function summarizeRates(recorded: Recording[]): Measured['rates'] {
  const known = recorded.flatMap(({ result }) => result.rates ?? []);
  if (known.length === 0 || known.length < recorded.length) return null;
  const window_s = known.reduce((sum, one) => sum + one.window_s, 0);
  const mean = (name: Exclude<keyof NonNullable<Measured['rates']>, 'offered_ops'>): number =>
    known.reduce((sum, one) => sum + one[name] * one.window_s, 0) / window_s;
  const offered = totalOf(
    known.map(({ offered_ops, window_s }) => (offered_ops === null ? null : offered_ops * window_s)),
  );
  return {
    offered_ops: offered === null ? null : offered / window_s,
    achieved_ops: mean('achieved_ops'),
    completed_ops: mean('completed_ops'),
    misses_ops: mean('misses_ops'),
    errors_ops: mean('errors_ops'),
    wrong_ops: mean('wrong_ops'),
    stale_ops: mean('stale_ops'),
    torn_ops: mean('torn_ops'),
  };
}
