/**
 * Arrival of a segment in a synchronized state, in the order of the steps of RFC 9293, section 3.10.7.4, with the
 * checks of RFC 5961 against forged segments and of RFC 7323 against old ones (PAWS).
 */
import type { SgaSegment } from '../../memory/sga.ts';
import { advance, distance, isAtOrBefore, isBefore, isWithin } from '../sequence.ts';
import { Flag, type TcpSegment } from '../wire/tcp.ts';
import { answerArrives, handshakeAcknowledged } from './connect.ts';
import { AckDue, type TcpConnection, TcpState } from './connection.ts';
import { Reassembly } from './reassembly.ts';
import { acknowledgementArrived, resendProbe } from './recovery.ts';
import { Scoreboard } from './sack.ts';
import { timestampNow } from './send.ts';
import type { Tcp } from './tcp.ts';

/** Segments that one connection may hold out of order. */
const MAX_OUT_OF_ORDER = 1024;
/** Buffers that a device must have left for a frame to be held out of order or for a slow reader. */
const FEW_BUFFERS = 512;
/** Payloads shorter than this do not keep a whole frame while they wait to be read. */
const COPIED_BYTES = 512;
/** RFC 5961, section 7: challenges a second; per connection, so that their number tells nobody about another one. */
const CHALLENGES_PER_SECOND = 10;
/** RFC 7323, section 5.5: a timestamp as old as this says nothing, its clock may have wrapped. */
const TIMESTAMP_LIFETIME_US = 24 * 24 * 3600 * 1e6;

/** Takes the segment in `frame`. Returns whether the frame was kept. */
export function segmentArrives(
  tcp: Tcp,
  connection: TcpConnection,
  segment: TcpSegment,
  frame: SgaSegment,
): boolean {
  connection.lastReceivedUs = tcp.nowUs;
  if (connection.state === TcpState.SynSent) {
    answerArrives(tcp, connection, segment);
    return false;
  }
  if (connection.state === TcpState.SynReceived) acceptCrossedSyn(connection, segment);
  const { flags } = segment;
  // First: the sequence number, after the timestamp.
  if (connection.timestamps && !(flags & Flag.Rst) && !timestampIsCurrent(tcp, connection, segment)) {
    return false;
  }
  if (!isAcceptable(connection, segment)) {
    tcp.counters.unacceptable++;
    if (!(flags & Flag.Rst)) acknowledgeAgain(tcp, connection, segment);
    return false;
  }
  // Second: the RST bit.
  if (flags & Flag.Rst) {
    resetArrives(tcp, connection, segment);
    return false;
  }
  // Fourth: the SYN bit (RFC 5961, section 4).
  if (flags & Flag.Syn) {
    challenge(tcp, connection);
    return false;
  }
  // Fifth: the ACK field.
  if (!(flags & Flag.Ack) || !acknowledge(tcp, connection, segment)) return false;
  if (connection.timestamps) noteTimestamp(tcp, connection, segment);
  // Seventh: the data. Eighth: the FIN.
  if (segment.payloadLength === 0 && !(flags & Flag.Fin)) return false;
  return textArrives(tcp, connection, segment, frame);
}

/** Both sides opened at once: the peer's SYN comes again, with its ACK of ours, which is what counts of it. */
function acceptCrossedSyn(connection: TcpConnection, segment: TcpSegment): void {
  const crossed = connection.listener === null && segment.sequence === connection.initialReceiveSequence;
  if (!crossed || (segment.flags & (Flag.Syn | Flag.Ack)) !== (Flag.Syn | Flag.Ack)) return;
  segment.flags &= ~Flag.Syn;
  segment.sequence = advance(segment.sequence, 1);
}

/** PAWS (RFC 7323, section 5.3). */
function timestampIsCurrent(tcp: Tcp, connection: TcpConnection, segment: TcpSegment): boolean {
  // RFC 7323, section 3.2: once agreed on, every segment has them.
  if (!segment.hasTimestamps) {
    tcp.counters.unacceptable++;
    return false;
  }
  const newer = distance(connection.recentTimestamp, segment.timestamp);
  if (newer < 0 && tcp.nowUs - connection.recentTimestampAtUs < TIMESTAMP_LIFETIME_US) {
    tcp.counters.unacceptable++;
    acknowledgeAgain(tcp, connection, segment);
    return false;
  }
  return true;
}

/**
 * RFC 7323, section 4.3: the timestamp to echo is that of the segment that the last acknowledgement was due to. Only
 * an acceptable segment gets so far: of others, which anybody can send, a late timestamp would silence the peer.
 */
