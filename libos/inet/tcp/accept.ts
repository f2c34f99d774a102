/** Passive opens: the SYN that makes a connection of a listener (RFC 9293, section 3.10.7.2). */
import type { SgaSegment } from '../../memory/sga.ts';
import { Flag, type TcpSegment } from '../wire/tcp.ts';
import { TcpConnection } from './connection.ts';
import type { Context } from './context.ts';
import type { Listener } from './listener.ts';
import { answerWithCookie, isCookieBack, openByCookie } from './syn-flood.ts';

/**
 * A segment in `frame` came for a port that is listened on and no connection's. Returns whether the frame was kept.
 *
 * @param previous the connection that has its names, in TIME-WAIT, which the SYN may end: only if it opens a new one
 */
export function arrivesForListener(
  context: Context<TcpConnection>,
  listener: Listener,
  segment: TcpSegment,
  frame: SgaSegment,
  previous: TcpConnection | null,
): boolean {
  const { flags } = segment;
  if (flags & Flag.Rst) return false;
  const isForListener = listener.isAt(context.ipv4.destination);
  if (flags & Flag.Ack || !isForListener) {
    if (isForListener && isCookieBack(context, listener, segment)) {
      return openByCookie(context, listener, segment)?.arrives(segment, frame) ?? false;
    }
    context.output.reject(segment, context.ipv4.lastHop(frame.bytes));
    return false;
  }
  // A SYN with FIN makes no sense, and is a well-known way to probe.
  if (flags & Flag.Syn && !(flags & Flag.Fin)) synArrives(context, listener, segment, frame, previous);
  return false;
}

function synArrives(
  context: Context<TcpConnection>,
  listener: Listener,
  segment: TcpSegment,
  frame: SgaSegment,
  previous: TcpConnection | null,
): void {
  const { counters, ipv4, options } = context;
  const { source } = ipv4;
  // A cookie cannot be chosen to start behind the numbers of an earlier connection.
  const withCookie = listener.isFull && listener.hasRoom && options.synCookies && previous === null;
  if (listener.isFull && !withCookie) {
    counters.backlogDropped++;
    return;
  }
  // Of a made-up source nothing is kept, nor is the network asked for it.
  const neighbour = withCookie ? ipv4.lastHop(frame.bytes) : ipv4.nextHop(source);
  if (neighbour === null) return;
  if (withCookie) {
    answerWithCookie(context, listener, segment, neighbour);
    return;
  }
  const { destinationPort, sourcePort } = segment;
  previous?.remove();
  const connection = new TcpConnection(
    context,
    ipv4.address,
    destinationPort,
    source,
    sourcePort,
    neighbour,
    previous,
  );
  // Data that came with the SYN is left: the peer sends it again once the connection stands.
  listener.open(connection, segment);
}
