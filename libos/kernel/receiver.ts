/**
 * The receiving half of kernel sockets: straight into pool buffers. A small message takes recv and one buffer; where
 * that was full, the next call fills several, as each costs a system call, and whoever sends them on another one.
 */
import type { BufferPool } from '../memory/pool.ts';
import { Owner, type ScatterGatherArray, type SgaSegment } from '../memory/sga.ts';
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
  /** There was no buffer for a pop of the queue that was served last: it is to be served again. */
  ranDry = false;

  constructor(tokens: TokenTable, pool: BufferPool, calls: SocketCalls) {
    this.#calls = calls;
    this.#tokens = tokens;
    this.#pool = pool;
  }

  /** Serves the pops of a queue until they or the data run out. Returns whether a pop completed. */
  receive(queue: KernelQueue): boolean {
    const tokens = this.#tokens;
    let completed = false;
    this.ranDry = false;
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
    if (queue.receivesMuch && this.#hasSpares()) return this.#intoSeveral(queue);
    if (!this.#hasSpare()) {
      this.ranDry = true;
      return NOTHING;
    }
    return queue.kind === 'datagram' ? this.#datagram(queue) : this.#intoOne(queue);
  }

  #hasSpare(): boolean {
    if (this.#spare !== null) return true;
    if (!this.#pool.hasBuffers(1)) return false;
    this.#spare = this.#pool.alloc(this.#pool.bufferBytes, Owner.Libos);
    return true;
  }

  #hasSpares(): boolean {
    if (this.#spares !== null) return true;
    if (!this.#pool.hasBuffers(BUFFERS_AT_ONCE)) return false;
    this.#spares = this.#pool.alloc(BUFFERS_AT_ONCE * this.#pool.bufferBytes, Owner.Libos);
    return true;
  }

  #intoOne(queue: KernelQueue): Outcome {
    const spare = this.#spare as ScatterGatherArray;
    const segment = spare.segments[0];
    const bytes = this.#calls.recv(queue.fd, segment.address, segment.capacity, sys.MSG_DONTWAIT);
    if (bytes <= 0) return this.#nothingFrom(queue, bytes);
    segment.length = bytes;
    this.#received = spare;
    this.#spare = null;
    queue.receivesMuch = bytes === segment.capacity;
    // A short read has emptied the socket (epoll(7)), unless the end of the stream is known to follow.
    queue.readable = bytes === segment.capacity || queue.peerFinished;
    return DATA;
  }

  #intoSeveral(queue: KernelQueue): Outcome {
    const { bufferBytes } = this.#pool;
    const spares = this.#spares as ScatterGatherArray;
    const { segments } = spares;
    for (let i = 0; i < BUFFERS_AT_ONCE; i++) sys.setIovec(i, segments[i].address, bufferBytes);
    const bytes = this.#calls.receiveScattered(queue.fd, BUFFERS_AT_ONCE);
    if (bytes <= 0) return this.#nothingFrom(queue, bytes);
    this.#received = spares;
    this.#spares = null;
    spares.shorten(bytes);
    queue.receivesMuch = bytes > bufferBytes;
    queue.readable = bytes === BUFFERS_AT_ONCE * bufferBytes || queue.peerFinished;
    return DATA;
  }

  #datagram(queue: KernelQueue): Outcome {
    const spare = this.#spare as ScatterGatherArray;
    const segment = spare.segments[0];
    const bytes = this.#calls.receiveDatagram(queue.fd, segment.address, segment.capacity);
    if (bytes < 0) return this.#failed(queue);
    queue.readable = true;
    segment.length = Math.min(bytes, segment.capacity);
    if (bytes > segment.capacity && !this.#addOverflow(spare, bytes - segment.capacity)) return RETRY;
    this.#received = spare;
    this.#spare = null;
    return DATA;
  }

  /**
   * Copies the rest of a long datagram behind its first buffer. Returns false when there are no buffers for it: it is
   * lost, as in a socket buffer that is full.
   */
  #addOverflow(sga: ScatterGatherArray, overflowBytes: number): boolean {
    if (!this.#pool.hasBuffers(Math.ceil(overflowBytes / this.#pool.bufferBytes))) return false;
    for (let done = 0; done < overflowBytes; ) {
      const segment = this.#pool.tryTake() as SgaSegment;
      segment.offset = segment.base;
      segment.length = Math.min(segment.capacity, overflowBytes - done);
      segment.bytes.set(sys.overflow.subarray(done, done + segment.length), segment.offset);
      done += segment.length;
      sga.segments[sga.segmentCount++] = segment;
    }
    return true;
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