function noteTimestamp(tcp: Tcp, connection: TcpConnection, segment: TcpSegment): void {
  if (!isAtOrBefore(segment.sequence, connection.lastAckSent)) return;
  connection.recentTimestamp = segment.timestamp;
  connection.recentTimestampAtUs = tcp.nowUs;
}

/** RFC 9293, section 3.4: the four cases of segment length and window. */
function isAcceptable(connection: TcpConnection, segment: TcpSegment): boolean {
  const { receiveNext, advertisedEdge } = connection;
  const length = segment.sequenceLength;
  const { sequence } = segment;
  if (sequence === receiveNext) return true;
  const window = distance(receiveNext, advertisedEdge);
  if (window <= 0) return false;
  if (isWithin(sequence, receiveNext, advertisedEdge)) return true;
  // Who has used his window up has no other number for an acknowledgement.
  if (length === 0) return sequence === advertisedEdge && !(segment.flags & Flag.Rst);
  return isWithin(advance(sequence, length - 1), receiveNext, advertisedEdge);
}

/** An unacceptable segment is answered with where we stand. */
function acknowledgeAgain(tcp: Tcp, connection: TcpConnection, segment: TcpSegment): void {
  if (connection.state === TcpState.SynReceived) {
    // The peer sends its SYN again: our answer to it was lost.
    if (segment.flags & Flag.Syn) connection.synDue = true;
  } else {
    if (connection.state === TcpState.TimeWait && segment.flags & Flag.Fin) {
      connection.endAtUs = tcp.nowUs + tcp.options.timeWaitUs;
    }
    // Two hosts that disagree must not answer each other's empty segments for ever.
    if (segment.sequenceLength === 0) {
      challenge(tcp, connection);
      return;
    }
    connection.ackDue = AckDue.Now;
  }
  tcp.markDirty(connection);
}

/** RFC 5961, section 3: only a reset with exactly the number expected ends a connection. */
function resetArrives(tcp: Tcp, connection: TcpConnection, segment: TcpSegment): void {
  if (segment.sequence !== connection.receiveNext) {
    challenge(tcp, connection);
    return;
  }
  tcp.counters.resetsReceived++;
  switch (connection.state) {
    case TcpState.SynReceived:
      if (connection.listener !== null) tcp.remove(connection);
      else tcp.fail(connection, 'CONNECTION_REFUSED');
      return;
    case TcpState.TimeWait:
    case TcpState.LastAck:
    case TcpState.Closing:
      if (!isBefore(connection.sendUnacknowledged, connection.sendQueue.end)) {
        // All was said by both sides. RFC 1337 keeps TIME-WAIT; whoever guessed the exact number gains nothing.
        tcp.remove(connection);
        tcp.touch(connection);
        return;
      }
      // Data before our FIN has not arrived, and its application is to know: what it received is whole, and stays.
      tcp.fail(connection, 'CONNECTION_RESET');
      return;
    default:
      tcp.discardReceived(connection);
      tcp.fail(connection, 'CONNECTION_RESET');
  }
}

/** An acknowledgement that makes an honest peer say what it means, and a blind attacker nothing. */
function challenge(tcp: Tcp, connection: TcpConnection): void {
  if (tcp.nowUs >= connection.challengeWindowEndUs) {
    connection.challengeWindowEndUs = tcp.nowUs + 1e6;
    connection.challengeAcks = 0;
  }
  if (connection.challengeAcks >= CHALLENGES_PER_SECOND) return;
  connection.challengeAcks++;
  tcp.counters.challengeAcks++;
  if (connection.state === TcpState.SynReceived) connection.synDue = true;
  else connection.ackDue = AckDue.Now;
  tcp.markDirty(connection);
}

