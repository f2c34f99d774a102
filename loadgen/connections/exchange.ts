/**
 * What a protocol is to a connection: how its requests look as bytes, and which replies are right. Connections and
 * loops know no more of it, so that connections of several kinds live in one loop.
 */
import type { RequestSource } from '../workload/requests.ts';
import type { ReplyStatus } from './reply.ts';

export interface Exchange {
  /** Names of what is sent, by the index that a source has as `operation`: those of the run. */
  readonly operations: readonly string[];
  /** Length of the longest request, in bytes. */
  readonly maxRequestBytes: number;
  /** The bytes of the request that the source chose, valid until the next call; it may set the source's `detail`. */
  request(source: RequestSource): Uint8Array;
  /** For one connection's stream of replies. */
  checker(): ReplyChecker;
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
}
