/** Active opens: the SYN, what may answer it (RFC 9293, section 3.10.7.3), and what both sides' SYNs agree on. */
import type { Neighbour } from '../neighbours.ts';
import { advance, isAtOrBefore, isBefore } from '../sequence.ts';
import { DEFAULT_MSS, Flag, type TcpSegment } from '../wire/tcp.ts';
import { AckDue, type TcpConnection, TcpState } from './connection.ts';
import type { Tcp } from './tcp.ts';

/** RFC 9293, section 3.7.1: smaller ones, which no path needs, would make us send a flood of tiny segments. */
const MIN_MSS = 64;

/** Starts to connect. The owner is told by touch when it is established or has failed. */
export function connect(
  tcp: Tcp,
  localPort: number,
  remoteAddress: number,
  remotePort: number,
  neighbour: Neighbour,
): TcpConnection {
  tcp.nowUs = tcp.device.nowUs;
  const connection = tcp.create(tcp.ipv4.address, localPort, remoteAddress, remotePort, neighbour, null);
  connection.state = TcpState.SynSent;
  connection.synDue = true;
  connection.endAtUs = tcp.nowUs + tcp.options.connectTimeoutUs;
  tcp.arm(connection, connection.endAtUs);
  tcp.markDirty(connection);
  return connection;
}

/** A segment came in SYN-SENT. */
export function answerArrives(tcp: Tcp, connection: TcpConnection, segment: TcpSegment): void {
  const { flags } = segment;
  // First: the ACK bit.
  if (flags & Flag.Ack) {
    const { acknowledgement } = segment;
    const acceptable =
      isBefore(connection.initialSendSequence, acknowledgement) &&
      isAtOrBefore(acknowledgement, connection.sendNext);
    if (!acceptable) {
      tcp.reject(segment);
      return;
    }
  }
  // Second: the RST bit. A reset without an ACK may be anybody's (RFC 5961, section 3).
  if (flags & Flag.Rst) {
    tcp.counters.resetsReceived++;
    if (flags & Flag.Ack) tcp.fail(connection, 'CONNECTION_REFUSED');
    return;
  }
  // Fourth: the SYN bit.
  if (!(flags & Flag.Syn)) return;
  connection.initialReceiveSequence = segment.sequence;
  connection.receiveNext = advance(segment.sequence, 1);
  connection.advertisedEdge = advance(
    connection.receiveNext,
    Math.min(tcp.options.receiveWindowBytes, 65_535),
  );
  adoptSynOptions(tcp, connection, segment);
  connection.sendWindow = segment.window;
  connection.windowUpdateSequence = segment.sequence;
  connection.windowUpdateAcknowledgement = segment.acknowledgement;
  if (flags & Flag.Ack) {
    handshakeAcknowledged(tcp, connection);
    connection.ackDue = AckDue.Now;
  } else {
    // Both sides have opened at once (RFC 9293, figure 8).
    connection.state = TcpState.SynReceived;
    connection.synDue = true;
  }
  tcp.markDirty(connection);
}

/** The peer has acknowledged our SYN: the connection is established. */
export function handshakeAcknowledged(tcp: Tcp, connection: TcpConnection): void {
  const { rtt, listener } = connection;
  if (connection.timing) rtt.sample(tcp.nowUs - connection.timedAtUs);
  else if (connection.timeouts > 0) rtt.establishedAfterLostSyn();
  // RFC 5681, section 3.1: a lost SYN leaves an initial window of one segment.
  if (connection.timeouts > 0) connection.congestion.window = connection.mss;
  connection.timing = false;
  connection.timeouts = 0;
  connection.sendUnacknowledged = advance(connection.initialSendSequence, 1);
  connection.sendNext = connection.sendUnacknowledged;
  connection.maxSendWindow = connection.sendWindow;
  connection.retransmitAtUs = Number.POSITIVE_INFINITY;
  connection.endAtUs = Number.POSITIVE_INFINITY;
  connection.progressAtUs = tcp.nowUs;
  connection.state = TcpState.Established;
  if (tcp.options.keepAliveUs > 0) {
    connection.keepAliveAtUs = tcp.nowUs + tcp.options.keepAliveUs;
    tcp.arm(connection, connection.keepAliveAtUs);
  }
  if (listener !== null) listener.completed(connection);
  else tcp.touch(connection);
}

/** Takes over what the peer's SYN offers; what it does not, is off on both sides. */
export function adoptSynOptions(tcp: Tcp, connection: TcpConnection, segment: TcpSegment): void {
  connection.timestamps = segment.hasTimestamps;
  if (segment.hasTimestamps) {
    connection.recentTimestamp = segment.timestamp;
    connection.recentTimestampAtUs = tcp.nowUs;
  }
  connection.sackPermitted = segment.sackPermitted;
  if (segment.windowScale >= 0) connection.sendWindowScale = segment.windowScale;
  else connection.receiveWindowScale = 0;
  const offered = segment.mss === 0 ? DEFAULT_MSS : Math.max(segment.mss, MIN_MSS);
  // RFC 6691: the option counts neither header; what options take comes off the payload.
  connection.mss = Math.min(offered, tcp.maxSegmentBytes) - (connection.timestamps ? 12 : 0);
  connection.congestion.setMss(connection.mss);
}
