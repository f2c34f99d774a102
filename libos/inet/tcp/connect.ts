/** Active opens: the SYN, and what may answer it (RFC 9293, section 3.10.7.3). */
import type { Neighbour } from '../neighbours.ts';
import { Flag, type TcpSegment } from '../wire/tcp.ts';
import { TcpConnection } from './connection.ts';
import type { Context } from './context.ts';

/**
 * Starts to connect. The owner's connection is touched when it is established or has failed.
 *
 * @param previous of the same names, which isReusable: its TIME-WAIT ends
 */
export function connect(
  context: Context<TcpConnection>,
  localPort: number,
  remoteAddress: number,
  remotePort: number,
  neighbour: Neighbour,
  previous: TcpConnection | null,
): TcpConnection {
  context.readClock();
  previous?.remove();
  const { address } = context.ipv4;
  const connection = new TcpConnection(
    context,
    address,
    localPort,
    remoteAddress,
    remotePort,
    neighbour,
    previous,
  );
  connection.opens();
  return connection;
}

/** A segment came in SYN-SENT. */
export function answerArrives(connection: TcpConnection, segment: TcpSegment): void {
  const { context, receiver, sender } = connection;
  const { flags } = segment;
  // First: the ACK bit.
  if (flags & Flag.Ack && !sender.isOurSyn(segment.acknowledgement)) {
    context.output.reject(segment, connection.neighbour);
    return;
  }
  // Second: the RST bit. A reset without an ACK may be anybody's (RFC 5961, section 3).
  if (flags & Flag.Rst) {
    context.counters.resetsReceived++;
    if (flags & Flag.Ack) connection.fail('CONNECTION_REFUSED');
    return;
  }
  // Fourth: the SYN bit.
  if (!(flags & Flag.Syn)) return;
  connection.openedBy(segment);
  if (flags & Flag.Ack) {
    connection.established(segment.window);
    receiver.acknowledgeNow();
    context.markDirty(connection);
  } else connection.crossed();
}
