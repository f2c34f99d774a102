/**
 * The interface of the library OS. The names are those of Demikernel's PDPIX ("The Demikernel Datapath OS
 * Architecture for Microsecond-scale Datacenter Systems", SOSP'21, table 2), in TypeScript's spelling;
 * docs/libos.md explains each call with its errors.
 *
 * Every accept, connect, push and pop returns a qtoken at once and never waits. The wait calls make progress
 * and hand out completions; a token is consumed by that.
 */
import type { ErrorCode } from './errors.ts';
import type { ScatterGatherArray } from './memory/sga.ts';

/** Queue descriptor: a small integer, reused after close. */
export type QueueDescriptor = number;
/** Names one pending operation: a small integer. */
export type QToken = number;

export type SocketKind = 'stream' | 'datagram';

/** An IPv4 endpoint: dotted address and port in host order. */
export interface Endpoint {
  address: string;
  port: number;
}

/** Where a datagram goes: the address as people write it, or as an unsigned integer, as completions have it. */
export interface Destination {
  address: string | number;
  port: number;
}

/** Of one stream, in ms; what is left out stays as it is. Without any, those of the backend hold. */
export interface SocketOptions {
  /** How long the peer may leave what was sent without an acknowledgement before the connection ends as TIMED_OUT. */
  userTimeoutMs?: number;
  /** Silence after which the peer is asked whether it is still there; 0: never. The kernel counts whole seconds. */
  keepAliveMs?: number;
}

export type PdpiOperation = 'accept' | 'connect' | 'push' | 'pop';

/**
 * What became of an operation. The objects are recycled: the fields hold until the next wait call of the same
 * libOS.
 */
export interface Completion {
  token: QToken;
  operation: PdpiOperation;
  /** The queue on which the operation was started. */
  qd: QueueDescriptor;
  /** null when the operation succeeded. */
  error: ErrorCode | null;
  /**
   * pop: the data received, now the application's, null at the end of the stream or after an error.
   * push: the buffers that were pushed, the application's again, null if they were freed in flight.
   */
  sga: ScatterGatherArray | null;
  /** accept: the queue of the new connection, else -1. */
  newQd: QueueDescriptor;
  /** pop of a datagram, and accept: the peer's IPv4 address as an unsigned integer, and its port; else 0. */
  peerAddress: number;
  peerPort: number;
}

/** When a push counts as complete. */
export type PushCompletion = 'handed-over' | 'acknowledged';

/**
 * What becomes of pushes that are pending when their connection is closed. deliver: they reach the peer, and then the
 * end of the stream, while the application goes on to wait; they complete as if it had not been closed, or fail with
 * the connection. reset: they complete as CANCELLED at once, and the peer's end of the connection as CONNECTION_RESET;
 * where none are pending, it is as deliver.
 */
export type Unsent = 'deliver' | 'reset';

export interface PollCounts {
  polls: number;
  /** Those of them after which nothing more had completed than before. */
  idlePolls: number;
}

export interface Libos {
  readonly backend: string;

  /** Completions handed out by the last wait call, in the order in which they completed. */
  readonly completions: readonly Completion[];

  socket(kind: SocketKind): QueueDescriptor;
  bind(qd: QueueDescriptor, endpoint: Endpoint): void;
  listen(qd: QueueDescriptor, backlog: number): void;
  accept(qd: QueueDescriptor): QToken;
  connect(qd: QueueDescriptor, endpoint: Endpoint): QToken;
  /**
   * Closes both directions. Pending accepts, connects and pops complete as CANCELLED; of what was pushed before,
   * `unsent` says what becomes.
   */
  close(qd: QueueDescriptor, unsent?: Unsent): void;
  /** Of a stream in whatever state; a listener's are those of the connections that it accepts from then on. */
  setOptions(qd: QueueDescriptor, options: SocketOptions): void;
  /** Half-close: the peer reads the end of the stream after all that was pushed before. */
  shutdownWrite(qd: QueueDescriptor): void;

  /** Sends the bytes of `sga`, which belongs to the libOS until the completion. */
  push(qd: QueueDescriptor, sga: ScatterGatherArray, until?: PushCompletion): QToken;
  /** Sends one datagram. */
  pushTo(qd: QueueDescriptor, sga: ScatterGatherArray, destination: Destination): QToken;
  /** Receives what comes next: of a stream what is there, a few buffers at most; of a datagram socket one datagram. */
  pop(qd: QueueDescriptor): QToken;

  /** Waits for one token. Returns null when `timeoutMs` passed first. */
  wait(token: QToken, timeoutMs?: number): Completion | null;
  /** Waits for the first of some tokens. Returns null when `timeoutMs` passed first. */
  waitAny(tokens: ArrayLike<QToken>, timeoutMs?: number): Completion | null;
  /** Waits for all tokens: true, with `completions` in the tokens' order, or false, with none consumed. */
  waitAll(tokens: ArrayLike<QToken>, timeoutMs?: number): boolean;
  /**
   * Hands out up to `max` completions, whichever came first, into `completions`, and returns how many; 0 when
   * `timeoutMs` passed. Its cost does not grow with the number of queues or pending tokens. With `max` 0 it
   * only makes progress.
   */
  waitNext(max: number, timeoutMs?: number): number;

  /** How often the wait calls have looked for progress so far: who is never idle is the limit. */
  pollCounts(): PollCounts;

  /**
   * What the backend has counted so far, and what it has at the moment, by name; nothing where it counts
   * nothing.
   */
  counters(): Readonly<Record<string, number>>;
  /**
   * For messages: what the backend has seen of why a connect may have ended with this error, with the remedy; null
   * where it knows no more than the error says.
   */
  hint(error: ErrorCode): string | null;
  /** What the backend has come to where its options leave that open, in a few words; null where they do not. */
  about(): string | null;

  localEndpoint(qd: QueueDescriptor): Endpoint;
  peerEndpoint(qd: QueueDescriptor): Endpoint;

  /**
   * Buffers for `bytes` bytes in memory that the backend can send from, the application's until it pushes or
   * frees them.
   */
  alloc(bytes: number): ScatterGatherArray;
  /** Gives buffers back. Of buffers in flight: they go back when their push completes. */
  free(sga: ScatterGatherArray): void;

  /**
   * Closes every queue and gives all memory back. In checked mode throws LEAK if the application still owns
   * buffers.
   */
  shutdown(): void;
}
