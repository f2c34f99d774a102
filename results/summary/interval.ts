/** The interval of confidence for a median over trials. */

export interface Interval {
  low: number;
  high: number;
  confidence: number;
}

/**
 * A distribution-free interval for the median of what `values` (one per trial, any order) are drawn from:
 * the values of ranks k and n+1-k, with the largest k whose confidence is still at least 95 %. It assumes
 * only that the trials are independent; neither a normal distribution nor a random generator is needed.
 *
 * The confidence is exact, from the binomial distribution: 1 - 2 P(B <= k-1), B ~ Binomial(n, 1/2). With
 * fewer than 6 trials no pair of ranks reaches 95 %; then the whole range is given with the confidence that
 * it has: 93.75 % for 5 trials, 87.5 % for 4, 75 % for 3, 50 % for 2. One trial has no interval: null.
 *
 * Source: J.-Y. Le Boudec, Performance Evaluation of Computer and Communication Systems (2010), theorem 2.1;
 * recommended for latencies by T. Hoefler and R. Belli, Scientific Benchmarking of Parallel Computing
 * Systems (SC'15), rule 6. (A percentile bootstrap over 5 trials would claim 95 % and cover clearly less.)
 */
export function medianInterval(values: number[]): Interval | null {
  const n = values.length;
  if (n < 2) return null;
  const sorted = values.toSorted((a, b) => a - b);
  let rank = 0;
  let probability = 0.5 ** n;
  let tail = probability;
  while (1 - 2 * (tail + (probability * (n - rank)) / (rank + 1)) >= 0.95) {
    probability *= (n - rank) / (rank + 1);
    rank += 1;
    tail += probability;
  }
  return { low: sorted[rank], high: sorted[n - 1 - rank], confidence: 1 - 2 * tail };
}
