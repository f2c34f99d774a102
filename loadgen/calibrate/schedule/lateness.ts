/**
 * How late requests were sent, without those that were late because the host had taken the time.
 *
 * The generator's thread reads its clock every few hundred nanoseconds; where it did not for a while (a gap of
 * libos/pauses.ts), something else ran, or nothing did: the operating system, the hypervisor. A collection of garbage
 * is the generator's own time, and counts. The requests that a gap delays are those that came due in it or while what
 * it had interrupted was ended, and those behind them until one was sent, and its sending over, before the next was
 * due: then nothing was left of what the gap had left.
 */
export interface Gap {
  /** By the clock of the requests, in ns. */
  startNs: number;
  endNs: number;
}

export interface Lateness {
  /** Requests that count. */
  requests: number;
  meanNs: number;
  p50Ns: number;
  p99Ns: number;
  p999Ns: number;
  maxNs: number;
  /** Requests that the gaps delayed, and the length of the gaps in which something was due, in all. */
  leftOut: number;
  gaps: number;
  gapsNs: number;
}

/**
 * Of requests in the order of their times, and gaps in theirs. Null where no request counts.
 * @param sendingNs what the sending of one takes
 */
export function latenessOf(
  intendedNs: Float64Array,
  sentNs: Float64Array,
  gaps: readonly Gap[],
  sendingNs: number,
): Lateness | null {
  const late = new Float64Array(intendedNs.length);
  const taken = { gaps: 0, gapsNs: 0 };
  let count = 0;
  let next = 0;
  for (let i = 0; i < intendedNs.length; ) {
    while (next < gaps.length && gaps[next].endNs + sendingNs <= intendedNs[i]) next++;
    const gap = gaps[next];
    if (gap === undefined || sentNs[i] <= gap.startNs) {
      late[count++] = sentNs[i] - intendedNs[i];
      i++;
      continue;
    }
    taken.gaps++;
    taken.gapsNs += gap.endNs - gap.startNs;
    next++;
    do i++;
    while (i < intendedNs.length && intendedNs[i] < Math.max(gap.endNs, sentNs[i - 1]) + sendingNs);
  }
  if (count === 0) return null;
  const sorted = late.subarray(0, count).sort();
  const at = (share: number) => sorted[Math.min(count - 1, Math.floor(share * count))];
  return {
    requests: count,
    meanNs: sorted.reduce((sum, one) => sum + one, 0) / count,
    p50Ns: at(0.5),
    p99Ns: at(0.99),
    p999Ns: at(0.999),
    maxNs: sorted[count - 1],
    leftOut: intendedNs.length - count,
    ...taken,
  };
}