/** Takes the ACK field, the window and the SACK blocks. Returns whether the segment is to be looked at further. */
function acknowledge(tcp: Tcp, connection: TcpConnection, segment: TcpSegment): boolean {
  const { acknowledgement } = segment;
  if (connection.state === TcpState.SynReceived) {
    const acceptable =
      isBefore(connection.initialSendSequence, acknowledgement) &&
      isAtOrBefore(acknowledgement, connection.sendNext);
    if (!acceptable) {
      tcp.reject(segment);
      return false;
    }
    if (connection.listener !== null && connection.listener.complete >= connection.listener.backlog) {
      // It stays half open until there is room; the peer sends again.
      tcp.counters.backlogDropped++;
      return false;
    }
    connection.sendWindow = segment.window << connection.sendWindowScale;
    handshakeAcknowledged(tcp, connection);
  } else if (isBefore(connection.sendNext, acknowledgement)) {
    // Acknowledges what was never sent.
    challenge(tcp, connection);
    return false;
  } else if (distance(acknowledgement, connection.sendUnacknowledged) > connection.maxSendWindow) {
    // RFC 5961, section 5: too old to be honest.
    challenge(tcp, connection);
    return false;
  }
  const inFlightBefore = connection.inFlight;
  const newBytes = distance(connection.sendUnacknowledged, acknowledgement);
  const window = segment.window << connection.sendWindowScale;
  let duplicate =
    newBytes === 0 &&
    inFlightBefore > 0 &&
    !connection.persisting &&
    !connection.sackPermitted &&
    segment.sequenceLength === 0 &&
    window === connection.sendWindow;
  if (newBytes > 0) moveUnacknowledged(tcp, connection, segment, newBytes);
  // Against the new left edge: a D-SACK of what is acknowledged just now is no news.
  if (connection.sackPermitted && segment.sackCount > 0) duplicate = markSacked(connection, segment) > 0;
  if (newBytes >= 0) updateWindow(tcp, connection, segment, window);
  if (newBytes > 0 || duplicate) {
    acknowledgementArrived(tcp, connection, newBytes > 0 ? newBytes : 0, duplicate, inFlightBefore);
  }
  return newBytes > 0 && connection.finSent ? finAcknowledged(tcp, connection) : true;
}

function markSacked(connection: TcpConnection, segment: TcpSegment): number {
  connection.scoreboard ??= new Scoreboard();
  const { scoreboard, sendUnacknowledged, sendNext } = connection;
  const { sack } = segment;
  let bytes = 0;
  for (let i = 0; i < segment.sackCount; i++) {
    bytes += scoreboard.mark(sack[2 * i], sack[2 * i + 1], sendUnacknowledged, sendNext);
  }
  return bytes;
}

/** New bytes, and perhaps our FIN, are acknowledged. */
function moveUnacknowledged(
  tcp: Tcp,
  connection: TcpConnection,
  segment: TcpSegment,
  newBytes: number,
): void {
  const { acknowledgement } = segment;
  const { sendQueue, rtt, sendNext } = connection;
  const finToo = connection.finSent && acknowledgement === sendNext;
  connection.sendUnacknowledged = acknowledgement;
  connection.acknowledgedBytes += finToo ? newBytes - 1 : newBytes;
  sendQueue.acknowledge(acknowledgement, tcp.pool);
  connection.scoreboard?.advance(acknowledgement);
  if (connection.timing && !isBefore(acknowledgement, connection.timedSequence)) {
    rtt.sample(tcp.nowUs - connection.timedAtUs);
    connection.timing = false;
  } else if (connection.timeouts > 0 && connection.timestamps) measureByEcho(tcp, connection, segment);
  connection.timeouts = 0;
  connection.persisting = false;
  connection.progressAtUs = tcp.nowUs;
  // RFC 6298, section 5.2 and 5.3.
  if (acknowledgement === sendNext) connection.retransmitAtUs = Number.POSITIVE_INFINITY;
  else {
    connection.retransmitAtUs = tcp.nowUs + rtt.rtoUs;
    tcp.arm(connection, connection.retransmitAtUs);
  }
  tcp.markDirty(connection);
  tcp.touch(connection);
}

/**
 * Of what was sent twice only the timestamp tells which transmission is acknowledged (RFC 7323, section 4). Without it
 * the back-off stays until a segment that was sent once has been measured (Karn's algorithm; RFC 6298, section 5).
 */
function measureByEcho(tcp: Tcp, connection: TcpConnection, segment: TcpSegment): void {
  const elapsedUs = distance(segment.timestampEcho, timestampNow(tcp, connection)) * 1000;
  if (elapsedUs >= 0 && elapsedUs <= tcp.options.maxRtoUs) connection.rtt.sample(elapsedUs);
}

