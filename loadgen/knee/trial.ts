/** One trial of a rate: a load, and what of it the search looks at. */
import { LoadError } from '../errors.ts';
import { mergeHistograms } from '../measurement/merge.ts';
import type { LoadOptions, LoadOutcome } from '../measurement/options.ts';
import { runLoad } from '../measurement/run-load.ts';
import type { KneeTrial } from './search.ts';

/** So little of what is asked was answered that the load ended. */
const HOPELESS = ['REPLY_TIMEOUT', 'NO_REPLIES'];

/** Limit of a percentile of the response time. */
export interface Limit {
  percentile: number;
  limitUs: number;
}

/** Null when a signal ended it. Throws what a load throws, but for a server that did not answer in time. */
export async function runTrial(options: LoadOptions, limit: Limit): Promise<KneeTrial | null> {
  try {
    const outcome = await runLoad(options);
    return outcome && trialOf(outcome, limit);
  } catch (error) {
    if (!HOPELESS.includes((error as { code?: string }).code ?? '')) throw error;
    return { latencyUs: Number.POSITIVE_INFINITY, isGeneratorLate: false };
  }
}

/** Throws INVALID_OPTION where keys are missing: then it is not the load that is measured. */
export function trialOf(outcome: LoadOutcome, limit: Limit): KneeTrial {
  const { operations, own_lag_us, unanswered } = outcome;
  if (operations.some(({ misses }) => misses > 0)) {
    throw new LoadError('INVALID_OPTION', 'keys are missing in the server: fill them with --populate');
  }
  const isAnswered = unanswered === 0;
  const isRight = operations.every(({ requests, hits }) => requests === hits);
  const latencyNs = mergeHistograms(operations.map(({ encoded }) => encoded)).getValueAtPercentile(
    limit.percentile,
  );
  const latencyUs = isAnswered && isRight ? latencyNs / 1000 : Number.POSITIVE_INFINITY;
  const ownUs = own_lag_us === null ? 0 : ownLagAt(own_lag_us, limit.percentile);
  return { latencyUs, isGeneratorLate: isRight && isOwn(latencyUs, ownUs, limit) };
}

/** The one at the next percentile that is known. */
function ownLagAt(lag: NonNullable<LoadOutcome['own_lag_us']>, percentile: number): number {
  if (percentile <= 50) return lag.p50;
  if (percentile <= 90) return lag.p90;
  if (percentile <= 99) return lag.p99;
  return percentile <= 99.9 ? lag.p999 : lag.max;
}

/**
 * Whether what the generator sent late by itself may be why a latency is above the limit. What comes late comes at
 * once, and so waits for about as long again in the server: its own lag is half of what is too much, at least. Of
 * requests that were never answered nobody knows how much that is: then it is the limit.
 */
function isOwn(latencyUs: number, ownUs: number, { limitUs }: Limit): boolean {
  if (latencyUs <= limitUs) return false;
  return ownUs >= (Number.isFinite(latencyUs) ? (latencyUs - limitUs) / 2 : limitUs);
}
