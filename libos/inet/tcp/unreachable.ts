/**
 * What TCP makes of news from below: a neighbour that does not answer, an ICMP error. Anybody can send those,
 * so they must quote a number in flight (RFC 5927, section 4), and no connection that stands ends by one.
 *
 *                                                  before it stands          afterwards
 *     fragmentation needed                         passed over               smaller segments
 *     hard: port, protocol, prohibited             fails                     kept like a soft one
 *     soft: network, host, source route, others    kept: the reason, should the time run out
 */
import type { ErrorCode } from '../../errors.ts';
import type { Neighbour } from '../neighbours.ts';
import { isAtOrBefore, isBefore } from '../sequence.ts';
import { IcmpType, Unreachable } from '../wire/icmp.ts';
import type { TcpConnection } from './connection.ts';
import type { Context } from './context.ts';
import { TcpState } from './states.ts';

/** RFC 1191, section 3: a host need not believe in a smaller path MTU than this. */
const MIN_PATH_MTU = 576;
const PROHIBITED: ReadonlySet<number> = new Set([
  Unreachable.NetworkProhibited,
  Unreachable.HostProhibited,
  Unreachable.Prohibited,
]);

/** Connects by way of `neighbour` fail; with the link down they wait for it until their time is over. */
export function neighbourFailed(context: Context<TcpConnection>, neighbour: Neighbour): void {
  if (!context.device.linkUp) return;
  const failed: TcpConnection[] = [];
  context.connections.forEach((connection) => {
    if (connection.neighbour === neighbour && connection.state === TcpState.SynSent) failed.push(connection);
  });
  if (failed.length > 0) context.lastReported = null;
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

/** An ICMP error quotes a segment of the connection that starts at `sequence`. */
export function errorReported(
  connection: TcpConnection,
  type: number,
  code: number,
  nextHopMtu: number,
  reporter: number,
  sequence: number,
): void {
  const { context, sender, state } = connection;
  const { unacknowledged } = sender;
  if (!isAtOrBefore(unacknowledged, sequence) || !isBefore(sequence, sender.next)) return;
  if (type === IcmpType.DestinationUnreachable && code === Unreachable.FragmentationNeeded) {
    shrink(connection, nextHopMtu);
    return;
  }
  context.counters.errorsReported++;
  const reported = { type, code, reporter, unacknowledged };
  if (connection.isSynchronized || !isHard(type, code)) connection.wasReported(reported);
  else if (state === TcpState.SynReceived && connection.listener !== null) connection.remove();
  else {
    context.lastReported = reported;
    connection.fail(isRefusal(code) ? 'CONNECTION_REFUSED' : 'HOST_UNREACHABLE');
  }
}

/**
 * The peer has not answered in time: the error with which the connection ends, which is what the network has
 * reported of it meanwhile, if it has.
 */
export function reasonForSilence(connection: TcpConnection): ErrorCode {
  const { context, reported, sender } = connection;
  if (reported === null || reported.unacknowledged !== sender.unacknowledged) return 'TIMED_OUT';
  context.lastReported = reported;
  return 'HOST_UNREACHABLE';
}

/**
 * Errors that are no transient of routing: nobody takes such packets there (RFC 9293, section 3.9.2.2), or a
 * filter keeps them away.
 */
function isHard(type: number, code: number): boolean {
  if (type !== IcmpType.DestinationUnreachable) return false;
  return isRefusal(code) || PROHIBITED.has(code);
}

function isRefusal(code: number): boolean {
  return code === Unreachable.Port || code === Unreachable.Protocol;
}

/** Path MTU discovery (RFC 1191): what was too large goes again in smaller segments. */
function shrink(connection: TcpConnection, nextHopMtu: number): void {
  const { context, receiver, sender } = connection;
  if (!connection.isSynchronized) return;
  const mss = Math.max(nextHopMtu, MIN_PATH_MTU) - 40 - (receiver.timestamps ? 12 : 0);
  if (sender.shrinkTo(mss)) context.markDirty(connection);
}
