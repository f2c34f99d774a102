/**
 * Finding and mending loss: fast retransmit and fast recovery with SACK (RFC 6675) and without it (RFC 6582), and the
 * time after a retransmission timeout (RFC 5681, section 3.1).
 */
import { advance, distance, isBefore, later } from '../sequence.ts';
import { Recovery, type TcpConnection } from './connection.ts';
import { NextSegment } from './sack.ts';
import type { Tcp } from './tcp.ts';

/** RFC 5681, section 3.2. */
const DUPLICATE_THRESHOLD = 3;
/**
 * After a recovery without SACK: so many duplicates prove nothing until something newer is acknowledged, as they may
 * answer what was sent again needlessly (RFC 6582, section 3.2, step 1).
 */
const DUPLICATES_OF_RECOVERY = -0x40000000;

/**
 * An acceptable acknowledgement came.
 *
 * @param newBytes numbers that it acknowledges for the first time
 * @param duplicate it is a duplicate in the sense of RFC 5681, section 2, or SACKs something new
 * @param inFlightBefore what was in flight when it came
 */
export function acknowledgementArrived(
  tcp: Tcp,
  connection: TcpConnection,
  newBytes: number,
  duplicate: boolean,
  inFlightBefore: number,
): void {
  const { recovery } = connection;
  if (recovery === Recovery.Open) {
    if (newBytes > 0) {
      connection.duplicateAcks = 0;
      grow(tcp, connection, newBytes, inFlightBefore);
    }
    if (!duplicate) return;
    connection.duplicateAcks++;
    if (firstIsLost(connection)) enterFastRecovery(tcp, connection);
    // One or two duplicates let a new segment out each (RFC 3042).
    tcp.markDirty(connection);
    return;
  }
  if (newBytes === 0) {
    if (duplicate) connection.duplicateAcks++;
    if (recovery === Recovery.Fast && retransmissionIsLost(connection)) reduceAgain(tcp, connection);
    tcp.markDirty(connection);
    return;
  }
  const { sendUnacknowledged } = connection;
  connection.highRetransmitted = later(connection.highRetransmitted, sendUnacknowledged);
  if (!isBefore(sendUnacknowledged, connection.recoveryPoint)) {
    leaveRecovery(tcp, connection);
    if (recovery === Recovery.Timeout) grow(tcp, connection, newBytes, connection.congestion.window);
  } else if (recovery === Recovery.Timeout) {
    grow(tcp, connection, newBytes, connection.congestion.window);
  } else if (!connection.sackPermitted) {
    // A partial acknowledgement: the next segment is lost as well (RFC 6582, section 3.2, step 3).
    connection.duplicateAcks = Math.max(0, connection.duplicateAcks - Math.ceil(newBytes / connection.mss));
    connection.retransmitFirst = true;
  } else {
    // When this hole was sent again is not known; by now it was.
    connection.retransmittedAt = connection.sendNext;
  }
  tcp.markDirty(connection);
}

/**
 * Whether the first hole was sent again in vain: enough has been SACKed of what was sent for the first time after it.
 * Without that a lost retransmission would cost a timeout, in a data centre hundreds of round trips.
 */
function retransmissionIsLost(connection: TcpConnection): boolean {
  const { scoreboard, sendUnacknowledged, highRetransmitted, retransmittedAt, mss } = connection;
  if (scoreboard === null || !isBefore(sendUnacknowledged, highRetransmitted)) return false;
  const sackedSince = scoreboard.sackedBytes - scoreboard.sackedBefore(retransmittedAt);
  return sackedSince > (DUPLICATE_THRESHOLD - 1) * mss;
}

/** The loss of a retransmission is a second sign of congestion (RFC 5681, section 4.3). */
function reduceAgain(tcp: Tcp, connection: TcpConnection): void {
  const { congestion, inFlight } = connection;
  congestion.enterRecovery(Math.min(inFlight, congestion.window), tcp.nowUs);
  connection.retransmittedAt = connection.sendNext;
  connection.retransmitFirst = true;
}

/** The window has opened and the byte that probed it was not taken: it goes again, though nothing was lost. */
export function resendProbe(tcp: Tcp, connection: TcpConnection): void {
  restart(connection);
  connection.retransmitAtUs = tcp.nowUs + connection.rtt.rtoUs;
  tcp.arm(connection, connection.retransmitAtUs);
}

/** The retransmission timer has expired: everything is taken for lost. */
export function enterTimeoutRecovery(tcp: Tcp, connection: TcpConnection): void {
  const repeated = connection.timeouts > 1;
  connection.congestion.timedOut(connection.inFlight, tcp.nowUs, repeated);
  connection.scoreboard?.clear();
  restart(connection);
  tcp.markDirty(connection);
}

function restart(connection: TcpConnection): void {
  connection.recovery = Recovery.Timeout;
  connection.recoveryPoint = connection.sendNext;
  connection.highRetransmitted = connection.sendUnacknowledged;
  connection.retransmitFirst = true;
  connection.duplicateAcks = 0;
}

