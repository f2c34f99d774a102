/**
 * Finding and mending loss: fast retransmit and fast recovery with SACK (RFC 6675) and without it (RFC 6582),
 * and the time after a retransmission timeout (RFC 5681, section 3.1). It decides what goes again; the sender
 * sends it.
 *
 * Sequence numbers come from the sender with each call: `una` is the oldest unacknowledged number, `nxt` the
 * next to be sent for the first time. Only this class writes its fields.
 */
import { advance, distance, isBefore, later } from '../sequence.ts';
import type { TcpSegment } from '../wire/tcp.ts';
import { createCongestionControl } from './congestion.ts';
import type { CongestionControl } from './congestion-control.ts';
import type { Context } from './context.ts';
import type { Receiver } from './receiver.ts';
import type { RttEstimator } from './rtt.ts';
import { NextSegment, Scoreboard } from './sack.ts';

/** RFC 5681, section 3.2. */
const DUPLICATE_THRESHOLD = 3;
/**
 * Count of duplicates after a recovery without SACK. They may answer what was sent again needlessly, so they
 * prove nothing until something newer is acknowledged (RFC 6582, section 3.2, step 1).
 */
const DUPLICATES_OF_RECOVERY = -0x40000000;

export const Recovery = {
  /** Nothing is known to be lost. */
  Open: 0,
  /** Fast recovery (RFC 6675, or RFC 6582 without SACK): until the recovery point is acknowledged. */
  Fast: 1,
  /** After a retransmission timeout: all below the recovery point is sent again, in slow start. */
  Timeout: 2,
} as const;
export type Recovery = (typeof Recovery)[keyof typeof Recovery];

/** What nextHole found. Rescue: the tail, which does not count as sent again. */
export const Hole = { None: 0, Lost: 1, Rescue: 2 } as const;
export type Hole = (typeof Hole)[keyof typeof Hole];

const Rescue = {
  /** Since the recovery began no round trip has passed: they may be on their way still. */
  TooEarly: 0,
  Allowed: 1,
  /** Once in a recovery. */
  Done: 2,
} as const;
type Rescue = (typeof Rescue)[keyof typeof Rescue];

export class LossRecovery {
  readonly #context: Context;
  /** Knows whether both sides use SACK. */
  readonly #receiver: Receiver;
  readonly #rtt: RttEstimator;
  readonly congestion: CongestionControl;
  state: Recovery = Recovery.Open;
  #scoreboard: Scoreboard | null = null;
  /** What `nxt` was when this recovery began. */
  #recoveryPoint = 0;
  /** Behind the last byte sent again in this recovery. */
  #highRetransmitted = 0;
  /** What `nxt` was when the first hole was sent again, or later. */
  #retransmittedAt = 0;
  /**
   * The next segment must be sent again whatever the congestion window says (RFC 6675, section 5, step 4.3).
   */
  #retransmitFirst = false;
  /** Whether the last bytes may be sent again though nothing says that they are lost (RFC 6675, section 4). */
  #rescue: Rescue = Rescue.TooEarly;
  #duplicateAcks = 0;

  constructor(context: Context, receiver: Receiver, rtt: RttEstimator) {
    this.#context = context;
    this.#receiver = receiver;
    this.#rtt = rtt;
    this.congestion = createCongestionControl(context.options.congestion, context.maxSegmentBytes);
  }

  // Acknowledgements

  /** Notes the SACK blocks of a segment; returns how many bytes are SACKed for the first time. */
  markSacked(segment: TcpSegment, una: number, nxt: number): number {
    this.#scoreboard ??= new Scoreboard();
    const { sack, sackCount } = segment;
    let bytes = 0;
    for (let i = 0; i < sackCount; i++) {
      bytes += this.#scoreboard.mark(sack[2 * i], sack[2 * i + 1], una, nxt);
    }
    return bytes;
  }

