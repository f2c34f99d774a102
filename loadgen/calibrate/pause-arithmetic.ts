/**
 * The latencies that pauses of a server must cause, by arithmetic.
 *
 *     open loop, rate R           latency of what is due t into a pause of length P: P - t
 *                                 R * P requests are delayed, evenly up to P
 *     closed loop, one request    the one request that is outstanding is delayed, by all of P
 *     outstanding                 however many would have been sent meanwhile: coordinated omission
 *
 * The catching up after a pause is left out: the server's load, R times its time for one request, is a few
 * per cent.
 */

export interface PausedLoad {
  /** Requests per second of an open loop; null for a closed one with one request outstanding. */
  rateOps: number | null;
  /** Requests measured. */
  requests: number;
  /** Lengths of the pauses. */
  pausesUs: readonly number[];
  /** Requests with this latency or more count as delayed. */
  delayedUs: number;
  /** Latencies without pauses. */
  floorUs: { p50: number; p999: number };
}

export interface PauseEffect {
  delayed: number;
  p999_us: number;
  max_us: number;
}

export function expectedEffect(load: PausedLoad): PauseEffect {
  const { floorUs, pausesUs } = load;
  const max_us = floorUs.p50 + Math.max(0, ...pausesUs);
  return { delayed: delayedBeyond(load, load.delayedUs), p999_us: expectedP999(load), max_us };
}

/** How many requests take `us` or longer. */
function delayedBeyond({ rateOps, pausesUs }: PausedLoad, us: number): number {
  if (rateOps === null) return pausesUs.filter((pauseUs) => pauseUs >= us).length;
  return pausesUs.reduce((sum, pauseUs) => sum + (Math.max(0, pauseUs - us) * rateOps) / 1e6, 0);
}

/** The longest time that one request in a thousand reaches, found between no delay and the longest pause. */
function expectedP999(load: PausedLoad): number {
  const { floorUs, requests } = load;
  let low = 0;
  let high = Math.max(0, ...load.pausesUs);
  for (let halvings = 0; halvings < 40; halvings++) {
    const middle = (low + high) / 2;
    if (delayedBeyond(load, middle) >= requests / 1000) low = middle;
    else high = middle;
  }
  return Math.max(floorUs.p999, low === 0 ? 0 : floorUs.p50 + low);
}
