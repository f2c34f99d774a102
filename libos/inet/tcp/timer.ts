/** What happens when a connection's time has come: retransmission, probes, delayed acknowledgements, ends. */
import type { TcpConnection } from './connection.ts';
import { TcpState } from './states.ts';
import { reasonForSilence } from './unreachable.ts';

/**
 * Keep-alives without an answer after which the peer is gone, and the part of the idle time between two of
 * them.
 */
const KEEP_ALIVE_PROBES = 5;
const KEEP_ALIVE_INTERVAL = 1 / 4;

/** Acts on whatever is due, of which there may be nothing, and sets the timer for what is due next. */
export function timerExpired(connection: TcpConnection): void {
  const { context, deadlines, receiver } = connection;
  if (deadlines.takeEnd()) {
    endArrives(connection);
    return;
  }
  // First, as a tail loss probe goes instead of a retransmission that is due at the same time.
  if (deadlines.takeLossTimer()) {
    connection.sender.lossTimerExpired();
    context.markDirty(connection);
  }
  if (deadlines.takeRetransmission()) {
    if (connection.sender.probesAtTimeout()) context.markDirty(connection);
    else retransmissionIsDue(connection);
  }
  if (connection.hasEnded) return;
  if (deadlines.takeAck()) {
    receiver.acknowledgeNow();
    context.markDirty(connection);
  }
  if (deadlines.takeKeepAlive()) keepAlive(connection);
  if (!connection.hasEnded) deadlines.reschedule();
}

function endArrives(connection: TcpConnection): void {
  const { context, listener } = connection;
  switch (connection.state) {
    case TcpState.SynSent:
      connection.fail(context.device.linkUp ? reasonForSilence(connection) : 'LINK_DOWN');
      return;
    case TcpState.SynReceived:
      if (listener === null) connection.fail(reasonForSilence(connection));
      else connection.remove();
      return;
    default:
      // TIME-WAIT, or FIN-WAIT-2 of a connection that its application has closed.
      connection.remove();
  }
}

function retransmissionIsDue(connection: TcpConnection): void {
  const { sender } = connection;
  if (sender.persist.runs) probe(connection);
  else if (sender.inFlight === 0) neighbourIsSilent(connection);
  else retransmissionTimeout(connection);
}

/** RFC 6298, section 5.4 to 5.7. */
function retransmissionTimeout(connection: TcpConnection): void {
  const { context, sender } = connection;
  if (!connection.isSynchronized) {
    // The time for connecting bounds this.
    sender.backOff();
    sender.oweSynAgain();
    context.markDirty(connection);
    return;
  }
  if (gaveUp(connection)) return;
  if (!connection.neighbour.resolved) {
    sender.waitInFlight();
    return;
  }
  context.counters.retransmissionTimeouts++;
  if (sender.window.bytes === 0) {
    // The window was closed behind what is in flight: that is not loss (RFC 9293, section 3.8.6.1).
    sender.persistInFlight();
    probe(connection);
    return;
  }
  sender.timedOut();
  context.markDirty(connection);
}

/**
 * Nothing of what waits has been sent, as the neighbour does not answer: it is asked again, for as long as
 * data is.
 */
function neighbourIsSilent(connection: TcpConnection): void {
  const { neighbour, sender } = connection;
  if (!neighbour.resolved && sender.hasUnsent && !gaveUp(connection)) {
    sender.persist.askForNeighbour();
  }
}

/** The peer's window is closed, or too small. */
function probe(connection: TcpConnection): void {
  const { context, sender } = connection;
  if (gaveUp(connection)) return;
  const { next } = sender;
  sender.persist.expired(sender);
  // The push of what was sent for the first time may be complete.
  if (sender.next !== next) context.touch(connection);
}

/** Ends a connection whose peer has acknowledged nothing for the user timeout (RFC 9293, section 3.8.3). */
function gaveUp(connection: TcpConnection): boolean {
  if (!connection.sender.hasGivenUp) return false;
  connection.sendReset();
  connection.fail(reasonForSilence(connection));
  return true;
}

/** RFC 9293, section 3.8.4. */
function keepAlive(connection: TcpConnection): void {
  const { context, deadlines, keepAliveUs, neighbour, sender } = connection;
  // Compared as it is set: a difference may be rounded to less than what it was made of, and never be due.
  const dueUs = connection.lastArrivalUs + keepAliveUs;
  if (dueUs > context.nowUs) {
    connection.peerLives();
    deadlines.keepAliveAt(dueUs);
    return;
  }
  if (connection.keepAliveProbes >= KEEP_ALIVE_PROBES) {
    connection.sendReset();
    connection.fail(reasonForSilence(connection));
    return;
  }
  deadlines.keepAliveIn(keepAliveUs * KEEP_ALIVE_INTERVAL);
  // Unacknowledged data asks as well, and more often.
  if (sender.inFlight > 0) return;
  connection.countKeepAlive();
  if (neighbour.resolved) sender.sendKeepAlive();
  else context.neighbours.use(neighbour);
}
