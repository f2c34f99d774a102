/**
 * The table of qtokens: which operations are pending, which have completed, in what order.
 *
 * A token is a slot index and the slot's generation, so that a token that was consumed differs from the one
 * that has its slot now. Slots are columns of typed arrays; a slot is on exactly one of three lists, all
 * threaded through `next` (and `previous`): the free slots, the operations pending on one queue, or the
 * completed operations in order of completion.
 *
 *     token = generation << 20 | slot          (31 bits: a small integer to the engine)
 */
import type { ErrorCode } from './errors.ts';
import { LibosError } from './errors.ts';
import type { ScatterGatherArray } from './memory/sga.ts';
import type { PdpiOperation } from './pdpi.ts';
import type { StampWriter } from './stamps/writer.ts';

const SLOT_BITS = 20;
const SLOT_MASK = (1 << SLOT_BITS) - 1;
const GENERATION_MASK = (1 << (30 - SLOT_BITS)) - 1;
export const MAX_TOKENS = 1 << SLOT_BITS;

export const NO_SLOT = -1;

const FREE = 0;
const PENDING = 1;
const READY = 2;

/** The operations pending on one queue in one direction, first in, first out. */
export class PendingList {
  head: number = NO_SLOT;
  tail: number = NO_SLOT;
}

export class TokenTable {
  next = new Int32Array(256).fill(NO_SLOT);
  previous = new Int32Array(256);
  qd = new Int32Array(256);
  newQd = new Int32Array(256);
  peerAddress = new Uint32Array(256);
  peerPort = new Uint16Array(256);
  /** push: 1 if it completes with the peer's acknowledgement only. */
  acknowledged = new Uint8Array(256);
  /** push: position in the stream behind its last byte. */
  position = new Float64Array(256);
  #state = new Uint8Array(256);
  #generation = new Uint16Array(256);
  readonly operation: PdpiOperation[] = [];
  readonly error: (ErrorCode | null)[] = [];
  readonly sga: (ScatterGatherArray | null)[] = [];

  #used = 0;
  #freeHead = NO_SLOT;
  #readyHead = NO_SLOT;
  #readyTail = NO_SLOT;
  readyCount = 0;
  /** Called with each completion, and with pushes that leave before theirs; null while nothing is stamped. */
  stamps: StampWriter | null = null;

  /** Slot of the completion that came first, or NO_SLOT. */
  get firstReady(): number {
    return this.#readyHead;
  }

