/**
 * The receiver's queue of data that came out of order. It holds the received segments themselves, in order of
 * their sequence numbers and without overlaps, and knows which SACK blocks to report (RFC 2018).
 */
import type { SgaSegment } from '../../memory/sga.ts';
import { SequenceRanges } from './ranges.ts';

/** A SACK option has room for four blocks (RFC 2018, section 3). */
const MAX_RECENT = 4;
const NONE = new Int32Array(0);

export class Reassembly {
  readonly #maxSegments: number;
  #head: SgaSegment | null = null;
  #tail: SgaSegment | null = null;
  /** What was queued last: the next arrival often belongs behind it. */
  #latest: SgaSegment | null = null;
  count = 0;
  /** What the queued segments cover. */
  readonly #held = new SequenceRanges();
  /**
   * A sequence number of each block that changed recently, the last first. A number whose block has been
   * shifted out or given up stands for nothing. Allocated with the first segment that is queued.
   */
  #recent: Int32Array = NONE;
  #recentCount = 0;
  /** The first run of bytes of the segment inserted last that were queued before (RFC 2883, section 4). */
  duplicateStart = 0;
  duplicateBytes = 0;

  constructor(maxSegments: number) {
    this.#maxSegments = maxSegments;
  }

  get bytes(): number {
    return this.#held.bytes;
  }

  /** Runs of segments without a hole between them. */
  get blockCount(): number {
    return this.#held.count;
  }

  /**
   * Queues a segment, whose `sequence` is its first byte's number: without what is queued of its beginning
   * and, where it would have to be split around a queued one, without what lies from there on. True when the
   * queue owns it now; false when nothing of it was kept. Segments that it made superfluous go home.
   */
  insert(segment: SgaSegment): boolean {
    const start = segment.sequence;
    const length = segment.length;
    if (length <= 0) return false;
    const end = (start + length) | 0;
    this.#findDuplicate(start, end);

    let previous = this.#lastAtOrBefore(start);
    let following = previous === null ? this.#head : previous.next;
    let from = start;
    if (previous !== null && ((previous.sequence + previous.length - start) | 0) > 0) {
      from = (previous.sequence + previous.length) | 0;
      while (following !== null && following.sequence === from && ((from - end) | 0) < 0) {
        from = (from + following.length) | 0;
        previous = following;
        following = following.next;
      }
      if (((from - end) | 0) >= 0) {
        this.#touch(start);
        return false;
      }
    }

    let to = end;
    while (following !== null && ((following.sequence - end) | 0) < 0) {
      if (((following.sequence + following.length - end) | 0) > 0) {
        to = following.sequence;
        break;
      }
      // It is covered whole: the newcomer takes its place.
      const superfluous = following;
      following = superfluous.next;
      this.#unlink(previous, superfluous);
      superfluous.home.give(superfluous);
    }
    if (this.count >= this.#maxSegments) {
      if (following === null) return false;
      this.#giveUpLast();
      following = previous === null ? this.#head : previous.next;
    }

    const skipped = (from - start) | 0;
    segment.sequence = from;
    segment.offset += skipped;
    segment.length = (to - from) | 0;
    this.#link(previous, segment, following);
    this.#held.add(from, to);
    this.#touch(from);
    return true;
  }

  /**
   * Takes out the first segment, cut to start at `next`, if it has the byte that is due; otherwise null.
   * Segments that lie wholly before `next` go home.
   */
  shift(next: number): SgaSegment | null {
    let segment = this.#head;
    while (segment !== null && ((segment.sequence - next) | 0) <= 0) {
      const end = (segment.sequence + segment.length) | 0;
      this.#unlink(null, segment);
      this.#held.dropBefore(end);
      if (((end - next) | 0) > 0) {
        const skipped = (next - segment.sequence) | 0;
        segment.sequence = next;
        segment.offset += skipped;
        segment.length -= skipped;
        return segment;
      }
      segment.home.give(segment);
      segment = this.#head;
    }
    return null;
  }

