/**
 * One TCP connection (the transmission control block of RFC 9293, section 3.3.1): its state, and three parts
 * that own the rest. The sender knows what goes out, the receiver what comes in, the deadlines what is to
 * happen when nothing comes.
 *
 *     segment -> protocol -> connection.arrives -> sender.acknowledge, receiver.take -> state, lists
 *     lists   -> protocol -> connection.transmit -> sender.transmit -> output
 *
 * The parts do not know the connection: they return what has come of a call, and the connection draws the
 * conclusions. Only this class writes its fields, but for the marks of Context and Timers.
 *
 * There may be ten thousand connections, and each segment writes their fields. So sequence numbers are signed
 * 32-bit integers, which the engine stores without a box, and the queue of segments out of order is made on
 * first use.
 */
import type { ErrorCode } from '../../errors.ts';
import type { SgaSegment } from '../../memory/sga.ts';
import type { Neighbour } from '../neighbours.ts';
import { Flag, type TcpSegment } from '../wire/tcp.ts';
import type { Attended, Context } from './context.ts';
import { Deadlines } from './deadlines.ts';
import { initialSequenceNumber, laterSequenceNumber } from './initial-sequence.ts';
import type { Path } from './output.ts';
import { Progress } from './progress.ts';
import { AckDue, Receiver, Taken } from './receiver.ts';
import type { ReportedError } from './reported-error.ts';
import { Turn } from './send-turns.ts';
import { Sender } from './sender.ts';
import { TcpState } from './states.ts';
import { TIMESTAMP_TICK_US } from './timestamp-clock.ts';

/**
 * A double that is no integer: the engine stores a field that starts with one as a double for ever, and makes
 * an object with each time that is written to a field that starts without a value.
 */
const NEVER = Number.POSITIVE_INFINITY;

/** The listener of a passive open, to the connection. */
export interface Opener {
  /** One more connection can be complete. */
  readonly hasRoom: boolean;
  /** A half-open connection has been established. */
  completed(connection: TcpConnection): void;
  /** A half-open connection has ended before. */
  halfOpenEnded(): void;
}

export class TcpConnection implements Attended, Path {
  readonly localAddress: number;
  readonly localPort: number;
  readonly remoteAddress: number;
  readonly remotePort: number;
  readonly neighbour: Neighbour;
  readonly context: Context<TcpConnection>;
  readonly deadlines: Deadlines;
  readonly receiver: Receiver;
  readonly sender: Sender;
  state: TcpState = TcpState.Closed;
  /** Why the connection broke; the sticky error of its queue. */
  error: ErrorCode | null = null;
  /** What the network has said last of what was in flight then. */
  reported: ReportedError | null = null;
  /** Of a passive open, until the connection is accepted. */
  listener: Opener | null = null;
  lastArrivalUs: number = NEVER;
  /** Silence after which the peer is asked whether it is still there; 0: never. */
  keepAliveUs: number = NEVER;
  keepAliveProbes = 0;
  /** What the layer above keeps with it. */
  owner: unknown = null;

  // For Context and Timers, which write them
  deadlineUs: number = NEVER;
  timerIndex = -1;
  dirty = false;
  touched = false;

  /**
   * A connection, in the table of the context. `neighbour` is where its segments go.
   *
   * @param previous of the same names, whose TIME-WAIT it ends
   * @param cookie the initial sequence number that the peer has acknowledged already; null: one is made
   */
  constructor(
    context: Context<TcpConnection>,
    localAddress: number,
    localPort: number,
    remoteAddress: number,
    remotePort: number,
    neighbour: Neighbour,
    previous: TcpConnection | null,
    cookie: number | null = null,
  ) {
    this.context = context;
    this.localAddress = localAddress;
    this.localPort = localPort;
    this.remoteAddress = remoteAddress;
    this.remotePort = remotePort;
    this.neighbour = neighbour;
    const { hash, nowUs } = context;
    let first =
      cookie ?? initialSequenceNumber(hash, nowUs, localAddress, localPort, remoteAddress, remotePort);
    if (previous !== null) first = laterSequenceNumber(first, previous.sender.next);
    this.deadlines = new Deadlines(context, this);
    this.receiver = new Receiver(context, this.deadlines);
    this.sender = new Sender(context, this, this.deadlines, this.receiver, first);
    this.lastArrivalUs = nowUs;
    this.keepAliveUs = context.options.keepAliveUs;
    neighbour.retain();
    context.connections.add(this);
  }

