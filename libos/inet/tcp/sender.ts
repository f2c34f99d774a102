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
import { DEFAULT_MSS, Flag, type TcpSegment, TIMESTAMPS_BYTES } from '../wire/tcp.ts';
import type { Context } from './context.ts';
import type { Deadlines } from './deadlines.ts';
import type { Path } from './output.ts';
import { AckDue, type Receiver } from './receiver.ts';
import { Hole, LossRecovery, Recovery } from './recovery.ts';
import { RttEstimator } from './rtt.ts';
import { SendQueue } from './send-queue.ts';
import { Turn } from './send-turns.ts';
import { SendWindow, WindowChange } from './send-window.ts';

/** How often a connection asks for a neighbour that has not answered. */
const NEIGHBOUR_PATIENCE_US = 1e6;
/** Least segment size (RFC 9293, section 3.7.1). No path needs less; tiny segments would be a flood. */
const MIN_MSS = 64;
/** A double that is no integer: the engine stores a field that starts with one as a double for ever. */
const NEVER = Number.POSITIVE_INFINITY;

/** What an acknowledgement has changed, as bits; Challenged stands alone: it must not be believed. */
export const Progress = {
  None: 0,
  /** Something may be sent that could not be before. */
  Sends: 1,
  /** New bytes are acknowledged. */
  News: 2,
  /** Our FIN is acknowledged, and all before it. */
  Fin: 4,
  Challenged: 8,
} as const;

/** Of our timestamp clock (RFC 7323, section 5.4). */
export const TIMESTAMP_TICK_US = 1000;

/** New segments of one turn, so that a stream with an open window does not keep others from the device's frames. */
const SEGMENTS_PER_TURN = 16;

/** Where nextHole puts its range. */
const hole = new Int32Array(2);

export class Sender {
  readonly queue = new SendQueue();
  readonly recovery: LossRecovery;
  readonly rtt: RttEstimator;
  readonly #context: Context;
  readonly #path: Path;
  readonly #deadlines: Deadlines;
  readonly #receiver: Receiver;

  readonly initialSequence: number;
  /** The oldest number that is not acknowledged. */
  unacknowledged: number;
  /** The next number to be sent for the first time. */
  next: number;
  readonly window = new SendWindow();
  /** Largest payload of one segment, without the room that options take. */
  mss: number = DEFAULT_MSS;
  /** Of the connection's own timestamp clock. */
  readonly timestampOffset: number;

  /** Stream bytes sent at least once, and of them those acknowledged: positions, exact to 2^53. */
  sentBytes = 0;
  acknowledgedBytes = 0;
  /** A SYN is to be sent; it answers the peer's. */
  synDue = false;
  #synAnswers = false;
  /** A FIN follows the last byte of the queue; and it has been sent. */
  finQueued = false;
  finSent = false;
  /** The send window is closed: the retransmission timer sends probes. */
  persisting = false;
  /**
   * The application has closed the connection: nobody takes what comes, and a peer that lives and has no room is
   * given up like a dead one.
   */
  orphaned = false;
  /** Expiries of the retransmission timer, and probes, since the last progress. */
  #timeouts = 0;

  #lastSentUs = NEVER;
  /** When the oldest unacknowledged byte was first sent, for the user timeout. */
  #progressAtUs: number = NEVER;

