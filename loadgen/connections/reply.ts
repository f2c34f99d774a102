/**
 * One reply, on its way from a connection through the loop to the measurement. Each connection has one such
 * record and overwrites it with every reply, so that a reply allocates nothing; the times stand in a
 * Float64Array, because a double that is passed as an argument may become an object.
 */

/**
 * A reply compared with what is right. Incomplete: more bytes must come first. Unanswered: none came, and the request
 * was given up with its connection. Lost: a datagram without a reply, behind which the connection goes on. Stale: a
 * value of the key that was overwritten before it was asked for. Torn: one that is of no one write.
 */
export const ReplyStatus = {
  Incomplete: 0,
  Right: 1,
  Miss: 2,
  Failed: 3,
  Wrong: 4,
  Unanswered: 5,
  Lost: 6,
  Stale: 7,
  Torn: 8,
} as const;
export type ReplyStatus = (typeof ReplyStatus)[keyof typeof ReplyStatus];

/**
 * Places in `timesNs`. In a closed loop a request is intended when it is sent. An open loop also says when the request
 * could have been sent at the earliest: it was due, and there was room for it.
 */
export const INTENDED = 0;
export const SENT = 1;
export const RECEIVED = 2;
export const POSSIBLE = 3;

/** Valid until ReplySink.reply returns. */
export class ReplyRecord {
  /** Of the request, by its index in the exchange. */
  operation = 0;
  status: ReplyStatus = ReplyStatus.Incomplete;
  /** The text of the last error reply: this one's, if its status is Failed. */
  errorText = '';
  /**
   * When the request was intended and sent, and the reply received, or the request given up: ns by this thread's
   * clock.
   */
  readonly timesNs = new Float64Array(4);
}

export interface ReplySink {
  /** Takes each reply of a connection, in the order of the requests, and each request that was given up. */
  reply(reply: ReplyRecord): void;
  /** The oldest request of the connection goes on as its newest: its reply was right, and another request follows. */
  goesOn?(): void;
}
