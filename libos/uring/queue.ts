/** What the backend uring keeps of one socket. */
import { Queue, type SgaSegment, type SocketKind } from '../backend-api.ts';

/** A request that goes on until it is cancelled: receive, accept. */
export const Standing = { Off: 0, Armed: 1, Cancelling: 2 } as const;
export type Standing = (typeof Standing)[keyof typeof Standing];

export class UringQueue extends Queue {
  readonly fd: number;
  /** Its number in completions, which stays its own until the kernel has no request of it. */
  readonly index: number;
  /** Requests that the kernel has, but for those whose data is sent and only not free yet: these are `notices`. */
  inFlight = 0;
  notices = 0;
  closed = false;
  /** Stands in the transport's list of those to look at in the next poll. */
  toCheck = false;

  // Receiving
  receive: Standing = Standing.Off;
  /** What has come and was not popped, linked by `next`. */
  firstReceived: SgaSegment | null = null;
  lastReceived: SgaSegment | null = null;
  receivedBytes = 0;
  endOfStream = false;
  /** Something came that nobody will read any more. */
  unread = false;
  /** Of a datagram queue: what the next pop is to report. */
  refusal: Queue['error'] = null;
  /** Stands in the list of those for which there was no buffer. */
  starved = false;

  // Accepting
  acceptance: Standing = Standing.Off;
  backlog = 0;
  /** Connections that the kernel has accepted and nobody has asked for. */
  readonly held: number[] = [];
  /** For how many of them the kernel's own backlog was made shorter. */
  heldTold = 0;

  // Sending
  /** The kernel has a send of this stream. */
  sending = false;
  /** Stands in the list of those with something to send. */
  waitsToSend = false;
  /** Progress of the push at the head: segments done, and bytes of the next one. */
  pushSegment = 0;
  pushOffset = 0;
  /** Bytes of the stream handed to the kernel so far. */
  sentBytes = 0;
  /** Without a copy it does not go on this socket. */
  copies = false;

  connectDeadlineNs = 0;
  /** Of a queue that lingers: what the peer's host had when it was looked at last, and until when it may stay so. */
  takenBytes = 0;
  lingersUntilNs = 0;

  constructor(kind: SocketKind, fd: number, index: number) {
    super(kind);
    this.fd = fd;
    this.index = index;
  }
}
