/**
 * Who did not keep up with the rate of an open loop: the server, which answered less than was due, or the load
 * generator, which sent late what it could have sent in time.
 */
import type { FellBehind, LoadResult } from '../formats/index.ts';
import type { Recording } from '../run/run-folder.ts';

/** A system keeps up where its replies come at no less than so much of the rate that is offered. */
const KEPT_UP = 0.95;
/** Share of the window spent on requests and replies, beyond which the generator may be, and is, the limit. */
export const busyShare = { suspect: 0.8, invalid: 0.95 };
/** Share of the median service time that the generator may be behind its schedule by itself. */
export const ownLag = { suspect: 0.1, invalid: 1 };

type OpenRates = NonNullable<LoadResult['rates']>;
type Lags = Pick<LoadResult, 'own_lag_us' | 'schedule_lag_us'>;

/** The lag that is the generator's own. Older results do not tell it from the wait for a slow server. */
export function ownLagUs({
  own_lag_us,
  schedule_lag_us,
}: Lags): { p50: number; p90: number; p99: number } | null {
  if (own_lag_us !== null) return own_lag_us;
  return schedule_lag_us && { ...schedule_lag_us, p90: schedule_lag_us.p99 };
}

/** The generator's lag at the p99 over the median service time; null where nobody looked. */
export function ownLagOverService(result: LoadResult): number | null {
  const service_ns = result.operations[0]?.service_time_ns?.p50;
  const lag = ownLagUs(result);
  return service_ns && lag ? (lag.p99 * 1000) / service_ns : null;
}

/** By how much less was answered in the window than was due in it, 0 to 1; null of a closed loop. */
export function unansweredShare(rates: LoadResult['rates']): number | null {
  if (rates === null || !rates.offered_ops) return null;
  return Math.max(0, 1 - answeredOps(rates) / rates.offered_ops);
}

/** Whatever the replies were: also an error is an answer. */
function answeredOps(rates: OpenRates): number {
  const { achieved_ops, misses_ops, errors_ops, wrong_ops, stale_ops, torn_ops } = rates;
  return achieved_ops + misses_ops + errors_ops + wrong_ops + stale_ops + torn_ops;
}

/** Of one load; null where both kept up, and of a closed loop. In older results the generator is not suspected. */
export function fellBehind(result: LoadResult): FellBehind | null {
  const share = unansweredShare(result.rates);
  if (share === null || share <= 1 - KEPT_UP) return null;
  const isLate = result.own_lag_us !== null && (ownLagOverService(result) ?? 0) > ownLag.invalid;
  return isLate || (result.busy_share ?? 0) > busyShare.invalid ? 'generator' : 'server';
}

/** Of all trials of a point: the server, unless it was the generator in each trial that fell behind. */
export function whoFellBehind(recorded: readonly Recording[]): FellBehind | null {
  const [due, answered] = recorded.reduce(
    ([sumDue, sumAnswered], { result: { rates } }) =>
      rates?.offered_ops
        ? [sumDue + rates.offered_ops * rates.window_s, sumAnswered + answeredOps(rates) * rates.window_s]
        : [sumDue, sumAnswered],
    [0, 0],
  );
  if (answered >= KEPT_UP * due) return null;
  const who = recorded.flatMap(({ result }) => fellBehind(result) ?? []);
  return who.every((one) => one === 'generator') ? 'generator' : 'server';
}
