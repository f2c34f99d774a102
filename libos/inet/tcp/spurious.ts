/**
 * Whether a reduction of the congestion window was needless, as what seemed lost had only come late. Three signs, each
 * for itself enough:
 *
 * - Eifel (RFC 3522): what acknowledges the first retransmission echoes a timestamp from before it.
 * - F-RTO (RFC 5682, section 3, with SACK): after a timeout, new data goes instead of further retransmissions, and then
 *   something arrives at the peer that was never sent again.
 * - D-SACK (RFC 3708): the peer reports all that was sent again as duplicates.
 */
import { isAtOrBefore, isBefore, later } from '../sequence.ts';

/** Where F-RTO stands. */
const Forward = {
  Off: 0,
  /** Step 2: waiting for an acknowledgement of what the timeout has sent again. */
  First: 1,
  /** Step 3: new data goes, and the next acknowledgement decides. */
  Second: 2,
} as const;
type Forward = (typeof Forward)[keyof typeof Forward];

export class Spurious {
  /** A reduction may still be taken back, and it was made by a retransmission timeout. */
  active = false;
  byTimeout = false;
  #forward: Forward = Forward.Off;
  /** New data has gone in step 3. */
  #newSent = false;
  /** Behind the farthest that the recovery has sent again. */
  #end = 0;
  #againBytes = 0;
  #duplicateBytes = 0;
  /** Behind the last duplicate that was counted: what the peer reports a second time does not count. */
  #duplicateEnd = 0;
  /** The recovery has ended, and what `nxt` was then. */
  #isOver = false;
  #overAt = 0;
  /** Of the first retransmission: its end, and when it was sent. */
  #firstEnd = 0;
  #firstSentUs = 0.5;

  /** The window has been reduced for what follows `una`. */
  begin(una: number, byTimeout: boolean): void {
    this.active = true;
    this.byTimeout = byTimeout;
    this.#forward = byTimeout ? Forward.First : Forward.Off;
    this.#newSent = false;
    this.#end = una;
    this.#againBytes = 0;
    this.#duplicateBytes = 0;
    this.#duplicateEnd = una;
    this.#isOver = false;
  }

  /** The recovery has ended. What tells that it was needless comes with the flight that follows, or never. */
  recoveryEnded(nxt: number): void {
    this.#isOver = true;
    this.#overAt = nxt;
  }

  /** All that it says is taken from an acknowledgement up to `una`. */
  acknowledged(una: number): void {
    if (this.#isOver && isBefore(this.#overAt, una)) this.end();
  }

  /** It is decided: nothing is taken back, or it has been. */
  end(): void {
    this.active = false;
    this.#forward = Forward.Off;
  }

  /** [start, end) was sent again. */
  sentAgain(start: number, end: number, nowUs: number): void {
    if (!this.active) return;
    if (this.#againBytes === 0) {
      this.#firstEnd = end;
      this.#firstSentUs = nowUs;
    }
    this.#againBytes += (end - start) | 0;
    this.#end = later(this.#end, end);
  }

  /**
   * The peer has got [start, end) twice. Returns whether it has all that was sent again twice, by reports in the order
   * of their numbers.
   */
  duplicated(start: number, end: number): boolean {
    if (!this.active || isBefore(start, this.#duplicateEnd) || isBefore(this.#end, end)) return false;
    this.#duplicateEnd = end;
    this.#duplicateBytes += (end - start) | 0;
    return this.#againBytes > 0 && this.#duplicateBytes >= this.#againBytes;
  }

  /**
   * Eifel detection, for an acknowledgement up to `una` of something new.
   *
   * @param echoEndUs what was sent from then on has a later timestamp than the one echoed; Infinity without timestamps
   */
  isEcho(una: number, echoEndUs: number): boolean {
    if (this.#againBytes === 0 || isBefore(una, this.#firstEnd)) return false;
    const isEarlier = echoEndUs <= this.#firstSentUs;
    // Only the first acknowledgement can tell.
    this.#firstSentUs = -Infinity;
    return isEarlier;
  }

  // F-RTO

  /**
   * New data is to go, and nothing again, until an acknowledgement decides; a duplicate does too (step 3b), also
   * without a SACK option.
   */
  get awaitsAnswer(): boolean {
    return this.#forward === Forward.Second;
  }

  /**
   * What may go of new data has gone. Returns whether that was none where F-RTO wants some, and is off for that reason:
   * the usual recovery goes on (RFC 5682, section 2.1, step 2).
   */
  goesOnWithoutNew(): boolean {
    if (this.#forward !== Forward.Second || this.#newSent) return false;
    this.#forward = Forward.Off;
    return true;
  }

  newWasSent(): void {
    this.#newSent = true;
  }

  /** F-RTO does not judge this timeout: it is not the first, or there is no SACK. */
  stopForward(): void {
    this.#forward = Forward.Off;
  }

  /**
   * An acknowledgement up to `una` has come.
   *
   * @param recoveryPoint `nxt` of the timeout
   * @param newBytes acknowledged cumulatively for the first time
   * @param original it delivers, by acknowledging or SACKing, something from before the timeout that was sent only once
   * @returns whether the timeout was needless
   */
  forwards(una: number, recoveryPoint: number, newBytes: number, original: boolean): boolean {
    if (this.#forward === Forward.First) {
      if (newBytes > 0) this.#forward = isAtOrBefore(recoveryPoint, una) ? Forward.Off : Forward.Second;
      this.#newSent = false;
      return false;
    }
    if (this.#forward !== Forward.Second) return false;
    this.#forward = Forward.Off;
    return original;
  }
}
