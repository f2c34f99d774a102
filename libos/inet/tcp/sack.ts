/**
 * What the sender knows of the receiver's out-of-order data: the scoreboard of RFC 6675, fed by the SACK
 * options of RFC 2018.
 *
 *     una                lostBefore                                nxt
 *      |  hole  [sacked]  |  hole  [sacked]  hole  [sacked]         |
 *      |<- lost holes --->|<- unSACKed, but not lost by now ------->|
 *
 * Enough SACKed data above a byte makes it lost, so the lost holes are those below one position.
 * `highRetransmitted` is RFC 6675's HighRxt as the number behind the last byte sent again; una when there is
 * none.
 */
import { SequenceRanges } from './ranges.ts';

/** DupThresh of RFC 6675, section 2. */
const DUPLICATE_THRESHOLD = 3;
/**
 * Enough for 3 MB in flight of which every second segment of 1460 bytes was lost; a bound for made-up blocks.
 */
export const MAX_SACKED_RANGES = 1024;

/** What nextSegment found, by the number of the rule in RFC 6675, section 4, NextSeg. */
export const NextSegment = {
  None: 0,
  /** Rule 1: a lost hole, which goes before new data. */
  Lost: 1,
  /** Rule 3: a hole not yet lost by IsLost, which goes when there is no new data to send (rule 2). */
  Hole: 3,
} as const;
export type NextSegment = (typeof NextSegment)[keyof typeof NextSegment];

export class Scoreboard {
  readonly #ranges = new SequenceRanges();
  /** Of the ranges from #lostBefore's on: their bytes. Valid straight after it. */
  #sackedAbove = 0;

  get sackedBytes(): number {
    return this.#ranges.bytes;
  }

  /** Disjoint SACKed ranges. */
  get rangeCount(): number {
    return this.#ranges.count;
  }

  /**
   * Notes a block of a SACK option; returns how many bytes are SACKed newly. A block that does not lie within
   * (una, nxt] is ignored: a D-SACK (RFC 2883), one that came late, or one made up. Of more than
   * MAX_SACKED_RANGES the farthest are forgotten.
   */
  mark(start: number, end: number, una: number, nxt: number): number {
    const from = (start - una) | 0;
    const to = (end - una) | 0;
    if (from <= 0 || to <= from || to > ((nxt - una) | 0)) return 0;
    const ranges = this.#ranges;
    const added = ranges.add(start, end);
    if (ranges.count <= MAX_SACKED_RANGES) return added;
    const isFarthest = ranges.start(ranges.count - 1) === start;
    ranges.dropLast();
    return isFarthest ? 0 : added;
  }

  /**
   * The receiver has acknowledged everything before `una`. Had it kept a range that starts there, it would
   * have acknowledged that one too: it has dropped it (RFC 2018, section 8), and so do we, that it be sent
   * again.
   */
  advance(una: number): void {
    const ranges = this.#ranges;
    if (ranges.count === 0) return;
    ranges.dropBefore(una);
    if (ranges.count > 0 && ranges.start(0) === una) ranges.dropFirst();
  }

  /** After a retransmission timeout nothing that was SACKed may be relied on (RFC 2018, section 8). */
  clear(): void {
    this.#ranges.clear();
  }

  /** IsLost of RFC 6675, section 4, for a byte that is not SACKed. */
  isLost(sequence: number, mss: number): boolean {
    return ((sequence - this.#lostBefore(mss, sequence)) | 0) < 0;
  }

  /** SetPipe of RFC 6675, section 4: bytes that are taken to be in the network. */
  pipe(una: number, nxt: number, highRetransmitted: number, mss: number): number {
    const lostBefore = this.#lostBefore(mss, una);
    const notLost = ((nxt - lostBefore) | 0) - this.#sackedAbove;
    const sentAgain = (highRetransmitted - una) | 0;
    return sentAgain > 0 ? notLost + sentAgain - this.sackedBefore(highRetransmitted) : notLost;
  }

  /**
   * NextSeg of RFC 6675, section 4, rules 1 and 3: puts the first hole behind `highRetransmitted` and below
   * SACKed data into `out` as [start, end), and says which rule it goes by.
   */
  nextSegment(una: number, highRetransmitted: number, mss: number, out: Int32Array): NextSegment {
    const ranges = this.#ranges;
    let start = ((highRetransmitted - una) | 0) > 0 ? highRetransmitted : una;
    let above = ranges.find(start);
    if (above < ranges.count && ((ranges.start(above) - start) | 0) <= 0) {
      start = ranges.end(above);
      above++;
    }
    if (above === ranges.count) return NextSegment.None;
    out[0] = start;
    out[1] = ranges.start(above);
    return this.isLost(start, mss) ? NextSegment.Lost : NextSegment.Hole;
  }

  /**
   * NextSeg, rule 4: puts the last bytes that are not SACKed, at most `mss`, into `out` as [start, end). Once
   * in a recovery they may be sent when the other rules give nothing; highRetransmitted does not move then.
   */
  rescue(una: number, nxt: number, mss: number, out: Int32Array): boolean {
    const ranges = this.#ranges;
    let index = ranges.count - 1;
    let end = nxt;
    if (index >= 0 && ranges.end(index) === nxt) end = ranges.start(index--);
    const start = index >= 0 ? ranges.end(index) : una;
    const length = (end - start) | 0;
    if (length <= 0) return false;
    out[0] = length > mss ? (end - mss) | 0 : start;
    out[1] = end;
    return true;
  }

  /** SACKed bytes whose numbers lie before `sequence`. */
  sackedBefore(sequence: number): number {
    const ranges = this.#ranges;
    let sacked = 0;
    for (let i = 0; i < ranges.count && ((ranges.start(i) - sequence) | 0) < 0; i++) {
      const end = ((ranges.end(i) - sequence) | 0) < 0 ? ranges.end(i) : sequence;
      sacked += (end - ranges.start(i)) | 0;
    }
    return sacked;
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

  /**
   * Where the first range starts that has DUPLICATE_THRESHOLD ranges, or more bytes than that less one
   * segment, at and above it; holes below are lost. `none` when there is no such range.
   */
  #lostBefore(mss: number, none: number): number {
    const ranges = this.#ranges;
    const enough = (DUPLICATE_THRESHOLD - 1) * mss;
    let sacked = 0;
    for (let i = ranges.count - 1; i >= 0; i--) {
      sacked += (ranges.end(i) - ranges.start(i)) | 0;
      if (sacked > enough || ranges.count - i >= DUPLICATE_THRESHOLD) {
        this.#sackedAbove = sacked;
        return ranges.start(i);
      }
    }
    this.#sackedAbove = sacked;
    return none;
  }
}
