/**
 * The state of one TCP connection (the transmission control block of RFC 9293, section 3.3.1, in words):
 *
 *     send sequence space                                receive sequence space
 *
 *      sendUnacknowledged   sendNext     queue.end        receiveNext           advertisedEdge
 *       v                    v            v                v                     v
 *     --[ in flight          | not sent   ]--            --[ what the peer may send ]--
 *       |<------ sendWindow ----->|
 *
 * This file holds what is known; connect, accept, receive, send, recovery and timer do something with it.
 *
 * Ten thousand of these lie about, and their fields are written for every segment: sequence numbers are signed
 * 32-bit integers, which need no box, and what only some connections need (the queue of segments out of order) is
 * made when it is first needed.
 */
import type { ErrorCode } from '../../errors.ts';
import type { SgaSegment } from '../../memory/sga.ts';
import type { Neighbour } from '../neighbours.ts';
import { distance } from '../sequence.ts';
import type { Timed } from '../timers.ts';
import { DEFAULT_MSS } from '../wire/tcp.ts';
import type { Listener } from './accept.ts';
import type { CongestionControl } from './congestion.ts';
import type { Reassembly } from './reassembly.ts';
import type { RttEstimator } from './rtt.ts';
import type { Scoreboard } from './sack.ts';
import { SendQueue } from './send-queue.ts';

/** RFC 9293, section 3.3.2. LISTEN is a Listener, not a connection. */
export const TcpState = {
  Closed: 0,
  SynSent: 1,
  SynReceived: 2,
  Established: 3,
  FinWait1: 4,
  FinWait2: 5,
  CloseWait: 6,
  Closing: 7,
  LastAck: 8,
  TimeWait: 9,
} as const;
export type TcpState = (typeof TcpState)[keyof typeof TcpState];

export const Recovery = {
  /** Nothing is known to be lost. */
  Open: 0,
  /** Fast recovery (RFC 6675, or RFC 6582 without SACK): until recoveryPoint is acknowledged. */
  Fast: 1,
  /** After a retransmission timeout: all below recoveryPoint is sent again, in slow start. */
  Timeout: 2,
} as const;
export type Recovery = (typeof Recovery)[keyof typeof Recovery];

/** Whether an acknowledgement is owed to the peer. */
export const AckDue = { No: 0, Delayed: 1, Now: 2 } as const;
export type AckDue = (typeof AckDue)[keyof typeof AckDue];

/** A double that is no integer: a field that starts with one is stored as a double for ever. */
const NEVER = Number.POSITIVE_INFINITY;

export class TcpConnection implements Timed {
  readonly localAddress: number;
  readonly localPort: number;
  readonly remoteAddress: number;
  readonly remotePort: number;
  readonly neighbour: Neighbour;
  state: TcpState = TcpState.Closed;
  /** Why the connection broke; the sticky error of its queue. */
  error: ErrorCode | null = null;
  /** Of a passive open, until the connection is accepted. */
  listener: Listener | null = null;
  /** Next in the listener's queue of connections to be accepted. */
  nextAccepted: TcpConnection | null = null;

  // Sending
  readonly sendQueue = new SendQueue();
  initialSendSequence = 0;
  sendUnacknowledged = 0;
  sendNext = 0;
  /** In bytes. */
  sendWindow = 0;
  maxSendWindow = 0;
  windowUpdateSequence = 0;
  windowUpdateAcknowledgement = 0;
  /** Largest payload of one segment, without the room that options take. */
  mss: number = DEFAULT_MSS;
  sendWindowScale = 0;
  /** Stream bytes sent at least once, and of them those acknowledged: positions, exact to 2^53. */
  sentBytes = 0;
  acknowledgedBytes = 0;
  /** A FIN follows the last byte of the queue; and it has been sent. */
  finQueued = false;
  finSent = false;
  /** The send window is closed: the retransmission timer sends probes. */
  persisting = false;

  /** A SYN, with or without ACK, is to be sent. */
  synDue = false;

