/**
 * The knee: the highest rate whose latency stays under a limit, between a rate that passes and one that does not.
 *
 * A rate is tried several times. It passes when an upper bound of confidence for the median, over trials, of the
 * latency's percentile is under the limit. The bound is an order statistic: of n trials the k-th smallest is above the
 * median of what they are drawn from with the probability P(B < k), B ~ Binomial(n, 1/2). Nothing is assumed of the
 * distribution, only that trials are independent (J.-Y. Le Boudec, Performance Evaluation of Computer and Communication
 * Systems, 2010, theorem 2.1). So k of n trials must be under the limit, and a rate is left as soon as k are, or no
 * longer can be: that changes nothing of the confidence, since the number of trials is fixed before.
 *
 * Rates are first doubled, or halved, until one passes and one does not (bracketing), then halved between the two, on a
 * logarithmic scale, until they are near enough (bisection).
 */
export interface KneeTrial {
  /** The latency's percentile, in us; infinite where requests were not answered, or not rightly. */
  latencyUs: number;
  /** Whether it is above the limit for what the load generator sent late by itself: that says nothing of the server. */
  isGeneratorLate: boolean;
}

export interface TriedRate {
  rateOps: number;
  verdict: 'passes' | 'fails' | 'not_offered';
  /** Of the median over trials, where the rate passes; else null. */
  upperBoundUs: number | null;
  trials: KneeTrial[];
}

export interface KneeOptions {
  limitUs: number;
  /** Where the search begins, and where it ends at the latest. */
  startOps: number;
  lowestOps: number;
  highestOps: number;
  /** How near the two rates come to each other: 0.05 is 5 % of the lower one. */
  within: number;
  trials: number;
}

/**
 * Why it ended: between the two rates lies the knee; the generator could offer no more; the highest rate passes; the
 * lowest does not; or it was interrupted.
 */
export type KneeEnd = 'found' | 'generator' | 'highest_passes' | 'lowest_fails' | 'interrupted';

export interface Knee {
  end: KneeEnd;
  /** The highest rate that passes, and the lowest above it that does not; null where there is none. */
  passesOps: number | null;
  failsOps: number | null;
  /** Of the verdict that a rate passes. */
  confidence: number;
  /** In the order in which they were tried. */
  rates: TriedRate[];
}

/** Of one-sided bounds. */
const LEAST_CONFIDENCE = 0.95;
const BRACKET_FACTOR = 2;

/**
 * How many of `trials` must be under the limit, and how sure it is then that the median is. The fewest that make 95 %,
 * or all of them where fewer than five trials cannot.
 */
export function neededTrials(trials: number): { needed: number; confidence: number } {
  let needed = trials;
  let probability = 0.5 ** trials;
  let tail = probability;
  while (needed > 1) {
    const next = (probability * needed) / (trials - needed + 1);
    if (1 - (tail + next) < LEAST_CONFIDENCE) break;
    probability = next;
    tail += next;
    needed--;
  }
  return { needed, confidence: 1 - tail };
}

/**
 * @param measure one trial at a rate; null when it was interrupted
 * @param tried told of each rate when its verdict is known
 */
export async function findKnee(
  options: KneeOptions,
  measure: (rateOps: number) => Promise<KneeTrial | null>,
  tried: (rate: TriedRate) => void = () => {},
): Promise<Knee> {
  const { needed, confidence } = neededTrials(options.trials);
  const rates: TriedRate[] = [];
  let passes: TriedRate | null = null;
  let fails: TriedRate | null = null;
  const ended = (end: KneeEnd): Knee => ({
    end,
    passesOps: passes?.rateOps ?? null,
    failsOps: end === 'found' || end === 'lowest_fails' ? (fails?.rateOps ?? null) : null,
    confidence,
    rates,
  });
  for (;;) {
    const rateOps = nextRate(options, passes?.rateOps ?? null, fails?.rateOps ?? null);
    if (rateOps === null) {
      if (fails === null) return ended('highest_passes');
      if (fails.verdict === 'not_offered') return ended('generator');
      return ended(passes === null ? 'lowest_fails' : 'found');
    }
    const rate = await tryRate(rateOps, options, needed, measure);
    if (rate === null) return ended('interrupted');
    rates.push(rate);
    tried(rate);
    if (rate.verdict === 'passes') passes = rate;
    else fails = rate;
  }
}

/** Null where there is none to try any more. */
function nextRate(options: KneeOptions, passes: number | null, fails: number | null): number | null {
  const { startOps, lowestOps, highestOps, within } = options;
  if (passes === null && fails === null) return startOps;
  if (fails === null) {
    const highest = passes as number;
    return highest >= highestOps ? null : Math.min(highestOps, highest * BRACKET_FACTOR);
  }
  if (passes === null) return fails <= lowestOps ? null : Math.max(lowestOps, fails / BRACKET_FACTOR);
  return fails <= passes * (1 + within) ? null : Math.sqrt(passes * fails);
}

async function tryRate(
  rateOps: number,
  { limitUs, trials }: KneeOptions,
  needed: number,
  measure: (rateOps: number) => Promise<KneeTrial | null>,
): Promise<TriedRate | null> {
  const done: KneeTrial[] = [];
  const under = () => done.filter(({ latencyUs }) => latencyUs <= limitUs);
  while (under().length < needed && done.length - under().length <= trials - needed) {
    const trial = await measure(rateOps);
    if (trial === null) return null;
    done.push(trial);
  }
  if (under().length === needed) {
    const upperBoundUs = Math.max(...under().map(({ latencyUs }) => latencyUs));
    return { rateOps, verdict: 'passes', upperBoundUs, trials: done };
  }
  const above = done.filter(({ latencyUs }) => latencyUs > limitUs);
  const isOwn = above.every(({ isGeneratorLate }) => isGeneratorLate);
  return { rateOps, verdict: isOwn ? 'not_offered' : 'fails', upperBoundUs: null, trials: done };
}
