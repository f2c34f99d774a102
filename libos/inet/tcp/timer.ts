/** What happens when a connection's time has come: retransmission, probes, delayed acknowledgements, ends. */
import { isBefore } from '../sequence.ts';
import { AckDue, type TcpConnection, TcpState } from './connection.ts';
import { enterTimeoutRecovery } from './recovery.ts';
import { askForNeighbour, sendKeepAlive, sendProbe } from './send.ts';
import type { Tcp } from './tcp.ts';

const NEVER = Number.POSITIVE_INFINITY;
/** Keep-alives without an answer after which the peer is gone, and the part of the idle time between two of them. */
const KEEP_ALIVE_PROBES = 5;
const KEEP_ALIVE_INTERVAL = 1 / 4;

/** Acts on whatever is due. It may be called too early. */
export function timerExpired(tcp: Tcp, connection: TcpConnection): void {
  const { nowUs } = tcp;
  if (connection.endAtUs <= nowUs) {
    endArrives(tcp, connection);
    return;
  }
  if (connection.retransmitAtUs <= nowUs) {
    connection.retransmitAtUs = NEVER;
    if (connection.persisting) persist(tcp, connection);
    else retransmissionTimeout(tcp, connection);
    if (connection.state === TcpState.Closed) return;
  }
  if (connection.ackAtUs <= nowUs) {
    connection.ackAtUs = NEVER;
    connection.ackDue = AckDue.Now;
    tcp.markDirty(connection);
  }
  if (connection.keepAliveAtUs <= nowUs) keepAlive(tcp, connection);
}

function endArrives(tcp: Tcp, connection: TcpConnection): void {
  connection.endAtUs = NEVER;
  switch (connection.state) {
    case TcpState.SynSent:
      tcp.fail(connection, tcp.device.linkUp ? 'TIMED_OUT' : 'LINK_DOWN');
      return;
    case TcpState.SynReceived:
      if (connection.listener === null) tcp.fail(connection, 'TIMED_OUT');
      else tcp.remove(connection);
      return;
    default:
      // TIME-WAIT, or FIN-WAIT-2 of a connection that its application has closed.
      tcp.remove(connection);
  }
}

/** RFC 6298, section 5.4 to 5.7. */
function retransmissionTimeout(tcp: Tcp, connection: TcpConnection): void {
  const { rtt, state } = connection;
  if (connection.inFlight === 0) {
    neighbourIsSilent(tcp, connection);
    return;
  }
  connection.timeouts++;
  connection.timing = false;
  rtt.backOff();
  if (state === TcpState.SynSent || state === TcpState.SynReceived) {
    // The time for connecting bounds these.
    connection.synDue = true;
    tcp.markDirty(connection);
    connection.retransmitAtUs = tcp.nowUs + rtt.rtoUs;
    return;
  }
  if (gaveUp(tcp, connection)) return;
  tcp.counters.retransmissionTimeouts++;
  connection.retransmitAtUs = tcp.nowUs + rtt.rtoUs;
  if (connection.sendWindow === 0) {
    // The window was closed behind what is in flight: that is not loss (RFC 9293, section 3.8.6.1).
    connection.persisting = true;
    persist(tcp, connection);
    return;
  }
  enterTimeoutRecovery(tcp, connection);
}

/** Nothing of what waits has been sent, as the neighbour does not answer: it is asked again, for as long as data is. */
function neighbourIsSilent(tcp: Tcp, connection: TcpConnection): void {
  const { neighbour, synDue, sendNext, sendQueue, finQueued, finSent } = connection;
  const waits = synDue || isBefore(sendNext, sendQueue.end) || (finQueued && !finSent);
  if (!neighbour.resolved && waits && !gaveUp(tcp, connection)) askForNeighbour(tcp, connection);
}

/** The peer's window is closed, or too small: asks again, ever more seldom, as long as the peer answers. */
function persist(tcp: Tcp, connection: TcpConnection): void {
  if (gaveUp(tcp, connection)) return;
  connection.timeouts++;
  sendProbe(tcp, connection);
  connection.rtt.backOff();
  connection.retransmitAtUs = tcp.nowUs + connection.rtt.rtoUs;
}

/** Ends a connection whose peer has acknowledged nothing for the user timeout (RFC 9293, section 3.8.3). */
function gaveUp(tcp: Tcp, connection: TcpConnection): boolean {
  if (tcp.nowUs - connection.progressAtUs < tcp.options.userTimeoutUs) return false;
  tcp.sendReset(connection);
  tcp.fail(connection, 'TIMED_OUT');
  return true;
}

/** RFC 9293, section 3.8.4. */
function keepAlive(tcp: Tcp, connection: TcpConnection): void {
  const { keepAliveUs } = tcp.options;
  // Compared as it is set: a difference may be rounded to less than what it was made of, and never be due.
  const dueUs = connection.lastReceivedUs + keepAliveUs;
  if (dueUs > tcp.nowUs) {
    connection.keepAliveProbes = 0;
    connection.keepAliveAtUs = dueUs;
    return;
  }
  if (connection.keepAliveProbes >= KEEP_ALIVE_PROBES) {
    tcp.sendReset(connection);
    tcp.fail(connection, 'TIMED_OUT');
    return;
  }
  connection.keepAliveAtUs = tcp.nowUs + keepAliveUs * KEEP_ALIVE_INTERVAL;
  // Unacknowledged data asks as well, and more often.
  if (connection.inFlight > 0) return;
  connection.keepAliveProbes++;
  if (connection.neighbour.resolved) sendKeepAlive(tcp, connection);
  else tcp.neighbours.use(connection.neighbour);
}
