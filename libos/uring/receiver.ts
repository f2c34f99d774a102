/**
 * The receiving half: one standing request for each queue (multishot), by which the kernel fills buffers of the pool as
 * data comes. What comes before it is popped is kept, up to a bound; then the request is cancelled, and what comes
 * waits in the socket, so that its sender is held back.
 *
 * Datagrams go into buffers of their own, each as long as the longest of them, with its sender in front.
 */
import {
  type BufferPool,
  codeOfErrno,
  type ErrorCode,
  NO_SLOT,
  Owner,
  type ScatterGatherArray,
  type SgaSegment,
  type TokenTable,
  WorkList,
} from '../backend-api.ts';
import type { BufferRing } from './buffer-ring.ts';
import {
  BUFFER_SHIFT,
  DATAGRAM_LEAD_BYTES,
  GOES_ON,
  HAS_BUFFER,
  RequestKind,
  SENDER_PORT,
} from './layout.ts';
import { Standing, type UringQueue } from './queue.ts';
import type { Ring } from './ring.ts';

/** What is kept of one queue before its request is cancelled; a turn may bring 32 buffers more. */
const AHEAD_BYTES = 64 * 1024;
/** Of datagrams each counts as so much at least. */
const DATAGRAM_BYTES = 2048;
/** Buffers that one pop of a stream gets at most. */
const BUFFERS_AT_ONCE = 4;

const ENOBUFS = -105;
const ECANCELED = -125;

export class UringReceiver {
  readonly #tokens: TokenTable;
  readonly #pool: BufferPool;
  readonly #ring: Ring;
  readonly #streams: BufferRing;
  readonly #openDatagrams: () => BufferRing;
  /** Opened with the first queue of datagrams. */
  #datagrams: BufferRing | null = null;
  readonly #starved = new WorkList<UringQueue>();
  #ranDry = 0;

  constructor(
    tokens: TokenTable,
    pool: BufferPool,
    ring: Ring,
    streams: BufferRing,
    openDatagrams: () => BufferRing,
  ) {
    this.#tokens = tokens;
    this.#pool = pool;
    this.#ring = ring;
    this.#streams = streams;
    this.#openDatagrams = openDatagrams;
  }

  get ranDry(): number {
    return this.#ranDry;
  }

  get hasStarved(): boolean {
    return this.#starved.count > 0;
  }

  /** Asks for what comes next, unless it is asked for, or enough is here. */
  arm(queue: UringQueue): void {
    if (queue.receive !== Standing.Off || queue.endOfStream || queue.error !== null || queue.starved) return;
    if (queue.receivedBytes >= AHEAD_BYTES || (queue.closed && !queue.lingers)) return;
    const buffers = this.#buffersOf(queue);
    if (!buffers.use()) {
      this.#starve(queue);
      return;
    }
    if (queue.kind === 'stream') this.#ring.receive(queue.fd, queue.index, buffers.group);
    else this.#ring.receiveDatagrams(queue.fd, queue.index, buffers.group);
    queue.inFlight++;
    queue.receive = Standing.Armed;
  }

  /** More is kept of it than is to be: its request ends, unless it was popped meanwhile. */
  holdBack(queue: UringQueue): void {
    if (queue.receive !== Standing.Armed || queue.receivedBytes < AHEAD_BYTES) return;
    this.#ring.cancel(queue.index, RequestKind.Receive);
    queue.inFlight++;
    queue.receive = Standing.Cancelling;
  }

