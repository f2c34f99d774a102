/** The sending half of kernel sockets: pushes in order, resumed where a full socket buffer stopped them. */
import type { ErrorCode } from '../errors.ts';
import { Errno, errno } from '../native/libc.ts';
import type { SocketCalls } from '../native/socket-calls.ts';
import { codeOfErrno } from '../native/socket-errors.ts';
import * as sys from '../native/sockets.ts';
import { NO_SLOT, type TokenTable } from '../tokens.ts';
import type { KernelQueue } from './queue.ts';

export class SocketSender {
  readonly #tokens: TokenTable;
  readonly #calls: SocketCalls;
  /** Queues with pushes that wait for the peer's acknowledgement. */
  readonly #awaiting: KernelQueue[] = [];

  constructor(tokens: TokenTable, calls: SocketCalls) {
    this.#calls = calls;
    this.#tokens = tokens;
  }

  get awaitsAcknowledgements(): boolean {
    return this.#awaiting.length > 0;
  }

  /**
   * Sends what the kernel takes of the queue's pushes, and shuts the sending half down if that was asked for. Stops
   * after `most` bytes, with the piece that reaches them: returns whether it did, and so has more to send.
   */
  send(queue: KernelQueue, most: number): boolean {
    let left = most;
    let refused = false;
    while (queue.pushes.head !== NO_SLOT) {
      if (left <= 0) return true;
      const slot = queue.pushes.head;
      const sent = this.#sendPieces(queue, slot);
      if (sent < 0) {
        const error = errno();
        if (error === Errno.EINTR) continue;
        // About an earlier datagram: this one has not been sent (udp(7)).
        if (queue.kind === 'datagram' && error === Errno.ECONNREFUSED && !refused) {
          refused = true;
          continue;
        }
        if (error === Errno.EAGAIN) {
          queue.writable = false;
          return false;
        }
        this.#failed(queue, error);
        continue;
      }
      refused = false;
      queue.sentBytes += sent;
      left -= sent;
      if (queue.kind === 'datagram' || this.#advance(queue, slot, sent)) this.#handedOver(queue);
    }
    if (queue.writeShut) sys.shutdown(queue.fd, sys.SHUT_WR);
    return false;
  }

  /** Completes the pushes that the peers have acknowledged by now, and those that no longer can be. */
  collectAcknowledgements(): void {
    const tokens = this.#tokens;
    for (let i = this.#awaiting.length - 1; i >= 0; i--) {
      const queue = this.#awaiting[i];
      if (queue.error !== null) {
        this.#failUnacknowledged(queue, queue.error);
        continue;
      }
      const acknowledged = queue.sentBytes - sys.unacknowledgedBytes(queue.fd);
      const list = queue.unacknowledged;
      tokens.completeUpTo(list, acknowledged);
      if (list.head === NO_SLOT) this.#awaiting.splice(i, 1);
    }
  }

  #failUnacknowledged(queue: KernelQueue, error: ErrorCode): void {
    this.#tokens.completeAll(queue.unacknowledged, error);
    this.forget(queue);
  }

  forget(queue: KernelQueue): void {
    const index = this.#awaiting.indexOf(queue);
    if (index >= 0) this.#awaiting.splice(index, 1);
  }

  /** One system call for the rest of the push. Returns what it returned. */
  #sendPieces(queue: KernelQueue, slot: number): number {
    const sga = this.#tokens.pushed(slot);
    const first = sga.segments[queue.pushSegment];
    const port = this.#tokens.peerPort[slot];
    if (sga.segmentCount - queue.pushSegment === 1 && port === 0) {
      const at = first.address - first.base + first.offset + queue.pushOffset;
      return this.#calls.send(
        queue.fd,
        at,
        first.length - queue.pushOffset,
        sys.MSG_NOSIGNAL | sys.MSG_DONTWAIT,
      );
    }
    let pieces = 0;
    for (let i = queue.pushSegment; i < sga.segmentCount && pieces < sys.MAX_IOVECS; i++) {
      const segment = sga.segments[i];
      const done = i === queue.pushSegment ? queue.pushOffset : 0;
      sys.setIovec(pieces++, segment.address - segment.base + segment.offset + done, segment.length - done);
    }
    return this.#calls.sendGathered(queue.fd, pieces, this.#tokens.peerAddress[slot], port);
  }

  /** Moves the progress of the head push on by `sent` bytes. Returns whether it is all sent. */
  #advance(queue: KernelQueue, slot: number, sent: number): boolean {
    const sga = this.#tokens.pushed(slot);
    let left = queue.pushOffset + sent;
    while (queue.pushSegment < sga.segmentCount && left >= sga.segments[queue.pushSegment].length) {
      left -= sga.segments[queue.pushSegment].length;
      queue.pushSegment++;
    }
    queue.pushOffset = left;
    return queue.pushSegment === sga.segmentCount;
  }

  #handedOver(queue: KernelQueue): void {
    const tokens = this.#tokens;
    const slot = tokens.shift(queue.pushes);
    queue.pushSegment = 0;
    queue.pushOffset = 0;
    if (tokens.acknowledged[slot] === 0) {
      tokens.complete(slot, null);
      return;
    }
    tokens.handedOver(slot);
    tokens.position[slot] = queue.sentBytes;
    tokens.append(queue.unacknowledged, slot);
    if (!this.#awaiting.includes(queue)) this.#awaiting.push(queue);
  }

  #failed(queue: KernelQueue, error: number): void {
    const code = codeOfErrno(error);
    if (queue.kind === 'stream') this.#failUnacknowledged(queue, code);
    this.#tokens.complete(this.#tokens.shift(queue.pushes), code);
    queue.pushSegment = 0;
    queue.pushOffset = 0;
  }
}
