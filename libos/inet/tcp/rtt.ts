/**
 * The retransmission timeout, from measured round-trip times (RFC 6298). One segment a round trip is timed.
 *
 * A segment that was sent twice is not timed, unless a timestamp tells the transmissions apart (Karn's
 * algorithm, section 3): the caller stops the timing when it sends anything again.
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
  /** The segment that is being timed ends here. */
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

  /**
   * A segment that ends at `sequence` was sent for the first time: times it, unless another one is being
   * timed.
   */
  time(sequence: number, nowUs: number): void {
    if (this.#timing) return;
    this.#timing = true;
    this.#timedSequence = sequence;
    this.#timedAtUs = nowUs;
  }

  /** Something was sent again: nobody can say which transmission an acknowledgement will be for. */
  stopTiming(): void {
    this.#timing = false;
  }

  /** Everything before `sequence` is acknowledged. Returns whether that was a measurement. */
  acknowledged(sequence: number, nowUs: number): boolean {
    if (!this.#timing || isBefore(sequence, this.#timedSequence)) return false;
    this.#timing = false;
    this.sample(nowUs - this.#timedAtUs);
    return true;
  }

  /** Takes a measured round trip, which also ends a back-off (section 5, the notes at its end). */
  sample(rttUs: number): void {
    if (!(rttUs >= 0)) return;
    if (this.measured) {
      // Section 2.3: the variation first, since it is taken against the old smoothed time.
      this.variationUs = (1 - BETA) * this.variationUs + BETA * Math.abs(this.smoothedUs - rttUs);
      this.smoothedUs = (1 - ALPHA) * this.smoothedUs + ALPHA * rttUs;
    } else {
      this.smoothedUs = rttUs;
      this.variationUs = rttUs / 2;
    }
    this.resetBackOff();
  }

  /**
   * Takes the age of an echoed timestamp: of what was sent twice only that says which transmission is
   * acknowledged (RFC 7323, section 4). Without it the back-off stays until a segment that was sent once has
   * been measured. An age that cannot be is ignored, as anybody may have made it up.
   */
  sampleEcho(ageUs: number): void {
    if (ageUs <= this.#maxRtoUs) this.sample(ageUs);
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
