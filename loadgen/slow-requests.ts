/** The slowest requests of a measured window, with when they were sent: what they waited for may be known by its time. */

const CAPACITY = 32_768;
/** Of the warm-up's latencies, how many are this slow: some more than the thousandth that is asked about. */
export const SLOW_PERCENTILE = 99.8;

export interface SlowRequestsResult {
  /** Only latencies from here on were kept. */
  threshold_ns: number;
  /** When each was sent (CLOCK_MONOTONIC, ns), and its latency. */
  requests: [sent_ns: number, latency_ns: number][];
  /** Those for which there was no room. */
  lost: number;
}

export class SlowRequests {
  /** Latencies below this are none. */
  readonly thresholdNs: number;
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

  /** `monotonicNs` turns a reading of this thread's clock into the machine's. */
  result(monotonicNs: (nowNs: number) => number): SlowRequestsResult {
    return {
      threshold_ns: this.thresholdNs,
      requests: Array.from({ length: this.#count }, (_, index) => [
        Math.round(monotonicNs(this.#sentNs[index])),
        Math.round(this.#latenciesNs[index]),
      ]),
      lost: this.#lost,
    };
  }
}
