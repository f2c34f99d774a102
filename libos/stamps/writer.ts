/**
 * Stamps the pushes and pops of one libOS: when the application handed data over or got it, and when the
 * device, or the kernel, was entered and left with it. The core and the token table call it on the way of
 * each push and pop.
 */
import type { ScatterGatherArray } from '../memory/sga.ts';
import { DELIVERED, HANDED, portsOf, StampKind, type StampRing } from './ring.ts';

/** Token slots, as in libos/tokens.ts: typed arrays of this size are mapped as they are touched. */
const MAX_SLOTS = 1 << 20;

interface StampedQueue {
  readonly qd: number;
  readonly localPort: number;
  /** 0 for a socket of datagrams that is not connected: each has its peer. */
  readonly peerPort: number;
}

/** Bytes pushed and popped so far. */
interface StampedStream {
  pushed: number;
  popped: number;
}

export class StampWriter {
  readonly ring: StampRing;
  readonly #words: Int32Array;
  /** First byte of the stamp of a push under way, by slot, or 0. */
  readonly #stampOf = new Float64Array(MAX_SLOTS);
  /** Device times of the delivery of a completed pop, by slot: four words. */
  readonly #delivered = new Int32Array(4 * MAX_SLOTS);
  /** By queue descriptor, and of sockets of datagrams that are not connected also by the peer's port. */
  readonly #streams: StampedStream[] = [];
  readonly #peers: (Map<number, StampedStream> | null)[] = [];

  constructor(ring: StampRing) {
    this.ring = ring;
    this.#words = ring.words;
  }

  /** A descriptor was given to a new queue. */
  opened(qd: number): void {
    this.#streams[qd] = { pushed: 0, popped: 0 };
    this.#peers[qd] = null;
  }

  /**
   * The application pushes `sga` on `queue`, as a datagram to `toPort` unless that is 0; the transport does not have it
   * yet.
   */
  pushed(queue: StampedQueue, slot: number, sga: ScatterGatherArray, toPort: number): void {
    const peerPort = queue.peerPort === 0 ? toPort : queue.peerPort;
    const stream = this.#streamOf(queue, peerPort);
    const bytes = sga.byteLength;
    stream.pushed += bytes;
    if (!this.ring.stamping) return;
    const at = this.ring.take(StampKind.Push, portsOf(queue.localPort, peerPort));
    this.ring.doubles[(at >> 3) + 1] = stream.pushed;
    this.ring.doubles[(at >> 3) + 5] = bytes;
    this.#stampOf[slot] = at;
    this.ring.writeCounter(at + 16);
  }

  /**
   * A push has left, or has ended: its sending was the device's last. Call it when a push leaves that
   * completes later, since the device will have sent other things by then. Only the first call counts.
   */
  handedOver(slot: number): void {
    const at = this.#stampOf[slot];
    if (at === 0) return;
    this.#stampOf[slot] = 0;
    this.#copy(HANDED, this.#words, (at >> 2) + 6);
  }

  /** The transport has completed a pop: what the device received last was, or was behind, its data. */
  popCompleted(slot: number): void {
    this.#copy(DELIVERED, this.#delivered, 4 * slot);
  }

  /** The application gets what a pop received; of a datagram, from `fromPort`. */
  popHandedOut(queue: StampedQueue, slot: number, sga: ScatterGatherArray, fromPort: number): void {
    const peerPort = queue.peerPort === 0 ? fromPort : queue.peerPort;
    const stream = this.#streamOf(queue, peerPort);
    const bytes = sga.byteLength;
    stream.popped += bytes;
    if (!this.ring.stamping) return;
    const at = this.ring.take(StampKind.Pop, portsOf(queue.localPort, peerPort));
    this.ring.doubles[(at >> 3) + 1] = stream.popped;
    this.ring.doubles[(at >> 3) + 5] = bytes;
    const words = this.#words;
    for (let i = 0; i < 4; i++) words[(at >> 2) + 6 + i] = this.#delivered[4 * slot + i];
    this.ring.writeCounter(at + 16);
  }

  #streamOf(queue: StampedQueue, peerPort: number): StampedStream {
    if (queue.peerPort === peerPort) return this.#streams[queue.qd];
    const peers = this.#peers[queue.qd] ?? new Map<number, StampedStream>();
    this.#peers[queue.qd] = peers;
    let stream = peers.get(peerPort);
    if (stream === undefined) {
      stream = { pushed: 0, popped: 0 };
      peers.set(peerPort, stream);
    }
    return stream;
  }

  #copy(from: number, to: Int32Array, at: number): void {
    const words = this.#words;
    to[at] = words[from];
    to[at + 1] = words[from + 1];
    to[at + 2] = words[from + 2];
    to[at + 3] = words[from + 3];
  }
}
