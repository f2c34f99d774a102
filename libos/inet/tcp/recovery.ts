/**
 * Finding and mending loss. With SACK: RACK-TLP (RFC 8985) says what is lost, proportional rate reduction (RFC
 * 9937) how much may go meanwhile. Without: fast retransmit and fast recovery (RFC 6582). And the time after a
 * retransmission timeout (RFC 5681, section 3.1), and taking back a reduction that was needless. It decides what
 * goes again; the sender sends it.
 *
 * Sequence numbers come from the sender with each call: `una` is the oldest unacknowledged number, `nxt` the
 * next to be sent for the first time. Only this class writes its fields.
 */
import { advance, distance, isBefore, later } from '../sequence.ts';
import type { TcpSegment } from '../wire/tcp.ts';
import { createCongestionControl } from './congestion.ts';
import type { CongestionControl } from './congestion-control.ts';
import type { Context } from './context.ts';
import type { Deadlines } from './deadlines.ts';
import { Delivered } from './delivered.ts';
import type { Flight } from './flight.ts';
import { HyStart } from './hystart.ts';
import { LossTimer, RunsFor } from './loss-timer.ts';
import { ProportionalRate } from './proportional-rate.ts';
import { Rack } from './rack.ts';
import type { Receiver } from './receiver.ts';
import type { RttEstimator } from './rtt.ts';
import type { Scoreboard } from './sack.ts';
import { Spurious } from './spurious.ts';
import { TailLossProbe } from './tail-loss-probe.ts';

/** RFC 5681, section 3.2. */
const DUPLICATE_THRESHOLD = 3;
/**
 * Count of duplicates after a recovery without SACK. They may answer what was sent again needlessly, so they
 * prove nothing until something newer is acknowledged (RFC 6582, section 3.2, step 1).
 */
const DUPLICATES_OF_RECOVERY = -0x40000000;
/** A double that is no integer: the engine stores a field that starts with one as a double for ever. */
const NEVER = Number.POSITIVE_INFINITY;

export const Recovery = {
  /** Nothing is known to be lost. */
  Open: 0,
  /** Fast recovery: until the recovery point is acknowledged. */
  Fast: 1,
  /** After a retransmission timeout: what is lost below the recovery point is sent again, in slow start. */
  Timeout: 2,
} as const;
export type Recovery = (typeof Recovery)[keyof typeof Recovery];

export class LossRecovery {
  readonly #context: Context;
  /** Knows whether both sides use SACK, and timestamps. */
  readonly #receiver: Receiver;
  readonly #rtt: RttEstimator;
  readonly congestion: CongestionControl;
  readonly flight: Flight;
  readonly #delivered: Delivered;
  readonly #rack: Rack;
  readonly #timer: LossTimer;
  readonly #probe = new TailLossProbe();
  readonly #rate = new ProportionalRate();
  readonly #spurious = new Spurious();
  #hystart: HyStart | null = null;
  state: Recovery = Recovery.Open;
  /** What `nxt` was when this recovery began. */
  #recoveryPoint = 0;
  /** When the window was reduced last. */
  #reducedAtUs = -NEVER;
  /** Without SACK: behind the last byte sent again in this recovery. */
  #highRetransmitted = 0;
  /** The next segment must be sent again whatever the congestion window says (RFC 5681, section 3.2, step 3). */
  #retransmitFirst = false;
  #duplicateAcks = 0;
  /** A tail loss probe is to be sent. */
  probeDue = false;
  /** Something was sent or acknowledged since the probe's timer was set. */
  #flightChanged = false;

  constructor(context: Context, receiver: Receiver, rtt: RttEstimator, deadlines: Deadlines) {
    this.#context = context;
    this.#receiver = receiver;
    this.#rtt = rtt;
    this.#rack = new Rack(context);
    this.#delivered = new Delivered(context, rtt, this.#rack, this.#probe, this.#spurious);
    this.flight = this.#delivered.flight;
    this.#timer = new LossTimer(deadlines, rtt, context.options.minRtoUs);
    this.congestion = createCongestionControl(context.options.congestion, context.maxSegmentBytes);
  }

