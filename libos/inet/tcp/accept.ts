/** Passive opens: the SYN that makes a connection of a listener (RFC 9293, section 3.10.7.2). */
import { Flag, type TcpSegment } from '../wire/tcp.ts';
import { TcpConnection } from './connection.ts';
import type { Context } from './context.ts';
import type { Listener } from './listener.ts';

/**
 * A segment came for a port that is listened on and no connection's.
 *
 * @param previous the connection that has its names, in TIME-WAIT, which the SYN may end: only if it opens a new one
 */
export function synArrives(
  context: Context<TcpConnection>,
  listener: Listener,
  segment: TcpSegment,
  previous: TcpConnection | null,
): void {
  const { flags } = segment;
  const { source, destination } = context.ipv4;
  if (flags & Flag.Rst) return;
  if (flags & Flag.Ack || !listener.isAt(destination)) {
    context.output.reject(segment);
    return;
  }
  // A SYN with FIN makes no sense, and is a well-known way to probe.
  if (!(flags & Flag.Syn) || flags & Flag.Fin) return;
  if (listener.isFull) {
    context.counters.backlogDropped++;
    return;
  }
  const neighbour = context.ipv4.nextHop(source);
  if (neighbour === null) return;
  const { address } = context.ipv4;
  const { destinationPort, sourcePort } = segment;
  previous?.remove();
  const connection = new TcpConnection(
    context,
    address,
    destinationPort,
    source,
    sourcePort,
    neighbour,
    previous,
  );
  // Data that came with the SYN is left: the peer sends it again once the connection stands.
  listener.open(connection, segment);
}