  /** The handshake is done and the connection has not ended. */
  get isSynchronized(): boolean {
    return this.state >= TcpState.Established;
  }

  get hasEnded(): boolean {
    return this.state === TcpState.Closed;
  }

  /**
   * Whether we may open a connection with these names, although they stand in TIME-WAIT (RFC 6191, section 2): both
   * sides tell segments of before by their timestamps, the clock of which has ticked since, and the new connection
   * starts behind all numbers that this one has used.
   */
  get isReusable(): boolean {
    const { context, receiver } = this;
    if (this.state !== TcpState.TimeWait || !receiver.timestamps || receiver.ackDue !== AckDue.No)
      return false;
    return context.device.nowUs - this.lastArrivalUs > TIMESTAMP_TICK_US;
  }

  // Opening

  /** Starts an active open. */
  opens(): void {
    this.state = TcpState.SynSent;
    this.#startOpening(false);
  }

  /** A SYN came for `listener`, and this connection answers it. */
  openedPassively(listener: Opener, segment: TcpSegment): void {
    this.listener = listener;
    this.openedBy(segment);
    this.state = TcpState.SynReceived;
    this.#startOpening(true);
  }

  /** The SYN-ACK that answered `segment` was a cookie, and has been acknowledged by what arrives next. */
  openedByCookie(listener: Opener, segment: TcpSegment): void {
    this.listener = listener;
    this.openedBy(segment);
    this.sender.synWasSent();
    this.state = TcpState.SynReceived;
  }

  /** Both sides have opened at once, and the peer's SYN does not acknowledge ours (RFC 9293, figure 8). */
  crossed(): void {
    this.state = TcpState.SynReceived;
    this.sender.oweSyn(true);
    this.context.markDirty(this);
  }