  /** The connection stands; `nxt` is the first number of data. */
  begin(nxt: number): void {
    this.flight.begin(nxt);
    this.#rack.begin(nxt);
    if (this.#rtt.measured) this.#rack.measured(this.#rtt.smoothedUs);
    this.#hystart = new HyStart(nxt);
  }

  /** What the peer has told by SACK; null: nothing ever. */
  get scoreboard(): Scoreboard | null {
    return this.#delivered.scoreboard;
  }

  /** Bytes that may be in the network. */
  get window(): number {
    return this.state === Recovery.Fast && this.#receiver.sackPermitted
      ? this.#rate.window
      : this.congestion.window;
  }

  // What was sent

  /** A segment up to `end` was sent for the first time. */
  wasSent(end: number): void {
    const { flight } = this;
    flight.sent(end, this.#context.nowUs);
    this.#flightChanged = true;
    if (this.state === Recovery.Open) return;
    this.#rate.sent(flight.bytes(flight.count - 1));
    this.#spurious.newWasSent();
  }

  /** [start, end) was sent again, in one segment. */
  wasSentAgain(start: number, end: number): void {
    const { nowUs } = this.#context;
    this.flight.sentAgain(start, end, nowUs);
    this.#rate.sent(distance(start, end));
    this.#spurious.sentAgain(start, end, nowUs);
    this.#retransmitFirst = false;
    this.#highRetransmitted = later(this.#highRetransmitted, end);
  }

  // What an acknowledgement delivers

  /**
   * Takes what an acceptable acknowledgement says of the segments in flight. Returns whether its SACK option has news.
   * See Delivered.
   */
  takeDelivered(
    segment: TcpSegment,
    newBytes: number,
    nxt: number,
    mss: number,
    echoAgeTicks: number,
  ): boolean {
    const { sackPermitted } = this.#receiver;
    const sacks = this.#delivered.take(segment, newBytes, nxt, mss, sackPermitted, echoAgeTicks);
    if (newBytes > 0) this.#flightMoved();
    return sacks;
  }

  #flightMoved(): void {
    this.#flightChanged = true;
    if (this.flight.count === 0) this.#timer.stop();
  }

  // What follows from it

  /**
   * To be called behind takeDelivered, or for a duplicate acknowledgement without SACK. Returns whether something may
   * be sent now that could not be before it.
   *
   * @param newBytes numbers that it acknowledges for the first time
   * @param duplicate it is a duplicate in the sense of RFC 5681, section 2, or its SACK option has news
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
    if (newBytes > 0 && this.#spurious.active) this.#judgeByEcho(una);
    const before = this.state;
    // Then there is nothing to find, but what a timer may find later.
    if (
      this.#delivered.isOrderly &&
      newBytes > 0 &&
      before === Recovery.Open &&
      this.#timer.runsFor !== RunsFor.Reordering
    ) {
      if (this.#probe.outstanding && this.#probeHasMended(una, newBytes, inFlightBefore)) return true;
      this.#duplicateAcks = 0;
      this.#grow(una, nxt, newBytes, inFlightBefore, before);
      return false;
    }
    // The growth of fast recovery is its own, and a reduction of this very acknowledgement stays.
    let grows = newBytes > 0 && before !== Recovery.Fast;
    if (this.#receiver.sackPermitted) {
      if (this.#probe.outstanding && this.#probeHasMended(una, newBytes, inFlightBefore)) grows = false;
      this.#decide(una, nxt, mss, newBytes);
    } else if (newBytes > 0) this.#acknowledgedWithoutSack(una, nxt, mss, newBytes);
    else if (duplicate) this.#duplicateWithoutSack(una, nxt);
    if (grows && this.state !== Recovery.Fast) this.#grow(una, nxt, newBytes, inFlightBefore, before);
    if (newBytes > 0 && this.#spurious.active) this.#spurious.acknowledged(una);
    return duplicate || before !== Recovery.Open || this.state !== Recovery.Open;
  }

  // The same where nothing is to be found: for header prediction

  /** Nothing is lost, sent again or awaited: an acknowledgement without SACK blocks means what it says. */
  get isCalm(): boolean {
    return (
      this.state === Recovery.Open &&
      this.flight.isPlain &&
      !this.#spurious.active &&
      !this.#probe.outstanding &&
      this.#timer.runsFor !== RunsFor.Reordering
    );
  }

  /**
   * What takeDelivered and acknowledged do, while isCalm, with an acknowledgement without SACK blocks of all that is in
   * flight, `inFlight` bytes up to `nxt`.
   */
  allAcknowledged(nxt: number, mss: number, inFlight: number): void {
    this.#delivered.takeAll(nxt, inFlight, mss);
    this.#flightChanged = true;
    this.#timer.stop();
    this.#duplicateAcks = 0;
    this.#grow(nxt, nxt, inFlight, inFlight, Recovery.Open);
  }

  #grow(una: number, nxt: number, newBytes: number, inFlightBefore: number, before: Recovery): void {
    const { congestion } = this;
    const limits = congestion.limits(inFlightBefore);
    if (!limits && before === Recovery.Open) {
      // What an application sends a little of now and then says nothing about queues.
      congestion.unused(this.#context.nowUs);
      return;
    }
    if (limits && this.#hystart !== null) this.#watchSlowStart(this.#hystart, una, nxt);
    const used = before === Recovery.Timeout ? congestion.window : inFlightBefore;
    congestion.acknowledged(newBytes, this.#context.nowUs, this.#rtt.smoothedUs, used);
  }

  #watchSlowStart(hystart: HyStart, una: number, nxt: number): void {
    const { congestion } = this;
    if (congestion.window >= congestion.slowStartThreshold) this.#hystart = null;
    else if (hystart.acknowledged(una, nxt, this.#delivered.rttUs)) {
      congestion.endSlowStart();
      this.#hystart = null;
    } else congestion.slowStartDivisor = hystart.divisor;
  }

  /** With SACK. */
  #decide(una: number, nxt: number, mss: number, newBytes: number): void {
    const { allDuplicate, bytes, hasDuplicate } = this.#delivered;
    if (allDuplicate) this.#undo();
    const isJudged = this.state === Recovery.Timeout && (bytes > 0 || !hasDuplicate);
    if (isJudged) this.#judgeByForward(una, newBytes);
    if (this.state !== Recovery.Open && !isBefore(una, this.#recoveryPoint)) this.#leave(nxt);
    this.#detectLosses(una, nxt, mss, newBytes > 0);
  }

  #detectLosses(una: number, nxt: number, mss: number, advanced: boolean): void {
    const { flight } = this;
    const rack = this.#rack;
    const lostBefore = flight.lostBytes;
    const waitUs = rack.detectLosses(flight, this.state !== Recovery.Open, this.#rtt.smoothedUs);
    this.#timer.awaitReordering(waitUs);
    if (this.state === Recovery.Open) {
      if (flight.lostBytes > 0) this.#enterFastRecovery(una, nxt, mss);
    } else if (this.state === Recovery.Fast) {
      // The loss of a retransmission is a second sign of congestion (RFC 5681, section 4.3), once a round trip.
      if (rack.lostAgain && rack.lostAgainSentUs >= this.#reducedAtUs) this.#reduce(una, nxt);
      const safe = advanced && flight.lostBytes <= lostBefore;
      this.#rate.delivered(this.#delivered.bytes, this.bytesInNetwork(una, nxt, mss), safe, mss);
    }
  }

  #enterFastRecovery(una: number, nxt: number, mss: number): void {
    this.#context.counters.fastRecoveries++;
    this.congestion.remember();
    this.#spurious.begin(una, false);
    this.#probe.forget();
    this.probeDue = false;
    this.state = Recovery.Fast;
    this.#recoveryPoint = nxt;
    this.#highRetransmitted = una;
    this.#reduce(una, nxt);
    if (!this.#receiver.sackPermitted) return;
    this.#rate.delivered(this.#delivered.bytes, this.bytesInNetwork(una, nxt, mss), false, mss);
    if (this.#timer.runsFor !== RunsFor.Reordering) this.#timer.stop();
  }

  #reduce(una: number, nxt: number): void {
    const { congestion, flight } = this;
    const inFlight = distance(una, nxt);
    if (this.#rack.lostAgain) this.#spurious.end();
    // What limited transmit has sent beyond the window does not count (RFC 5681, section 3.2, step 2).
    congestion.enterRecovery(Math.min(inFlight, congestion.window), this.#context.nowUs);
    this.#rate.begin(congestion.slowStartThreshold, inFlight - flight.sackedBytes + this.#delivered.bytes);
    this.#reducedAtUs = this.#context.nowUs;
    this.#retransmitFirst = true;
    this.#hystart = null;
  }

  #leave(nxt: number): void {
    this.#spurious.recoveryEnded(nxt);
    if (this.state === Recovery.Fast) this.congestion.leaveRecovery(this.#context.nowUs);
    this.#rack.recoveryEnded();
    this.state = Recovery.Open;
    this.#retransmitFirst = false;
    this.#duplicateAcks = this.#receiver.sackPermitted ? 0 : DUPLICATES_OF_RECOVERY;
  }

  // Without SACK

  #acknowledgedWithoutSack(una: number, nxt: number, mss: number, newBytes: number): void {
    if (this.state === Recovery.Open) {
      this.#duplicateAcks = 0;
      return;
    }
    this.#highRetransmitted = later(this.#highRetransmitted, una);
    if (!isBefore(una, this.#recoveryPoint)) this.#leave(nxt);
    else if (this.state === Recovery.Fast) {
      // A partial acknowledgement: the next segment is lost as well (RFC 6582, section 3.2, step 3).
      this.#duplicateAcks = Math.max(0, this.#duplicateAcks - Math.ceil(newBytes / mss));
      this.#retransmitFirst = true;
    }
  }

  #duplicateWithoutSack(una: number, nxt: number): void {
    this.#duplicateAcks++;
    // One or two let a new segment out each (RFC 3042).
    const enough = this.#duplicateAcks >= DUPLICATE_THRESHOLD;
    if (this.state === Recovery.Open && enough) this.#enterFastRecovery(una, nxt, 0);
  }

  // A reduction that was needless

  #judgeByEcho(una: number): void {
    if (this.#spurious.isEcho(una, this.#delivered.echoEndUs)) this.#undo();
  }

  /** F-RTO. When it finds that the timeout was needed, the next segment goes again whatever new data has taken. */
  #judgeByForward(una: number, newBytes: number): void {
    const spurious = this.#spurious;
    const decides = spurious.awaitsAnswer;
    const original = this.#delivered.hasOriginalBefore(this.#recoveryPoint);
    if (spurious.forwards(una, this.#recoveryPoint, newBytes, original)) this.#undo();
    else if (decides) this.#retransmitFirst = true;
  }

  /** Nothing was lost: what the recovery has taken from the window is given back (RFC 9438, section 4.9). */
  #undo(): void {
    this.#context.counters.needlessRecoveries++;
    // What seemed lost had been overtaken.
    if (!this.#spurious.byTimeout) this.#rack.noteReordering();
    this.#rack.forget();
    this.flight.unmarkLost();
    this.#giveBack();
  }

  /**
   * What fast recovery has mended, and nothing else, was lost for another reason: it is over, and has cost nothing. To
   * be called before acknowledged, of the acknowledgement of all that. A timeout costs what it does.
   */
  lossWasNoCongestion(): void {
    const isAll = this.flight.lostBytes === 0 && this.#spurious.active;
    if (this.state === Recovery.Fast && isAll) this.#giveBack();
  }

  #giveBack(): void {
    this.#spurious.end();
    this.congestion.undo(this.#context.nowUs);
    if (this.state !== Recovery.Open) this.#rack.recoveryEnded();
    this.state = Recovery.Open;
    this.#retransmitFirst = false;
    this.#duplicateAcks = this.#receiver.sackPermitted ? 0 : DUPLICATES_OF_RECOVERY;
  }

  // Tail loss probes

  /** A probe is sent when nothing comes for a while (RFC 8985, section 7.2). To be called when all has been sent. */
  awaitTail(una: number, nxt: number, mss: number): void {
    if (!this.#flightChanged) return;
    this.#flightChanged = false;
    const delays = distance(una, nxt) < 2 * mss;
    if (!(delays && !this.#probe.outstanding && this.#timer.leaveToTimeout())) this.#awaitTail(delays);
  }

  #awaitTail(delays: boolean): void {
    if (this.#mayProbe && this.#timer.runsFor !== RunsFor.Reordering) {
      this.#timer.awaitProbe(this.#probe, delays);
    }
  }

  get #mayProbe(): boolean {
    const { flight } = this;
    if (this.state !== Recovery.Open || flight.count === 0 || flight.sackedCount > 0) return false;
    return this.#receiver.sackPermitted && !this.#probe.outstanding;
  }

  /** The retransmission timer has expired. Returns whether a probe is due in place of a retransmission. */
  probesAtTimeout(): boolean {
    if (this.#timer.runsFor !== RunsFor.ProbeAtTimeout) return false;
    this.#timer.take();
    this.probeDue = this.#mayProbe;
    return this.probeDue;
  }

  /** The probe that was due has been sent, up to `end`; `again`: it was no new data. */
  probeWasSent(end: number, again: boolean): void {
    this.#context.counters.tailLossProbes++;
    this.probeDue = false;
    this.#probe.sent(end, again);
  }

  /** The timestamp that is echoed says something: not all that is in flight was sent once. */
  get needsEcho(): boolean {
    return this.flight.againCount > 0 || this.#spurious.active;
  }

  /** An acknowledgement without news may answer a probe, or say that a timeout was no needless one. */
  get awaitsAnswer(): boolean {
    return this.#probe.outstanding || this.#spurious.awaitsAnswer;
  }

  #probeHasMended(una: number, newBytes: number, inFlightBefore: number): boolean {
    const { hasProbe, hasSack } = this.#delivered;
    const bare = newBytes <= 0 && !hasSack;
    if (!this.#probe.acknowledged(una, hasProbe, bare) || this.state !== Recovery.Open) return false;
    const { congestion } = this;
    congestion.enterRecovery(Math.min(inFlightBefore, congestion.window), this.#context.nowUs);
    congestion.leaveRecovery(this.#context.nowUs);
    this.#hystart = null;
    return true;
  }

  /** A reordering window has passed, or a probe is due, for which the retransmission timer is to run anew. */
  timerExpired(una: number, nxt: number, mss: number): void {
    const runsFor = this.#timer.take();
    if (runsFor === RunsFor.Reordering) {
      const lostBefore = this.flight.lostBytes;
      this.#delivered.takeNothing();
      this.#detectLosses(una, nxt, mss, false);
      // Nothing may be on its way whose arrival would let it go.
      if (this.flight.lostBytes > lostBefore) this.#retransmitFirst = true;
    } else if (runsFor === RunsFor.Probe && this.state === Recovery.Open) this.probeDue = true;
  }

  // Timeouts

  /** The retransmission timer has expired. `repeated`: for the same segment as before. */
  timedOut(una: number, nxt: number, repeated: boolean): void {
    const { congestion, flight } = this;
    const { sackPermitted } = this.#receiver;
    const spurious = this.#spurious;
    if (this.state === Recovery.Open) {
      congestion.remember();
      spurious.begin(una, true);
      if (!sackPermitted) spurious.stopForward();
    } else if (this.state === Recovery.Fast) spurious.end();
    else spurious.stopForward();
    congestion.timedOut(distance(una, nxt), this.#context.nowUs, repeated);
    if (sackPermitted) {
      // RFC 2018, section 8: at the latest when sending the first hole again has not helped.
      if (repeated) this.#delivered.forgetSacks();
      this.#rack.timedOut(flight, this.#rtt.smoothedUs);
    }
    this.#startOver(una, nxt);
  }

  /** Everything in flight goes again, though nothing says that it was lost. */
  startOver(una: number, nxt: number): void {
    this.#spurious.end();
    if (this.#receiver.sackPermitted) this.flight.markAllLost();
    this.#startOver(una, nxt);
  }

  #startOver(una: number, nxt: number): void {
    this.state = Recovery.Timeout;
    this.#recoveryPoint = nxt;
    this.#highRetransmitted = una;
    this.#retransmitFirst = true;
    this.#duplicateAcks = 0;
    this.#hystart = null;
    this.#probe.forget();
    this.probeDue = false;
    this.#timer.stop();
  }

  // What may go, and what goes again

  /** Bytes taken to be on their way: what the window is held against. */
  bytesInNetwork(una: number, nxt: number, mss: number): number {
    const inFlight = distance(una, nxt);
    if (this.#receiver.sackPermitted) return inFlight - this.flight.sackedBytes - this.flight.lostBytes;
    if (this.state === Recovery.Timeout) {
      // What was sent again and what was sent anew since.
      const again = distance(una, this.#highRetransmitted);
      const since = distance(this.#recoveryPoint, nxt);
      return (again > 0 ? again : 0) + (since > 0 ? since : 0);
    }
    // Each duplicate means that one segment has left the network.
    const left = this.#duplicateAcks > 0 ? this.#duplicateAcks * mss : 0;
    return left < inFlight ? inFlight - left : 0;
  }

  /** New data was to go first, and none did. Returns whether the usual recovery goes on for that reason. */
  goesOnWithoutNew(): boolean {
    return this.#spurious.goesOnWithoutNew();
  }

  /** Whether `length` bytes may be sent again while `inNetwork` bytes are on their way. */
  maySendAgain(inNetwork: number, length: number): boolean {
    return this.#retransmitFirst || this.window - inNetwork >= length;
  }

  /**
   * Puts the next range to send again into `hole` as [start, end); false when there is none.
   */
  nextHole(una: number, nxt: number, mss: number, hole: Int32Array): boolean {
    // F-RTO lets new data go first.
    if (this.#receiver.sackPermitted) return !this.#spurious.awaitsAnswer && this.flight.firstLost(mss, hole);
    if (this.state === Recovery.Timeout) {
      hole[0] = later(this.#highRetransmitted, una);
      hole[1] = this.#recoveryPoint;
      return isBefore(hole[0], hole[1]);
    }
    hole[0] = una;
    hole[1] = advance(una, Math.min(mss, distance(una, nxt)));
    return this.#retransmitFirst;
  }
}