  constructor(
    context: Context,
    path: Path,
    deadlines: Deadlines,
    receiver: Receiver,
    initialSequence: number,
  ) {
    const { minRtoUs, maxRtoUs } = context.options;
    this.#context = context;
    this.#path = path;
    this.#deadlines = deadlines;
    this.#receiver = receiver;
    this.rtt = new RttEstimator(minRtoUs, maxRtoUs);
    this.recovery = new LossRecovery(context, receiver, this.rtt);
    this.initialSequence = initialSequence;
    this.unacknowledged = initialSequence;
    this.next = initialSequence;
    this.queue.start(advance(initialSequence, 1));
    const { remoteAddress, localAddress, remotePort } = path;
    this.timestampOffset = context.hash.hash(remoteAddress, localAddress, remotePort);
    this.#progressAtUs = context.nowUs;
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
    const offered = segment.mss === 0 ? DEFAULT_MSS : Math.max(segment.mss, MIN_MSS);
    // RFC 6691: the option counts neither header; what options take comes off the payload.
    const optionBytes = segment.hasTimestamps ? TIMESTAMPS_BYTES : 0;
    this.mss = Math.min(offered, this.#context.maxSegmentBytes) - optionBytes;
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
    this.window.established(windowBytes);
    this.#progressAtUs = nowUs;
    this.#deadlines.stopRetransmission();
  }

  /** Returns false when the device had no frame for it. */
  sendSyn(): boolean {
    const { output, nowUs } = this.#context;
    const { initialSequence, rtt, window } = this;
    const timestamp = this.#timestampNow();
    const answers = this.#synAnswers;
    if (!output.syn(this.#path, this.#receiver, initialSequence, answers, window.scale, timestamp))
      return false;
    this.synDue = false;
    const again = this.next !== initialSequence;
    this.next = advance(initialSequence, 1);
    if (again) rtt.stopTiming();
    else rtt.time(this.next, nowUs);
    this.#receiver.synWasSent();
    this.#deadlines.retransmitIn(rtt.rtoUs);
    return true;
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
      !this.persisting &&
      !sackPermitted &&
      segment.sequenceLength === 0 &&
      windowBytes === this.window.bytes;
    let progress: number = Progress.None;
    if (newBytes > 0) {
      progress = Progress.Sends | Progress.News;
      if (this.finSent && acknowledgement === next) progress |= Progress.Fin;
      this.#moveUnacknowledged(segment, newBytes);
    }
    // Against the new left edge: a D-SACK of what is acknowledged just now is no news.
    if (sackPermitted && segment.sackCount > 0) {
      duplicate = recovery.markSacked(segment, this.unacknowledged, next) > 0;
    }
    if (newBytes >= 0 && this.#updateWindow(segment, windowBytes)) progress |= Progress.Sends;
    if (newBytes > 0 || duplicate) {
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

  /** New bytes, and perhaps our FIN, are acknowledged. */
  #moveUnacknowledged(segment: TcpSegment, newBytes: number): void {
    const { acknowledgement } = segment;
    const { nowUs, pool } = this.#context;
    const { next, rtt } = this;
    const finToo = this.finSent && acknowledgement === next;
    this.unacknowledged = acknowledgement;
    this.acknowledgedBytes += finToo ? newBytes - 1 : newBytes;
    this.queue.acknowledge(acknowledgement, pool);
    this.recovery.forgetBefore(acknowledgement);
    const measured = rtt.acknowledged(acknowledgement, nowUs);
    if (!measured && this.#timeouts > 0 && this.#receiver.timestamps) {
      rtt.sampleEcho(distance(segment.timestampEcho, this.#timestampNow()) * TIMESTAMP_TICK_US);
    }
    this.#timeouts = 0;
    this.persisting = false;
    this.#progressAtUs = nowUs;
    // RFC 6298, section 5.2 and 5.3.
    if (acknowledgement === next) this.#deadlines.stopRetransmission();
    else this.#deadlines.retransmitIn(rtt.rtoUs);
  }

  /** Returns whether the window has opened. */
  #updateWindow(segment: TcpSegment, bytes: number): boolean {
    const change = this.window.update(segment, bytes);
    if (this.persisting) {
      // The peer lives, without room: no reason to give up.
      if (change === WindowChange.None && !this.orphaned) this.#progressAtUs = this.#context.nowUs;
      else if (change === WindowChange.Opened) this.#stopPersisting();
    }
    return change === WindowChange.Opened;
  }

  #stopPersisting(): void {
    this.persisting = false;
    this.#timeouts = 0;
    this.rtt.resetBackOff();
    this.#deadlines.stopRetransmission();
    if (this.inFlight === 0) return;
    // The byte that probed the window was not taken, and goes again.
    this.recovery.startOver(this.unacknowledged, this.next);
    this.#deadlines.retransmitIn(this.rtt.rtoUs);
  }

  // Sending

  /** Sends what is due on an established connection. Unless all is done then, it is to be called again. */
  transmit(): Turn {
    if (this.recovery.state !== Recovery.Open && !this.#retransmitLost()) return Turn.NoFrame;
    const turn = this.#sendNew();
    if (turn !== Turn.Done || this.#receiver.ackDue !== AckDue.Now) return turn;
    return this.#emit(this.#acknowledgingSequence(), 0, Flag.Ack) ? Turn.Done : Turn.NoFrame;
  }

  /**
   * Number of an empty segment: `next`, unless a probe or a window that was taken back has left that beyond
   * the peer's window, where the peer would not look at it (RFC 9293, section 3.10.7.4).
   */
  #acknowledgingSequence(): number {
    const beyond = this.inFlight - this.window.bytes - (this.finSent ? 1 : 0);
    return beyond > 0 ? advance(this.next, -beyond) : this.next;
  }

  #retransmitLost(): boolean {
    const { recovery, unacknowledged, next, mss } = this;
    const hasNew = this.queue.end !== next && !this.finSent && this.window.bytes > this.inFlight;
    let inNetwork = recovery.bytesInNetwork(unacknowledged, next, mss);
    while (recovery.maySendAgain(inNetwork, mss)) {
      const kind = recovery.nextHole(unacknowledged, next, mss, hasNew, hole);
      if (kind === Hole.None) break;
      const start = hole[0];
      const sent = this.#retransmit(start, Math.min(distance(start, hole[1]), mss));
      if (sent < 0) return false;
      recovery.sentAgain(kind, advance(start, sent));
      inNetwork += sent;
    }
    return true;
  }

  /**
   * Sends [sequence, sequence + length) again, or as much of it as a frame takes; the last number may be the
   * FIN's. Returns how many numbers were sent, or -1 when the device had no frame.
   */
  #retransmit(sequence: number, length: number): number {
    const queued = distance(sequence, this.queue.end);
    const fin = this.finSent && length > queued;
    this.#context.counters.retransmitted++;
    this.rtt.stopTiming();
    return this.#emitData(sequence, length < queued ? length : queued, fin);
  }

  /** New data, and the FIN behind the last of it. */
  #sendNew(): Turn {
    if (this.finSent || (this.next === this.queue.end && !this.finQueued)) return Turn.Done;
    const { queue, recovery, mss, window } = this;
    const { congestion } = recovery;
    // After a pause the window says nothing about the network any more (RFC 5681, section 4.1).
    const idle = this.unacknowledged === this.next && this.#context.nowUs - this.#lastSentUs > this.rtt.rtoUs;
    if (idle) congestion.restartAfterIdle();
    let inNetwork = recovery.bytesInNetwork(this.unacknowledged, this.next, mss);
    for (let left = SEGMENTS_PER_TURN; ; left--) {
      const queued = distance(this.next, queue.end);
      const fin = this.finQueued;
      if (queued === 0 && !fin) return Turn.Done;
      const allowed = window.bytes - this.inFlight;
      let length = queued < mss ? queued : mss;
      if (length > allowed) length = allowed < 0 ? 0 : allowed;
      if (inNetwork > 0 && inNetwork + length > congestion.window) return Turn.Done;
      if (length > 0) length = queue.seek(this.next, length);
      const last = length === queued;
      const holds = this.#context.options.nagle && this.inFlight > 0 && !fin;
      if (!window.isWorth(length, queued, allowed, mss, holds)) {
        if (this.unacknowledged === this.next) this.#startPersisting();
        return Turn.Done;
      }
      if (left === 0) return Turn.Over;
      if (this.#emitSought(this.next, length, last && fin) < 0) return Turn.NoFrame;
      inNetwork += length;
      if (last && fin) return Turn.Done;
    }
  }

  #startPersisting(): void {
    if (this.#deadlines.retransmissionRuns) return;
    this.persisting = true;
    this.#progressAtUs = this.#context.nowUs;
    this.#deadlines.retransmitIn(this.rtt.rtoUs);
  }

  /**
   * Sends `length` bytes of the queue, or as many as a frame takes, and the FIN if it follows them. Returns
   * how many numbers were sent, or -1 when the device had no frame.
   */
  #emitData(sequence: number, length: number, withFin: boolean): number {
    const bytes = length > 0 ? this.queue.seek(sequence, length) : 0;
    return this.#emitSought(sequence, bytes, withFin && bytes === length);
  }

  /** The same for `bytes` that one frame takes, to which the queue has been moved. */
  #emitSought(sequence: number, bytes: number, fin: boolean): number {
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
    if (this.unacknowledged === this.next) this.#progressAtUs = nowUs;
    this.next = end;
    this.sentBytes += bytes;
    this.#lastSentUs = nowUs;
    this.rtt.time(end, nowUs);
  }

  /** One segment with `length` bytes of the queue from `sequence` on, to which the queue has been moved. */
  #emit(sequence: number, length: number, flags: number): boolean {
    const sent = this.#context.output.segment(
      this.#path,
      this.#receiver,
      this.queue,
      sequence,
      length,
      flags,
      this.mss,
      this.#timestampNow(),
    );
    if (!sent) return false;
    if (length > 0 || flags & Flag.Fin) this.#deadlines.dataWasSent(this.rtt.rtoUs);
    else this.#deadlines.ackWasSent();
    return true;
  }

