/**
 * A pool of equal buffers, cut from slabs that the backend maps, and of the scatter-gather arrays that carry
 * them. Nothing is allocated in the steady state.
 *
 * Checked mode keeps the arrays apart (each is handed out once, so a stale reference is recognised), fills
 * freed buffers with a pattern that is verified when they are next handed out, and remembers where the
 * application got its buffers, to name the leaks.
 */
import { LibosError } from '../errors.ts';
import { Owner, ScatterGatherArray, type SegmentHome, SgaSegment, type Slab } from './sga.ts';

export interface PoolOptions {
  /** Size of one buffer in bytes. */
  bufferBytes: number;
  /** Buffers per slab; the last one has fewer where the limit says so. */
  slabBuffers: number;
  /** What the pool may map in all; beyond it alloc fails with NO_BUFFERS. */
  limitBytes: number;
  /** Memory of wholly free slabs beyond this goes back to the operating system. */
  retainBytes: number;
  checked: boolean;
  mapSlab(bytes: number): Slab;
}

const POISON = 0xdb;
/**
 * Between two buffers, so that they do not begin at multiples of a power of two: their first lines, which
 * small messages use, would all fall into the same few places of the processor's caches.
 */
const SPREAD_BYTES = 9 * 64;

export class BufferPool implements SegmentHome {
  readonly bufferBytes: number;
  readonly #options: PoolOptions;
  readonly #checked: boolean;
  /** What a free buffer holds in checked mode. */
  readonly #poison: Uint8Array;
  readonly #slabs: Slab[] = [];
  /** Buffers of each slab, by slab index, and those of them that are free. */
  readonly #slabBuffers: number[] = [];
  readonly #slabFree: number[] = [];
  #mappedBuffers = 0;
  #freeSegments: SgaSegment[] = [];
  /**
   * The buffers of slabs whose pages went back to the operating system, to be used again before another slab
   * is mapped.
   */
  readonly #dormant: SgaSegment[][] = [];
  readonly #freeArrays: ScatterGatherArray[] = [];
  /**
   * Checked mode: where the application got each array that it still owns. As errors, since making the text of
   * a stack costs far more than taking it, and only leaks want the text.
   */
  readonly #origins = new Map<ScatterGatherArray, Error>();

  constructor(options: PoolOptions) {
    this.#options = options;
    this.#checked = options.checked;
    this.#poison = new Uint8Array(options.checked ? options.bufferBytes : 0).fill(POISON);
    this.bufferBytes = options.bufferBytes;
  }

  /** Bytes mapped, and of these the bytes in buffers that nobody owns. */
  get mappedBytes(): number {
    return this.#mappedBuffers * this.bufferBytes;
  }
  get freeBytes(): number {
    // Without dormant slabs, which hold no pages.
    return this.#freeSegments.length * this.bufferBytes;
  }