  #startOpening(answers: boolean): void {
    this.sender.oweSyn(answers);
    this.deadlines.endIn(this.context.options.connectTimeoutUs);
    this.context.markDirty(this);
  }

  /** The peer's SYN came, and settles what both sides use. */
  openedBy(segment: TcpSegment): void {
    this.receiver.openedBy(segment);
    this.sender.openedBy(segment);
  }

  /** The peer has acknowledged our SYN, and offers this window. */
  established(windowBytes: number): void {
    const { context, deadlines, keepAliveUs, listener } = this;
    this.lastArrivalUs = context.nowUs;
    this.sender.established(windowBytes);
    deadlines.stopEnd();
    if (keepAliveUs > 0) deadlines.keepAliveIn(keepAliveUs);
    this.state = TcpState.Established;
    if (listener !== null) listener.completed(this);
    else context.touch(this);
  }

  /** The listener has handed the connection to the layer above. */
  accepted(): void {
    this.listener = null;
  }

  // Arrival of a segment when the peer's SYN has come: the steps of RFC 9293, section 3.10.7.4, with the
  // checks of RFC 5961 against forged segments and of RFC 7323 against old ones

  /** A segment of the peer has come. */
  wasHeard(): void {
    this.lastArrivalUs = this.context.nowUs;
  }

  /** Takes the segment in `frame`. Returns whether the frame was kept. */
  arrives(segment: TcpSegment, frame: SgaSegment): boolean {
    const { context, receiver, sender } = this;
    this.wasHeard();
    if (this.state === TcpState.SynReceived && this.#crossedSynAnswers(segment)) return false;
    const { flags } = segment;
    // First: the sequence number, after the timestamp.
    if (receiver.timestamps && !(flags & Flag.Rst) && !this.#timestampIsCurrent(segment)) return false;
    if (segment.sequence !== receiver.next && !receiver.isAcceptable(segment)) {
      context.counters.unacceptable++;
      if (!(flags & Flag.Rst)) this.#acknowledgeAgain(segment);
      return false;
    }
    // Second: the RST bit. Fourth: the SYN bit (RFC 5961, section 4). Fifth: the ACK field.
    if ((flags & (Flag.Rst | Flag.Syn | Flag.Ack)) !== Flag.Ack) {
      if (flags & Flag.Rst) this.#resetArrives(segment);
      else if (flags & Flag.Syn) this.#challenge();
      return false;
    }
    if (this.state === TcpState.SynReceived && !this.#synIsAcknowledged(segment, sender.window.of(segment))) {
      return false;
    }
    const progress = sender.acknowledge(segment);
    if (progress & Progress.Challenged) {
      this.#challenge();
      return false;
    }
    if (progress & Progress.Fin && !this.#finIsAcknowledged()) return false;
    // Seventh: the data. Eighth: the FIN.
    let taken: number = Taken.Nothing;
    if (segment.payloadLength > 0 || flags & Flag.Fin) taken = this.#take(segment, frame);
    else if (receiver.timestamps) receiver.noteTimestamp(segment);
    if (progress & Progress.Sends || receiver.ackDue === AckDue.Now) context.markDirty(this);
    if (progress & Progress.News || taken & Taken.News) context.touch(this);
    return (taken & Taken.Kept) !== 0;
  }

  /**
   * Both sides opened at once: whether this is the peer's SYN again, with its ACK of ours, which is what counts of it.
   * The window of a SYN is not scaled, and data that comes with it is left to be sent again.
   */
  #crossedSynAnswers(segment: TcpSegment): boolean {
    const { listener, receiver } = this;
    const { flags } = segment;
    if (listener !== null || segment.sequence !== receiver.initialSequence) return false;
    if ((flags & (Flag.Syn | Flag.Ack | Flag.Rst)) !== (Flag.Syn | Flag.Ack)) return false;
    if (receiver.timestamps && !this.#timestampIsCurrent(segment)) return true;
    if (this.#synIsAcknowledged(segment, segment.window) && receiver.timestamps)
      receiver.noteTimestamp(segment);
    return true;
  }

  /** PAWS (RFC 7323, section 5.3). */
  #timestampIsCurrent(segment: TcpSegment): boolean {
    // RFC 7323, section 3.2: once agreed on, every segment has them.
    if (segment.hasTimestamps && !this.receiver.isOld(segment)) return true;
    this.context.counters.unacceptable++;
    if (segment.hasTimestamps) this.#acknowledgeAgain(segment);
    return false;
  }

  /** An unacceptable segment is answered with where we stand. */
  #acknowledgeAgain(segment: TcpSegment): void {
    const { context, receiver, sender } = this;
    const { flags } = segment;
    if (this.state === TcpState.TimeWait && (flags & (Flag.Fin | Flag.Syn)) === Flag.Fin) {
      this.deadlines.endIn(context.options.timeWaitUs);
    }
    if (this.state === TcpState.SynReceived && this.#isTheirSyn(segment)) {
      // Our answer to it was lost.
      sender.oweSynAgain();
    } else if (segment.sequenceLength === 0 || flags & Flag.Syn) {
      // Two hosts that disagree must not answer each other's empty segments for ever.
      this.#challenge();
      return;
    } else {
      if (this.isSynchronized) receiver.noteDuplicate(segment);
      receiver.acknowledgeNow();
    }
    context.markDirty(this);
  }

  /** The SYN that began the connection comes again. */
  #isTheirSyn({ flags, sequence }: TcpSegment): boolean {
    return (flags & (Flag.Syn | Flag.Ack)) === Flag.Syn && sequence === this.receiver.initialSequence;
  }

  /** An acknowledgement that makes an honest peer say what it means, and a blind attacker nothing. */
  #challenge(): void {
    const { context, receiver } = this;
    if (!receiver.takeChallenge()) return;
    context.counters.challengeAcks++;
    receiver.acknowledgeNow();
    context.markDirty(this);
  }

  /** RFC 5961, section 3: only a reset with exactly the number expected ends a connection. */
  #resetArrives(segment: TcpSegment): void {
    const { context, receiver, sender } = this;
    if (segment.sequence !== receiver.next) {
      this.#challenge();
      return;
    }
    context.counters.resetsReceived++;
    switch (this.state) {
      case TcpState.SynReceived:
        if (this.listener !== null) this.remove();
        else this.fail('CONNECTION_REFUSED');
        return;
      case TcpState.TimeWait:
      case TcpState.LastAck:
      case TcpState.Closing:
        if (!sender.hasUnacknowledgedData) {
          // Both sides have sent and acknowledged everything. RFC 1337 would keep TIME-WAIT, but a guess of
          // the exact number gains nothing here.
          this.remove();
          context.touch(this);
          return;
        }
        // Data before our FIN has not arrived, and its application is to know: what it received is whole, and
        // stays.
        this.fail('CONNECTION_RESET');
        return;
      default:
        receiver.queue.clear();
        this.fail('CONNECTION_RESET');
    }
  }

  /** SYN-RECEIVED: whether the segment, which offers this window, establishes the connection. */
  #synIsAcknowledged(segment: TcpSegment, windowBytes: number): boolean {
    const { context, listener, sender } = this;
    if (!sender.isOurSyn(segment.acknowledgement)) {
      sender.emission.refuse(segment.acknowledgement);
      return false;
    }
    if (listener !== null && !listener.hasRoom) {
      // It stays half open until there is room; the peer sends again.
      context.counters.backlogDropped++;
      return false;
    }
    this.established(windowBytes);
    return true;
  }

  /** Our FIN is acknowledged. Returns whether the connection still exists. */
  #finIsAcknowledged(): boolean {
    switch (this.state) {
      case TcpState.FinWait1:
        this.state = TcpState.FinWait2;
        if (this.sender.orphaned) this.#limitFinWait2();
        return true;
      case TcpState.Closing:
        this.#enterTimeWait();
        return true;
      case TcpState.LastAck:
        this.remove();
        this.context.touch(this);
        return false;
      default:
        return true;
    }
  }

  /** Data, a FIN, or both. Returns bits of Taken. */
  #take(segment: TcpSegment, frame: SgaSegment): number {
    const { receiver, sender, state } = this;
    if (state !== TcpState.Established && state !== TcpState.FinWait1 && state !== TcpState.FinWait2) {
      // After the peer's FIN nothing new can come.
      if (receiver.timestamps) receiver.noteTimestamp(segment);
      return Taken.Nothing;
    }
    if (this.sender.orphaned && segment.payloadLength > 0) {
      // RFC 9293, section 3.6.1: nobody will ever read it, and the peer is to know.
      this.sendReset();
      this.fail('CONNECTION_RESET');
      return Taken.Nothing;
    }
    if (receiver.answersBefore(segment) && this.neighbour.resolved) sender.acknowledgeAtOnce();
    const taken = receiver.take(segment, frame, sender.mss);
    if (taken & Taken.Fin) this.#finHasArrived();
    return taken;
  }

  /** All data before the peer's FIN is here. */
  #finHasArrived(): void {
    if (this.state === TcpState.Established) this.state = TcpState.CloseWait;
    else if (this.state === TcpState.FinWait1) this.state = TcpState.Closing;
    else this.#enterTimeWait();
    this.context.touch(this);
  }

  // Sending

  /** Sends what is due, as far as one turn goes. */
  transmit(): Turn {
    const { sender } = this;
    if (this.hasEnded) return Turn.Done;
    if (!this.neighbour.resolved) {
      sender.waitForNeighbour();
      return Turn.Done;
    }
    if (sender.synDue) return sender.sendSyn() ? Turn.Done : Turn.NoFrame;
    if (!this.isSynchronized) return sender.answerInHandshake() ? Turn.Done : Turn.NoFrame;
    const before = sender.next;
    const turn = sender.transmit();
    if (sender.next === before) return turn;
    if (sender.finSent) this.#finWasSent();
    this.context.touch(this);
    return turn === Turn.NoFrame ? Turn.Over : turn;
  }

  #finWasSent(): void {
    if (this.state === TcpState.Established) this.state = TcpState.FinWait1;
    else if (this.state === TcpState.CloseWait) this.state = TcpState.LastAck;
  }

  /** The application has taken what came: shows the peer the room, if it is worth a segment. */
  roomWasMade(): void {
    if (this.isSynchronized && this.receiver.roomWasMade(this.sender.mss)) this.context.markDirty(this);
  }

  // The layer above

  /** Who looks at the connection when it was touched; null: nobody any more. */
  attach(owner: unknown): void {
    this.owner = owner;
  }

  /** The application has closed the connection: nobody takes what comes. */
  orphan(): void {
    this.context.readClock();
    this.sender.orphan();
  }

  /** The same, and nobody looks at it any more. */
  abandon(): void {
    this.owner = null;
    this.orphan();
  }

  /** A FIN goes behind what is queued. */
  finish(): void {
    this.sender.finish();
    // Nobody is there to close a connection that its application has left, should the peer never do so.
    if (this.sender.orphaned && this.state === TcpState.FinWait2) this.#limitFinWait2();
    this.context.markDirty(this);
  }

  #limitFinWait2(): void {
    this.deadlines.endIn(this.context.options.timeWaitUs);
  }

  /** The network says that something in flight did not arrive, which is no reason to end (see unreachable.ts). */
  wasReported(reported: ReportedError): void {
    this.reported = reported;
  }

  // The end

  #enterTimeWait(): void {
    const { context, deadlines } = this;
    this.state = TcpState.TimeWait;
    deadlines.stopRetransmission();
    deadlines.stopKeepAlive();
    deadlines.endIn(context.options.timeWaitUs);
    context.timeWait.add(this);
  }

  /** Shows the peer that the connection has ended (RFC 9293, section 3.10.5). */
  sendReset(): void {
    this.context.readClock();
    this.sender.emission.reset(this.sender.next);
  }

  /** Ends the connection with an error for its application. */
  fail(error: ErrorCode): void {
    this.error = error;
    this.remove();
    this.context.touch(this);
  }

  /**
   * Forgets the connection and gives its memory back, but for received data that its application may still
   * want.
   */
  remove(): void {
    if (this.state === TcpState.Closed) return;
    const { context, deadlines, listener, receiver } = this;
    if (this.state === TcpState.SynReceived && listener !== null) {
      listener.halfOpenEnded();
      this.listener = null;
    }
    this.state = TcpState.Closed;
    context.connections.delete(this);
    deadlines.end();
    this.neighbour.release();
    this.sender.queue.clear(context.pool);
    receiver.clearReassembly();
    if (this.owner === null) receiver.queue.clear();
  }

  // Keep-alive (RFC 9293, section 3.8.4)

  /** Sets the silence of this connection after which the peer is asked; 0: never. */
  keepAliveAfter(us: number): void {
    const { deadlines } = this;
    this.keepAliveUs = us;
    this.keepAliveProbes = 0;
    if (us === 0) deadlines.stopKeepAlive();
    else if (this.isSynchronized && this.state !== TcpState.TimeWait)
      deadlines.keepAliveAt(this.lastArrivalUs + us);
  }

  /** One more question to a peer that is silent. */
  countKeepAlive(): void {
    this.keepAliveProbes++;
  }

  /** The peer was heard since the last question. */
  peerLives(): void {
    this.keepAliveProbes = 0;
  }
}
