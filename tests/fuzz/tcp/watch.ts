/**
 * Looks at every segment that the stack sends, and throws when it breaks a rule that holds whatever the peer does:
 *
 *  - each payload is the stream at its place, no longer than the peer's MSS, in a well-formed segment;
 *  - new data stays within the window in force (offered-window.ts), but for a probe: one byte, when nothing is in
 *    flight and the least retransmission timeout has passed; and the stack takes the same window for the one in force;
 *  - each acknowledgement is all that has come in order, which was delivered; the right edge of its own window never
 *    goes back, but by rounding where crumbs have filled more than the buffer;
 *  - SACK blocks cover only what has been delivered, apart from each other and ahead of the acknowledgement, but for
 *    the first, which may report a duplicate; timestamps never go back;
 *  - nothing goes a third time before either something was delivered or the least retransmission timeout is over;
 *  - segments beside new data are few for each one that was delivered.
 *
 * Positions count from the SYNs, as in odd-peer.ts.
 */

import type { TcpConnection } from '../../../libos/inet/tcp/connection.ts';
import { MAX_OVERRUN } from '../../../libos/inet/tcp/receive-window.ts';
import type { TcpCase } from './case.ts';
import { OfferedWindow, type Receiving } from './offered-window.ts';
import { Flag, readSegment, type Segment } from './segment.ts';
import { Ranges, requireStream } from './stream.ts';

/** Of the stack: no path needs less. */
const MSS_BYTES_MIN = 64;
const MSS_BYTES_DEFAULT = 536;
const SCALE_MAX = 14;
const BUCKET_US = 1e6;
/** Frames of a second that nothing delivered has called for: probes, keep-alives, window updates, ARP. */
const FRAMES_FREE = 100;
const FRAMES_PER_DELIVERY = 6;

/** Of the receiving side, when a segment was made; null of one that no connection has sent. */
type Made = { next: number; unreadBytes: number } | null;

interface Sending {
  atUs: number;
  deliveries: number;
  /** It went a second time without a new reason. */
  repeated: boolean;
}

export class Watch {
  /** Segments with RST that the stack has sent. */
  resets = 0;
  framesSent = 0;
  framesDelivered = 0;
  /** Behind the last byte that the stack has sent, and behind its FIN; and when it has sent data last. */
  #end = 0;
  #finEnd = 0;
  #dataSentUs = -Infinity;
  readonly #case: TcpCase;
  readonly #peerPort: number;
  readonly #now: () => number;
  readonly #tell: (line: string) => void;
  #stackInitialSequence: number | null = null;
  #stackScale = 0;
  #peerScale = 0;
  #mss = MSS_BYTES_DEFAULT;
  /** Null: the connection does not stand. */
  #offered: OfferedWindow | null = null;
  readonly #delivered = new Ranges();
  #finDeliveredAt = -1;
  /** Of the stack's segments. */
  #acknowledgement = 0;
  #edge = 0;
  #timestamp: number | null = null;
  /** What the stack had received when it made each of the segments that are yet to go. */
  readonly #made: Made[] = [];
  readonly #sendings = new Map<number, Sending>();
  #bucket = 0;
  #called = 0;
  #calledBefore = 0;
  #uncalled = 0;

  constructor(testCase: TcpCase, peerPort: number, now: () => number, tell: (line: string) => void) {
    this.#tell = tell;
    this.#case = testCase;
    this.#peerPort = peerPort;
    this.#now = now;
  }

  // From the peer