  /** A fresh pending slot. Throws INVALID_STATE when a million operations are pending. */
  create(operation: PdpiOperation, qd: number, sga: ScatterGatherArray | null): number {
    let slot = this.#freeHead;
    if (slot !== NO_SLOT) {
      this.#freeHead = this.next[slot];
    } else {
      if (this.#used === MAX_TOKENS) {
        throw new LibosError(
          'INVALID_STATE',
          operation,
          qd,
          `${MAX_TOKENS} operations are pending: wait for some`,
        );
      }
      if (this.#used === this.next.length) this.#grow();
      slot = this.#used++;
    }
    this.#state[slot] = PENDING;
    this.operation[slot] = operation;
    this.qd[slot] = qd;
    this.newQd[slot] = -1;
    this.peerAddress[slot] = 0;
    this.peerPort[slot] = 0;
    this.error[slot] = null;
    this.sga[slot] = sga;
    this.next[slot] = NO_SLOT;
    return slot;
  }

  token(slot: number): number {
    return (this.#generation[slot] << SLOT_BITS) | slot;
  }

  /** The slot of a token. Throws BAD_TOKEN. */
  slotOf(token: number): number {
    if (!this.isLive(token)) throw new LibosError('BAD_TOKEN', 'wait');
    return token & SLOT_MASK;
  }

  /** Whether a token names an operation that is pending, or whose completion has not been handed out. */
  isLive(token: number): boolean {
    const slot = token & SLOT_MASK;
    const used = token >= 0 && slot < this.#used && this.#state[slot] !== FREE;
    return used && this.#generation[slot] === token >>> SLOT_BITS;
  }

  isReady(slot: number): boolean {
    return this.#state[slot] === READY;
  }

  append(list: PendingList, slot: number): void {
    if (list.head === NO_SLOT) list.head = slot;
    else this.next[list.tail] = slot;
    list.tail = slot;
  }

  /** Takes the first slot off a list; it must not be empty. */
  shift(list: PendingList): number {
    const slot = list.head;
    list.head = this.next[slot];
    if (list.head === NO_SLOT) list.tail = NO_SLOT;
    this.next[slot] = NO_SLOT;
    return slot;
  }

  /** Marks a pending slot, which is on no list, as completed. */
  complete(slot: number, error: ErrorCode | null): void {
    if (this.stamps !== null) this.#stamp(this.stamps, slot);
    this.#state[slot] = READY;
    this.error[slot] = error;
    this.previous[slot] = this.#readyTail;
    this.next[slot] = NO_SLOT;
    if (this.#readyTail === NO_SLOT) this.#readyHead = slot;
    else this.next[this.#readyTail] = slot;
    this.#readyTail = slot;
    this.readyCount++;
  }

  /** Completes all slots of a list with one outcome. */
  completeAll(list: PendingList, error: ErrorCode | null): void {
    while (list.head !== NO_SLOT) this.complete(this.shift(list), error);
  }

  /** Completes the pushes of a list that end at `position` of their stream, or before it. */
  completeUpTo(list: PendingList, position: number): void {
    while (list.head !== NO_SLOT && this.position[list.head] <= position)
      this.complete(this.shift(list), null);
  }

  /** Completes the first of the pending pops with data. */
  completePop(pops: PendingList, sga: ScatterGatherArray): void {
    const slot = this.shift(pops);
    this.sga[slot] = sga;
    this.complete(slot, null);
  }

  /** Completes the first of the pending pops with a datagram and its sender. */
  completePopFrom(pops: PendingList, sga: ScatterGatherArray, address: number, port: number): void {
    this.peerAddress[pops.head] = address;
    this.peerPort[pops.head] = port;
    this.completePop(pops, sga);
  }

  /** The buffers of a pending push. */
  pushed(slot: number): ScatterGatherArray {
    return this.sga[slot] as ScatterGatherArray;
  }

  /** The device has just been given the last byte of a push that will complete later. */
  handedOver(slot: number): void {
    if (this.stamps !== null) this.stamps.handedOver(slot);
  }

  /** Forgets a completed slot; its token is consumed. */
  consume(slot: number): void {
    const before = this.previous[slot];
    const after = this.next[slot];
    if (before === NO_SLOT) this.#readyHead = after;
    else this.next[before] = after;
    if (after === NO_SLOT) this.#readyTail = before;
    else this.previous[after] = before;
    this.readyCount--;
    this.sga[slot] = null;
    this.#state[slot] = FREE;
    this.#generation[slot] = (this.#generation[slot] + 1) & GENERATION_MASK;
    this.next[slot] = this.#freeHead;
    this.#freeHead = slot;
  }

  #stamp(stamps: StampWriter, slot: number): void {
    const operation = this.operation[slot];
    if (operation === 'push') stamps.handedOver(slot);
    else if (operation === 'pop') stamps.popCompleted(slot);
  }

  #grow(): void {
    const size = this.next.length * 2;
    this.next = grown(this.next, new Int32Array(size));
    this.previous = grown(this.previous, new Int32Array(size));
    this.qd = grown(this.qd, new Int32Array(size));
    this.newQd = grown(this.newQd, new Int32Array(size));
    this.peerAddress = grown(this.peerAddress, new Uint32Array(size));
    this.peerPort = grown(this.peerPort, new Uint16Array(size));
    this.acknowledged = grown(this.acknowledged, new Uint8Array(size));
    this.position = grown(this.position, new Float64Array(size));
    this.#state = grown(this.#state, new Uint8Array(size));
    this.#generation = grown(this.#generation, new Uint16Array(size));
  }
}

function grown<T extends Int32Array | Uint32Array | Uint16Array | Uint8Array | Float64Array>(
  old: T,
  larger: T,
): T {
  larger.set(old);
  return larger;
}
