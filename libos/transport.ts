/**
 * The seam between the interface and a backend. libos/core.ts implements PDPI once, over a Transport: tokens,
 * waiting, argument checks and ownership are the same for every backend; a Transport moves bytes.
 *
 * A backend keeps its own state in a subclass of Queue. The core appends slots of the token table to the
 * queue's lists and tells the transport; the transport takes them off in order and completes them.
 */
import type { ErrorCode } from './errors.ts';
import type { BufferPool } from './memory/pool.ts';
import type { SocketKind } from './pdpi.ts';
import { PendingList, type TokenTable } from './tokens.ts';

export const QueueState = {
  Fresh: 0,
  Bound: 1,
  Listening: 2,
  Connecting: 3,
  Connected: 4,
  Failed: 5,
} as const;
export type QueueState = (typeof QueueState)[keyof typeof QueueState];

export class Queue {
  readonly kind: SocketKind;
  qd = -1;
  state: QueueState = QueueState.Fresh;
  /** Sticky: what every later push and pop of a broken connection completes with. */
  error: ErrorCode | null = null;
  /** The application has shut the sending half down. */
  writeShut = false;
  localAddress = 0;
  localPort = 0;
  peerAddress = 0;
  peerPort = 0;
  readonly accepts = new PendingList();
  readonly connects = new PendingList();
  readonly pops = new PendingList();
  readonly pushes = new PendingList();
  /** Pushes that were handed over and wait for the peer's acknowledgement. */
  readonly unacknowledged = new PendingList();

  constructor(kind: SocketKind) {
    this.kind = kind;
  }
}

/** What a transport needs of the core. */
export interface TransportHost {
  readonly tokens: TokenTable;
  /** Gives a queue that the transport made (an accepted connection) its descriptor. */
  register(queue: Queue): void;
}

export interface Transport {
  readonly name: string;
  readonly pool: BufferPool;
  /** Called once before anything else. */
  attach(host: TransportHost): void;

  /** A queue of this kind, not yet registered. Throws LibosError, as do bind and listen. */
  open(kind: SocketKind): Queue;
  bind(queue: Queue, address: number, port: number): void;
  listen(queue: Queue, backlog: number): void;
  /** Starts to connect; the slot is in queue.connects. */
  connect(queue: Queue, address: number, port: number): void;
  /** Half-close after all pushes that are in queue.pushes. */
  shutdownWrite(queue: Queue): void;
  /** Closes. What is pending after it the core completes as cancelled. */
  close(queue: Queue): void;

  /** A slot was appended to queue.accepts, pushes or pops: the transport may serve it at once or in poll(). */
  accept(queue: Queue): void;
  push(queue: Queue): void;
  pop(queue: Queue): void;

  /** Makes what progress can be made without waiting. */
  poll(): void;
  /** Everything that is counted, by name. */
  counters(): Record<string, number>;
  /** Sleeps until there may be progress to make, or `timeoutMs` passed. */
  sleep(timeoutMs: number): void;
  /** Everything is closed; give memory back. */
  shutdown(): void;
}
