/**
 * Where peers meet: a listener at an address and port, and between two that have met a line, which is a
 * stream of small records beside the messages. Over it they say hello, announce the ends of their streams,
 * and notice when the other one is gone. tcp-rendezvous.ts has it over the kernel's TCP; tests have it in
 * virtual time.
 */
import type { ErrorCode } from '../errors.ts';
import type { Hello, Refusal } from './hello.ts';

export const RecordKind = {
  /** The stream has ended: `data` is how many messages it had. The sender may still give credits. */
  Finish: 1,
  /**
   * The sender sends no message at all any more: it sent `data` data messages and `credits` credit messages.
   */
  End: 2,
} as const;

/** Why an End was sent. */
export const EndReason = { Orderly: 0, Reset: 1, ProtocolError: 2 } as const;

export interface Line {
  /** Whose line it is: set by whoever hears of it first. */
  owner: unknown;
  /** IPv4, unsigned, and ports. */
  readonly localAddress: number;
  readonly localPort: number;
  readonly peerAddress: number;
  readonly peerPort: number;
  /** To the side that listened: our own hello. */
  answer(hello: Hello): void;
  /** Tells why there will be no connection, and closes the line. */
  refuse(refusal: Refusal): void;
  send(kind: number, reason: number, data: number, credits: number): void;
  /** Closes the line; the peer gets what was sent before. */
  close(): void;
}

export interface RendezvousListener {
  owner: unknown;
  readonly address: number;
  readonly port: number;
  /** Takes up to `backlog` lines that have not been released; more of them wait to be met. */
  listen(backlog: number): void;
  /** A line that it has taken waits no more: accepted, refused or gone. */
  release(): void;
  /** Lines that have not been answered are closed. */
  close(): void;
}

export interface RendezvousHandler {
  /** Somebody has come and said hello: it is to be answered or refused, at once. */
  arrived(listener: RendezvousListener, line: Line, hello: Hello): void;
  /** The peer to which we connected has answered. */
  answered(line: Line, hello: Hello): void;
  /** No connection comes of it: the line is closed. `reason`: what the peer said, or ''. */
  failed(line: Line, code: ErrorCode, reason: string): void;
  record(line: Line, kind: number, reason: number, data: number, credits: number): void;
  /** The line has ended, or broken, without our doing. */
  broken(line: Line): void;
}

/** Makes the rendezvous of one endpoint, which calls `handler` from its poll. */
export type CreateRendezvous = (handler: RendezvousHandler) => Rendezvous;

/**
 * Handed over as a whole: a time that is passed to a call which is not inlined makes an object, here one in
 * each poll.
 */
export interface Clock {
  readonly nowUs: number;
}

export interface Rendezvous {
  /** Takes an address and port (0: any free one). Throws LibosError ADDRESS_IN_USE and its like. */
  bind(address: number, port: number, qd: number): RendezvousListener;
  /**
   * Starts to connect, from `localAddress` unless that is 0; the handler is notified of what becomes of it.
   */
  connect(address: number, port: number, localAddress: number, localPort: number, hello: Hello): Line;
  /** Looks for news, at most every so often; calls the handler, which nothing else does. */
  poll(clock: Clock): void;
  /** Descriptor of a file that is readable when there is news; -1: there is none. */
  readonly file: number;
  /** There is news: the next poll looks. */
  hasNews(): void;
  /** In how many milliseconds a poll has something to do though there is no news; Infinity if never. */
  dueMs(): number;
  close(): void;
}
