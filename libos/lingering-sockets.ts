/**
 * Connections over sockets of the kernel's that were closed behind pushes (libos/transport.ts, close): each lingers
 * until all of its pushes have completed, or its peer has taken nothing for the user timeout.
 */
import { nowNs } from './clock.ts';
import * as sys from './native/sockets.ts';
import type { SocketKind } from './pdpi.ts';
import { NO_SLOT } from './tokens.ts';
import { LINGER_US, Queue, type TransportHost, USER_TIMEOUT_MS } from './transport.ts';

/** Polls between two looks at the user timeout. */
const POLLS_PER_LOOK = 256;

/** A queue over a socket of the kernel's. */
export class SocketQueue extends Queue {
  readonly fd: number;
  closed = false;
  /** Progress of the push at the head: segments done, and bytes of the next one. */
  pushSegment = 0;
  pushOffset = 0;
  /** Bytes of the stream handed to the kernel so far. */
  sentBytes = 0;
  /** Of a queue that lingers: what the peer's host had when it was looked at last, and until when it may stay so. */
  takenBytes = 0;
  lingersUntilNs = 0;

  constructor(kind: SocketKind, fd: number) {
    super(kind);
    this.fd = fd;
  }
}

export class LingeringSockets<Socket extends SocketQueue> {
  readonly #host: TransportHost;
  readonly #release: (queue: Socket) => void;
  readonly #giveUp: (queue: Socket) => void;
  readonly #queues: Socket[] = [];
  #polls = 0;

  /** `release` gives back the socket of one that lingers no more, `giveUp` fails the pushes of one that timed out. */
  constructor(host: TransportHost, release: (queue: Socket) => void, giveUp: (queue: Socket) => void) {
    this.#host = host;
    this.#release = release;
    this.#giveUp = giveUp;
  }

  get count(): number {
    return this.#queues.length;
  }

  /** The end of the stream goes behind the last push, and the socket is closed when the peer's host has all. */
  add(queue: Socket): void {
    queue.lingers = true;
    queue.lingersUntilNs = nowNs() + timeoutNs(queue);
    if (queue.pushes.head === NO_SLOT) sys.shutdown(queue.fd, sys.SHUT_WR);
    queue.writeShut = true;
    this.#queues.push(queue);
  }

  /** It is given up from outside. */
  remove(queue: Socket): void {
    const index = this.#queues.indexOf(queue);
    if (index >= 0) this.#queues.splice(index, 1);
  }

  /** Closes the sockets of those that linger no more, and gives up those whose peers take nothing. */
  poll(): void {
    const looks = this.#polls++ % POLLS_PER_LOOK === 0;
    for (let i = this.#queues.length - 1; i >= 0; i--) {
      const queue = this.#queues[i];
      if (looks && hasPushes(queue)) this.#expire(queue);
      if (hasPushes(queue)) continue;
      this.#queues.splice(i, 1);
      this.#release(queue);
      this.#host.lingered(queue);
    }
  }

  /** Of a libOS that is shut down: polls until none lingers, for LINGER_US at most. */
  drain(pollAll: () => void): void {
    const giveUpNs = nowNs() + LINGER_US * 1000;
    while (this.#queues.length > 0 && nowNs() < giveUpNs) pollAll();
  }

  #expire(queue: Socket): void {
    const now = nowNs();
    const takenBytes = queue.sentBytes - sys.unacknowledgedBytes(queue.fd);
    if (takenBytes > queue.takenBytes) {
      queue.takenBytes = takenBytes;
      queue.lingersUntilNs = now + timeoutNs(queue);
    } else if (now >= queue.lingersUntilNs) this.#giveUp(queue);
  }
}

/** Whether some are still to be delivered. */
export function hasPushes({ pushes, unacknowledged }: Queue): boolean {
  return pushes.head !== NO_SLOT || unacknowledged.head !== NO_SLOT;
}

/** For so long the peer of one that lingers may take nothing. */
function timeoutNs({ userTimeoutMs }: Queue): number {
  return (userTimeoutMs ?? USER_TIMEOUT_MS) * 1e6;
}