  /**
   * Everything before `una` is acknowledged. To be called before SACK blocks of the same segment are noted.
   */
  forgetBefore(una: number): void {
    if (this.#scoreboard !== null) this.#scoreboard.advance(una);
  }

  /**
   * An acceptable acknowledgement came. Returns whether something may be sent now that could not be before
   * it.
   *
   * @param newBytes numbers that it acknowledges for the first time
   * @param duplicate it is a duplicate in the sense of RFC 5681, section 2, or SACKs something new
   * @param inFlightBefore what was in flight when it came
   */
  acknowledged(
    una: number,
    nxt: number,
    mss: number,
    newBytes: number,
    duplicate: boolean,
    inFlightBefore: number,
  ): boolean {
    const { congestion } = this;
    const { smoothedUs } = this.#rtt;
    const { nowUs } = this.#context;
    if (this.state === Recovery.Open) {
      if (newBytes > 0) {
        this.#duplicateAcks = 0;
        congestion.acknowledged(newBytes, nowUs, smoothedUs, inFlightBefore);
      }
      if (!duplicate) return false;
      this.#duplicateAcks++;
      if (this.#firstIsLost(una, mss)) this.#enterFastRecovery(una, nxt);
      // One or two duplicates let a new segment out each (RFC 3042).
      return true;
    }
    if (newBytes === 0) {
      if (duplicate) this.#duplicateAcks++;
      const lostAgain = this.state === Recovery.Fast && this.#retransmissionIsLost(una, mss);
      if (lostAgain) this.#reduceAgain(distance(una, nxt), nxt);
      return true;
    }
    this.#highRetransmitted = later(this.#highRetransmitted, una);
    if (!isBefore(una, this.#recoveryPoint)) {
      const afterTimeout = this.state === Recovery.Timeout;
      this.#leave();
      if (afterTimeout) congestion.acknowledged(newBytes, nowUs, smoothedUs, congestion.window);
    } else if (this.state === Recovery.Timeout) {
      congestion.acknowledged(newBytes, nowUs, smoothedUs, congestion.window);
    } else if (!this.#receiver.sackPermitted) {
      // A partial acknowledgement: the next segment is lost as well (RFC 6582, section 3.2, step 3).
      this.#duplicateAcks = Math.max(0, this.#duplicateAcks - Math.ceil(newBytes / mss));
      this.#retransmitFirst = true;
    } else {
      // When this hole was sent again is not known; by now it was.
      this.#retransmittedAt = nxt;
      // What was sent again has arrived, and was sent behind all that was in flight then.
      if (this.#rescue === Rescue.TooEarly) this.#rescue = Rescue.Allowed;
    }
    return true;
  }

  #firstIsLost(una: number, mss: number): boolean {
    if (this.#duplicateAcks >= DUPLICATE_THRESHOLD) return true;
    return this.#scoreboard?.isLost(una, mss) ?? false;
  }

  #enterFastRecovery(una: number, nxt: number): void {
    const { counters, nowUs } = this.#context;
    const { congestion } = this;
    counters.fastRecoveries++;
    // What limited transmit has sent beyond the window does not count (RFC 5681, section 3.2, step 2).
    congestion.enterRecovery(Math.min(distance(una, nxt), congestion.window), nowUs);
    this.state = Recovery.Fast;
    this.#rescue = Rescue.TooEarly;
    this.#recoveryPoint = nxt;
    this.#highRetransmitted = una;
    this.#retransmittedAt = nxt;
    this.#retransmitFirst = true;
  }

  #leave(): void {
    if (this.state === Recovery.Fast) this.congestion.leaveRecovery(this.#context.nowUs);
    this.state = Recovery.Open;
    this.#retransmitFirst = false;
    this.#duplicateAcks = this.#receiver.sackPermitted ? 0 : DUPLICATES_OF_RECOVERY;
  }

  /**
   * Whether the first hole was sent again in vain: enough has been SACKed of what was sent for the first time
   * after it. Without that a lost retransmission would cost a timeout, in a data centre hundreds of round
   * trips.
   */
  #retransmissionIsLost(una: number, mss: number): boolean {
    const scoreboard = this.#scoreboard;
    if (scoreboard === null || !isBefore(una, this.#highRetransmitted)) return false;
    const sackedSince = scoreboard.sackedBytes - scoreboard.sackedBefore(this.#retransmittedAt);
    return sackedSince > (DUPLICATE_THRESHOLD - 1) * mss;
  }

  /** The loss of a retransmission is a second sign of congestion (RFC 5681, section 4.3). */
  #reduceAgain(inFlight: number, nxt: number): void {
    const { congestion } = this;
    congestion.enterRecovery(Math.min(inFlight, congestion.window), this.#context.nowUs);
    this.#retransmittedAt = nxt;
    this.#retransmitFirst = true;
  }

  // Timeouts

  /**
   * The retransmission timer has expired: everything is taken for lost. `repeated`: for the same segment as
   * before.
   */
  timedOut(una: number, nxt: number, repeated: boolean): void {
    this.congestion.timedOut(distance(una, nxt), this.#context.nowUs, repeated);
    if (this.#scoreboard !== null) this.#scoreboard.clear();
    this.startOver(una, nxt);
  }

  /** Everything in flight goes again, though nothing says that it was lost. */
  startOver(una: number, nxt: number): void {
    this.state = Recovery.Timeout;
    this.#recoveryPoint = nxt;
    this.#highRetransmitted = una;
    this.#retransmitFirst = true;
    this.#duplicateAcks = 0;
  }

  // What may go, and what goes again

  /** Bytes taken to be on their way: what the congestion window is held against. */
  bytesInNetwork(una: number, nxt: number, mss: number): number {
    const scoreboard = this.#scoreboard;
    if (this.state === Recovery.Timeout) return this.#sentSinceTimeout(una, nxt);
    const inFlight = distance(una, nxt);
    if (scoreboard !== null && scoreboard.rangeCount > 0) {
      return this.state === Recovery.Open
        ? inFlight - scoreboard.sackedBytes
        : scoreboard.pipe(una, nxt, this.#highRetransmitted, mss);
    }
    // Without SACK each duplicate means that one segment has left the network.
    const left = this.#duplicateAcks > 0 ? this.#duplicateAcks * mss : 0;
    return left < inFlight ? inFlight - left : 0;
  }

  /** What was sent again and what was sent anew since the timeout, less what is SACKed of both. */
  #sentSinceTimeout(una: number, nxt: number): number {
    const again = distance(una, this.#highRetransmitted);
    const since = distance(this.#recoveryPoint, nxt);
    const sent = (again > 0 ? again : 0) + (since > 0 ? since : 0);
    const scoreboard = this.#scoreboard;
    if (scoreboard === null || scoreboard.rangeCount === 0) return sent;
    const sackedAgain = scoreboard.sackedBefore(this.#highRetransmitted);
    const sackedSince = scoreboard.sackedBytes - scoreboard.sackedBefore(this.#recoveryPoint);
    return sent - sackedAgain - sackedSince;
  }

  /** Whether one more segment may be sent again while `inNetwork` bytes are on their way. */
  maySendAgain(inNetwork: number, mss: number): boolean {
    return this.#retransmitFirst || this.congestion.window - inNetwork >= mss;
  }

  /**
   * The next range to send again, into `hole` as [start, end).
   *
   * @param hasNew new data waits that the send window has room for
   */
  nextHole(una: number, nxt: number, mss: number, hasNew: boolean, hole: Int32Array): Hole {
    const scoreboard = this.#scoreboard;
    const highRetransmitted = later(this.#highRetransmitted, una);
    if (this.state === Recovery.Timeout) {
      hole[0] = highRetransmitted;
      hole[1] = this.#recoveryPoint;
      if (!isBefore(highRetransmitted, this.#recoveryPoint)) return Hole.None;
      // What the peer has SACKed since the timeout it has still.
      const missing =
        scoreboard === null || scoreboard.firstMissing(highRetransmitted, this.#recoveryPoint, hole);
      return missing ? Hole.Lost : Hole.None;
    }
    if (this.#retransmitFirst) {
      hole[0] = una;
      hole[1] = advance(una, Math.min(mss, distance(una, nxt)));
      if (scoreboard !== null && scoreboard.rangeCount > 0) scoreboard.nextSegment(una, una, mss, hole);
      return Hole.Lost;
    }
    if (scoreboard === null) return Hole.None;
    const found = scoreboard.nextSegment(una, highRetransmitted, mss, hole);
    if (found === NextSegment.Lost) return Hole.Lost;
    // Rule 2: new data goes before holes that are not known to be lost, which are rule 3.
    if (hasNew) return Hole.None;
    if (found === NextSegment.Hole) return Hole.Lost;
    return this.#findRescue(una, nxt, mss, hole) ? Hole.Rescue : Hole.None;
  }

  /**
   * Rule 4, once in a recovery: the last segment, whose loss nothing behind it can show. Not what was sent since this
   * recovery began, for the first time or again: that is on its way.
   */
  #findRescue(una: number, nxt: number, mss: number, hole: Int32Array): boolean {
    if (this.#rescue !== Rescue.Allowed || isBefore(this.#recoveryPoint, nxt)) return false;
    if (!(this.#scoreboard as Scoreboard).rescue(una, nxt, mss, hole)) return false;
    if (isBefore(hole[0], this.#highRetransmitted)) return false;
    this.#rescue = Rescue.Done;
    return true;
  }

  /** What nextHole found was sent again, up to `end`. */
  sentAgain(kind: Hole, end: number): void {
    this.#retransmitFirst = false;
    if (kind === Hole.Lost) this.#highRetransmitted = later(this.#highRetransmitted, end);
  }
}