  /**
   * An array of as many buffers as `bytes` need (one at least), lengths set to sum up to `bytes`, owned by
   * `owner`.
   */
  alloc(bytes: number, owner: Owner): ScatterGatherArray {
    const count = bytes <= this.bufferBytes ? 1 : Math.ceil(bytes / this.bufferBytes);
    while (this.#freeSegments.length < count) this.#grow(count);
    const array = this.#freeArrays.pop() ?? new ScatterGatherArray();
    let left = bytes;
    for (let i = 0; i < count; i++) {
      const segment = this.#takeSegment();
      segment.offset = segment.base;
      segment.length = Math.min(left, this.bufferBytes);
      left -= segment.length;
      array.segments[i] = segment;
    }
    array.segmentCount = count;
    array.owner = owner;
    if (this.#checked && owner === Owner.Application) this.giveToApplication(array);
    return array;
  }

  /** Whether there is room for so many buffers under the limit. */
  hasBuffers(count: number): boolean {
    while (this.#freeSegments.length < count) if (!this.#tryGrow()) return false;
    return true;
  }

  /**
   * An array around one buffer that may have its home elsewhere, with its data as it stands, owned by
   * `owner`.
   */
  wrap(segment: SgaSegment, owner: Owner): ScatterGatherArray {
    const array = this.#freeArrays.pop() ?? new ScatterGatherArray();
    array.segments[0] = segment;
    array.segmentCount = 1;
    array.owner = owner;
    return array;
  }

  /** One buffer, or null when the limit is reached. It goes back by give. */
  tryTake(): SgaSegment | null {
    if (this.#freeSegments.length === 0 && !this.#tryGrow()) return null;
    return this.#takeSegment();
  }

  /** Makes `array` the application's. */
  giveToApplication(array: ScatterGatherArray): void {
    array.owner = Owner.Application;
    if (this.#checked) this.#origins.set(array, new Error('allocated'));
  }

  /** Takes `array`, which is the application's, for a push. */
  takeFromApplication(array: ScatterGatherArray): void {
    array.owner = Owner.Libos;
    if (this.#checked) this.#origins.delete(array);
  }

  /**
   * free as the application calls it: at once what is its own, later what is in flight. Throws DOUBLE_FREE.
   */
  freeByApplication(array: ScatterGatherArray): void {
    if (array.owner === Owner.Application) {
      if (this.#checked) this.#origins.delete(array);
      this.release(array);
    } else if (array.owner === Owner.Libos) {
      array.owner = Owner.LibosThenFree;
    } else {
      throw new LibosError('DOUBLE_FREE', 'free');
    }
  }

  /** Takes the buffers back, whoever owned them. */
  release(array: ScatterGatherArray): void {
    array.owner = Owner.Nobody;
    for (let i = 0; i < array.segmentCount; i++) array.segments[i].home.give(array.segments[i]);
    array.segmentCount = 0;
    if (this.#checked) return;
    if (array.segments.length > 4) array.segments.length = 1;
    this.#freeArrays.push(array);
  }

  /** Takes one buffer of this pool back. */
  give(segment: SgaSegment): void {
    if (this.#checked) segment.bytes.fill(POISON, segment.base, segment.base + segment.capacity);
    this.#freeSegments.push(segment);
    const free = ++this.#slabFree[segment.slabIndex];
    if (free === this.#slabBuffers[segment.slabIndex] && this.freeBytes > this.#options.retainBytes)
      this.#retire(segment.slabIndex);
  }

  /**
   * Ends all mappings. In checked mode throws LEAK, naming where the buffers came from, if any are still out.
   */
  destroy(): void {
    const leaks = [...this.#origins.values()];
    for (const slab of this.#slabs) slab.unmap();
    this.#slabs.length = 0;
    this.#dormant.length = 0;
    this.#freeSegments.length = 0;
    this.#freeArrays.length = 0;
    if (leaks.length > 0) {
      throw new LibosError(
        'LEAK',
        'shutdown',
        -1,
        `${leaks.length} arrays were never freed; the first: ${leaks[0].stack}`,
      );
    }
  }

  #grow(wanted: number): void {
    if (this.#tryGrow()) return;
    const { limitBytes, bufferBytes } = this.#options;
    const detail = `the pool's limit of ${limitBytes} bytes does not allow ${wanted} more buffers of ${bufferBytes} bytes`;
    throw new LibosError('NO_BUFFERS', 'alloc', -1, detail);
  }

  #tryGrow(): boolean {
    const awakened = this.#dormant.pop();
    if (awakened) {
      for (const segment of awakened) this.#freeSegments.push(segment);
      return true;
    }
    const { slabBuffers, limitBytes, bufferBytes } = this.#options;
    const count = Math.min(slabBuffers, Math.floor((limitBytes - this.mappedBytes) / bufferBytes));
    if (count <= 0) return false;
    const slab = this.#options.mapSlab(count * (bufferBytes + SPREAD_BYTES));
    this.#mappedBuffers += count;
    const slabIndex = this.#slabs.push(slab) - 1;
    this.#slabBuffers.push(count);
    this.#slabFree.push(count);
    for (let i = count - 1; i >= 0; i--) {
      const base = i * (bufferBytes + SPREAD_BYTES);
      if (this.#checked) slab.bytes.fill(POISON, base, base + bufferBytes);
      this.#freeSegments.push(new SgaSegment(this, slab, slabIndex, base, bufferBytes));
    }
    return true;
  }

  #takeSegment(): SgaSegment {
    const segment = this.#freeSegments.pop()!;
    this.#slabFree[segment.slabIndex]--;
    if (this.#checked) this.#verifyPoison(segment);
    return segment;
  }

  /** Takes a wholly free slab out of circulation, so that one busy buffer cannot make it come and go. */
  #retire(slabIndex: number): void {
    if (this.#checked) return;
    this.#dormant.push(this.#freeSegments.filter((segment) => segment.slabIndex === slabIndex));
    this.#freeSegments = this.#freeSegments.filter((segment) => segment.slabIndex !== slabIndex);
    this.#slabs[slabIndex].discard();
  }

  #verifyPoison({ bytes, base, capacity }: SgaSegment): void {
    const buffer = Buffer.from(bytes.buffer, bytes.byteOffset + base, capacity);
    if (!buffer.equals(this.#poison)) throw new LibosError('USE_AFTER_FREE', 'alloc');
  }
}