  /** The timestamp clock runs from an offset of its own. */
  #timestampNow(): number {
    return (((this.#context.nowUs / TIMESTAMP_TICK_US) | 0) + this.timestampOffset) | 0;
  }

  // Timeouts and silence

  /** Nothing was acknowledged for the user timeout (RFC 9293, section 3.8.3). */
  get hasGivenUp(): boolean {
    return this.#context.nowUs - this.#progressAtUs >= this.#context.options.userTimeoutUs;
  }

  /** The retransmission timer has expired for what is in flight (RFC 6298, section 5.5 and 5.6). */
  backOff(): void {
    this.#timeouts++;
    this.rtt.stopTiming();
    this.rtt.backOff();
    this.#deadlines.retransmitIn(this.rtt.rtoUs);
  }

  /** What is in flight is taken for lost: after a timeout, or as it was too large for the path. */
  takeForLost(): void {
    this.recovery.timedOut(this.unacknowledged, this.next, this.#timeouts > 1);
  }

  /**
   * Asks a peer whose window is closed, or too small to be worth a segment, for news: sends a byte beyond it,
   * or what it takes (RFC 9293, section 3.8.6.1), and that again, ever more seldom, as long as it is not
   * acknowledged. Returns whether bytes went for the first time.
   */
  sendProbe(): boolean {
    const before = this.next;
    this.persisting = true;
    this.#timeouts++;
    if (this.#path.neighbour.resolved) {
      this.#context.counters.probes++;
      const { inFlight, mss } = this;
      const queued = distance(before, this.queue.end);
      if (inFlight > 0) this.#retransmit(this.unacknowledged, Math.min(inFlight, mss));
      else this.#emitData(before, Math.min(Math.max(1, this.window.bytes), queued, mss), false);
    }
    this.rtt.backOff();
    this.#deadlines.retransmitIn(this.rtt.rtoUs);
    return this.next !== before;
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
    if (!waitsAlready) this.#progressAtUs = this.#context.nowUs;
    this.askForNeighbour();
  }

  /** Should the neighbour not answer, it is asked again by the timer. */
  askForNeighbour(): void {
    this.#context.neighbours.use(this.#path.neighbour);
    if (!this.#deadlines.retransmissionRuns) this.#deadlines.retransmitIn(NEIGHBOUR_PATIENCE_US);
  }

  /** The path takes `mss` bytes at most; what was larger goes again. Returns whether that is news. */
  shrinkTo(mss: number): boolean {
    if (mss >= this.mss) return false;
    this.mss = mss;
    this.recovery.congestion.setMss(mss);
    this.takeForLost();
    return true;
  }
}
