/**
 * The receiving side of one connection: what the peer may send, what has come, and which acknowledgement is
 * owed.
 *
 *      next                  advertisedEdge
 *       v                     v
 *     --[ what the peer may send ]--
 *
 * Only this class writes its fields.
 */
import type { SgaSegment } from '../../memory/sga.ts';
import { advance, distance, earlier, isAtOrBefore, isWithin } from '../sequence.ts';
import { DEFAULT_MSS, Flag, type TcpSegment } from '../wire/tcp.ts';
import type { Context } from './context.ts';
import type { Deadlines } from './deadlines.ts';
import { DuplicateReport } from './duplicate-report.ts';
import type { Acknowledging } from './output.ts';
import { Reassembly } from './reassembly.ts';
import { Delivery, FEW_BUFFERS, ReceiveQueue } from './receive-queue.ts';
import {
  initialWindow,
  MAX_WINDOW_FIELD,
  maxOutOfOrder,
  windowScaleFor,
  windowUnits,
} from './receive-window.ts';

/**
 * Challenges a second (RFC 5961, section 7). Each connection counts its own, so that the count shows an
 * attacker nothing about another connection.
 */
const CHALLENGES_PER_SECOND = 10;
/** RFC 7323, section 5.5: a timestamp as old as this says nothing, its clock may have wrapped. */
const TIMESTAMP_LIFETIME_US = 24 * 24 * 3600 * 1e6;
/** A double that is no integer: the engine stores a field that starts with one as a double for ever. */
const NEVER = Number.POSITIVE_INFINITY;

/**
 * Full segments of a burst for which one acknowledgement does: as many as let a sender's slow start grow by all of them
 * (L of RFC 9406, section 4.3).
 */
const BURST_SEGMENTS = 8;
/**
 * The same while segments are lost: a path that loses them loses acknowledgements as well, and a small burst with only
 * one leaves its sender waiting for a timeout as often as that is lost (RFC 5681, section 4.2: every second one).
 */
const LOSSY_BURST_SEGMENTS = 2;
/** So many segments behind one that came out of order, or twice, the path is taken to lose some. */
const LOSSY_SEGMENTS = 128;

/** Whether an acknowledgement is owed to the peer. */
export const AckDue = { No: 0, Delayed: 1, Now: 2 } as const;
export type AckDue = (typeof AckDue)[keyof typeof AckDue];

/** What came of a segment's data and FIN, as bits. */
export const Taken = {
  Nothing: 0,
  /** The frame belongs to the connection now. */
  Kept: 1,
  /** The application has something to take. */
  News: 2,
  /** All data before the FIN is here. */
  Fin: 4,
} as const;

export class Receiver implements Acknowledging {
  readonly queue: ReceiveQueue;
  readonly #context: Context;
  readonly #deadlines: Deadlines;

  /** The peer's initial sequence number. */
  initialSequence = 0;
  /** The number that is expected next. */
  next = 0;
  /** Right edge of the farthest window that was offered to the peer. */
  advertisedEdge = 0;
  windowScale: number;
  /** Both sides use SACK. */
  sackPermitted = false;
  /** What has come ahead of data that is missing; null: nothing ever has. */
  reassembly: Reassembly | null = null;
  readonly #duplicate = new DuplicateReport();

  /** All data and the FIN have come. */
  finReceived = false;
  /** A FIN has come, perhaps ahead of data that is missing. */
  finPending = false;
  #finSequence = 0;

  /** Both sides use timestamps. */
  timestamps = false;
  /** TS.Recent of RFC 7323, and when it came. */
  recentTimestamp = 0;
  #recentTimestampAtUs = NEVER;

  ackDue: AckDue = AckDue.No;
  /** Bytes that came since the last acknowledgement was sent. */
  #unacknowledgedBytes = 0;
  /** Data behind another hole has come since then. */
  #blockUntold = false;
  /** Segments that are still to come before the path is taken to lose nothing. */
  #lossySegments = 0;
  /** Payload of the peer's full segments as far as we have seen; 0: nothing has come yet. */
  #fullSegmentBytes = 0;
  /** Payload of the segment before. */
  #lastSegmentBytes = 0;
  #lastAckSent = 0;
  #challengeAcks = 0;
  #challengeWindowEndUs = -NEVER;

