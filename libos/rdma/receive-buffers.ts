/**
 * The buffers that an endpoint receives into: cut from slabs that grow as more are needed, posted, given to the
 * application, given back. What has not been needed for a while goes back to the operating system; all of it goes when
 * the endpoint is closed and the application has none of them any more.
 *
 * A receive buffer lies so that the header ends where the payload begins, at the start of a cache line:
 *
 *     slab:  | 40 bytes | header, 24 | payload, bufferBytes ... | 512 | 40 | header | payload ...
 */
import { HUGE_PAGE_BYTES } from '../memory/anonymous.ts';
import { type SegmentHome, SgaSegment, type Slab } from '../memory/sga.ts';
import { HEADER_BYTES } from './message.ts';
import type { SharedReceives } from './receive-budget.ts';

/** Before the header, so that the payload is aligned. */
const LEAD_BYTES = 64 - HEADER_BYTES;
/**
 * Between two buffers, so that they do not begin at multiples of a power of two: their first lines would all
 * fall into the same few places of the processor's caches (as in memory/pool.ts).
 */
const SPREAD_BYTES = 8 * 64;
/** In the first slab of an endpoint beside which there are others: most peers need no more. */
const FEW_BUFFERS = 8;
/** Given back at a time, so that nobody waits for long. */
const SLABS_AT_A_TIME = 4;

/** Where the slabs come from. */
export interface SlabSource {
  /** A slab, and the number under which the device knows it. Throws NO_BUFFERS. */
  map(bytes: number): { slab: Slab; number: number };
  /** Makes `count` receives of it, the first at this address. Returns that one's number. */
  addReceives(number: number, address: number, count: number, stride: number): number;
  /** Whether a slab's pages may go, and others come, while the device knows it. */
  readonly mayDiscard: boolean;
}

interface ReceiveSlab {
  readonly slab: Slab;
  readonly number: number;
  readonly buffers: SgaSegment[];
  free: number;
  /** Its pages went back. */
  dormant: boolean;
}

export class ReceiveBuffers implements SegmentHome {
  /** By the number of the receive. */
  readonly all: SgaSegment[] = [];
  readonly #bufferBytes: number;
  readonly #limit: number;
  readonly #shared: SharedReceives;
  readonly #source: SlabSource;
  readonly #slabs: ReceiveSlab[] = [];
  readonly #slabOf: ReceiveSlab[] = [];
  #free: SgaSegment[] = [];
  #freeCount = 0;
  /** The fewest that were free since idle ones were last looked for. */
  #leastFree = 0;
  /** After the close: buffers that the application still has. */
  #heldAfterClose = -1;

  /** `limit`: of this endpoint. */
  constructor(bufferBytes: number, limit: number, shared: SharedReceives, source: SlabSource) {
    this.#bufferBytes = bufferBytes;
    this.#limit = limit;
    this.#shared = shared;
    this.#source = source;
    this.#grow();
  }

  /** Whether take could give one. */
  get hasMore(): boolean {
    if (this.#shared.taken >= this.#shared.limit) return false;
    return this.#freeCount > 0 || this.all.length < this.#limit || this.#dormant() !== undefined;
  }

  /** One to post, or null when there are as many as may be. */
  take(): SgaSegment | null {
    const shared = this.#shared;
    if (shared.taken >= shared.limit) return null;
    if (this.#freeCount === 0 && !this.#awaken() && !this.#grow()) return null;
    shared.taken++;
    const buffer = this.#free[--this.#freeCount];
    this.#slabOf[buffer.slabIndex].free--;
    if (this.#freeCount < this.#leastFree) this.#leastFree = this.#freeCount;
    return buffer;
  }

  give(segment: SgaSegment): void {
    this.#shared.taken--;
    if (this.#heldAfterClose >= 0) {
      if (--this.#heldAfterClose === 0) this.#unmap();
      return;
    }
    this.#slabOf[segment.slabIndex].free++;
    this.#free[this.#freeCount++] = segment;
  }

  /** The device's number of the slab in which the buffer lies. */
  slabNumber(segment: SgaSegment): number {
    return this.#slabOf[segment.slabIndex].number;
  }

  /** Gives back slabs that were not needed since the last call, a few at a time. */
  giveBackIdle(): void {
    let idle = this.#leastFree;
    this.#leastFree = this.#freeCount;
    if (!this.#source.mayDiscard) return;
    let given = 0;
    // The first one stays.
    for (let i = this.#slabs.length - 1; i > 0 && given < SLABS_AT_A_TIME; i--) {
      const slab = this.#slabs[i];
      if (slab.dormant || slab.free < slab.buffers.length || slab.buffers.length > idle) continue;
      idle -= slab.buffers.length;
      this.#retire(slab);
      given++;
    }
  }

  /** The endpoint is closed, and `posted` of its buffers are nobody's. */
  close(posted: number): void {
    this.#shared.taken -= posted;
    let free = this.#freeCount;
    for (const { dormant, buffers } of this.#slabs) if (dormant) free += buffers.length;
    this.#heldAfterClose = this.all.length - free - posted;
    if (this.#heldAfterClose === 0) this.#unmap();
  }

  #unmap(): void {
    for (const { slab } of this.#slabs) slab.unmap();
    this.#slabs.length = 0;
  }

  #dormant(): ReceiveSlab | undefined {
    return this.#slabs.find(({ dormant }) => dormant);
  }

  #awaken(): boolean {
    const slab = this.#dormant();
    if (slab === undefined) return false;
    slab.dormant = false;
    for (const buffer of slab.buffers) this.#free[this.#freeCount++] = buffer;
    return true;
  }

  #retire(slab: ReceiveSlab): void {
    slab.dormant = true;
    this.#free.length = this.#freeCount;
    this.#free = this.#free.filter((buffer) => this.#slabOf[buffer.slabIndex] !== slab);
    this.#freeCount = this.#free.length;
    this.#leastFree = this.#freeCount;
    slab.slab.discard();
  }

  /** More of them. Returns false when there are as many as may be. */
  #grow(): boolean {
    const stride = LEAD_BYTES + HEADER_BYTES + Math.ceil(this.#bufferBytes / 64) * 64 + SPREAD_BYTES;
    const most = Math.max(1, Math.floor(HUGE_PAGE_BYTES / stride));
    const wanted = this.#shared.taken === 0 ? most : Math.min(most, Math.max(FEW_BUFFERS, this.all.length));
    const count = Math.min(wanted, this.#limit - this.all.length);
    if (count <= 0) return false;
    const { slab, number } = this.#source.map(count * stride);
    const first = this.#source.addReceives(number, slab.address + LEAD_BYTES, count, stride);
    const receiveSlab: ReceiveSlab = { slab, number, buffers: [], free: count, dormant: false };
    this.#slabs.push(receiveSlab);
    for (let i = 0; i < count; i++) {
      const base = i * stride + LEAD_BYTES + HEADER_BYTES;
      const buffer = new SgaSegment(this, slab, first + i, base, this.#bufferBytes);
      this.all.push(buffer);
      this.#slabOf.push(receiveSlab);
      receiveSlab.buffers.push(buffer);
      this.#free[this.#freeCount++] = buffer;
    }
    return true;
  }
}
