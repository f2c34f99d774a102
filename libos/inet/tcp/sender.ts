/**
 * The sending side of one connection: what waits, what is in flight, what the peer allows, and what goes into
 * frames: new data, retransmissions, the SYN and the FIN, window probes, bare acknowledgements.
 *
 *      unacknowledged       next         queue.end
 *       v                    v            v
 *     --[ in flight          | not sent   ]--
 *       |<---- window.bytes ---->|
 *
 * Only this class writes its fields.
 */
import { advance, distance, isAtOrBefore, isBefore } from '../sequence.ts';
import { Flag, type TcpSegment } from '../wire/tcp.ts';
import type { Context } from './context.ts';
import type { Deadlines } from './deadlines.ts';
import { Emission } from './emission.ts';
import { type Sending, sendNew, sendSizeProbe } from './new-data.ts';
import type { Path } from './output.ts';
import { RAISE_AFTER_US, RETRY_AFTER_US } from './path-mtu.ts';
import { PersistTimer, type Prober } from './persist.ts';
import { Progress } from './progress.ts';
import { AckDue, type Receiver } from './receiver.ts';
import { LossRecovery, Recovery } from './recovery.ts';
import { retransmitLost, sendTailProbe, sendWindowProbe } from './retransmit.ts';
import { RttEstimator } from './rtt.ts';
import { SegmentSize } from './segment-size.ts';
import { SendQueue } from './send-queue.ts';
import { Turn } from './send-turns.ts';
import { SendWindow } from './send-window.ts';
import { UserTimeout } from './user-timeout.ts';

/** A double that is no integer: the engine stores a field that starts with one as a double for ever. */
const NEVER = Number.POSITIVE_INFINITY;

export class Sender implements Prober, Sending {
  readonly queue = new SendQueue();
  readonly recovery: LossRecovery;
  readonly rtt: RttEstimator;
  readonly #context: Context;
  readonly #deadlines: Deadlines;
  readonly #receiver: Receiver;

  readonly initialSequence: number;
  /** The oldest number that is not acknowledged. */
  unacknowledged: number;
  /** The next number to be sent for the first time. */
  next: number;
  readonly window = new SendWindow();
  readonly #size: SegmentSize;
  readonly emission: Emission;

  /** Stream bytes sent at least once, and of them those acknowledged: positions, exact to 2^53. */
  sentBytes = 0;
  acknowledgedBytes = 0;
  /** A SYN is to be sent; it answers the peer's. */
  synDue = false;
  #synAnswers = false;
  /** A FIN follows the last byte of the queue; and it has been sent. */
  finQueued = false;
  finSent = false;
  /** Runs while the window is closed. */
  readonly persist: PersistTimer;
  /**
   * The application has closed the connection: nobody takes what comes, and a peer that lives and has no room is
   * given up like a dead one.
   */
  orphaned = false;
  /** Since the oldest unacknowledged byte was first sent, or something was acknowledged. */
  readonly #userTimeout: UserTimeout;
  /** Expiries of the retransmission timer since the last progress. */
  #timeouts = 0;

  #lastSentUs = NEVER;

  constructor(
    context: Context,
    path: Path,
    deadlines: Deadlines,
    receiver: Receiver,
    initialSequence: number,
  ) {
    const { minRtoUs, maxRtoUs } = context.options;
    this.#context = context;
    this.#deadlines = deadlines;
    this.#receiver = receiver;
    this.rtt = new RttEstimator(minRtoUs, maxRtoUs);
    this.#size = new SegmentSize(context, receiver);
    this.recovery = new LossRecovery(context, receiver, this.rtt, deadlines);
    this.initialSequence = initialSequence;
    this.unacknowledged = initialSequence;
    this.next = initialSequence;
    this.queue.start(advance(initialSequence, 1));
    this.emission = new Emission(context, path, receiver);
    this.#userTimeout = new UserTimeout(context);
    this.persist = new PersistTimer(context, deadlines, path.neighbour, this.#userTimeout);
  }

  /** Largest payload of one segment, without the room that options take. */
  get mss(): number {
    return this.#size.mss;
  }

  /** Sequence numbers sent and not acknowledged. */
  get inFlight(): number {
    return distance(this.unacknowledged, this.next);
  }

  /** Some bytes have not reached the peer as far as we know. */
  get hasUnacknowledgedData(): boolean {
    return isBefore(this.unacknowledged, this.queue.end);
  }

  /** The same of bytes or the FIN. */
  get hasUnfinished(): boolean {
    return this.hasUnacknowledgedData || this.#finWaits || this.inFlight > 0;
  }

  get #finWaits(): boolean {
    return this.finQueued && !this.finSent;
  }

