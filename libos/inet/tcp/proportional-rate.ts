/**
 * Proportional rate reduction (RFC 9937): how much may go during a fast recovery with SACK. What is in flight comes
 * down to the slow-start threshold in step with what is delivered, so that there is neither a pause of half a round
 * trip nor a burst; when losses have left less than the threshold, it goes up again by what is delivered, and by a
 * segment more with each acknowledgement that shows progress and no loss (SafeACK).
 */

export class ProportionalRate {
  /** ssthresh. */
  #threshold = 0;
  /** RecoverFS: what the recovery began with. */
  #flightBytes = 0;
  /** prr_delivered and prr_out. */
  #deliveredBytes = 0;
  #sentBytes = 0;
  /** cwnd of the recovery: bytes that may be in the network. */
  window = 0;

  /**
   * A recovery begins, or its threshold is lowered once more.
   *
   * @param flightBytes in flight and not SACKed before the acknowledgement that shows the loss
   */
  begin(threshold: number, flightBytes: number): void {
    this.#threshold = threshold;
    this.#flightBytes = flightBytes > 0 ? flightBytes : 1;
    this.#deliveredBytes = 0;
    this.#sentBytes = 0;
    this.window = 0;
  }

  /**
   * An acknowledgement has come.
   *
   * @param deliveredBytes acknowledged or SACKed by it for the first time
   * @param inNetwork bytes in the network behind it
   * @param safe it acknowledges new data cumulatively and shows no further loss
   */
  delivered(deliveredBytes: number, inNetwork: number, safe: boolean, mss: number): void {
    const threshold = this.#threshold;
    this.#deliveredBytes += deliveredBytes;
    let bytes: number;
    if (inNetwork > threshold) {
      bytes = Math.ceil((this.#deliveredBytes * threshold) / this.#flightBytes) - this.#sentBytes;
    } else {
      bytes = Math.max(this.#deliveredBytes - this.#sentBytes, deliveredBytes);
      if (safe) bytes += mss;
      bytes = Math.min(threshold - inNetwork, bytes);
    }
    // The first retransmission goes at once.
    if (this.#sentBytes === 0 && bytes < mss) bytes = mss;
    this.window = inNetwork + (bytes > 0 ? bytes : 0);
  }

  sent(bytes: number): void {
    this.#sentBytes += bytes;
  }
}