/** RFC 9293, section 3.10.7.4: an older segment must not bring back an older window. */
function updateWindow(tcp: Tcp, connection: TcpConnection, segment: TcpSegment, window: number): void {
  const { sequence, acknowledgement } = segment;
  const { windowUpdateSequence, windowUpdateAcknowledgement } = connection;
  const newer =
    isBefore(windowUpdateSequence, sequence) ||
    (windowUpdateSequence === sequence && isAtOrBefore(windowUpdateAcknowledgement, acknowledgement));
  if (!newer) return;
  connection.windowUpdateSequence = sequence;
  connection.windowUpdateAcknowledgement = acknowledgement;
  if (window === connection.sendWindow) {
    // The peer lives and has no room yet: that is no reason to give up.
    if (connection.persisting) connection.progressAtUs = tcp.nowUs;
    return;
  }
  const opened = window > connection.sendWindow;
  connection.sendWindow = window;
  if (window > connection.maxSendWindow) connection.maxSendWindow = window;
  if (!opened) return;
  if (connection.persisting) {
    connection.persisting = false;
    connection.timeouts = 0;
    connection.rtt.resetBackOff();
    connection.retransmitAtUs = Number.POSITIVE_INFINITY;
    if (connection.inFlight > 0) resendProbe(tcp, connection);
  }
  tcp.markDirty(connection);
}

/** If our FIN is acknowledged, the connection goes on to its next state. Returns whether it still exists. */
function finAcknowledged(tcp: Tcp, connection: TcpConnection): boolean {
  if (connection.sendUnacknowledged !== connection.sendNext) return true;
  switch (connection.state) {
    case TcpState.FinWait1:
      connection.state = TcpState.FinWait2;
      if (connection.orphaned) tcp.limitFinWait2(connection);
      return true;
    case TcpState.Closing:
      tcp.enterTimeWait(connection);
      return true;
    case TcpState.LastAck:
      tcp.remove(connection);
      tcp.touch(connection);
      return false;
    default:
      return true;
  }
}

/** Data, a FIN, or both. Returns whether the frame was kept. */
function textArrives(tcp: Tcp, connection: TcpConnection, segment: TcpSegment, frame: SgaSegment): boolean {
  const { state } = connection;
  if (state !== TcpState.Established && state !== TcpState.FinWait1 && state !== TcpState.FinWait2) {
    // After the peer's FIN nothing new can come.
    return false;
  }
  if (connection.orphaned && segment.payloadLength > 0) {
    // RFC 9293, section 3.6.1: nobody will ever read it, and the peer is to know.
    tcp.sendReset(connection);
    tcp.remove(connection);
    return false;
  }
  const { receiveNext, advertisedEdge } = connection;
  let start = segment.sequence;
  let at = segment.payloadAt;
  let length = segment.payloadLength;
  let fin = (segment.flags & Flag.Fin) !== 0;
  const finSequence = advance(start, length);
  const before = distance(start, receiveNext);
  if (before > 0) {
    const cut = before < length ? before : length;
    start = advance(start, cut);
    at += cut;
    length -= cut;
  }
  const beyond = distance(advertisedEdge, advance(start, length));
  if (beyond > 0) {
    length -= beyond < length ? beyond : length;
    fin = false;
  }
  if (fin) {
    connection.finPending = true;
    connection.finSequence = finSequence;
  }
  let kept = false;
  if (length > 0) {
    frame.offset = at;
    frame.length = length;
    kept =
      start === receiveNext ? takeInOrder(tcp, connection, frame) : holdBack(tcp, connection, frame, start);
  } else if (segment.payloadLength > 0 || receiveNext !== finSequence) {
    // A probe of a closed window; or a FIN ahead of data that is missing (RFC 5681, section 4.2).
    acknowledgeNow(tcp, connection);
  }
  if (connection.finPending && connection.receiveNext === connection.finSequence) finArrives(tcp, connection);
  return kept;
}

function takeInOrder(tcp: Tcp, connection: TcpConnection, frame: SgaSegment): boolean {
  const { length } = frame;
  const kept = deliver(tcp, connection, frame);
  if (kept === Delivery.Refused) {
    tcp.counters.receiveDropped++;
    acknowledgeNow(tcp, connection);
    return false;
  }
  connection.receiveNext = advance(connection.receiveNext, length);
  const { reassembly } = connection;
  if (reassembly !== null && reassembly.count > 0) {
    takeReassembled(tcp, connection, reassembly);
    // RFC 5681, section 4.2: a segment that fills a gap is acknowledged at once.
    acknowledgeNow(tcp, connection);
  } else owe(tcp, connection, length);
  tcp.touch(connection);
  return kept === Delivery.Kept;
}

