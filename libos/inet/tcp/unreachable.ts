/**
 * What TCP makes of news from below: a neighbour that does not answer, an ICMP error. Anybody can send those, so they
 * end only a connection that does not stand yet, and must name the number that we sent (RFC 5927).
 */
import type { Neighbour } from '../neighbours.ts';
import { isAtOrBefore, isBefore } from '../sequence.ts';
import { Unreachable } from '../wire/icmp.ts';
import { type TcpConnection, TcpState } from './connection.ts';
import { enterTimeoutRecovery } from './recovery.ts';
import type { Tcp } from './tcp.ts';

/** RFC 1191, section 3: a host need not believe in a smaller path MTU than this. */
const MIN_PATH_MTU = 576;

/** Connects by way of `neighbour` fail; with the link down they wait for it until their time is over. */
export function waitForNeighbour(tcp: Tcp, neighbour: Neighbour): void {
  if (!tcp.device.linkUp) return;
  const failed: TcpConnection[] = [];
  tcp.connections.forEach((connection) => {
    if (connection.neighbour === neighbour && connection.state === TcpState.SynSent) failed.push(connection);
  });
  for (const connection of failed) tcp.fail(connection, 'HOST_UNREACHABLE');
}

/** A destination-unreachable message quotes a segment of the connection that starts at `sequence`. */
export function pathUnreachable(
  tcp: Tcp,
  connection: TcpConnection,
  code: number,
  nextHopMtu: number,
  sequence: number,
): void {
  const { sendUnacknowledged, sendNext, state } = connection;
  if (!isAtOrBefore(sendUnacknowledged, sequence) || !isBefore(sequence, sendNext)) return;
  if (code === Unreachable.FragmentationNeeded) {
    shrink(tcp, connection, nextHopMtu);
  } else if (state === TcpState.SynSent) {
    const refused = code === Unreachable.Port || code === Unreachable.Protocol;
    tcp.fail(connection, refused ? 'CONNECTION_REFUSED' : 'HOST_UNREACHABLE');
  }
}

/** Path MTU discovery (RFC 1191): what was too large goes again in smaller segments. */
function shrink(tcp: Tcp, connection: TcpConnection, nextHopMtu: number): void {
  const mss = Math.max(nextHopMtu, MIN_PATH_MTU) - 40 - (connection.timestamps ? 12 : 0);
  if (!connection.isSynchronized || mss >= connection.mss) return;
  connection.mss = mss;
  connection.congestion.setMss(mss);
  enterTimeoutRecovery(tcp, connection);
}