  // The application

  /** No more follows: a FIN goes behind the last byte. */
  finish(): void {
    this.finQueued = true;
  }

  /** It has closed the connection. */
  orphan(): void {
    if (this.orphaned) return;
    this.orphaned = true;
    if (this.persist.runs) this.persist.orphaned();
  }

  // Opening

  /** A SYN is to be sent; `answers`: with an acknowledgement of the peer's. */
  oweSyn(answers: boolean): void {
    this.synDue = true;
    this.#synAnswers = answers;
  }

  /** It may be lost, and goes again. */
  oweSynAgain(): void {
    this.synDue = true;
  }

  /** The peer's SYN came. What it does not offer is off on both sides. */
  openedBy(segment: TcpSegment): void {
    this.#size.openedBy(segment);
    this.recovery.congestion.setMss(this.mss);
    this.window.openedBy(segment, this.initialSequence);
  }

  /** Whether a segment acknowledges our SYN, and nothing that was not sent. */
  isOurSyn(acknowledgement: number): boolean {
    return isBefore(this.initialSequence, acknowledgement) && isAtOrBefore(acknowledgement, this.next);
  }

  /** Our SYN is acknowledged by a segment that offers this window. */
  established(windowBytes: number): void {
    const { rtt } = this;
    const { nowUs } = this.#context;
    this.unacknowledged = advance(this.initialSequence, 1);
    this.next = this.unacknowledged;
    const measured = rtt.acknowledged(this.next, nowUs);
    if (this.#timeouts > 0) {
      if (!measured) rtt.establishedAfterLostSyn();
      this.recovery.congestion.synWasLost();
    }
    this.#timeouts = 0;
    // One that the peer's repeated SYN has asked for in the same burst is answered already.
    this.synDue = false;
    this.recovery.begin(this.next);
    this.window.established(windowBytes);
    this.#userTimeout.restart();
    this.#deadlines.stopRetransmission();
  }

