/** The latencies of one step of a calibration, and how many of them a pause caused. */
import type { OperationResult } from '../measurement/options.ts';
import { LatencyRecorder, quantilesNs } from '../measurement/recorder.ts';
import { DELAYED_US } from './injections.ts';

const DELAYED_NS = DELAYED_US * 1000;

export interface Seen {
  requests: number;
  /** Requests that took at least DELAYED_US. */
  delayed: number;
  quantilesNs: NonNullable<OperationResult['latency_ns']>;
}

export class Samples {
  readonly #recorder = new LatencyRecorder();
  #requests = 0;
  #delayed = 0;

  add(latencyNs: number): void {
    this.#recorder.record(latencyNs);
    this.#requests++;
    if (latencyNs >= DELAYED_NS) this.#delayed++;
  }

  /** Empties `others` into this. */
  addAll(others: Samples): void {
    others.#recorder.moveTo(this.#recorder);
    this.#requests += others.#requests;
    this.#delayed += others.#delayed;
    others.#requests = 0;
    others.#delayed = 0;
  }

  /** Null without a sample. */
  seen(): Seen | null {
    const quantiles = quantilesNs(this.#recorder.histogram());
    if (quantiles === null) return null;
    return { requests: this.#requests, delayed: this.#delayed, quantilesNs: quantiles };
  }
}
