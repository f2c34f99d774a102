/**
 * One reply, as it passes from a connection through its loop to what measures. Each connection has one such record and
 * writes every reply into it: a reply makes no object, and its times are no numbers on the heap.
 */

/** What a reply was, held against the only right one. Incomplete: more bytes must come to know. */
export const ReplyStatus = { Incomplete: 0, Right: 1, Miss: 2, Failed: 3, Wrong: 4 } as const;
export type ReplyStatus = (typeof ReplyStatus)[keyof typeof ReplyStatus];

/** Places in `timesNs`. In a closed loop a request is intended when it is sent. */
export const INTENDED = 0;
export const SENT = 1;
export const RECEIVED = 2;

/** Valid during the call that hands it over: the next reply overwrites it. */
export class ReplyRecord {
  /** Of the request: GET or SET. */
  operation = 0;
  status: ReplyStatus = ReplyStatus.Incomplete;
  /** The server's words, where the status is Failed. */
  errorText = '';
  /** When the request was intended and sent, and when the reply was received, by this thread's clock. */
  readonly timesNs = new Float64Array(3);
}

export interface ReplySink {
  /** Takes each reply of a connection, in the order of the requests. */
  reply(reply: ReplyRecord): void;
}