  /** Gives the kernel buffers in the place of those it has filled, and asks again for whom there was none. */
  refill(): void {
    if (this.#streams.isShort) this.#streams.refill();
    if (this.#datagrams?.isShort) this.#datagrams.refill();
    if (this.#starved.count > 0) this.#feedStarved();
  }

  /** Serves what is asked for of what is here. */
  serve(queue: UringQueue): void {
    const { pops } = queue;
    while (pops.head !== NO_SLOT && queue.firstReceived !== null) {
      if (queue.kind === 'stream') this.#tokens.completePop(pops, this.#takeReceived(queue));
      else this.#handOutDatagram(queue, this.#unlink(queue));
    }
    if (pops.head === NO_SLOT) return;
    if (queue.refusal !== null) {
      this.#tokens.complete(this.#tokens.shift(pops), queue.refusal);
      queue.refusal = null;
    } else if (queue.endOfStream || queue.error !== null) this.#tokens.completeAll(pops, queue.error);
  }

  /**
   * A completion of a queue's standing request: `result` bytes, or the negative number of an error. Returns the error
   * that ends the connection, or null.
   */
  received(queue: UringQueue, result: number, flags: number): ErrorCode | null {
    if ((flags & GOES_ON) === 0) queue.receive = Standing.Off;
    const segment = (flags & HAS_BUFFER) === 0 ? null : this.#buffersOf(queue).take(flags >>> BUFFER_SHIFT);
    const least = queue.kind === 'stream' ? 1 : DATAGRAM_LEAD_BYTES;
    let broken: ErrorCode | null = null;
    if (segment !== null && result >= least) this.#arrived(queue, segment, result);
    else {
      if (segment !== null) segment.home.give(segment);
      broken = this.#nothingFrom(queue, result);
    }
    if (queue.receive === Standing.Off && broken === null) this.arm(queue);
    return broken;
  }

  /** Drops what was not popped. */
  drop(queue: UringQueue): void {
    while (queue.firstReceived !== null) {
      queue.unread = true;
      const segment = this.#unlink(queue);
      segment.home.give(segment);
    }
  }

  /** The ring is closed. */
  close(): void {
    this.#streams.close();
    this.#datagrams?.close();
  }

  #arrived(queue: UringQueue, segment: SgaSegment, result: number): void {
    if (queue.closed) {
      queue.unread = true;
      segment.home.give(segment);
      return;
    }
    if (queue.kind === 'datagram') {
      segment.offset = segment.base + DATAGRAM_LEAD_BYTES;
      segment.length = result - DATAGRAM_LEAD_BYTES;
      if (queue.pops.head !== NO_SLOT && queue.firstReceived === null) this.#handOutDatagram(queue, segment);
      else this.#keep(queue, segment, segment.length + DATAGRAM_BYTES);
      return;
    }
    segment.offset = segment.base;
    segment.length = result;
    if (queue.pops.head !== NO_SLOT && queue.firstReceived === null) {
      this.#tokens.completePop(queue.pops, this.#pool.wrap(segment, Owner.Libos));
    } else if (!this.#appendToLast(queue, segment)) this.#keep(queue, segment, result);
  }

  /** Small messages that nobody pops take a buffer together, not one each. */
  #appendToLast(queue: UringQueue, segment: SgaSegment): boolean {
    const last = queue.lastReceived;
    if (last === null) return false;
    const end = last.offset + last.length;
    if (end + segment.length > last.base + last.capacity) return false;
    last.bytes.set(segment.bytes.subarray(segment.offset, segment.offset + segment.length), end);
    last.length += segment.length;
    queue.receivedBytes += segment.length;
    segment.home.give(segment);
    return true;
  }

  #keep(queue: UringQueue, segment: SgaSegment, bytes: number): void {
    segment.next = null;
    if (queue.lastReceived === null) queue.firstReceived = segment;
    else queue.lastReceived.next = segment;
    queue.lastReceived = segment;
    queue.receivedBytes += bytes;
  }

  #unlink(queue: UringQueue): SgaSegment {
    const segment = queue.firstReceived as SgaSegment;
    queue.firstReceived = segment.next;
    if (segment.next === null) queue.lastReceived = null;
    segment.next = null;
    queue.receivedBytes -= segment.length + (queue.kind === 'stream' ? 0 : DATAGRAM_BYTES);
    return segment;
  }

  #takeReceived(queue: UringQueue): ScatterGatherArray {
    const sga = this.#pool.wrap(this.#unlink(queue), Owner.Libos);
    while (queue.firstReceived !== null && sga.segmentCount < BUFFERS_AT_ONCE) {
      sga.segments[sga.segmentCount++] = this.#unlink(queue);
    }
    return sga;
  }

  #handOutDatagram(queue: UringQueue, segment: SgaSegment): void {
    const { bytes, base } = segment;
    const at = base + SENDER_PORT;
    const port = (bytes[at] << 8) | bytes[at + 1];
    const address =
      ((bytes[at + 2] << 24) | (bytes[at + 3] << 16) | (bytes[at + 4] << 8) | bytes[at + 5]) >>> 0;
    this.#tokens.completePopFrom(queue.pops, this.#pool.wrap(segment, Owner.Libos), address, port);
  }

  /** What a completion without data means. Returns the error that ends the connection, or null. */
  #nothingFrom(queue: UringQueue, result: number): ErrorCode | null {
    if (result === ENOBUFS) {
      this.#ranDry++;
      this.#buffersOf(queue).ranDry();
      this.#starve(queue);
      return null;
    }
    if (result === ECANCELED) return null;
    if (queue.kind === 'datagram') {
      // An ICMP error that belongs to a datagram sent earlier: it is reported once, and the socket stays usable.
      if (result < 0) queue.refusal = codeOfErrno(-result);
      this.serve(queue);
      return null;
    }
    if (result < 0) return codeOfErrno(-result);
    queue.endOfStream = true;
    this.serve(queue);
    return null;
  }

  #starve(queue: UringQueue): void {
    if (queue.starved || queue.closed) return;
    queue.starved = true;
    this.#starved.add(queue);
  }

  #feedStarved(): void {
    const count = this.#starved.count;
    for (let i = 0; i < count; i++) {
      const queue = this.#starved.at(i);
      queue.starved = false;
      // Without a buffer it is added again, behind those that are gone through here.
      this.arm(queue);
    }
    this.#starved.dropFirst(count);
  }

  #buffersOf(queue: UringQueue): BufferRing {
    if (queue.kind === 'stream') return this.#streams;
    this.#datagrams ??= this.#openDatagrams();
    return this.#datagrams;
  }
}
