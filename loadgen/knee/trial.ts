/** One trial of a rate: a load, and what of it the search looks at. */
import { LoadError } from '../errors.ts';
import { keepsSchedule, mergeHistograms } from '../measurement/merge.ts';
import type { LoadOptions, LoadOutcome } from '../measurement/options.ts';
import { runLoad } from '../measurement/run-load.ts';
import type { KneeTrial } from './search.ts';

/** So little of what is asked was answered that the load ended. */
const HOPELESS = ['REPLY_TIMEOUT', 'NO_REPLIES'];

/** Null when a signal ended it. Throws what a load throws, but for a server that did not answer in time. */
export async function runTrial(options: LoadOptions, percentile: number): Promise<KneeTrial | null> {
  try {
    const outcome = await runLoad(options);
    return outcome && trialOf(outcome, percentile);
  } catch (error) {
    if (!HOPELESS.includes((error as { code?: string }).code ?? '')) throw error;
    return { latencyUs: Number.POSITIVE_INFINITY, isGeneratorLate: false };
  }
}

/** Throws INVALID_OPTION where keys are missing: then it is not the load that is measured. */
export function trialOf(outcome: LoadOutcome, percentile: number): KneeTrial {
  const { operations, rates, sent_late, threads, unanswered } = outcome;
  if (operations.some(({ misses }) => misses > 0)) {
    throw new LoadError('INVALID_OPTION', 'keys are missing in the server: fill them with --populate');
  }
  const due = (rates?.offered_ops ?? 0) * (rates?.window_s ?? 0);
  const isRight = unanswered === 0 && operations.every(({ requests, hits }) => requests === hits);
  const latencyNs = mergeHistograms(operations.map(({ encoded }) => encoded)).getValueAtPercentile(
    percentile,
  );
  return {
    latencyUs: isRight ? latencyNs / 1000 : Number.POSITIVE_INFINITY,
    isGeneratorLate:
      keepsSchedule(sent_late, due) === false ||
      (threads ?? []).some(({ kept_schedule }) => kept_schedule === false),
  };
}
