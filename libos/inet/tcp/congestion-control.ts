/** What the sender reports to its congestion control, and what it asks of it. */

export type CongestionControlName = 'cubic' | 'newreno';

/** All sizes are bytes; `inFlight` is RFC 5681's FlightSize, what was sent and is not acknowledged. */
export interface CongestionControl {
  readonly name: CongestionControlName;
  /** cwnd. */
  readonly window: number;
  /** ssthresh. */
  readonly slowStartThreshold: number;
  /** The part of its growth that slow start is allowed (RFC 9406); 1: all. */
  slowStartDivisor: number;
  /**
   * `bytes` were acknowledged cumulatively outside recovery. `inFlightBefore` counts from before that: the
   * window does not grow by data that was sent while it was not used up (RFC 7661).
   * @param smoothedRttUs NaN while nothing was measured
   */
  acknowledged(bytes: number, nowUs: number, smoothedRttUs: number, inFlightBefore: number): void;
  /** Whether the window is what holds sending back; `inFlightBefore` as above. */
  limits(inFlightBefore: number): boolean;
  /** The same as `acknowledged`, where it is not: the application or the receiver limits the sender. */
  unused(nowUs: number): void;
  /** Loss was found by duplicate or selective acknowledgements: reduces window and threshold. */
  enterRecovery(inFlight: number, nowUs: number): void;
  /** Slow start has gone far enough (RFC 9406): its threshold is the window of now. */
  endSlowStart(): void;
  /** A reduction is about to be made that may turn out to be needless. */
  remember(): void;
  /** It has: window and threshold are what they were then, or larger (RFC 9438, section 4.9). */
  undo(nowUs: number): void;
  /**
   * Everything that was in flight at enterRecovery is acknowledged. Not after a timeout, which ends a
   * recovery.
   */
  leaveRecovery(nowUs: number): void;
  /** The retransmission timer expired; `repeated`: for the same segment as before. */
  timedOut(inFlight: number, nowUs: number, repeated: boolean): void;
  /**
   * Nothing was sent for longer than a retransmission timeout, and now there is data (RFC 5681, section 4.1).
   */
  restartAfterIdle(): void;
  /** A SYN was lost: the initial window is one segment (RFC 5681, section 3.1). */
  synWasLost(): void;
  /** The segment size became known, or smaller with the path's MTU. */
  setMss(mss: number): void;
}