  /** A frame has reached the stack. */
  delivered(frame: Uint8Array): void {
    this.framesDelivered++;
    this.#turnBucket();
    this.#called++;
    const segment = readSegment(frame);
    this.#trace('<', frame, segment);
    if (segment === null || segment.sourcePort !== this.#peerPort || segment.flags & Flag.Rst) return;
    const at = (segment.sequence - this.#case.peer.initialSequence) | 0;
    if (segment.flags & Flag.Syn) this.#synDelivered(segment);
    this.#delivered.add(at + (segment.flags & Flag.Syn), at + segment.payload.length);
    if (segment.flags & Flag.Fin) this.#finDeliveredAt = at + segment.payload.length;
  }

  #synDelivered(segment: Segment): void {
    this.#mss = Math.max(MSS_BYTES_MIN, segment.mss ?? MSS_BYTES_DEFAULT);
    this.#peerScale = segment.windowScale === null ? 0 : Math.min(segment.windowScale, SCALE_MAX);
    this.#delivered.add(0, 1);
  }

  /**
   * The stack looks at a frame, by `look`.
   *
   * @param find the connection that it is for, if there is one
   */
  looks(frame: Uint8Array, find: () => TcpConnection | null, look: () => boolean): boolean {
    const segment = readSegment(frame);
    const before = find();
    const stands = before?.isSynchronized === true;
    const receiving = stands && segment !== null ? this.#receivingOf(before) : null;
    const kept = look();
    const connection = find();
    if (segment === null || connection === null || !connection.isSynchronized) return kept;
    const at = (segment.sequence - this.#case.peer.initialSequence) | 0;
    const acknowledgement = (segment.acknowledgement - (this.#stackInitialSequence ?? 0)) | 0;
    if (receiving === null || this.#offered === null) {
      this.#offered = new OfferedWindow(segment, at, acknowledgement, this.#peerScale);
    } else this.#offered.take(segment, at, acknowledgement, receiving, Math.max(1, this.#end, this.#finEnd));
    this.#requireSameWindow(connection, this.#offered);
    return kept;
  }

  #receivingOf({ receiver }: TcpConnection): Receiving {
    const first = this.#case.peer.initialSequence;
    return {
      next: (receiver.next - first) | 0,
      edge: (receiver.advertisedEdge - first) | 0,
      recentTimestamp: receiver.timestamps ? receiver.recentTimestamp : null,
    };
  }

  #requireSameWindow({ sender }: TcpConnection, { acknowledged, bytes }: OfferedWindow): void {
    const taken = (sender.unacknowledged - sender.initialSequence) | 0;
    if (taken !== acknowledged)
      throw new Error(`the stack takes ${taken} for acknowledged, which is ${acknowledged}`);
    if (sender.window.bytes === bytes) return;
    throw new Error(`the stack takes the window for ${sender.window.bytes}, which is ${bytes}`);
  }

  // From the stack

  /** The stack has made a frame, of this connection or of none. */
  made(connection: TcpConnection | null): void {
    if (connection === null) this.#made.push(null);
    else {
      const { next, queue } = connection.receiver;
      this.#made.push({ next: (next - this.#case.peer.initialSequence) | 0, unreadBytes: queue.bytes });
    }
  }

  /** It sends the first of those that it has made. */
  sent(frame: Uint8Array): void {
    const made = this.#made.shift() ?? null;
    this.framesSent++;
    this.#turnBucket();
    const isTcp = frame[12] === 8 && frame[13] === 0 && frame[23] === 6;
    const segment = isTcp ? readSegment(frame) : null;
    this.#trace('>', frame, segment);
    if (isTcp && segment === null) throw new Error('the stack sends a malformed segment');
    const isNew = segment !== null && this.#segmentSent(segment, made);
    if (isNew) return;
    this.#uncalled++;
    const allowed = FRAMES_FREE + FRAMES_PER_DELIVERY * (this.#called + this.#calledBefore);
    if (this.#uncalled > allowed)
      throw new Error(`the stack sends more than ${allowed} frames in a second that nothing has called for`);
  }

  /** Returns whether it carries new data. */
  #segmentSent(segment: Segment, made: Made): boolean {
    if (segment.flags & Flag.Rst) {
      this.resets++;
      return false;
    }
    if (segment.flags & Flag.Syn) {
      this.#stackInitialSequence ??= segment.sequence;
      if (segment.sequence !== this.#stackInitialSequence)
        throw new Error('the stack changes its first number');
      this.#stackScale = segment.windowScale ?? 0;
    }
    const at = (segment.sequence - (this.#stackInitialSequence ?? 0)) | 0;
    this.#checkTimestamp(segment);
    if (segment.flags & Flag.Ack) this.#checkAcknowledgement(segment, made);
    this.#checkSack(segment);
    if (segment.flags & Flag.Fin) this.#finEnd = at + segment.payload.length + 1;
    return segment.payload.length > 0 && this.#checkData(segment, at);
  }

  #checkData({ payload, sack, timestamps }: Segment, at: number): boolean {
    requireStream('stack', at - 1, payload);
    const optionBytes = (timestamps === null ? 0 : 12) + (sack.length === 0 ? 0 : 4 + 4 * sack.length);
    if (payload.length + optionBytes > this.#mss) {
      throw new Error(`${payload.length} bytes and ${optionBytes} of options exceed an MSS of ${this.#mss}`);
    }
    const end = at + payload.length;
    const isNew = end > this.#end;
    if (isNew) {
      if (this.#offered === null) throw new Error('data of a connection that does not stand');
      if (end > this.#offered.edge) this.#checkProbe(at, end, this.#offered);
      this.#end = end;
    }
    this.#checkRepetition(at, isNew);
    this.#dataSentUs = this.#now();
    return isNew;
  }

  /** RFC 9293, section 3.8.6.1. */
  #checkProbe(at: number, end: number, { acknowledged, edge }: OfferedWindow): void {
    const waitedUs = this.#now() - this.#dataSentUs;
    if (end === at + 1 && at === acknowledged && at === edge && waitedUs >= this.#case.stack.minRtoUs - 1)
      return;
    throw new Error(`new data ${at}:${end} beyond the window, which ends at ${edge}`);
  }

  #checkRepetition(at: number, isNew: boolean): void {
    const before = this.#sendings.get(at);
    const now: Sending = { atUs: this.#now(), deliveries: this.framesDelivered, repeated: false };
    this.#sendings.set(at, now);
    if (before === undefined || isNew || before.deliveries !== now.deliveries) return;
    if (now.atUs - before.atUs >= this.#case.stack.minRtoUs - 1) return;
    if (before.repeated)
      throw new Error(`the segment at ${at} goes again and again, and nothing was delivered`);
    now.repeated = true;
  }

  #checkAcknowledgement(segment: Segment, made: Made): void {
    const acknowledgement = (segment.acknowledgement - this.#case.peer.initialSequence) | 0;
    if (acknowledgement < this.#acknowledgement) {
      throw new Error(`acknowledgement ${acknowledgement} behind ${this.#acknowledgement}`);
    }
    if (made !== null && acknowledgement !== made.next)
      throw new Error(`acknowledgement ${acknowledgement}, where ${made.next} is expected next`);
    const whole = this.#delivered.endFrom(0);
    const most = whole === this.#finDeliveredAt ? whole + 1 : whole;
    if (acknowledgement > most) throw new Error(`acknowledgement ${acknowledgement}, delivered was ${most}`);
    this.#acknowledgement = acknowledgement;
    const scale = segment.flags & Flag.Syn ? 0 : this.#stackScale;
    this.#checkEdge(acknowledgement + segment.window * 2 ** scale, 2 ** scale, made?.unreadBytes ?? 0);
  }

  /** What the shift cuts off of the edge (RFC 7323, section 2.4) is made good, as far as the buffer goes. */
  #checkEdge(edge: number, unit: number, unreadBytes: number): void {
    const { receiveWindowBytes } = this.#case.stack;
    const overrun = this.#edge - this.#acknowledgement + unreadBytes - receiveWindowBytes;
    const isCrumbs = edge + unit > this.#edge && overrun >= receiveWindowBytes * MAX_OVERRUN;
    if (edge < this.#edge && !isCrumbs)
      throw new Error(`the window's right edge goes back from ${this.#edge} to ${edge}`);
    this.#edge = Math.max(this.#edge, edge);
  }

  #checkSack({ sack }: Segment): void {
    const ahead = new Ranges();
    for (let i = 0; i < sack.length; i += 2) {
      const [start, end] = [sack[i], sack[i + 1]].map((edge) => (edge - this.#case.peer.initialSequence) | 0);
      if (start >= end || !this.#delivered.has(start, end)) {
        throw new Error(`SACK block ${start}:${end}, of which not all was delivered`);
      }
      if (i === 0 && isDuplicate(sack, this.#acknowledgement + this.#case.peer.initialSequence)) continue;
      if (start <= this.#acknowledgement || ahead.touches(start, end))
        throw new Error(`SACK block ${start}:${end} behind ${this.#acknowledgement}, or within another`);
      ahead.add(start, end);
    }
  }

  #checkTimestamp({ timestamps }: Segment): void {
    if (timestamps === null) return;
    const [value] = timestamps;
    if (this.#timestamp !== null && ((value - this.#timestamp) | 0) < 0) {
      throw new Error(`timestamp ${value} behind ${this.#timestamp}`);
    }
    this.#timestamp = value;
  }

  /** Numbers count from the SYNs, as far as those are known. */
  #trace(way: '<' | '>', frame: Uint8Array, segment: Segment | null): void {
    const at = `${(this.#now() / 1000).toFixed(3)} ms ${way}`;
    if (segment === null) {
      this.#tell(`${at} ${frame[13] === 6 ? 'ARP' : frame[23] === 1 ? 'ICMP' : 'not intact'}`);
      return;
    }
    const { flags, payload, sack } = segment;
    const ours = this.#stackInitialSequence ?? segment.sequence;
    const theirs = this.#case.peer.initialSequence;
    const [own, other] = way === '>' ? [ours, theirs] : [theirs, ours];
    const start = (segment.sequence - own) | 0;
    const letters = [...'FSRPAU'].filter((_, bit) => flags & (1 << bit)).join('');
    const edges = sack.map((edge) => (edge - other) | 0);
    const acknowledged = flags & Flag.Ack ? ` ack ${(segment.acknowledgement - other) | 0}` : '';
    const scale = flags & Flag.Syn ? 0 : way === '>' ? this.#stackScale : this.#peerScale;
    const told = `${letters} ${start}:${start + payload.length}${acknowledged} win ${segment.window * 2 ** scale}`;
    const stamps = segment.timestamps === null ? '' : ` ts ${segment.timestamps.join('/')}`;
    this.#tell(`${at} ${told}${edges.length > 0 ? ` sack ${edges.join(':')}` : ''}${stamps}`);
  }

  #turnBucket(): void {
    const bucket = Math.floor(this.#now() / BUCKET_US);
    if (bucket === this.#bucket) return;
    this.#calledBefore = bucket === this.#bucket + 1 ? this.#called : 0;
    this.#bucket = bucket;
    this.#called = 0;
    this.#uncalled = 0;
  }
}

/** Whether the first block reports one (RFC 2883, section 4): it is acknowledged, or lies within the second. */
function isDuplicate(
  [start, end, ...[outerStart, outerEnd]]: readonly number[],
  acknowledgement: number,
): boolean {
  if (((start - acknowledgement) | 0) < 0) return true;
  return outerStart !== undefined && ((outerStart - start) | 0) <= 0 && ((end - outerEnd) | 0) <= 0;
}
