/**
 * HyStart++ (RFC 9406): leaves the first slow start before it overflows a queue, when round trips become longer. Rounds
 * are told by numbers: one ends when what was sent first in it is acknowledged.
 *
 *     slow start --round trips longer--> conservative slow start (a quarter of the growth) --five rounds--> over
 *          ^                                 |
 *          +-----round trips shorter again---+
 */
import { isBefore } from '../sequence.ts';

/** The constants of section 4.3. */
const MIN_THRESHOLD_US = 4000;
const MAX_THRESHOLD_US = 16_000;
const ROUND_TRIP_DIVISOR = 8;
const SAMPLES = 8;
const GROWTH_DIVISOR = 4;
const CONSERVATIVE_ROUNDS = 5;
const NEVER = Number.POSITIVE_INFINITY;

export class HyStart {
  /** The part of its growth that slow start is allowed. */
  divisor = 1;
  /** windowEnd. */
  #roundEnd: number;
  #samples = 0;
  /** lastRoundMinRTT, currentRoundMinRTT and cssBaselineMinRtt. */
  #lastUs = NEVER;
  #currentUs = NEVER;
  #baselineUs = NEVER;
  #rounds = 0;

  /** @param nxt the next number to be sent */
  constructor(nxt: number) {
    this.#roundEnd = nxt;
  }

  /**
   * An acknowledgement has come in slow start.
   *
   * @param rttUs a round trip that it measures, or NaN
   * @returns whether slow start is over
   */
  acknowledged(una: number, nxt: number, rttUs: number): boolean {
    if (rttUs >= 0) this.#sample(rttUs);
    if (isBefore(una, this.#roundEnd)) return false;
    this.#roundEnd = nxt;
    this.#lastUs = this.#currentUs;
    this.#currentUs = NEVER;
    this.#samples = 0;
    return this.divisor > 1 && ++this.#rounds >= CONSERVATIVE_ROUNDS;
  }

  #sample(rttUs: number): void {
    if (rttUs < this.#currentUs) this.#currentUs = rttUs;
    if (++this.#samples < SAMPLES) return;
    if (this.divisor > 1) {
      if (this.#currentUs >= this.#baselineUs) return;
      // It was no queue that made the round trips longer.
      this.#baselineUs = NEVER;
      this.divisor = 1;
      return;
    }
    if (this.#lastUs === NEVER) return;
    const thresholdUs = Math.max(
      MIN_THRESHOLD_US,
      Math.min(this.#lastUs / ROUND_TRIP_DIVISOR, MAX_THRESHOLD_US),
    );
    if (this.#currentUs < this.#lastUs + thresholdUs) return;
    this.#baselineUs = this.#currentUs;
    this.divisor = GROWTH_DIVISOR;
    this.#rounds = 0;
  }
}
