/**
 * The sending half: pushes in order, a piece of what a queue has at a time. What of it went into the socket's buffer is
 * done, and the kernel gets the next piece: between two of them the other queues have their turn. Small pushes that
 * follow each other go as one.
 *
 * Long pushes may go without a copy. The kernel then reads from the pushed buffers for as long as the peer has not
 * acknowledged them, and the push completes when it says that it does no more.
 */
import {
  codeOfErrno,
  type ErrorCode,
  NO_SLOT,
  type ScatterGatherArray,
  type TokenTable,
  WorkList,
} from '../backend-api.ts';
import { Errno } from '../native/libc.ts';
import * as sys from '../native/sockets.ts';
import { MAX_TOKENS } from '../tokens.ts';
import { GOES_ON, IS_NOTIFICATION, REPORT_USAGE, RequestKind, WAS_COPIED } from './layout.ts';
import type { UringQueue } from './queue.ts';
import { MAX_PIECES, type Ring } from './ring.ts';

/** What the kernel gets at once of one stream: four buffers of the pool, some 10 us of copying. */
const BYTES_PER_TURN = 64 * 1024;
/** Datagrams of one queue that are submitted in one poll. */
const DATAGRAMS_PER_TURN = 64;
/** The longest that goes into an IPv4 packet. */
const MAX_DATAGRAM_BYTES = 65_535 - 28;
const SLOT_MASK = MAX_TOKENS - 1;
const ECANCELED = 125;
const ENOMEM = 12;
const ENOBUFS = 105;
const EOPNOTSUPP = 95;

export class UringSender {
  readonly #tokens: TokenTable;
  readonly #ring: Ring;
  readonly #zeroCopyBytes: number;
  readonly #toSend = new WorkList<UringQueue>();
  /** Queues with pushes that wait for the peer's acknowledgement, or for their buffers. */
  readonly #awaiting: UringQueue[] = [];
  /** Sends without a copy from whose buffers the kernel may read, by the slot of their push; and that push's token. */
  #lentPieces = new Int32Array(1024);
  #lentToken = new Int32Array(1024).fill(-1);
  /** What such a send is asked to say; Linux 6.1 cannot. */
  #reportUsage = REPORT_USAGE;
  readonly #counts = { zeroCopySends: 0, zeroCopyCopied: 0 };

  /** `zeroCopyBytes` as in UringOptions. */
  constructor(tokens: TokenTable, ring: Ring, zeroCopyBytes: number) {
    this.#tokens = tokens;
    this.#ring = ring;
    this.#zeroCopyBytes = zeroCopyBytes;
  }

  get hasMore(): boolean {
    return this.#toSend.count > 0;
  }

  get awaits(): boolean {
    return this.#awaiting.length > 0;
  }

