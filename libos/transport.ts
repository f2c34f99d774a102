/**
 * The seam between the interface and a backend. libos/core.ts implements PDPI once, over a Transport: tokens,
 * waiting, argument checks and ownership are the same for every backend; a Transport moves bytes.
 *
 * A backend keeps its own state in a subclass of Queue. The core appends slots of the token table to the
 * queue's lists and calls the transport, which takes them off in order and completes them.
 */
import type { BackendOptions } from './backend-options.ts';
import type { ErrorCode } from './errors.ts';
import type { BufferPool } from './memory/pool.ts';
import type { Slab } from './memory/sga.ts';
import type { SocketKind } from './pdpi.ts';
import type { DeviceMoments } from './stamps/moments.ts';
import type { StampWriter } from './stamps/writer.ts';
import { PendingList, TokenTable } from './tokens.ts';

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

/**
 * Pushes after which a transport sends what was pushed, though the application has not waited yet: were the
 * replies to a burst held back until all are made, server and client would work in turn instead of at the
 * same time.
 */
export const PUSHES_PER_BURST = 8;
/** How long a transport's shutdown waits for peers to take what was sent to them. */
export const LINGER_US = 100_000;
/** A device that cannot wake the thread is looked at this often while the thread sleeps. */
const SLEEP_MS = 0.05;

/** What the core offers its transport: the tokens, the descriptors, and what every backend does alike. */
export class TransportHost {
  readonly tokens = new TokenTable();
  /** The open queues by descriptor. */
  readonly queues: (Queue | null)[] = [];
  /** Pushes since the last poll, the present one included. The core counts them. */
  pushesSincePoll = 0;
  readonly #freeDescriptors: number[] = [];
  readonly #stamps: StampWriter | null;
  readonly #sleepWord = new Int32Array(new SharedArrayBuffer(4));

  constructor(stamps: StampWriter | null) {
    this.#stamps = stamps;
    this.tokens.stamps = stamps;
  }

  /** Gives a queue its descriptor. */
  register(queue: Queue): void {
    const qd = this.#freeDescriptors.pop() ?? this.queues.length;
    queue.qd = qd;
    this.queues[qd] = queue;
    this.#stamps?.opened(qd);
  }

  /** Takes the descriptor of a closed queue back. */
  unregister(queue: Queue): void {
    this.queues[queue.qd] = null;
    this.#freeDescriptors.push(queue.qd);
  }

  /** Completes the first accept of a listener with a connection, whose endpoints are filled in. */
  accepted(listener: Queue, connection: Queue): void {
    const { tokens } = this;
    connection.state = QueueState.Connected;
    this.register(connection);
    const slot = tokens.shift(listener.accepts);
    tokens.newQd[slot] = connection.qd;
    tokens.peerAddress[slot] = connection.peerAddress;
    tokens.peerPort[slot] = connection.peerPort;
    tokens.complete(slot, null);
  }

  /** Completes a connect: `error` null where the connection stands. */
  connectEnded(queue: Queue, error: ErrorCode | null): void {
    queue.error = error;
    queue.state = error === null ? QueueState.Connected : QueueState.Failed;
    this.tokens.complete(this.tokens.shift(queue.connects), error);
  }

  /** Sleeps for at most `timeoutMs`, and briefly: for transports whose device cannot wake the thread. */
  sleep(timeoutMs: number): void {
    Atomics.wait(this.#sleepWord, 0, 0, Math.min(timeoutMs, SLEEP_MS));
  }
}

/** What createLibos gives the `create` of a backend's descriptor (libos/backend-descriptor.ts). */
export interface BackendSetup {
  options: BackendOptions;
  /** A pool of buffers to send from, cut from slabs that `mapSlab` maps. */
  createPool: (mapSlab: (bytes: number) => Slab) => BufferPool;
  connectTimeoutMs: number;
  /** Told when the device is entered and left; null where nobody wants to know. */
  moments: DeviceMoments | null;
}

/**
 * The factory of a backend. Throws LibosError: INVALID_ARGUMENT for a wrong option, BACKEND_UNAVAILABLE where
 * the backend cannot run on this machine.
 */
export type CreateBackend = (host: TransportHost, setup: BackendSetup) => Transport;

/** Makes a transport for the core that calls it. Throws LibosError where the backend cannot run here. */
export type CreateTransport<T extends Transport = Transport> = (host: TransportHost) => T;

export interface Transport {
  readonly name: string;
  readonly pool: BufferPool;

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

  /**
   * A slot was appended to queue.accepts, pushes or pops: the transport may serve it at once or in poll().
   */
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