  /** Returns false when the device had no frame for it. */
  sendSyn(): boolean {
    const { nowUs } = this.#context;
    const { initialSequence, rtt } = this;
    if (!this.emission.syn(initialSequence, this.#synAnswers, this.window.scale)) return false;
    const again = this.next !== initialSequence;
    this.synWasSent();
    if (again) rtt.stopTiming();
    else rtt.time(this.next, nowUs);
    this.#deadlines.retransmitIn(rtt.rtoUs);
    return true;
  }

  synWasSent(): void {
    this.synDue = false;
    this.next = advance(this.initialSequence, 1);
    this.#receiver.synWasSent();
  }

  // Acknowledgements

  /** Takes ACK field, window and SACK blocks of an acceptable segment. Returns bits of Progress. */
  acknowledge(segment: TcpSegment): number {
    const { acknowledgement } = segment;
    const { next, recovery } = this;
    const { sackPermitted } = this.#receiver;
    const newBytes = distance(this.unacknowledged, acknowledgement);
    const inFlightBefore = distance(this.unacknowledged, next);
    // What was never sent; or too old to be honest (RFC 5961, section 5).
    const tooOld = distance(acknowledgement, this.unacknowledged) > this.window.maxBytes;
    if (isBefore(next, acknowledgement) || tooOld) return Progress.Challenged;
    const windowBytes = this.window.of(segment);
    let duplicate =
      newBytes === 0 &&
      inFlightBefore > 0 &&
      !this.persist.runs &&
      !sackPermitted &&
      segment.sequenceLength === 0 &&
      windowBytes === this.window.bytes;
    let progress: number = Progress.None;
    const answers = newBytes === 0 && recovery.awaitsAnswer && segment.sequenceLength === 0;
    if (newBytes > 0 || answers || (sackPermitted && segment.sackCount > 0)) {
      // A peer that has refused probes may echo what came before them.
      const echoes = recovery.needsEcho && this.#receiver.timestamps && !this.persist.runs;
      const echoAgeTicks = echoes ? this.emission.clock.age(segment.timestampEcho) : -1;
      const sacks = recovery.takeDelivered(segment, newBytes, next, this.mss, echoAgeTicks);
      duplicate ||= sacks;
    }
    if (newBytes > 0) {
      progress = Progress.Sends | Progress.News;
      if (this.finSent && acknowledgement === next) progress |= Progress.Fin;
      this.#moveUnacknowledged(acknowledgement, newBytes);
    }
    if (newBytes >= 0) {
      if (this.window.update(segment, windowBytes, newBytes > 0)) progress |= Progress.Sends;
      if (this.persist.runs) this.#probeWasAnswered();
    }
    if (newBytes > 0 || duplicate || answers) {
      const sends = recovery.acknowledged(
        this.unacknowledged,
        next,
        this.mss,
        newBytes > 0 ? newBytes : 0,
        duplicate,
        inFlightBefore,
      );
      if (sends) progress |= Progress.Sends;
    }
    return progress;
  }

  /** Nothing is lost, asked for or awaited, and there is no FIN: an acknowledgement means what it says. */
  get isCalm(): boolean {
    return this.recovery.isCalm && !this.persist.runs && !this.#size.isSought && !this.finSent;
  }

  /** What `acknowledge` does, while isCalm, with an acknowledgement of all in flight that has no SACK blocks. */
  allAcknowledged(segment: TcpSegment): void {
    const { inFlight, next } = this;
    this.recovery.allAcknowledged(next, this.mss, inFlight);
    this.unacknowledged = next;
    this.acknowledgedBytes += inFlight;
    this.queue.acknowledge(next, this.#context.pool);
    this.#timeouts = 0;
    this.#deadlines.stopRetransmission();
    this.window.updateBy(segment);
  }

  /** The same of one that acknowledges nothing new: returns whether the window has opened. */
  windowIsTold(segment: TcpSegment): boolean {
    return this.window.update(segment, this.window.of(segment), false);
  }

  /** New bytes, and perhaps our FIN, are acknowledged. */
  #moveUnacknowledged(acknowledgement: number, newBytes: number): void {
    const { pool } = this.#context;
    const { next, rtt } = this;
    const finToo = this.finSent && acknowledgement === next;
    this.unacknowledged = acknowledgement;
    this.acknowledgedBytes += finToo ? newBytes - 1 : newBytes;
    this.queue.acknowledge(acknowledgement, pool);
    this.#timeouts = 0;
    if (this.#size.isSought) this.#searchGoesOn();
    if (this.persist.runs) this.#endPersisting();
    // RFC 6298, section 5.2 and 5.3. The user timeout begins with what is sent next.
    if (acknowledgement === next) this.#deadlines.stopRetransmission();
    else {
      this.#userTimeout.restart();
      this.#deadlines.retransmitIn(rtt.rtoUs);
      this.#deadlines.retransmitBy(this.#userTimeout.endsAtUs);
    }
  }

  /** The peer was heard while its window was closed. */
  #probeWasAnswered(): void {
    if (!this.orphaned) {
      // It lives, without room: no reason to give up.
      this.persist.answered();
      this.#userTimeout.restart();
    }
    // Where no probe is on its way, what is sent next ends the probes.
    if (this.inFlight === 0 || this.window.bytes === 0) return;
    this.#endPersisting();
    // The byte that probed the window was not taken, and goes again.
    this.recovery.startOver(this.unacknowledged, this.next);
    // A window that opens and closes again and again keeps nobody for ever.
    this.#deadlines.retransmitIn(this.#userTimeout.isOver ? 0 : this.rtt.rtoUs);
  }

  /** The path carries segments: the retransmission timeout is the measured one, whatever was lost before. */
  #endPersisting(): void {
    this.persist.stop();
    this.rtt.resetBackOff();
  }

  // Sending

  /** Sends what is due on an established connection. Unless all is done then, it is to be called again. */
  transmit(): Turn {
    const { recovery } = this;
    if (this.#mends && !retransmitLost(this)) return Turn.NoFrame;
    if (recovery.probeDue && !sendTailProbe(this)) return Turn.NoFrame;
    const turn = this.#sendNew();
    const goesOn = turn === Turn.Done && this.#mends && recovery.goesOnWithoutNew();
    if (goesOn && !retransmitLost(this)) return Turn.NoFrame;
    if (!this.persist.runs) recovery.awaitTail(this.unacknowledged, this.next, this.mss);
    if (turn !== Turn.Done || this.#receiver.ackDue !== AckDue.Now) return turn;
    return this.#emit(this.#acknowledgingSequence(), 0, Flag.Ack) ? Turn.Done : Turn.NoFrame;
  }

  /**
   * SYN-SENT and SYN-RECEIVED: nothing but an acknowledgement that is owed for a segment that was not taken. Returns
   * false when the device had no frame for it.
   */
  answerInHandshake(): boolean {
    return this.#receiver.ackDue !== AckDue.Now || this.#emit(this.next, 0, Flag.Ack);
  }

  /** The acknowledgement that is owed goes behind what has been sent, without what may be sent by now. */
  acknowledgeAtOnce(): void {
    this.#emit(this.#acknowledgingSequence(), 0, Flag.Ack);
  }

  /**
   * Number of an empty segment: `next`, unless a probe or a window that was taken back has left that beyond
   * the peer's window, where the peer would not look at it (RFC 9293, section 3.10.7.4).
   */
  #acknowledgingSequence(): number {
    const beyond = this.inFlight - this.window.bytes - (this.finSent ? 1 : 0);
    return beyond > 0 ? advance(this.next, -beyond) : this.next;
  }

  sendAgain(sequence: number, length: number): number {
    const queued = distance(sequence, this.queue.end);
    const fin = this.finSent && length > queued;
    this.#context.counters.retransmitted++;
    const sent = this.sendData(sequence, length < queued ? length : queued, fin);
    if (sent > 0) {
      this.recovery.wasSentAgain(sequence, advance(sequence, sent));
      if (this.#mends) this.#size.lostAt(sequence);
    }
    return sent;
  }

  /** What goes again was lost. Otherwise it goes to hear something: of a tail, or of a closed window. */
  get #mends(): boolean {
    return this.recovery.state !== Recovery.Open && !this.persist.runs;
  }

  /** New data, and the FIN behind the last of it. */
  #sendNew(): Turn {
    if (this.finSent || (this.next === this.queue.end && !this.finQueued)) return Turn.Done;
    const { nowUs, options } = this.#context;
    // After a pause the window says nothing about the network any more (RFC 5681, section 4.1).
    const idle = this.unacknowledged === this.next && nowUs - this.#lastSentUs > this.rtt.rtoUs;
    if (idle) this.recovery.congestion.restartAfterIdle();
    if (this.#size.isSought && !sendSizeProbe(this, this.#size)) return Turn.NoFrame;
    return sendNew(this, options.nagle);
  }

  /** Something was acknowledged. */
  #searchGoesOn(): void {
    const { recovery, unacknowledged } = this;
    if (this.#size.grewWith(unacknowledged)) recovery.congestion.setMss(this.mss);
    else if (this.#size.takeLostAlone(unacknowledged)) recovery.lossWasNoCongestion();
  }

  startPersisting(): void {
    if (this.persist.runs) return;
    this.#userTimeout.restart();
    this.persist.start(this.rtt.rtoUs, this.rtt.rtoUs, this.orphaned);
  }

  /** What waited for room, or for the neighbour, goes: the timer is to run for it from now on. */
  endWaiting(): void {
    if (!this.#deadlines.retransmissionRuns) return;
    if (this.persist.runs) this.#endPersisting();
    this.#deadlines.stopRetransmission();
  }

  sendData(sequence: number, length: number, withFin: boolean): number {
    const bytes = length > 0 ? this.queue.seek(sequence, length) : 0;
    return this.sendSought(sequence, bytes, withFin && bytes === length);
  }

  sendSought(sequence: number, bytes: number, fin: boolean): number {
    const pushed = bytes > 0 && advance(sequence, bytes) === this.queue.end;
    const flags = Flag.Ack | (pushed ? Flag.Psh : 0) | (fin ? Flag.Fin : 0);
    if (!this.#emit(sequence, bytes, flags)) return -1;
    if (fin) this.finSent = true;
    const numbers = fin ? bytes + 1 : bytes;
    const end = advance(sequence, numbers);
    if (distance(this.next, end) > 0) this.#newWasSent(end, bytes);
    return numbers;
  }

  #newWasSent(end: number, bytes: number): void {
    const { nowUs } = this.#context;
    if (this.unacknowledged === this.next && !this.persist.runs) {
      const userTimeout = this.#userTimeout;
      userTimeout.restart();
      // Without a measurement since, the back-off may be longer than that.
      if (this.rtt.rtoUs > userTimeout.lastsUs) this.#deadlines.retransmitBy(userTimeout.endsAtUs);
    }
    this.next = end;
    this.sentBytes += bytes;
    this.#lastSentUs = nowUs;
    this.recovery.wasSent(end);
  }

  /** One segment with `length` bytes of the queue from `sequence` on, to which the queue has been moved. */
  #emit(sequence: number, length: number, flags: number): boolean {
    if (!this.emission.segment(this.queue, sequence, length, flags, this.mss)) return false;
    if (length > 0 || flags & Flag.Fin) this.#deadlines.dataWasSent(this.rtt.rtoUs);
    else this.#deadlines.ackWasSent();
    return true;
  }

  // Timeouts and silence

  /** Nothing was acknowledged for the user timeout, nor did the peer answer for a closed window. */
  get hasGivenUp(): boolean {
    return this.#userTimeout.isOver && !this.persist.peerAnswers;
  }

  /** Sets the user timeout of this connection. */
  giveUpAfter(us: number): void {
    this.#userTimeout.lastsUs = us;
    if (!this.persist.peerAnswers) this.#deadlines.retransmitBy(this.#userTimeout.endsAtUs);
  }

  /** The retransmission timer has expired for what is in flight (RFC 6298, section 5.5 and 5.6). */
  backOff(): void {
    this.#timeouts++;
    this.rtt.stopTiming();
    this.rtt.backOff();
    this.#deadlines.retransmitIn(this.rtt.rtoUs);
  }

  /** The same, of an established connection. */
  timedOut(): void {
    this.backOff();
    this.#deadlines.retransmitBy(this.#userTimeout.endsAtUs);
    const { flight } = this.recovery;
    const payload = this.#size.behindBlackHole(this.#timeouts);
    // What is lost is no larger than that: its size is not the reason.
    const isSmall = flight.count === 0 || flight.bytes(0) <= payload;
    if (isSmall || !this.#shrink(payload, RETRY_AFTER_US)) this.takeForLost();
  }

  /** A reordering window has passed, or a tail loss probe is due; the retransmission timer runs behind that. */
  lossTimerExpired(): void {
    const { recovery } = this;
    recovery.timerExpired(this.unacknowledged, this.next, this.mss);
    if (recovery.probeDue) this.#probeInsteadOfTimeout();
  }

  /** The retransmission timer has expired. Returns whether a tail loss probe goes instead; then it runs anew. */
  probesAtTimeout(): boolean {
    return !this.hasGivenUp && this.recovery.probesAtTimeout() && this.#probeInsteadOfTimeout();
  }

  #probeInsteadOfTimeout(): boolean {
    const { recovery } = this;
    // What lies beyond a window that was taken back, the peer would not look at.
    recovery.probeDue = this.window.bytes >= this.inFlight && !this.persist.runs;
    if (!recovery.probeDue) return false;
    this.#deadlines.retransmitIn(this.rtt.rtoUs);
    this.#deadlines.retransmitBy(this.#userTimeout.endsAtUs);
    return true;
  }

  /** The neighbour does not answer, which is no congestion: what is in flight goes again when it does. */
  waitInFlight(): void {
    this.recovery.startOver(this.unacknowledged, this.next);
    this.persist.askForNeighbour();
    this.#deadlines.retransmitBy(this.#userTimeout.endsAtUs);
  }

  /** What is in flight is taken for lost: after a timeout, or as it was too large for the path. */
  takeForLost(): void {
    this.recovery.timedOut(this.unacknowledged, this.next, this.#timeouts > 1);
  }

  /** The window was closed behind what is in flight, which becomes the probe. */
  persistInFlight(): void {
    this.persist.start(this.rtt.rtoUs, 0, this.orphaned);
  }

  sendProbe(): boolean {
    const isData = this.inFlight === 0 && this.window.bytes > 0;
    if (!sendWindowProbe(this)) return false;
    // What lies within the window is data like other, and the retransmission timer runs for it.
    if (isData) this.persist.stop();
    else this.persist.probed();
    return true;
  }

  /** Probes an idle peer with a number that it has acknowledged (RFC 9293, section 3.8.4). */
  sendKeepAlive(): void {
    this.#emit(advance(this.next, -1), 0, Flag.Ack);
  }

  /** Something waits that has not been sent yet. */
  get hasUnsent(): boolean {
    return this.synDue || isBefore(this.next, this.queue.end) || this.#finWaits;
  }

  /** The neighbour has not answered yet: what is due goes when it does. */
  waitForNeighbour(): void {
    const waitsAlready = this.inFlight > 0 || this.#deadlines.retransmissionRuns;
    if (!waitsAlready) this.#userTimeout.restart();
    this.persist.askForNeighbour();
  }

  /** The path takes `mss` bytes at most; what was larger goes again. Returns whether that is news. */
  shrinkTo(mss: number): boolean {
    return this.#shrink(mss, RAISE_AFTER_US);
  }

  /** The same, and larger ones are tried again in so many microseconds. */
  #shrink(mss: number, raiseInUs: number): boolean {
    if (!this.#size.shrink(mss, raiseInUs)) return false;
    this.recovery.congestion.setMss(mss);
    this.takeForLost();
    // Whatever was larger goes again, also what was sent just now.
    this.recovery.startOver(this.unacknowledged, this.next);
    return true;
  }
}
