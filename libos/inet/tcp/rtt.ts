/**
 * The retransmission timeout, from measured round-trip times (RFC 6298). Every acknowledgement of data is a
 * measurement; the SYN is timed here.
 *
 * What was sent twice is not measured, unless a timestamp tells the transmissions apart (Karn's algorithm, section 3).
 */
import { isBefore } from '../sequence.ts';

/** Section 2.1: before the first measurement. */
const INITIAL_RTO_US = 1e6;
/** Section 5.7: when the SYN's timer has expired and nothing was measured meanwhile. */
const RTO_AFTER_LOST_SYN_US = 3e6;
/** G of section 2.3: the clock's granularity. */
const GRANULARITY_US = 1;
/** K of section 2.3. */
const VARIATION_FACTOR = 4;
const ALPHA = 1 / 8;
const BETA = 1 / 4;

export class RttEstimator {
  readonly #minRtoUs: number;
  readonly #maxRtoUs: number;
  // First a fraction, so that the engine lays the fields out as doubles once and for all.
  /** SRTT; NaN before the first measurement. */
  smoothedUs = Number.NaN;
  /** RTTVAR; NaN before the first measurement. */
  variationUs = Number.NaN;
  /** How long the retransmission timer runs at present, back-off included. */
  rtoUs = 0.5;
  /** The SYN that is being timed ends here. */
  #timedSequence = 0;
  #timing = false;
  #timedAtUs = 0.5;

  constructor(minRtoUs: number, maxRtoUs: number) {
    this.#minRtoUs = minRtoUs;
    this.#maxRtoUs = maxRtoUs;
    this.#setRto(INITIAL_RTO_US);
  }

  get measured(): boolean {
    return this.smoothedUs >= 0;
  }

  /** The SYN, which ends at `sequence`, was sent for the first time. */
  time(sequence: number, nowUs: number): void {
    this.#timing = true;
    this.#timedSequence = sequence;
    this.#timedAtUs = nowUs;
  }

  /** It was sent again: nobody can say which transmission an acknowledgement will be for. */
  stopTiming(): void {
    this.#timing = false;
  }

  /** Everything before `sequence` is acknowledged. Returns whether that was a measurement. */
  acknowledged(sequence: number, nowUs: number): boolean {
    if (!this.#timing || isBefore(sequence, this.#timedSequence)) return false;
    this.#timing = false;
    this.sample(nowUs - this.#timedAtUs, 1);
    return true;
  }

  /**
   * Takes a measured round trip, which also ends a back-off (section 5, the notes at its end).
   *
   * @param samples how many are expected in one round trip: each weighs so much less, that many of them shorten memory,
   *   and the timeout, no more than one would (RFC 7323, appendix G)
   */
  sample(rttUs: number, samples: number): void {
    if (!(rttUs >= 0)) return;
    if (this.measured) {
      const alpha = samples > 1 ? ALPHA / samples : ALPHA;
      const beta = samples > 1 ? BETA / samples : BETA;
      // Section 2.3: the variation first, since it is taken against the old smoothed time.
      this.variationUs = (1 - beta) * this.variationUs + beta * Math.abs(this.smoothedUs - rttUs);
      this.smoothedUs = (1 - alpha) * this.smoothedUs + alpha * rttUs;
    } else {
      this.smoothedUs = rttUs;
      this.variationUs = rttUs / 2;
    }
    this.resetBackOff();
  }

  /** The timer expired: the next one runs twice as long (section 5.5). */
  backOff(): void {
    this.#setRto(this.rtoUs * 2);
  }

  /**
   * Ends a back-off without a measurement, as when a closed window has opened (RFC 9293, section 3.8.6.1).
   */
  resetBackOff(): void {
    if (!this.measured) this.#setRto(INITIAL_RTO_US);
    else this.#setRto(this.smoothedUs + Math.max(GRANULARITY_US, VARIATION_FACTOR * this.variationUs));
  }

  /** The SYN's timer had expired before the connection was established: to be called then (section 5.7). */
  establishedAfterLostSyn(): void {
    if (!this.measured) this.#setRto(RTO_AFTER_LOST_SYN_US);
  }

  #setRto(us: number): void {
    this.rtoUs = Math.min(Math.max(us, this.#minRtoUs), this.#maxRtoUs);
  }
}