  // Loss and congestion
  readonly rtt: RttEstimator;
  readonly congestion: CongestionControl;
  scoreboard: Scoreboard | null = null;
  recovery: Recovery = Recovery.Open;
  recoveryPoint = 0;
  /** Behind the last byte sent again in this recovery. */
  highRetransmitted = 0;
  /** What sendNext was when the first hole was sent again, or later. */
  retransmittedAt = 0;
  /** The next segment must be sent again whatever the congestion window says (RFC 6675, section 5, step 4.3). */
  retransmitFirst = false;
  /** The last bytes were sent again in this recovery though nothing said that they are lost (RFC 6675, section 4). */
  rescued = false;
  duplicateAcks = 0;
  timeouts = 0;
  /** The segment whose round trip is being timed ends here; Karn's algorithm ends the timing when it is sent again. */
  timedSequence = 0;
  timing = false;
  timedAtUs = NEVER;

  lastSentUs = NEVER;

  // Receiving
  initialReceiveSequence = 0;
  receiveNext = 0;
  /** Right edge of the window that the peer was told; it never moves left. */
  advertisedEdge = 0;
  receiveWindowScale = 0;
  /** Data in order that the application has not taken, linked by SgaSegment.next. */
  receiveHead: SgaSegment | null = null;
  receiveTail: SgaSegment | null = null;
  receiveQueued = 0;
  /** Pops that wait: as many segments will be taken as soon as they come. */
  wanted = 0;
  reassembly: Reassembly | null = null;
  finReceived = false;
  /** A FIN that came ahead of data that is missing. */
  finPending = false;
  finSequence = 0;

  // Options
  sackPermitted = false;
  timestamps = false;
  timestampOffset = 0;
  recentTimestamp = 0;
  recentTimestampAtUs = NEVER;

  // Acknowledging
  ackDue: AckDue = AckDue.No;
  /** Bytes that came since the last acknowledgement was sent. */
  unacknowledgedReceived = 0;
  lastAckSent = 0;
  challengeAcks = 0;
  challengeWindowEndUs = -NEVER;

  // Timers
  deadlineUs: number = NEVER;
  timerIndex = -1;
  retransmitAtUs: number = NEVER;
  ackAtUs: number = NEVER;
  /** End of TIME-WAIT, of an orphan's FIN-WAIT-2, or of the time for connecting. */
  endAtUs: number = NEVER;
  keepAliveAtUs: number = NEVER;
  keepAliveProbes = 0;
  lastReceivedUs: number = NEVER;
  /** When the oldest unacknowledged byte was first sent, for the user timeout. */
  progressAtUs: number = NEVER;

  // For the stack
  /** The application has closed it: nobody takes what comes. */
  orphaned = false;
  /** Stands in the list of connections that may have something to send. */
  dirty = false;
  /** Stands in the list of connections that the layer above has to look at. */
  touched = false;
  /** What the layer above keeps with it. */
  owner: unknown = null;

  constructor(
    localAddress: number,
    localPort: number,
    remoteAddress: number,
    remotePort: number,
    neighbour: Neighbour,
    rtt: RttEstimator,
    congestion: CongestionControl,
  ) {
    this.localAddress = localAddress;
    this.localPort = localPort;
    this.remoteAddress = remoteAddress;
    this.remotePort = remotePort;
    this.neighbour = neighbour;
    this.rtt = rtt;
    this.congestion = congestion;
  }

  /** Sequence numbers sent and not acknowledged. */
  get inFlight(): number {
    return distance(this.sendUnacknowledged, this.sendNext);
  }

  /** The handshake is done and the connection has not ended. */
  get isSynchronized(): boolean {
    return this.state >= TcpState.Established;
  }

  /** Takes the first segment of received data, or null. */
  takeReceived(): SgaSegment | null {
    const segment = this.receiveHead;
    if (segment === null) return null;
    this.receiveHead = segment.next;
    if (this.receiveHead === null) this.receiveTail = null;
    segment.next = null;
    this.receiveQueued -= segment.length;
    return segment;
  }
}
