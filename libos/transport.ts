/**
 * The seam between the interface and a backend. libos/core.ts implements PDPI once, over a Transport: tokens,
 * waiting, argument checks and ownership are the same for every backend; a Transport moves bytes.
 *
 * A backend keeps its own state in a subclass of Queue. The core appends slots of the token table to the
 * queue's lists and calls the transport, which takes them off in order and completes them.
 *
 * What a transport must do is written at each method below. What holds for all of them:
 *
 * - It completes the slots of a list from the head, each once, and no other: `tokens.shift` and then `tokens.complete`,
 *   or completePop and its like. The core owns tokens, the transport owns the lists of the queues while it is called.
 * - Buffers of `pool` hold what is sent, and what is received unless the device has memory of its own. A push's buffers
 *   are Owner.Libos (Owner.LibosThenFree once the application has freed them) and stay untouched where they lie until
 *   the transport completes the push; what it must keep longer it takes off the slot as Owner.Transport. Received
 *   buffers become a pop's by pool.wrap or pool.alloc with Owner.Libos. They go back by the `home` of each segment.
 * - The bytes of a segment lie at `bytes[offset, offset + length)`, and for the device at
 *   `address - base + offset`, since `address` is that of `bytes[base]`.
 * - Where it is to have stages of latencies, the device, or its glue, writes when it was entered and left with what is
 *   sent and received (libos/native/device-times.h): immediately around the call that moves the bytes, for each call,
 *   where the setup says, and nothing where it says nowhere. A push that completes later than it leaves is stamped by
 *   tokens.handedOver when it leaves.
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
  /** It is closed, and its pushes are still being delivered. Set by the transport's close; see there. */
  lingers = false;
  /** The application has shut the sending half down. */
  writeShut = false;
  /** Set by the application, of a listener for what it accepts; null: what the backend has by default. */
  userTimeoutMs: number | null = null;
  /** The same; 0: never. */
  keepAliveMs: number | null = null;
  /** Pushes whose completions have not been handed out. The core counts them. */
  unawaited = 0;
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
/** How long a libOS that is shut down waits for peers to take what was sent to them. */
export const LINGER_US = 100_000;
/** For so long a closed connection whose peer takes nothing of what was pushed before waits for it, by default. */
export const USER_TIMEOUT_MS = 100_000;
/**
 * A device that cannot wake the thread is looked at this often while the thread sleeps: at first, and ever more
 * rarely while nothing happens, so that what comes after a silence waits for a fifth of that at most, and never for
 * longer than this.
 */
const SLEEP_MS = 0.05;
const SLEEP_GROWTH = 1.2;
const LONGEST_SLEEP_MS = 2;

/** What the core offers its transport: the tokens, the descriptors, and what every backend does alike. */
export class TransportHost {
  readonly tokens = new TokenTable();
  /** The open queues by descriptor. */
  readonly queues: (Queue | null)[] = [];
  /** Closed queues whose pushes are still being delivered; nobody else gets their descriptors. */
  readonly lingering = new Set<Queue>();
  /** Pushes since the last poll, the present one included. The core counts them. */
  pushesSincePoll = 0;
  /** A wait sleeps while nothing happens, in place of polling again and again. */
  readonly sleeps: boolean;
  /** `sleep` follows upon this poll, unless it completes something: what sleep looks for need not be looked for. */
  sleepsNext = false;
  readonly #freeDescriptors: number[] = [];
  readonly #stamps: StampWriter | null;
  readonly #sleepWord = new Int32Array(new SharedArrayBuffer(4));
  /** Of the next sleep. In an array, whose doubles change in place. */
  readonly #sleepMs = Float64Array.of(SLEEP_MS);

  constructor(stamps: StampWriter | null, sleeps = false) {
    this.sleeps = sleeps;
    this.#stamps = stamps;
    this.tokens.stamps = stamps;
  }

  /** Gives a queue its descriptor. The core does so for what open returns, `accepted` for a connection. */
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

  /** The queue is closed and lingers: no call finds it any more. */
  hide(queue: Queue): void {
    this.queues[queue.qd] = null;
    this.lingering.add(queue);
  }

  /** No push of a queue that lingered is pending any more. The transport calls it, once, and not inside close. */
  lingered(queue: Queue): void {
    this.lingering.delete(queue);
    this.#freeDescriptors.push(queue.qd);
  }

