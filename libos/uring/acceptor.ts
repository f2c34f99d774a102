/**
 * Listeners: one standing request (multishot) by which the kernel accepts what connects, as long as somebody has asked
 * for a connection. It may accept more than were asked for: these are held, and for as long as they are the kernel's
 * own backlog is shorter, so that as many wait as the application has said.
 */
import { codeOfErrno, Errno, NO_SLOT, type TokenTable, type TransportHost } from '../backend-api.ts';
import * as sys from '../native/sockets.ts';
import { GOES_ON, RequestKind } from './layout.ts';
import { Standing, type UringQueue } from './queue.ts';
import type { Ring } from './ring.ts';

const ECANCELED = 125;

export class Acceptor {
  readonly #tokens: TokenTable;
  readonly #host: TransportHost;
  readonly #ring: Ring;
  readonly #open: (fd: number) => UringQueue;
  readonly #connected: (queue: UringQueue) => void;

  /** `open` makes the queue of a connection, `connected` is told of it when it has its descriptor. */
  constructor(
    host: TransportHost,
    ring: Ring,
    open: (fd: number) => UringQueue,
    connected: (queue: UringQueue) => void,
  ) {
    this.#tokens = host.tokens;
    this.#host = host;
    this.#ring = ring;
    this.#open = open;
    this.#connected = connected;
  }

  /** Hands out what is held, and has the kernel accept what is asked for beyond that. */
  serve(listener: UringQueue): void {
    while (listener.accepts.head !== NO_SLOT && listener.held.length > 0) {
      this.#handOut(listener, listener.held.shift() as number);
    }
    if (listener.accepts.head === NO_SLOT || listener.acceptance !== Standing.Off) return;
    this.#ring.accept(listener.fd, listener.index);
    listener.inFlight++;
    listener.acceptance = Standing.Armed;
  }

  /** A completion of the standing request: a descriptor, or the negative number of an error. */
  accepted(listener: UringQueue, result: number, flags: number): void {
    if ((flags & GOES_ON) === 0) listener.acceptance = Standing.Off;
    if (result >= 0) {
      if (listener.closed) abandon(result);
      else if (listener.accepts.head !== NO_SLOT && listener.held.length === 0)
        this.#handOut(listener, result);
      else listener.held.push(result);
    } else if (result !== -ECANCELED && result !== -Errno.EINTR && result !== -Errno.ECONNABORTED) {
      if (listener.accepts.head === NO_SLOT || listener.closed) return;
      this.#tokens.complete(this.#tokens.shift(listener.accepts), codeOfErrno(-result));
    }
  }

  /** In the poll after: whoever was handed a connection has asked for the next one by now, or wants none. */
  check(listener: UringQueue): void {
    this.serve(listener);
    if (listener.accepts.head === NO_SLOT && listener.acceptance === Standing.Armed) {
      this.#ring.cancel(listener.index, RequestKind.Accept);
      listener.inFlight++;
      listener.acceptance = Standing.Cancelling;
    }
    const held = listener.held.length;
    if (held === listener.heldTold) return;
    listener.heldTold = held;
    sys.listen(listener.fd, Math.max(0, listener.backlog - held));
  }

  /** The listener is closed: resets what nobody has asked for. */
  drop(listener: UringQueue): void {
    for (const fd of listener.held.splice(0)) abandon(fd);
  }

  #handOut(listener: UringQueue, fd: number): void {
    if (sys.getpeername(fd) < 0) {
      // Gone again.
      sys.close(fd);
      return;
    }
    const queue = this.#open(fd);
    queue.peerAddress = sys.writtenAddress();
    queue.peerPort = sys.writtenPort();
    sys.getsockname(fd);
    queue.localAddress = sys.writtenAddress();
    queue.localPort = sys.writtenPort();
    this.#host.accepted(listener, queue);
    this.#connected(queue);
  }
}

function abandon(fd: number): void {
  sys.enableResetAtClose(fd);
  sys.close(fd);
}
