/**
 * Scatter-gather arrays: how the application and the libOS hand each other data without copying.
 *
 * A segment (SgaSegment; TCP's own is TcpSegment) is a range of one pool buffer: {bytes, offset, length},
 * where `bytes` is the whole slab that the buffer lies in, so that no view object is made per packet.
 * Segments exist once per pool buffer and are recycled with it.
 */

/** A contiguous piece of memory that a backend mapped, cut into the buffers of a pool. */
export interface Slab {
  readonly bytes: Uint8Array;
  /** Where the slab lies in this process, for foreign calls. */
  readonly address: number;
  /** Gives the pages back to the operating system; the mapping stays valid and its content is undefined. */
  discard(): void;
  /** Ends the mapping. No buffer of the slab may be touched afterwards. */
  unmap(): void;
}

/** Where a buffer goes when nobody owns it any more: the pool or the device that it was cut from. */
export interface SegmentHome {
  give(segment: SgaSegment): void;
}

export class SgaSegment {
  readonly home: SegmentHome;
  readonly bytes: Uint8Array;
  /** First byte of the buffer within `bytes`. */
  readonly base: number;
  readonly capacity: number;
  /** Address of the buffer's first byte. */
  readonly address: number;
  /** Index of the slab in its pool; of a device's buffer, what the device makes of it. */
  readonly slabIndex: number;
  /** First byte of the data within `bytes`; base <= offset and offset + length <= base + capacity. */
  offset: number;
  length: number;
  /**
   * Links the segments of a queue that a network stack keeps; null while the application owns the segment.
   */
  next: SgaSegment | null = null;
  /** In such a queue: the TCP sequence number of the first byte, a signed 32-bit integer. */
  sequence = 0;

  /** @param memory the slab, or whatever else `base` counts from */
  constructor(
    home: SegmentHome,
    memory: Pick<Slab, 'bytes' | 'address'>,
    slabIndex: number,
    base: number,
    capacity: number,
  ) {
    this.home = home;
    this.bytes = memory.bytes;
    this.base = base;
    this.capacity = capacity;
    this.address = memory.address + base;
    this.slabIndex = slabIndex;
    this.offset = base;
    this.length = 0;
  }
}

/**
 * Who owns a scatter-gather array at the moment. Transport: the application has freed it and its push has
 * completed, but a transport may still send from it, and gives it back to the pool when it need not any more.
 */
export const Owner = { Nobody: 0, Application: 1, Libos: 2, LibosThenFree: 3, Transport: 4 } as const;
export type Owner = (typeof Owner)[keyof typeof Owner];

export class ScatterGatherArray {
  /** The first `segmentCount` entries are in use. */
  readonly segments: SgaSegment[] = [];
  segmentCount = 0;
  /** Kept by the libOS; the application leaves it alone. */
  owner: Owner = Owner.Nobody;
  /** Links the arrays that a network stack has taken to send and may have to send again. */
  next: ScatterGatherArray | null = null;

  get byteLength(): number {
    let total = 0;
    for (let i = 0; i < this.segmentCount; i++) total += this.segments[i].length;
    return total;
  }

  /**
   * Copies `source` into the segments from their first byte on and sets their lengths. Throws RangeError if
   * it does not fit.
   */
  fill(source: Uint8Array): void {
    let taken = 0;
    for (let i = 0; i < this.segmentCount; i++) {
      const segment = this.segments[i];
      const length = Math.min(segment.capacity, source.length - taken);
      segment.offset = segment.base;
      segment.length = length;
      segment.bytes.set(source.subarray(taken, taken + length), segment.offset);
      taken += length;
    }
    if (taken < source.length)
      throw new RangeError(`${source.length} bytes do not fit into the ${taken} of this array`);
  }

  /**
   * Keeps the first `bytes` bytes, at least one, of segments that are whole; buffers behind them go back to where they
   * are at home.
   */
  shorten(bytes: number): void {
    let left = bytes;
    let used = 0;
    for (; left > 0; used++) {
      const segment = this.segments[used];
      segment.length = Math.min(left, segment.capacity);
      left -= segment.length;
    }
    for (let i = used; i < this.segmentCount; i++) this.segments[i].home.give(this.segments[i]);
    this.segmentCount = used;
  }

  /** The data as one new array, for those who can afford the copy. */
  copyOut(): Uint8Array {
    const copy = new Uint8Array(this.byteLength);
    let written = 0;
    for (let i = 0; i < this.segmentCount; i++) {
      const { bytes, offset, length } = this.segments[i];
      copy.set(bytes.subarray(offset, offset + length), written);
      written += length;
    }
    return copy;
  }
}