function takeReassembled(tcp: Tcp, connection: TcpConnection, reassembly: Reassembly): void {
  for (;;) {
    const segment = reassembly.shift(connection.receiveNext);
    if (segment === null) return;
    const { length } = segment;
    const delivery = deliver(tcp, connection, segment);
    if (delivery !== Delivery.Kept) segment.home.give(segment);
    if (delivery === Delivery.Refused) {
      tcp.counters.receiveDropped++;
      return;
    }
    connection.receiveNext = advance(connection.receiveNext, length);
  }
}

/** A segment that came before its time. */
function holdBack(tcp: Tcp, connection: TcpConnection, frame: SgaSegment, sequence: number): boolean {
  tcp.counters.outOfOrder++;
  acknowledgeNow(tcp, connection);
  if (tcp.device.freeBuffers < FEW_BUFFERS) {
    tcp.counters.receiveDropped++;
    return false;
  }
  connection.reassembly ??= new Reassembly(MAX_OUT_OF_ORDER);
  frame.sequence = sequence;
  return connection.reassembly.insert(frame);
}

const Delivery = { Kept: 0, Copied: 1, Refused: 2 } as const;
type Delivery = (typeof Delivery)[keyof typeof Delivery];

/**
 * Queues the data in `frame` for the application. A pop that waits gets it in place; while none does, short pieces are
 * gathered in buffers of the pool, so that no frame is held for a few bytes, nor any when the device has few left.
 */
function deliver(tcp: Tcp, connection: TcpConnection, frame: SgaSegment): Delivery {
  const { length } = frame;
  if (connection.wanted > 0) connection.wanted--;
  else if (length < COPIED_BYTES || tcp.device.freeBuffers < FEW_BUFFERS) {
    return gather(tcp, connection, frame);
  }
  enqueue(connection, frame);
  connection.receiveQueued += length;
  return Delivery.Kept;
}

function gather(tcp: Tcp, connection: TcpConnection, frame: SgaSegment): Delivery {
  const { pool } = tcp;
  let tail = connection.receiveTail;
  if (
    tail === null ||
    tail.home !== pool ||
    tail.base + tail.capacity - tail.offset - tail.length < frame.length
  ) {
    // A frame that does not fit into one buffer of the pool is refused like one for which there is none.
    if (frame.length > pool.bufferBytes) return Delivery.Refused;
    tail = pool.tryTake();
    if (tail === null) return Delivery.Refused;
    tail.offset = tail.base;
    tail.length = 0;
    enqueue(connection, tail);
  }
  copyBytes(frame.bytes, frame.offset, frame.length, tail.bytes, tail.offset + tail.length);
  tail.length += frame.length;
  connection.receiveQueued += frame.length;
  return Delivery.Copied;
}

function enqueue(connection: TcpConnection, segment: SgaSegment): void {
  segment.next = null;
  if (connection.receiveTail === null) connection.receiveHead = segment;
  else connection.receiveTail.next = segment;
  connection.receiveTail = segment;
}

/** Short pieces by a loop, which makes no view. */
function copyBytes(from: Uint8Array, at: number, length: number, to: Uint8Array, toAt: number): void {
  if (length >= COPIED_BYTES) to.set(from.subarray(at, at + length), toAt);
  else for (let i = 0; i < length; i++) to[toAt + i] = from[at + i];
}

/** RFC 9293, section 3.8.6.3: every second full segment is acknowledged at the end of its burst, others soon. */
function owe(tcp: Tcp, connection: TcpConnection, length: number): void {
  connection.unacknowledgedReceived += length;
  if (connection.unacknowledgedReceived >= 2 * connection.mss) acknowledgeNow(tcp, connection);
  else if (connection.ackDue === AckDue.No) {
    connection.ackDue = AckDue.Delayed;
    connection.ackAtUs = tcp.nowUs + tcp.options.delayedAckUs;
    tcp.arm(connection, connection.ackAtUs);
  }
}

function acknowledgeNow(tcp: Tcp, connection: TcpConnection): void {
  connection.ackDue = AckDue.Now;
  tcp.markDirty(connection);
}

/** All data before the FIN is here. */
function finArrives(tcp: Tcp, connection: TcpConnection): void {
  connection.finPending = false;
  connection.finReceived = true;
  connection.receiveNext = advance(connection.receiveNext, 1);
  acknowledgeNow(tcp, connection);
  switch (connection.state) {
    case TcpState.Established:
      connection.state = TcpState.CloseWait;
      break;
    case TcpState.FinWait1:
      connection.state = TcpState.Closing;
      break;
    case TcpState.FinWait2:
      tcp.enterTimeWait(connection);
      break;
    default:
      return;
  }
  tcp.touch(connection);
}
