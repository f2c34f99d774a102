/**
 * The receiving half of kernel sockets: straight into pool buffers. A small message takes recv and one buffer; where
 * that was full, the next call fills several, as each costs a system call, and whoever sends them on another one.
 */
import type { BufferPool } from '../memory/pool.ts';
import { Owner, type ScatterGatherArray } from '../memory/sga.ts';
import { Errno, errno } from '../native/libc.ts';
import type { SocketCalls } from '../native/socket-calls.ts';
import { codeOfErrno } from '../native/socket-errors.ts';
import * as sys from '../native/sockets.ts';
import { NO_SLOT, type TokenTable } from '../tokens.ts';
import type { KernelQueue } from './queue.ts';

/** Buffers that one call fills at most: 64 KiB, what a program for Linux usually reads at once. */
const BUFFERS_AT_ONCE = 4;

export class SocketReceiver {
  readonly #tokens: TokenTable;
  readonly #pool: BufferPool;
  readonly #calls: SocketCalls;
  /** The buffers that the next call writes to; most polls find nothing and leave them as they are. */
  #spare: ScatterGatherArray | null = null;
  #spares: ScatterGatherArray | null = null;
  /** What the last call has received. */
  #received: ScatterGatherArray | null = null;

  constructor(tokens: TokenTable, pool: BufferPool, calls: SocketCalls) {
    this.#calls = calls;
    this.#tokens = tokens;
    this.#pool = pool;
  }

  /** Serves the pops of a queue until they or the data run out. Returns whether a pop completed. */
  receive(queue: KernelQueue): boolean {
    const tokens = this.#tokens;
    let completed = false;
    while (queue.pops.head !== NO_SLOT) {
      if (queue.endOfStream || queue.error !== null) {
        tokens.complete(tokens.shift(queue.pops), queue.error);
        completed = true;
        continue;
      }
      const outcome = this.#receiveOnce(queue);
      if (outcome === NOTHING) break;
      if (outcome === DATA) {
        const sga = this.#received as ScatterGatherArray;
        this.#received = null;
        if (queue.kind === 'stream') tokens.completePop(queue.pops, sga);
        else tokens.completePopFrom(queue.pops, sga, sys.writtenAddress(), sys.writtenPort());
        completed = true;
        if (!queue.readable) break;
      }
    }
    return completed;
  }

  #receiveOnce(queue: KernelQueue): Outcome {
    if (queue.kind === 'datagram') return this.#datagram(queue);
    return queue.receivesMuch ? this.#intoSeveral(queue) : this.#intoOne(queue);
  }

  #intoOne(queue: KernelQueue): Outcome {
    if (this.#spare === null) this.#spare = this.#pool.alloc(this.#pool.bufferBytes, Owner.Libos);
    const segment = this.#spare.segments[0];
    const bytes = this.#calls.recv(queue.fd, segment.address, segment.capacity, sys.MSG_DONTWAIT);
    if (bytes <= 0) return this.#nothingFrom(queue, bytes);
    segment.length = bytes;
    this.#received = this.#spare;
    this.#spare = null;
    queue.receivesMuch = bytes === segment.capacity;
    // A short read has emptied the socket (epoll(7)), unless the end of the stream is known to follow.
    queue.readable = bytes === segment.capacity || queue.peerFinished;
    return DATA;
  }

  #intoSeveral(queue: KernelQueue): Outcome {
    const { bufferBytes } = this.#pool;
    if (this.#spares === null) {
      if (!this.#pool.hasBuffers(BUFFERS_AT_ONCE)) return this.#intoOne(queue);
      this.#spares = this.#pool.alloc(BUFFERS_AT_ONCE * bufferBytes, Owner.Libos);
    }
    const { segments } = this.#spares;
    for (let i = 0; i < BUFFERS_AT_ONCE; i++) sys.setIovec(i, segments[i].address, bufferBytes);
    const bytes = this.#calls.receiveScattered(queue.fd, BUFFERS_AT_ONCE);
    if (bytes <= 0) return this.#nothingFrom(queue, bytes);
    this.#received = this.#spares;
    this.#spares = null;
    this.#received.shorten(bytes);
    queue.receivesMuch = bytes > bufferBytes;
    queue.readable = bytes === BUFFERS_AT_ONCE * bufferBytes || queue.peerFinished;
    return DATA;
  }

  #datagram(queue: KernelQueue): Outcome {
    if (this.#spare === null) this.#spare = this.#pool.alloc(this.#pool.bufferBytes, Owner.Libos);
    const segment = this.#spare.segments[0];
    const bytes = this.#calls.recvfrom(queue.fd, segment.address, segment.capacity);
    if (bytes < 0) return this.#failed(queue);
    queue.readable = true;
    if (bytes > segment.capacity) {
      this.#tokens.complete(this.#tokens.shift(queue.pops), 'MESSAGE_TOO_LONG');
      return RETRY;
    }
    segment.length = bytes;
    this.#received = this.#spare;
    this.#spare = null;
    return DATA;
  }

  /** What became of a call on a stream that returned 0 or -1. */
  #nothingFrom(queue: KernelQueue, result: number): Outcome {
    // The next poll, which may find nothing either, takes the cheaper call.
    queue.receivesMuch = false;
    if (result < 0) return this.#failed(queue);
    queue.endOfStream = true;
    return ENDED;
  }

  #failed(queue: KernelQueue): Outcome {
    const error = errno();
    if (error === Errno.EAGAIN) {
      queue.readable = false;
      return NOTHING;
    }
    if (error === Errno.EINTR) return RETRY;
    if (queue.kind === 'datagram') {
      // An ICMP error that belongs to a datagram sent earlier: it is reported once, and the socket stays
      // usable.
      this.#tokens.complete(this.#tokens.shift(queue.pops), codeOfErrno(error));
      return RETRY;
    }
    queue.error = codeOfErrno(error);
    return ENDED;
  }
}

const NOTHING = 0;
const DATA = 1;
const ENDED = 2;
const RETRY = 3;
type Outcome = 0 | 1 | 2 | 3;