/** Bytes taken to be on their way: what the congestion window is held against. */
export function bytesInNetwork(connection: TcpConnection): number {
  const { recovery, scoreboard, sendUnacknowledged, sendNext, mss, highRetransmitted } = connection;
  const { inFlight } = connection;
  if (recovery === Recovery.Timeout) {
    const again = distance(sendUnacknowledged, highRetransmitted);
    const since = distance(connection.recoveryPoint, sendNext);
    const sent = (again > 0 ? again : 0) + (since > 0 ? since : 0);
    return scoreboard === null || scoreboard.rangeCount === 0 ? sent : sent - sackedOfSent(connection);
  }
  if (scoreboard !== null && scoreboard.rangeCount > 0) {
    return recovery === Recovery.Open
      ? inFlight - scoreboard.sackedBytes
      : scoreboard.pipe(sendUnacknowledged, sendNext, highRetransmitted, mss);
  }
  // Without SACK each duplicate tells that one segment has left the network.
  const left = connection.duplicateAcks > 0 ? connection.duplicateAcks * mss : 0;
  return left < inFlight ? inFlight - left : 0;
}

/** After a timeout: what is SACKed of what was sent again, and of what was sent anew since. */
function sackedOfSent({ scoreboard, highRetransmitted, recoveryPoint }: TcpConnection): number {
  const { sackedBytes } = scoreboard!;
  return scoreboard!.sackedBefore(highRetransmitted) + sackedBytes - scoreboard!.sackedBefore(recoveryPoint);
}

/** What nextHole found. Rescue: the tail, which does not count as sent again. */
export const Hole = { None: 0, Lost: 1, Rescue: 2 } as const;
export type Hole = (typeof Hole)[keyof typeof Hole];

/** The next range to send again, into `hole` as [start, end). */
export function nextHole(connection: TcpConnection, hole: Int32Array): Hole {
  const { recovery, recoveryPoint, scoreboard, sendUnacknowledged, sendNext, mss } = connection;
  const highRetransmitted = later(connection.highRetransmitted, sendUnacknowledged);
  if (recovery === Recovery.Timeout) {
    hole[0] = highRetransmitted;
    hole[1] = recoveryPoint;
    if (!isBefore(highRetransmitted, recoveryPoint)) return Hole.None;
    // What the peer has SACKed since the timeout it has still.
    const whole = scoreboard === null || scoreboard.firstMissing(highRetransmitted, recoveryPoint, hole);
    return whole ? Hole.Lost : Hole.None;
  }
  if (connection.retransmitFirst) {
    hole[0] = sendUnacknowledged;
    hole[1] = advance(sendUnacknowledged, Math.min(mss, distance(sendUnacknowledged, sendNext)));
    if (scoreboard !== null && scoreboard.rangeCount > 0) {
      scoreboard.nextSegment(sendUnacknowledged, sendUnacknowledged, mss, hole);
    }
    return Hole.Lost;
  }
  if (scoreboard === null) return Hole.None;
  const found = scoreboard.nextSegment(sendUnacknowledged, highRetransmitted, mss, hole);
  if (found === NextSegment.Lost) return Hole.Lost;
  // Rule 2: new data goes before holes that are not known to be lost, which are rule 3.
  const allowed = connection.sendWindow > connection.inFlight;
  if (connection.sendQueue.end !== sendNext && !connection.finSent && allowed) return Hole.None;
  if (found === NextSegment.Hole) return Hole.Lost;
  // Rule 4, once in a recovery: the last segment, whose loss nothing behind it can show.
  if (connection.rescued) return Hole.None;
  connection.rescued = true;
  return scoreboard.rescue(sendUnacknowledged, sendNext, mss, hole) ? Hole.Rescue : Hole.None;
}

function firstIsLost(connection: TcpConnection): boolean {
  const { scoreboard, sendUnacknowledged, mss } = connection;
  if (connection.duplicateAcks >= DUPLICATE_THRESHOLD) return true;
  return scoreboard?.isLost(sendUnacknowledged, mss) ?? false;
}

function enterFastRecovery(tcp: Tcp, connection: TcpConnection): void {
  tcp.counters.fastRecoveries++;
  // What limited transmit has sent beyond the window does not count (RFC 5681, section 3.2, step 2).
  const { congestion, inFlight } = connection;
  congestion.enterRecovery(Math.min(inFlight, congestion.window), tcp.nowUs);
  connection.recovery = Recovery.Fast;
  connection.rescued = false;
  connection.recoveryPoint = connection.sendNext;
  connection.highRetransmitted = connection.sendUnacknowledged;
  connection.retransmittedAt = connection.sendNext;
  connection.retransmitFirst = true;
}

function leaveRecovery(tcp: Tcp, connection: TcpConnection): void {
  if (connection.recovery === Recovery.Fast) connection.congestion.leaveRecovery(tcp.nowUs);
  connection.recovery = Recovery.Open;
  connection.retransmitFirst = false;
  connection.duplicateAcks = connection.sackPermitted ? 0 : DUPLICATES_OF_RECOVERY;
}

function grow(tcp: Tcp, connection: TcpConnection, bytes: number, inFlightBefore: number): void {
  connection.congestion.acknowledged(bytes, tcp.nowUs, connection.rtt.smoothedUs, inFlightBefore);
}
