/** The receiving half of kernel sockets: recv straight into pool buffers. */
import type { BufferPool } from '../memory/pool.ts';
import { Owner, type ScatterGatherArray } from '../memory/sga.ts';
import { Errno, errno } from '../native/libc.ts';
import type { SocketCalls } from '../native/socket-calls.ts';
import { codeOfErrno } from '../native/socket-errors.ts';
import * as sys from '../native/sockets.ts';
import { NO_SLOT, type TokenTable } from '../tokens.ts';
import type { KernelQueue } from './queue.ts';

export class SocketReceiver {
  readonly #tokens: TokenTable;
  readonly #pool: BufferPool;
  readonly #recv: SocketCalls['recv'];
  readonly #recvfrom: SocketCalls['recvfrom'];
  /** The buffer that the next recv writes to; most polls find nothing and leave it as it is. */
  #spare: ScatterGatherArray | null = null;

  constructor(tokens: TokenTable, pool: BufferPool, calls: SocketCalls) {
    this.#recv = calls.recv;
    this.#recvfrom = calls.recvfrom;
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
      const outcome = queue.kind === 'stream' ? this.#fromStream(queue) : this.#datagram(queue);
      if (outcome === NOTHING) break;
      if (outcome === DATA) {
        const sga = this.#spare as ScatterGatherArray;
        this.#spare = null;
        if (queue.kind === 'stream') this.#tokens.completePop(queue.pops, sga);
        else this.#tokens.completePopFrom(queue.pops, sga, sys.writtenAddress(), sys.writtenPort());
        completed = true;
        if (!queue.readable) break;
      }
    }
    return completed;
  }

  #fromStream(queue: KernelQueue): Outcome {
    if (this.#spare === null) this.#spare = this.#pool.alloc(this.#pool.bufferBytes, Owner.Libos);
    const segment = this.#spare.segments[0];
    const bytes = this.#recv(queue.fd, segment.address, segment.capacity, sys.MSG_DONTWAIT);
    if (bytes < 0) return this.#failed(queue);
    if (bytes === 0) {
      queue.endOfStream = true;
      return ENDED;
    }
    segment.length = bytes;
    // A short read has emptied the socket (epoll(7)), unless the end of the stream is known to follow.
    queue.readable = bytes === segment.capacity || queue.peerFinished;
    return DATA;
  }

  #datagram(queue: KernelQueue): Outcome {
    if (this.#spare === null) this.#spare = this.#pool.alloc(this.#pool.bufferBytes, Owner.Libos);
    const segment = this.#spare.segments[0];
    const bytes = this.#recvfrom(queue.fd, segment.address, segment.capacity);
    if (bytes < 0) return this.#failed(queue);
    queue.readable = true;
    if (bytes > segment.capacity) {
      this.#tokens.complete(this.#tokens.shift(queue.pops), 'MESSAGE_TOO_LONG');
      return RETRY;
    }
    segment.length = bytes;
    return DATA;
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