  counters(): Record<string, number> {
    return { zero_copy_sends: this.#counts.zeroCopySends, zero_copy_copied: this.#counts.zeroCopyCopied };
  }

  /** It has something to send: with the next turn. */
  add(queue: UringQueue): void {
    if (queue.waitsToSend || queue.sending) return;
    queue.waitsToSend = true;
    this.#toSend.add(queue);
  }

  /** Submits a turn of each queue that has something to send. */
  submit(): void {
    const count = this.#toSend.count;
    for (let i = 0; i < count; i++) {
      const queue = this.#toSend.at(i);
      queue.waitsToSend = false;
      if ((queue.closed && !queue.lingers) || queue.pushes.head === NO_SLOT) continue;
      if (queue.kind === 'stream') this.#submitStream(queue);
      else this.#submitDatagrams(queue);
    }
    this.#toSend.dropFirst(count);
  }

  /** A completion of a stream's send. Returns the error that ends the connection, or null. */
  sent(queue: UringQueue, kind: RequestKind, token: number, result: number, flags: number): ErrorCode | null {
    if ((flags & IS_NOTIFICATION) !== 0) {
      this.#released(token, result);
      return null;
    }
    queue.sending = false;
    if (kind === RequestKind.SendZeroCopy) {
      if ((flags & GOES_ON) !== 0) this.#lend(token);
      else if (result < 0 && this.#goesWithCopy(queue, -result)) {
        this.add(queue);
        return null;
      }
    }
    // What is left is the core's.
    if (queue.closed && !queue.lingers) return null;
    if (queue.error !== null) return queue.error;
    if (result < 0) {
      if (result === -Errno.EINTR || result === -Errno.EAGAIN) {
        this.add(queue);
        return null;
      }
      return codeOfErrno(-result);
    }
    queue.sentBytes += result;
    this.#advance(queue, result);
    if (queue.pushes.head !== NO_SLOT) this.add(queue);
    else if (queue.writeShut) sys.shutdown(queue.fd, sys.SHUT_WR);
    return null;
  }

  /** A completion of a datagram. */
  sentDatagram(queue: UringQueue, kind: RequestKind, token: number, result: number): void {
    if (!this.#tokens.isLive(token)) return;
    const slot = this.#tokens.slotOf(token);
    // About an earlier datagram: this one has not been sent (udp(7)).
    if (result === -Errno.ECONNREFUSED && kind === RequestKind.SendDatagram && !queue.closed) {
      this.#submitDatagram(queue, slot, RequestKind.SendDatagramAgain);
      return;
    }
    const error = result >= 0 ? null : result === -ECANCELED ? 'CANCELLED' : codeOfErrno(-result);
    this.#tokens.complete(slot, error);
  }

  /** The connection is broken: what is pushed fails, but for what the kernel has still to give back. */
  fail(queue: UringQueue, error: ErrorCode): void {
    this.#tokens.completeAll(queue.unacknowledged, error);
    this.forget(queue);
    if (queue.sending) return;
    this.#tokens.completeAll(queue.pushes, error);
    queue.pushSegment = 0;
    queue.pushOffset = 0;
  }

  forget(queue: UringQueue): void {
    const index = this.#awaiting.indexOf(queue);
    if (index >= 0) this.#awaiting.splice(index, 1);
  }

  /** Completes the pushes whose buffers are free and, where that was asked for, that the peers have acknowledged. */
  collect(): void {
    for (let i = this.#awaiting.length - 1; i >= 0; i--) this.#collectOf(this.#awaiting[i]);
  }

  #collectOf(queue: UringQueue): void {
    const tokens = this.#tokens;
    const list = queue.unacknowledged;
    let acknowledged = -1;
    for (let slot = list.head; slot !== NO_SLOT; slot = list.head) {
      if (this.#isLent(slot)) return;
      if (tokens.acknowledged[slot] !== 0) {
        if (acknowledged < 0) acknowledged = queue.sentBytes - sys.unacknowledgedBytes(queue.fd);
        if (tokens.position[slot] > acknowledged) return;
      }
      tokens.complete(tokens.shift(list), null);
    }
    this.forget(queue);
  }

  #submitStream(queue: UringQueue): void {
    const tokens = this.#tokens;
    const slot = queue.pushes.head;
    const sga = tokens.pushed(slot);
    const first = sga.segments[queue.pushSegment];
    const whole = first.length - queue.pushOffset;
    const isAlone = tokens.next[slot] === NO_SLOT && queue.pushSegment === sga.segmentCount - 1;
    const kind = this.#kindOf(queue, sga) ? RequestKind.SendZeroCopy : RequestKind.Send;
    const flags = kind === RequestKind.SendZeroCopy ? this.#reportUsage : 0;
    queue.sending = true;
    queue.inFlight++;
    const token = tokens.token(slot);
    if (isAlone || whole >= BYTES_PER_TURN) {
      const length = Math.min(whole, BYTES_PER_TURN);
      this.#ring.send(queue.fd, queue.index, kind, token, flags, first, queue.pushOffset, length);
      return;
    }
    this.#ring.startMessage(queue.fd, queue.index, kind, token, flags, 0, 0);
    this.#addPieces(queue, kind === RequestKind.SendZeroCopy);
  }

  /** Of the push at the head, and of those behind it unless `alone`. */
  #addPieces(queue: UringQueue, alone: boolean): void {
    const tokens = this.#tokens;
    let [index, skip, pieces, bytes] = [queue.pushSegment, queue.pushOffset, 0, 0];
    for (let slot = queue.pushes.head; slot !== NO_SLOT; slot = alone ? NO_SLOT : tokens.next[slot]) {
      const sga = tokens.pushed(slot);
      for (; index < sga.segmentCount; index++) {
        if (pieces === MAX_PIECES || bytes === BYTES_PER_TURN) return;
        const segment = sga.segments[index];
        const length = Math.min(segment.length - skip, BYTES_PER_TURN - bytes);
        this.#ring.addPiece(segment, skip, length);
        pieces++;
        bytes += length;
        skip = 0;
      }
      index = 0;
    }
  }

  /** Whether what is left of the push goes without a copy. */
  #kindOf(queue: UringQueue, sga: ScatterGatherArray): boolean {
    if (queue.copies || this.#zeroCopyBytes === 0) return false;
    let bytes = -queue.pushOffset;
    for (let i = queue.pushSegment; i < sga.segmentCount; i++) bytes += sga.segments[i].length;
    return bytes >= this.#zeroCopyBytes;
  }

  /** Whether the error of a send without a copy says that it goes with one. */
  #goesWithCopy(queue: UringQueue, number: number): boolean {
    if (number === Errno.EINVAL && this.#reportUsage !== 0) {
      this.#reportUsage = 0;
      return true;
    }
    const without = [Errno.EINVAL, EOPNOTSUPP, ENOMEM, ENOBUFS] as number[];
    queue.copies = without.includes(number);
    return queue.copies;
  }

