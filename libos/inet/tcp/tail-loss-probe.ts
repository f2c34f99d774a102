/**
 * Tail loss probes (RFC 8985, section 7). The loss of the last segments of a flight shows by nothing that comes.
 * So when nothing has come for two round trips, one segment goes, new or the last one again, whose
 * acknowledgement shows what is missing long before the retransmission timeout.
 *
 * Such a probe may mend the only loss. That must not go unnoticed by congestion control: unless the peer shows that it
 * has got both, it is taken for a loss (section 7.4).
 */
import { isAtOrBefore, isBefore } from '../sequence.ts';

/** Without a measured round trip (section 7.2). */
const UNMEASURED_US = 1e6;
/**
 * Least time until a probe. Two round trips of ten microseconds are less than a peer may need for other things, such as
 * collecting garbage.
 */
export const MIN_PROBE_US = 1000;

export class TailLossProbe {
  /** One has been sent, and not answered. */
  outstanding = false;
  /** TLP.end_seq and TLP.is_retrans. */
  #end = 0;
  #again = false;

  /**
   * PTO: how long to wait for an acknowledgement.
   *
   * @param smoothedUs SRTT; NaN while nothing was measured
   * @param delays fewer than two full segments are in flight, whose acknowledgement the peer may delay
   * @param maxDelayUs for how long
   */
  waitUs(smoothedUs: number, delays: boolean, maxDelayUs: number): number {
    if (!(smoothedUs >= 0)) return UNMEASURED_US;
    const roundTripsUs = 2 * smoothedUs > MIN_PROBE_US ? 2 * smoothedUs : MIN_PROBE_US;
    return delays ? roundTripsUs + maxDelayUs : roundTripsUs;
  }

  /** A probe was sent, up to `end`; `again`: it was no new data. */
  sent(end: number, again: boolean): void {
    this.outstanding = true;
    this.#end = end;
    this.#again = again;
  }

  /** Loss has been found otherwise, or the retransmission timer has expired. */
  forget(): void {
    this.outstanding = false;
  }

  /** Whether a duplicate that ends there is the probe's. */
  isOf(duplicateEnd: number): boolean {
    return this.outstanding && this.#again && duplicateEnd === this.#end;
  }

  /**
   * An acknowledgement up to `una` has come while a probe was outstanding (TLP_process_ack, section 7.4.2).
   *
   * @param duplicate with a D-SACK of the probe
   * @param bare it acknowledges nothing new, and has no SACK option
   * @returns whether the probe has mended a loss
   */
  acknowledged(una: number, duplicate: boolean, bare: boolean): boolean {
    if (isBefore(una, this.#end)) return false;
    if (!this.#again || duplicate) this.outstanding = false;
    else if (!isAtOrBefore(una, this.#end)) {
      this.outstanding = false;
      return true;
    } else if (bare) this.outstanding = false;
    return false;
  }
}
