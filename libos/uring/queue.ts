/** What the backend uring keeps of one socket. */
import type { Queue, SgaSegment, SocketKind } from '../backend-api.ts';
import { SocketQueue } from '../lingering-sockets.ts';

/** A request that goes on until it is cancelled: receive, accept. */
export const Standing = { Off: 0, Armed: 1, Cancelling: 2 } as const;
export type Standing = (typeof Standing)[keyof typeof Standing];

export class UringQueue extends SocketQueue {
  /** Its number in completions, which stays its own until the kernel has no request of it. */
  readonly index: number;
  /** Requests that the kernel has, but for those whose data is sent and only not free yet: these are `notices`. */
  inFlight = 0;
  notices = 0;
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
  /** Without a copy it does not go on this socket. */
  copies = false;

  connectDeadlineNs = 0;

  constructor(kind: SocketKind, fd: number, index: number) {
    super(kind, fd);
    this.index = index;
  }
}