  /** The kernel may read a piece of this push until it says otherwise. */
  #lend(token: number): void {
    this.#counts.zeroCopySends++;
    const slot = token & SLOT_MASK;
    if (slot >= this.#lentPieces.length) this.#growLent();
    if (this.#lentToken[slot] !== token) {
      this.#lentToken[slot] = token;
      this.#lentPieces[slot] = 0;
    }
    this.#lentPieces[slot]++;
  }

  #growLent(): void {
    const size = this.#tokens.next.length;
    const [pieces, tokens] = [new Int32Array(size), new Int32Array(size).fill(-1)];
    pieces.set(this.#lentPieces);
    tokens.set(this.#lentToken);
    this.#lentPieces = pieces;
    this.#lentToken = tokens;
  }

  #isLent(slot: number): boolean {
    if (slot >= this.#lentPieces.length || this.#lentPieces[slot] === 0) return false;
    return this.#lentToken[slot] === this.#tokens.token(slot);
  }

  /** The kernel reads no more from a piece of this push, which may have failed meanwhile. */
  #released(token: number, result: number): void {
    if ((result & WAS_COPIED) !== 0) this.#counts.zeroCopyCopied++;
    const slot = token & SLOT_MASK;
    if (this.#lentToken[slot] === token) this.#lentPieces[slot]--;
  }

  #submitDatagrams(queue: UringQueue): void {
    const tokens = this.#tokens;
    for (let left = DATAGRAMS_PER_TURN; queue.pushes.head !== NO_SLOT; left--) {
      if (left === 0) {
        this.add(queue);
        return;
      }
      const slot = tokens.shift(queue.pushes);
      const { byteLength, segmentCount } = tokens.pushed(slot);
      if (byteLength > MAX_DATAGRAM_BYTES || segmentCount > MAX_PIECES) {
        tokens.complete(slot, 'MESSAGE_TOO_LONG');
      } else this.#submitDatagram(queue, slot, RequestKind.SendDatagram);
    }
  }

  #submitDatagram(queue: UringQueue, slot: number, kind: RequestKind): void {
    const tokens = this.#tokens;
    const { segments, segmentCount } = tokens.pushed(slot);
    const [address, port] = [tokens.peerAddress[slot], tokens.peerPort[slot]];
    this.#ring.startMessage(queue.fd, queue.index, kind, tokens.token(slot), 0, address, port);
    for (let i = 0; i < segmentCount; i++) this.#ring.addPiece(segments[i], 0, segments[i].length);
    queue.inFlight++;
  }

  /** Moves the progress of the pushes on by `sent` bytes; those that are all sent are done, or wait for the peer. */
  #advance(queue: UringQueue, sent: number): void {
    let left = sent;
    while (left > 0) {
      const { segments, segmentCount } = this.#tokens.pushed(queue.pushes.head);
      const rest = segments[queue.pushSegment].length - queue.pushOffset;
      if (left < rest) {
        queue.pushOffset += left;
        return;
      }
      left -= rest;
      queue.pushOffset = 0;
      queue.pushSegment++;
      // Behind the last byte there may be empty segments.
      while (queue.pushSegment < segmentCount && segments[queue.pushSegment].length === 0)
        queue.pushSegment++;
      if (queue.pushSegment === segmentCount) this.#handedOver(queue, left);
    }
  }

  /** `behind`: so much was sent of the pushes behind the one at the head. */
  #handedOver(queue: UringQueue, behind: number): void {
    const tokens = this.#tokens;
    const slot = tokens.shift(queue.pushes);
    queue.pushSegment = 0;
    if (tokens.acknowledged[slot] === 0 && !this.#isLent(slot)) {
      tokens.complete(slot, null);
      return;
    }
    tokens.handedOver(slot);
    tokens.position[slot] = queue.sentBytes - behind;
    tokens.append(queue.unacknowledged, slot);
    if (!this.#awaiting.includes(queue)) this.#awaiting.push(queue);
  }
}
