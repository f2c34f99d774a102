/** The slowest requests of a measured window and when each was sent: a cause is found by its time. */

import type { Pauses } from '../../results/formats/index.ts';

/** Room for 2 % of the requests of a few seconds at a million a second. */
const CAPACITY = 131_072;
/**
 * Percentile of the warm-up's latencies from which on requests are kept. The window is faster, so that it
 * keeps fewer.
 */
export const SLOW_PERCENTILE = 98;
/**
 * Percentile of the window's own latencies from which on they are reported: more than the slowest thousandth.
 */
export const REPORTED_PERCENTILE = 99.8;

type SlowRequestsResult = NonNullable<Pauses['slow_requests']>;

export class SlowRequests {
  /** Threshold in ns. Change it only before the first add. */
  thresholdNs: number;
  readonly #sentNs = new Float64Array(CAPACITY);
  readonly #latenciesNs = new Float64Array(CAPACITY);
  #count = 0;
  #lost = 0;

  constructor(thresholdNs: number) {
    this.thresholdNs = thresholdNs;
  }

  add(sentNs: number, latencyNs: number): void {
    if (this.#count === CAPACITY) {
      this.#lost++;
      return;
    }
    this.#sentNs[this.#count] = sentNs;
    this.#latenciesNs[this.#count++] = latencyNs;
  }

  /**
   * The requests of `fromNs` and more; `monotonicNs` turns a time of this thread's clock into
   * CLOCK_MONOTONIC.
   */
  result(fromNs: number, monotonicNs: (nowNs: number) => number): SlowRequestsResult {
    const requests: SlowRequestsResult['requests'] = [];
    for (let index = 0; index < this.#count; index++) {
      const latencyNs = this.#latenciesNs[index];
      if (latencyNs < fromNs) continue;
      requests.push([Math.round(monotonicNs(this.#sentNs[index])), Math.round(latencyNs)]);
    }
    return { threshold_ns: Math.max(this.thresholdNs, fromNs), requests, lost: this.#lost };
  }
}
