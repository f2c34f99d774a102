/**
 * What the sender knows of the receiver's out-of-order data, told by SACK options (RFC 2018): ranges of numbers, which
 * show at once what of a block is news, and the marks of the segments in flight. Both say the same: a block is taken
 * for as many whole segments as it has.
 *
 *     una                                       nxt
 *      |  hole  [sacked]  hole  [sacked]         |
 */
import { isAtOrBefore, isBefore } from '../sequence.ts';
import type { TcpSegment } from '../wire/tcp.ts';
import type { Flight } from './flight.ts';
import { SequenceRanges } from './ranges.ts';

/**
 * Enough for 3 MB in flight of which every second segment of 1460 bytes was lost; a bound for made-up blocks.
 */
export const MAX_SACKED_RANGES = 1024;

/** Is told of each segment that has been delivered, before its mark changes. */
export interface Deliveries {
  /** @param index of the segment in flight */
  segmentDelivered(index: number): void;
}

/** Whether the first SACK block of a segment, which has one, reports a duplicate (D-SACK; RFC 2883, section 4). */
export function reportsDuplicate({ sack, sackCount, acknowledgement }: TcpSegment): boolean {
  if (isBefore(sack[0], acknowledgement)) return true;
  return sackCount > 1 && isAtOrBefore(sack[2], sack[0]) && isAtOrBefore(sack[1], sack[3]);
}

/**
 * Puts into `out` where the blocks of a segment from the `first` on begin in its `sack`, in the order of their numbers.
 * The option has the latest arrival first, also of what has arrived in order: taken as it stands, it would look like
 * reordering.
 */
export function orderBlocks({ sack, sackCount }: TcpSegment, first: number, out: Int32Array): void {
  for (let i = first; i < sackCount; i++) {
    const start = sack[2 * i];
    let to = i - first;
    for (; to > 0 && isBefore(start, sack[out[to - 1]]); to--) out[to] = out[to - 1];
    out[to] = 2 * i;
  }
}

/** Where the missing part of a block is put. */
const gap = new Int32Array(2);

export class Scoreboard {
  readonly #ranges = new SequenceRanges();

  get sackedBytes(): number {
    return this.#ranges.bytes;
  }

  /** Disjoint SACKed ranges. */
  get rangeCount(): number {
    return this.#ranges.count;
  }

  /**
   * Notes a block of a SACK option; returns how many bytes are SACKed newly. A block that does not lie within
   * (una, nxt] is ignored: a D-SACK (RFC 2883), one that came late, or one made up. So is one that would be a range
   * more than MAX_SACKED_RANGES.
   */
  mark(start: number, end: number, nxt: number, flight: Flight, deliveries: Deliveries): number {
    const una = flight.start;
    const from = (start - una) | 0;
    const to = (end - una) | 0;
    if (from <= 0 || to <= from || to > ((nxt - una) | 0)) return 0;
    const first = flight.find(start);
    const wholeStart = flight.startOf(first) === start ? start : flight.end(first);
    const behind = flight.find(end);
    const wholeEnd = behind < flight.count ? flight.startOf(behind) : end;
    if (((wholeEnd - wholeStart) | 0) <= 0 || !this.#hasRoomFor(wholeStart, wholeEnd)) return 0;
    for (let at = wholeStart; this.firstMissing(at, wholeEnd, gap); at = gap[1]) {
      const last = gap[1];
      for (let i = flight.find(gap[0]); i < flight.count && ((flight.end(i) - last) | 0) <= 0; i++) {
        deliveries.segmentDelivered(i);
        flight.markSacked(i);
      }
    }
    return this.#ranges.add(wholeStart, wholeEnd);
  }

  /**
   * The receiver has acknowledged everything before `una`, where `flight` starts now. Had it kept a range that starts
   * there, it would have acknowledged that one too: it has dropped it (RFC 2018, section 8), and so do we, that it be
   * sent again.
   */
  advance(una: number, flight: Flight): void {
    const ranges = this.#ranges;
    if (ranges.count === 0) return;
    ranges.dropBefore(una);
    if (ranges.count === 0 || ranges.start(0) !== una) return;
    flight.unmarkSacked(una, ranges.end(0));
    ranges.dropFirst();
  }

  /** Nothing that was SACKed is relied on any more (RFC 2018, section 8). */
  clear(flight: Flight): void {
    const ranges = this.#ranges;
    for (let i = 0; i < ranges.count; i++) flight.unmarkSacked(ranges.start(i), ranges.end(i));
    ranges.clear();
  }

  /** Puts the first part of [from, to) that is not SACKed into `out`; false when all of it is. */
  firstMissing(from: number, to: number, out: Int32Array): boolean {
    const ranges = this.#ranges;
    let start = from;
    let end = to;
    let index = ranges.find(from);
    if (index < ranges.count && ((ranges.start(index) - from) | 0) <= 0) start = ranges.end(index++);
    if (index < ranges.count && ((ranges.start(index) - to) | 0) < 0) end = ranges.start(index);
    out[0] = start;
    out[1] = end;
    return ((start - end) | 0) < 0;
  }

  #hasRoomFor(start: number, end: number): boolean {
    const ranges = this.#ranges;
    if (ranges.count < MAX_SACKED_RANGES) return true;
    const index = ranges.find((start - 1) | 0);
    return index < ranges.count && ((ranges.start(index) - end) | 0) <= 0;
  }
}
