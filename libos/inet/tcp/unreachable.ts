/**
 * What TCP makes of news from below: a neighbour that does not answer, an ICMP error. Anybody can send those,
 * so they end only a connection that does not stand yet, and must name a number that we sent (RFC 5927).
 */
import type { Neighbour } from '../neighbours.ts';
import { isAtOrBefore, isBefore } from '../sequence.ts';
import { Unreachable } from '../wire/icmp.ts';
import type { TcpConnection } from './connection.ts';
import type { Context } from './context.ts';
import { TcpState } from './states.ts';

/** RFC 1191, section 3: a host need not believe in a smaller path MTU than this. */
const MIN_PATH_MTU = 576;

/** Connects by way of `neighbour` fail; with the link down they wait for it until their time is over. */
export function neighbourFailed(context: Context<TcpConnection>, neighbour: Neighbour): void {
  if (!context.device.linkUp) return;
  const failed: TcpConnection[] = [];
  context.connections.forEach((connection) => {
    if (connection.neighbour === neighbour && connection.state === TcpState.SynSent) failed.push(connection);
  });
  for (const connection of failed) connection.fail('HOST_UNREACHABLE');
}

/**
 * The other end of the link, which is all that there is on it, has ended, and with it all that it knew of
 * connections. Those that had not ended are reset; those that wait for an answer go on, as another one may come.
 */
export function peerIsGone(context: Context<TcpConnection>): void {
  const reset: TcpConnection[] = [];
  const over: TcpConnection[] = [];
  context.connections.forEach((connection) => {
    const { state, listener } = connection;
    if (state === TcpState.SynSent) return;
    // Nobody has heard of it.
    if (state === TcpState.SynReceived && listener !== null) over.push(connection);
    else if (state === TcpState.TimeWait) over.push(connection);
    else reset.push(connection);
  });
  for (const connection of reset) connection.fail('CONNECTION_RESET');
  for (const connection of over) connection.remove();
}

/** A destination-unreachable message quotes a segment of the connection that starts at `sequence`. */
export function pathUnreachable(
  connection: TcpConnection,
  code: number,
  nextHopMtu: number,
  sequence: number,
): void {
  const { sender } = connection;
  if (!isAtOrBefore(sender.unacknowledged, sequence) || !isBefore(sequence, sender.next)) return;
  if (code === Unreachable.FragmentationNeeded) {
    shrink(connection, nextHopMtu);
  } else if (connection.state === TcpState.SynSent) {
    const refused = code === Unreachable.Port || code === Unreachable.Protocol;
    connection.fail(refused ? 'CONNECTION_REFUSED' : 'HOST_UNREACHABLE');
  }
}

/** Path MTU discovery (RFC 1191): what was too large goes again in smaller segments. */
function shrink(connection: TcpConnection, nextHopMtu: number): void {
  const { context, receiver, sender } = connection;
  if (!connection.isSynchronized) return;
  const mss = Math.max(nextHopMtu, MIN_PATH_MTU) - 40 - (receiver.timestamps ? 12 : 0);
  if (sender.shrinkTo(mss)) context.markDirty(connection);
}
