/**
 * What a protocol is to a connection: how its requests look as bytes, and which replies are right. Connections and
 * loops know no more of it, so that connections of several kinds live in one loop.
 */
import type { QueueDescriptor, ScatterGatherArray } from '../../libos/index.ts';
import type { RequestSource } from '../workload/requests.ts';
import type { ReplySink, ReplyStatus } from './reply.ts';

export interface Exchange {
  /** Names of what is sent, by the index that a source has as `operation`: those of the run. */
  readonly operations: readonly string[];
  /** Length of the longest request, in bytes. */
  readonly maxRequestBytes: number;
  /** Where some requests are followed by others; left out or null where none is. */
  readonly followUps?: FollowUps | null;
  /** The bytes of the request that the source chose, valid until the next call; it may set the source's `detail`. */
  request(source: RequestSource): Uint8Array;
  /** For one connection's stream of replies. */
  checker(): ReplyChecker;
}

/**
 * An operation of several requests: each is sent when the one before it has its right reply, and its latency is that of
 * all together. The first one has the index of the operation, the others have indices behind all operations.
 */
export interface FollowUps {
  /** By index: that of the request that follows, or -1. */
  after: Int32Array;
  /** By index: that of the operation. */
  reportedAs: Int32Array;
  /** By index: 1 where it is sent for each of the keys, as many as the `detail` of the request before it, in turn. */
  forEach: Uint8Array;
}

/** Looks at the replies of one connection, in place and across any cut between segments. */
export interface ReplyChecker {
  /** Where the next reply begins, once check() has found the end of one; undefined after Incomplete. */
  end: number;
  /** Text of the last error reply. */
  errorText: string;
  /**
   * Looks at bytes[at, limit) for the reply to the request that was `operation`, `key` and `detail`. Returns the status
   * of a whole reply, with `end` behind it, or Incomplete when it has consumed all bytes and the reply goes on: call
   * again for the same request and the bytes that follow. Throws NOT_RESP and its like for what is no reply.
   */
  check(
    bytes: Uint8Array,
    at: number,
    limit: number,
    operation: number,
    key: number,
    detail: number,
  ): ReplyStatus;
  /** For bytes that came while no request was outstanding. */
  rejectUnasked(bytes: number): never;
}

/** What is sent on a connection. */
export interface Traffic {
  exchange: Exchange;
  source: RequestSource;
  /** The most requests that may be outstanding. */
  pipeline: number;
  /** Whether the next ones go out only when all of them are answered. */
  inBatches?: boolean;
  /** Whether each window goes over a stream of its own, which is opened when the one before is answered. */
  renews?: boolean;
  /** What it goes over: a stream, where nothing is said, a socket of datagrams, or two of them and a relay. */
  over?: 'stream' | 'datagrams' | 'relay';
}

/** What loops know of a connection: a stream's (connection.ts) or one of datagrams (datagram-connection.ts). */
export interface SendingConnection {
  /** Where its replies come; another one for each window where it renews. */
  qd: QueueDescriptor;
  readonly renews: boolean;
  /** The most requests that may be outstanding. */
  readonly pipeline: number;
  readonly outstanding: number;
  /** Nothing is sent on it any more, and what still comes is nobody's. */
  readonly isGivenUp: boolean;
  /** When the oldest of the outstanding requests was sent, in ns. Only while there is one. */
  readonly oldestSentNs: number;
  /** When the newest of them was. */
  readonly newestSentNs: number;
  /** Sends up to `most` requests, as far as the window has room and the source has some. */
  fillWindow(most?: number): void;
  /** Checks the replies in `sga`, hands each to `sink`, and frees the array. Throws what its checker throws. */
  receive(sga: ScatterGatherArray, receivedNs: number, sink: ReplySink): void;
  /**
   * The oldest request has waited for too long, and so has each that was sent before `sentNs`: `sink` gets what is
   * given up for that. Returns whether the connection is given up with it.
   */
  giveUp(sentNs: number, nowNs: number, sink: ReplySink): boolean;
  /** Takes the next request from the source without sending it. Returns its operation. */
  skipRequest(): number;
}
