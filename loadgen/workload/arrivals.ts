/**
 * When the requests of an open loop are due: kind, rate and seed fix the schedule, replies do not change it.
 *
 *     constant   one every 1/rate, exactly
 *     poisson    gaps from the exponential distribution of mean 1/rate: independent users together
 */
import type { ArrivalKind } from '../../results/formats/lists.ts';
import { SeededRandom } from './random.ts';

/** Tells the stream of arrivals from those of keys and values, which are drawn with the seed itself. */
const STREAM = 0x61727276;

export class Arrivals {
  /** When the next request is due, in ns by the clock of `startNs`. */
  nextNs: number;
  readonly #random: SeededRandom | null;
  readonly #startNs: number;
  readonly #meanGapNs: number;
  /**
   * Since the start: in gaps for the constant schedule, so that rounding does not add up; in ns for the
   * other.
   */
  #passed: number;

  /** @param rateOps requests per second, more than 0 */
  constructor(kind: ArrivalKind, rateOps: number, seed: number, startNs: number) {
    this.#random = kind === 'poisson' ? new SeededRandom(seed ^ STREAM) : null;
    this.#startNs = startNs;
    this.#meanGapNs = 1e9 / rateOps;
    this.#passed = 0;
    this.nextNs = startNs;
    // A Poisson process has no arrival at its start; the constant schedule begins with one.
    if (this.#random !== null) this.advance();
  }

  /** Moves to the next request. */
  advance(): void {
    if (this.#random === null) {
      this.nextNs = this.#startNs + ++this.#passed * this.#meanGapNs;
    } else {
      // 1 - fraction() is never 0.
      this.#passed -= Math.log(1 - this.#random.fraction()) * this.#meanGapNs;
      this.nextNs = this.#startNs + this.#passed;
    }
  }

  /** Moves to the first request due at `ns` or later, then past `requests` more. */
  skip(ns: number, requests: number): void {
    while (this.nextNs < ns) this.advance();
    for (let i = 0; i < requests; i++) this.advance();
  }
}