  constructor(context: Context, deadlines: Deadlines) {
    this.#context = context;
    this.#deadlines = deadlines;
    this.queue = new ReceiveQueue(context.pool, context.device);
    this.windowScale = windowScaleFor(context.options.receiveWindowBytes);
  }

  // Opening

  /** The peer's SYN came. What it does not offer is off on both sides. */
  openedBy(segment: TcpSegment): void {
    this.initialSequence = segment.sequence;
    this.next = advance(segment.sequence, 1);
    this.advertisedEdge = advance(this.next, this.initialWindow);
    this.timestamps = segment.hasTimestamps;
    if (segment.hasTimestamps) {
      this.recentTimestamp = segment.timestamp;
      this.#recentTimestampAtUs = this.#context.nowUs;
    }
    this.sackPermitted = segment.sackPermitted;
    if (segment.windowScale < 0) this.windowScale = 0;
  }

  /** The window of a SYN. */
  get initialWindow(): number {
    return initialWindow(this.#context.options.receiveWindowBytes);
  }

  /** Our SYN was sent; with an acknowledgement of the peer's, if that has come. */
  synWasSent(): void {
    this.ackDue = AckDue.No;
    this.#lastAckSent = this.next;
  }

  // Arrival

  /** RFC 9293, section 3.4: the four cases of segment length and window. */
  isAcceptable(segment: TcpSegment): boolean {
    const { next, advertisedEdge } = this;
    const { sequence } = segment;
    if (sequence === next) return true;
    const window = distance(next, advertisedEdge);
    if (window <= 0) return false;
    if (isWithin(sequence, next, advertisedEdge)) return true;
    const length = segment.sequenceLength;
    // A peer that has used up its window has no other number for an acknowledgement, or a reset.
    if (length === 0) return sequence === advertisedEdge;
    return isWithin(advance(sequence, length - 1), next, advertisedEdge);
  }

  /** The segment's timestamp is older than the last (PAWS; RFC 7323, section 5.3). */
  isOld(segment: TcpSegment): boolean {
    const newer = distance(this.recentTimestamp, segment.timestamp);
    return newer < 0 && this.#context.nowUs - this.#recentTimestampAtUs < TIMESTAMP_LIFETIME_US;
  }

  /**
   * Takes the timestamp, data and FIN of an acceptable segment in `frame`. Returns bits of Taken.
   *
   * @param mss payload of our full segments
   */
  take(segment: TcpSegment, frame: SgaSegment, mss: number): number {
    if (this.timestamps) this.noteTimestamp(segment);
    const { next, advertisedEdge } = this;
    let start = segment.sequence;
    let at = segment.payloadAt;
    let length = segment.payloadLength;
    if (length !== this.#fullSegmentBytes) this.#learnSegmentSize(segment, mss);
    if (this.#lossySegments > 0) this.#lossySegments--;
    let fin = (segment.flags & Flag.Fin) !== 0;
    const finSequence = advance(start, length);
    const before = distance(start, next);
    if (before > 0) {
      this.noteDuplicate(segment);
      const cut = before < length ? before : length;
      start = advance(start, cut);
      at += cut;
      length -= cut;
    }
    const beyond = distance(advertisedEdge, advance(start, length));
    if (beyond > 0) {
      length -= beyond < length ? beyond : length;
      fin = false;
      // The peer is to know where its window ends.
      this.ackDue = AckDue.Now;
    }
    if (fin) {
      this.finPending = true;
      this.#finSequence = finSequence;
    }
    let taken: number = Taken.Nothing;
    if (length > 0) {
      frame.offset = at;
      frame.length = length;
      taken = start === next ? this.#takeInOrder(frame) : this.#holdBack(frame, start);
    } else if (segment.payloadLength > 0 || next !== finSequence) {
      // A probe of a closed window; or a FIN ahead of data that is missing (RFC 5681, section 4.2).
      this.ackDue = AckDue.Now;
    }
    return this.finPending && this.next === this.#finSequence ? taken | this.#takeFin() : taken;
  }

  /**
   * RFC 7323, section 4.3: the timestamp to echo is that of the segment that the last acknowledgement was due
   * to. To be called for an acceptable segment only: of others, which anybody can send, a late timestamp
   * would silence the peer.
   */
  noteTimestamp(segment: TcpSegment): void {
    if (!isAtOrBefore(segment.sequence, this.#lastAckSent)) return;
    this.recentTimestamp = segment.timestamp;
    this.#recentTimestampAtUs = this.#context.nowUs;
  }

  /**
   * Whether an acknowledgement is to go before this segment, the next one of a burst, is taken. An option holds few
   * SACK blocks, so that each new one is told by one of its own, and again by those that follow (RFC 2018, section 4);
   * but not if the hole before it is filled now.
   */
  answersBefore(segment: TcpSegment): boolean {
    if (this.ackDue !== AckDue.Now) return false;
    if (this.#blockUntold) return segment.sequence !== this.next;
    const segments = this.#lossySegments > 0 ? LOSSY_BURST_SEGMENTS : BURST_SEGMENTS;
    return this.#unacknowledgedBytes >= segments * this.#fullSegmentBytes;
  }

  #takeInOrder(frame: SgaSegment): number {
    const { length } = frame;
    const delivery = this.queue.deliver(frame);
    if (delivery === Delivery.Refused) {
      this.#context.counters.receiveDropped++;
      this.ackDue = AckDue.Now;
      return Taken.Nothing;
    }
    this.next = advance(this.next, length);
    const reassembly = this.reassembly;
    if (reassembly !== null && reassembly.count > 0) {
      this.#takeReassembled(reassembly);
      // RFC 5681, section 4.2: a segment that fills a gap is acknowledged at once.
      this.ackDue = AckDue.Now;
    } else this.#owe(length);
    return delivery === Delivery.Kept ? Taken.Kept | Taken.News : Taken.News;
  }

  #takeReassembled(reassembly: Reassembly): void {
    for (;;) {
      const segment = reassembly.shift(this.next);
      if (segment === null) return;
      const { length } = segment;
      const delivery = this.queue.deliver(segment);
      if (delivery !== Delivery.Kept) segment.home.give(segment);
      if (delivery === Delivery.Refused) {
        this.#context.counters.receiveDropped++;
        return;
      }
      this.next = advance(this.next, length);
    }
  }

  /** A segment that came before its time. */
  #holdBack(frame: SgaSegment, sequence: number): number {
    const { counters, device } = this.#context;
    counters.outOfOrder++;
    this.#lossySegments = LOSSY_SEGMENTS;
    this.#unacknowledgedBytes += frame.length;
    this.ackDue = AckDue.Now;
    if (device.freeBuffers < FEW_BUFFERS) {
      counters.receiveDropped++;
      return Taken.Nothing;
    }
    this.reassembly ??= new Reassembly(maxOutOfOrder(this.#context.options.receiveWindowBytes));
    const reassembly = this.reassembly;
    frame.sequence = sequence;
    const blocks = reassembly.blockCount;
    const kept = reassembly.insert(frame);
    if (reassembly.blockCount > blocks) this.#blockUntold = true;
    if (reassembly.duplicateBytes > 0 && this.sackPermitted) {
      const { duplicateStart } = reassembly;
      this.#duplicate.note(duplicateStart, advance(duplicateStart, reassembly.duplicateBytes));
    }
    return kept ? Taken.Kept : Taken.Nothing;
  }

  /** What the segment carries of data that is acknowledged already is told to the peer (D-SACK, RFC 2883). */
  noteDuplicate({ sequence, payloadLength }: TcpSegment): void {
    this.#lossySegments = LOSSY_SEGMENTS;
    const end = earlier(advance(sequence, payloadLength), this.next);
    if (this.sackPermitted && distance(sequence, end) > 0) this.#duplicate.note(sequence, end);
  }

  #takeFin(): number {
    this.finPending = false;
    this.finReceived = true;
    this.next = advance(this.next, 1);
    this.ackDue = AckDue.Now;
    return Taken.Fin;
  }

  // Acknowledging

  acknowledgeNow(): void {
    this.ackDue = AckDue.Now;
  }

  /** Whether one more challenge may be sent (RFC 5961, section 7); it counts as sent. */
  takeChallenge(): boolean {
    const { nowUs } = this.#context;
    if (nowUs >= this.#challengeWindowEndUs) {
      this.#challengeWindowEndUs = nowUs + 1e6;
      this.#challengeAcks = 0;
    }
    if (this.#challengeAcks >= CHALLENGES_PER_SECOND) return false;
    this.#challengeAcks++;
    return true;
  }

  /**
   * RFC 9293, section 3.8.6.3: every second full segment is acknowledged at the end of its burst, unless that is long
   * (answersBefore), others soon.
   */
  #owe(length: number): void {
    this.#unacknowledgedBytes += length;
    if (this.#unacknowledgedBytes >= 2 * this.#fullSegmentBytes) this.ackDue = AckDue.Now;
    else if (this.ackDue === AckDue.No) {
      this.ackDue = AckDue.Delayed;
      this.#deadlines.ackIn(this.#context.options.delayedAckUs);
    }
  }

  /**
   * A path or a peer may have smaller segments than ours are; with acknowledgements of every second of ours, such a
   * stream would wait for most of them (RFC 5681, section 4.2). Taken for full are the largest so far, and smaller ones
   * that follow each other in a stream: equally long, and no end of what the peer's application has sent.
   */
  #learnSegmentSize({ payloadLength, flags }: TcpSegment, mss: number): void {
    const full = this.#fullSegmentBytes;
    if (full === 0) this.#fullSegmentBytes = Math.max(mss, payloadLength);
    else if (payloadLength > full) this.#fullSegmentBytes = payloadLength;
    else if (
      payloadLength === this.#lastSegmentBytes &&
      payloadLength >= DEFAULT_MSS &&
      !(flags & Flag.Psh)
    ) {
      this.#fullSegmentBytes = payloadLength;
    }
    this.#lastSegmentBytes = payloadLength;
  }

  /**
   * A segment goes out, and an acknowledgement with it. Returns the window to offer, scaled. Its right edge
   * never moves left (RFC 9293, section 3.8.6), and right only by a segment or half the buffer (section
   * 3.8.6.2.2).
   *
   * @param told see Acknowledging
   */
  acknowledge(mss: number, told: boolean): number {
    const { next } = this;
    // What had to stay behind goes alone, if it was to go now.
    if (told || this.ackDue !== AckDue.Now) this.ackDue = AckDue.No;
    if (told) this.#duplicate.sent();
    this.#unacknowledgedBytes = 0;
    this.#blockUntold = false;
    this.#lastAckSent = next;
    const { receiveWindowBytes } = this.#context.options;
    const { windowScale } = this;
    const offered = distance(next, this.advertisedEdge);
    const free = receiveWindowBytes - this.queue.bytes;
    const units = windowUnits(offered, free, receiveWindowBytes, mss, windowScale);
    const window = units << windowScale;
    if (window > offered) this.advertisedEdge = advance(next, window);
    return units;
  }

  writeSackBlocks(out: Int32Array, max: number): number {
    const reassembly = this.reassembly;
    const waits = reassembly !== null && this.sackPermitted && reassembly.count > 0;
    if (!this.#duplicate.due) return waits ? reassembly.blocks(out, max, 0) : 0;
    this.#duplicate.write(out);
    return waits ? reassembly.blocks(out, max, 1) : 1;
  }

  /**
   * The application has taken data. Whether the room is worth a segment that shows it to the peer (RFC 9293,
   * section 3.8.6.2.2); then an acknowledgement is owed.
   */
  roomWasMade(mss: number): boolean {
    const { receiveWindowBytes } = this.#context.options;
    const offered = distance(this.next, this.advertisedEdge);
    const most = Math.min(receiveWindowBytes, MAX_WINDOW_FIELD << this.windowScale);
    const gained = Math.min(most, receiveWindowBytes - this.queue.bytes) - offered;
    if (gained < Math.min(2 * mss, most / 2)) return false;
    // While the peer has plenty of room, the next acknowledgement is early enough.
    if (offered > most / 2 || this.finReceived) return false;
    this.ackDue = AckDue.Now;
    return true;
  }

  /** Gives back what waits for missing data. */
  clearReassembly(): void {
    this.reassembly?.clear();
  }
}