  /** Completes the first accept of a listener with a connection, whose endpoints are filled in. */
  accepted(listener: Queue, connection: Queue): void {
    const { tokens } = this;
    connection.state = QueueState.Connected;
    connection.userTimeoutMs = listener.userTimeoutMs;
    connection.keepAliveMs = listener.keepAliveMs;
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

  /** Something has come or gone: the next sleep is short. For transports that call `sleep`. */
  stirred(): void {
    this.#sleepMs[0] = SLEEP_MS;
  }

  /**
   * Sleeps for at most `timeoutMs`, and briefly, the less so the longer nothing has `stirred`: for transports whose
   * device cannot wake the thread.
   */
  sleep(timeoutMs: number): void {
    Atomics.wait(this.#sleepWord, 0, 0, Math.min(timeoutMs, this.pauseMs()));
  }

  /** How long that sleep is to be, for transports that sleep by themselves; the next one is longer. */
  pauseMs(): number {
    const ms = this.#sleepMs[0];
    this.#sleepMs[0] = Math.min(ms * SLEEP_GROWTH, LONGEST_SLEEP_MS);
    return ms;
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

  /** A queue of this kind; the core registers it. Throws LibosError, as do bind and listen, and takes nothing then. */
  open(kind: SocketKind): Queue;
  /**
   * Fixes the local end: `address` 0 is every address, `port` 0 any free one. Sets the queue's localAddress and
   * localPort to what was bound, 0 staying 0; the core sets the state. A datagram queue receives from now on.
   * An unbound datagram queue that is pushed to, or connected, the transport binds itself, to any free port.
   */
  bind(queue: Queue, address: number, port: number): void;
  /** Takes connections, of which `backlog` may wait for an accept (one more where an operating system counts so). */
  listen(queue: Queue, backlog: number): void;
  /**
   * Starts to connect; the slot is in queue.connects, the state is Connecting, the peer's address and port are set.
   * The transport calls host.connectEnded, now or from poll, which sets the state: with null once localAddress and
   * localPort are set, with TIMED_OUT when `connectTimeoutMs` of the setup have passed. A datagram queue only fixes its
   * peer.
   */
  connect(queue: Queue, address: number, port: number): void;
  /**
   * A stream's userTimeoutMs and keepAliveMs hold from now on: of a listener for what it accepts, to which
   * host.accepted has given them. Absent where the backend can set neither.
   */
  setOptions?(queue: Queue): void;
  /** Half-close after all pushes that are in queue.pushes. */
  shutdownWrite(queue: Queue): void;
  /**
   * Closes, and does not wait. When it returns, the queue's accepts, connects and pops are the transport's no more: the
   * core completes what is left of them as cancelled. A listener has given up its address, and its connections that
   * nobody has accepted are reset. A datagram queue's pushes that the device does not take now are cancelled.
   *
   * The pushes of a connection that stands are delivered: if some are pending, the transport sets queue.lingers, goes
   * on with them in poll, sends the end of the stream behind them, completes each, and calls host.lingered when none is
   * left. Instead of that it resets the connection: now, when the peer has sent what nobody has read or sends more,
   * of which the end of its stream is none; later, when the peer takes nothing for the user timeout. The pushes then
   * fail. It must never be that the peer reads a clean end of the stream before all that was pushed.
   */
  close(queue: Queue): void;
  /** Gives a queue up that lingers: resets the connection. The core completes the pushes and calls host.lingered. */
  reset(queue: Queue): void;

  /**
   * A slot was appended to queue.accepts, pushes or pops: the transport may serve it at once or in poll(). An accept is
   * served by host.accepted with a new queue whose four address fields are set, and which is not registered. A push
   * completes when all its bytes were handed to the device or kernel, or, where tokens.acknowledged says so, when
   * the peer has acknowledged them; of a datagram they are sent whole, or it completes as MESSAGE_TOO_LONG. A pop takes
   * what comes next; of a stream one buffer or less, and nothing (null) at its end, again and again; of a datagram
   * queue one datagram, also an empty one, with its sender. Where there is no memory to receive into it stays
   * pending until there is. An error that is about an earlier datagram is reported by one pop, and the queue lives on.
   */
  accept(queue: Queue): void;
  push(queue: Queue): void;
  pop(queue: Queue): void;

  /** Makes what progress can be made without waiting, on all queues. Never throws: what fails, completes. */
  poll(): void;
  /** Everything that is counted, by name. */
  counters(): Record<string, number>;
  /** What the device has seen of why a connect may have ended so: half a sentence with the remedy, or null. */
  hint?(error: ErrorCode): string | null;
  /** What it has come to where options leave that open, such as whether its device copies: a few words, or null. */
  about?(): string | null;
  /**
   * Sleeps, without using the core, until there may be progress to make or `timeoutMs` passed; at once back while poll
   * has something to do, or a device has not been given what is queued for it. What arrives ends it, also what came
   * between the last poll and the sleep; where nothing can, it is short (host.sleep). What is due by the clock, such as
   * a retransmission, ends it too. May complete slots. Never throws.
   */
  sleep(timeoutMs: number): void;
  /** Everything is closed: polls until peers have what was sent and what lingers is done, for LINGER_US at most. */
  linger(): void;
  /** After that: resets what is left, gives back memory, descriptors and device. Throws LEAK (pool.destroy). */
  shutdown(): void;
}