  /**
   * Writes SACK blocks into `out` as start, end, start, end ..., at most `max`; returns how many there are then: first
   * that with the latest arrival, then those that changed before (RFC 2018, section 4), then any others.
   *
   * @param before 1: `out` begins with a duplicate, behind which the block goes that it lies in (RFC 2883, section 4)
   */
  blocks(out: Int32Array, max: number, before: 0 | 1): number {
    const held = this.#held;
    let written: number = before;
    if (before === 1 && max > 1) {
      const index = held.find(out[0]);
      const holds = index < held.count && ((held.start(index) - out[0]) | 0) <= 0;
      if (holds) written = this.#writeBlock(index, out, before, written);
    }
    for (let i = 0; i < this.#recentCount && written < max; i++) {
      const sequence = this.#recent[i];
      const index = held.find(sequence);
      if (index === held.count || ((held.start(index) - sequence) | 0) > 0) continue;
      written = this.#writeBlock(index, out, before, written);
    }
    for (let index = 0; index < held.count && written < max; index++) {
      written = this.#writeBlock(index, out, before, written);
    }
    return written;
  }

  /** Gives all segments back. */
  clear(): void {
    while (this.#head !== null) {
      const segment = this.#head;
      this.#unlink(null, segment);
      segment.home.give(segment);
    }
    this.#held.clear();
  }

  #findDuplicate(start: number, end: number): void {
    const held = this.#held;
    this.duplicateBytes = 0;
    const index = held.find(start);
    if (index === held.count || ((held.start(index) - end) | 0) >= 0) return;
    this.duplicateStart = ((held.start(index) - start) | 0) > 0 ? held.start(index) : start;
    const duplicateEnd = ((held.end(index) - end) | 0) < 0 ? held.end(index) : end;
    this.duplicateBytes = (duplicateEnd - this.duplicateStart) | 0;
  }

  #writeBlock(index: number, out: Int32Array, before: number, written: number): number {
    const start = this.#held.start(index);
    for (let i = before; i < written; i++) if (out[2 * i] === start) return written;
    out[2 * written] = start;
    out[2 * written + 1] = this.#held.end(index);
    return written + 1;
  }

  /** Notes that the block around `sequence` has changed, or has been sent once more. */
  #touch(sequence: number): void {
    if (this.#recent.length === 0) this.#recent = new Int32Array(MAX_RECENT);
    const held = this.#held;
    const recent = this.#recent;
    const block = held.find(sequence);
    const start = held.start(block);
    const length = (held.end(block) - start) >>> 0;
    let kept = 0;
    for (let i = 0; i < this.#recentCount; i++) {
      if ((recent[i] - start) >>> 0 >= length) recent[kept++] = recent[i];
    }
    if (kept === MAX_RECENT) kept--;
    for (let i = kept; i > 0; i--) recent[i] = recent[i - 1];
    recent[0] = sequence;
    this.#recentCount = kept + 1;
  }

  #lastAtOrBefore(sequence: number): SgaSegment | null {
    const tail = this.#tail;
    if (tail !== null && ((tail.sequence - sequence) | 0) <= 0) return tail;
    const latest = this.#latest;
    let at = latest !== null && ((latest.sequence - sequence) | 0) <= 0 ? latest : this.#head;
    if (at === null || ((at.sequence - sequence) | 0) > 0) return null;
    while (at.next !== null && ((at.next.sequence - sequence) | 0) <= 0) at = at.next;
    return at;
  }

  #link(previous: SgaSegment | null, segment: SgaSegment, following: SgaSegment | null): void {
    segment.next = following;
    if (previous === null) this.#head = segment;
    else previous.next = segment;
    if (following === null) this.#tail = segment;
    this.#latest = segment;
    this.count++;
  }

  /** Takes out the segment behind `previous`. */
  #unlink(previous: SgaSegment | null, segment: SgaSegment): void {
    if (previous === null) this.#head = segment.next;
    else previous.next = segment.next;
    if (this.#tail === segment) this.#tail = previous;
    if (this.#latest === segment) this.#latest = null;
    segment.next = null;
    this.count--;
  }

  /** The receiver may drop what it has SACKed but not acknowledged (RFC 2018, section 8). */
  #giveUpLast(): void {
    const last = this.#tail!;
    let previous: SgaSegment | null = null;
    for (let at = this.#head!; at !== last; at = at.next!) previous = at;
    this.#held.dropFrom(last.sequence);
    this.#unlink(previous, last);
    last.home.give(last);
  }
}
