/** What a listener does with SYNs beyond its bound of half-open connections: answers with cookies, keeps nothing. */
import type { Neighbour } from '../neighbours.ts';
import { advance } from '../sequence.ts';
import { Flag, TcpSegment } from '../wire/tcp.ts';
import { TcpConnection } from './connection.ts';
import type { Context } from './context.ts';
import type { Listener } from './listener.ts';
import { initialWindow, windowScaleFor } from './receive-window.ts';
import { TimestampClock } from './timestamp-clock.ts';

/** The SYN that a cookie stood for. */
const offered = new TcpSegment();

/** Answers a SYN by way of `neighbour`. Should the answer be lost, the peer sends its SYN again. */
export function answerWithCookie(
  context: Context<TcpConnection>,
  listener: Listener,
  segment: TcpSegment,
  neighbour: Neighbour,
): void {
  const { cookies, counters, ipv4, nowUs, options, output } = context;
  const { receiveWindowBytes } = options;
  const path = {
    localAddress: ipv4.address,
    localPort: segment.destinationPort,
    remoteAddress: ipv4.source,
    remotePort: segment.sourcePort,
    neighbour,
  };
  const opening = {
    next: advance(segment.sequence, 1),
    timestamps: segment.hasTimestamps,
    recentTimestamp: segment.timestamp,
    sackPermitted: segment.sackPermitted,
    windowScale: segment.windowScale < 0 ? 0 : windowScaleFor(receiveWindowBytes),
    initialWindow: initialWindow(receiveWindowBytes),
  };
  const cookie = cookies.make(nowUs, ipv4.source, segment);
  const timestamp = new TimestampClock(context, path).now();
  if (!output.syn(path, opening, cookie, true, Math.max(0, segment.windowScale), timestamp)) return;
  listener.cookieWasSent(nowUs);
  counters.cookiesSent++;
}

/** Whether a segment of no connection acknowledges a cookie of the listener. To be asked before openByCookie. */
export function isCookieBack(
  { cookies, counters, ipv4, nowUs }: Context<TcpConnection>,
  listener: Listener,
  segment: TcpSegment,
): boolean {
  if ((segment.flags & (Flag.Syn | Flag.Ack)) !== Flag.Ack || !listener.expectsCookies(nowUs)) return false;
  if (cookies.read(nowUs, ipv4.source, segment, offered)) return true;
  counters.cookiesRefused++;
  return false;
}

/**
 * Makes the connection that the segment completes, half open until it gets that. Null where it cannot be, as
 * when the backlog is full: the peer, which takes it for established, sends its data again.
 */
export function openByCookie(
  context: Context<TcpConnection>,
  listener: Listener,
  { acknowledgement, destinationPort, sourcePort }: TcpSegment,
): TcpConnection | null {
  const { counters, ipv4 } = context;
  const { address, source } = ipv4;
  if (!listener.hasRoom) {
    counters.backlogDropped++;
    return null;
  }
  const neighbour = ipv4.nextHop(source);
  if (neighbour === null) return null;
  counters.cookiesAccepted++;
  const cookie = advance(acknowledgement, -1);
  const connection = new TcpConnection(
    context,
    address,
    destinationPort,
    source,
    sourcePort,
    neighbour,
    null,
    cookie,
  );
  listener.openByCookie(connection, offered);
  return connection;
}
