/**
 * The segments in flight, in order of their numbers: when each was sent last, and what is known of it. This is what
 * round trips are measured by and what RACK (RFC 8985) looks at; the bytes themselves stay in the send queue.
 *
 *      start                                            next
 *       |  acknowledged soon  |  SACKed  |  lost  |      |
 *       ^ entry 0             ^ entry 1  ^ ...
 *
 * An entry is one segment as it was sent: its end, marks and time, in typed arrays that slide. Sending appends one and
 * an acknowledgement drops the first ones, without a search; a segment that goes again in parts becomes several.
 * Only LossRecovery and Rack write here.
 */
import { inSameTick } from './timestamp-clock.ts';

/** What is known of a segment, as bits. */
export const Mark = {
  /** The receiver has it, out of order. */
  Sacked: 1,
  /** It is taken for lost, and has not been sent again since. Never with Sacked. */
  Lost: 2,
  /** It was sent more than once. */
  Again: 4,
  /** Its last two transmissions carry the same timestamp, which cannot tell them apart. */
  SameTick: 8,
} as const;

const NO_WORDS = new Int32Array(0);
const NO_TIMES = new Float64Array(0);
const FIRST_ENTRIES = 16;
/**
 * Larger arrays are let go as soon as they are empty, as of ten thousand connections most may be idle. To make them
 * anew costs 40 ns a segment, so that bursts of some hundred KB, one after the other, keep theirs: 4 KiB.
 */
const KEPT_ENTRIES = 256;
/** Of 1460 bytes these are 24 MB; of one byte each, which an application may push, they would have no other bound. */
export const MOST_ENTRIES = 16_384;

export class Flight {
  /** End and marks of each entry. */
  #words: Int32Array = NO_WORDS;
  #times: Float64Array = NO_TIMES;
  #head = 0;
  count = 0;
  /** The number of the first byte in flight. */
  start = 0;
  sackedBytes = 0;
  sackedCount = 0;
  lostBytes = 0;
  /** Of the entries, those that were sent more than once. */
  againCount = 0;
  /** Nothing before this number is lost. */
  #lostFrom = 0;

  /** Nothing is in flight, and `sequence` is sent next. */
  begin(sequence: number): void {
    this.start = sequence;
  }

  /** No more is to be sent before some of it has arrived. */
  get isFull(): boolean {
    return this.count >= MOST_ENTRIES;
  }

  /** All was sent once, and nothing is SACKed. */
  get isPlain(): boolean {
    return (this.sackedCount | this.againCount) === 0;
  }

  // One entry, by its index

  startOf(index: number): number {
    return index === 0 ? this.start : this.#words[2 * (this.#head + index) - 2];
  }

  end(index: number): number {
    return this.#words[2 * (this.#head + index)];
  }

  marks(index: number): number {
    return this.#words[2 * (this.#head + index) + 1];
  }

  /** When it was sent last, in microseconds. */
  sentUs(index: number): number {
    return this.#times[this.#head + index];
  }

  bytes(index: number): number {
    return (this.end(index) - this.startOf(index)) | 0;
  }

  /** Index of the entry that `sequence` lies in; `count` when it lies behind all. It must not lie before them. */
  find(sequence: number): number {
    const words = this.#words;
    const head = this.#head;
    let low = 0;
    let high = this.count;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (((words[2 * (head + middle)] - sequence) | 0) > 0) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  // Sending

  /** A segment that ends at `end` was sent for the first time. */
  sent(end: number, nowUs: number): void {
    if (this.#head + this.count === this.#times.length) this.#makeRoom();
    const at = this.#head + this.count;
    this.#words[2 * at] = end;
    this.#words[2 * at + 1] = 0;
    this.#times[at] = nowUs;
    this.count++;
  }

  /** What lies in [start, end) was sent again, in one segment. */
  sentAgain(start: number, end: number, nowUs: number): void {
    this.#splitAt(start);
    this.#splitAt(end);
    for (let i = this.find(start); i < this.count && ((this.end(i) - end) | 0) <= 0; i++) {
      const at = this.#head + i;
      const marks = this.#words[2 * at + 1];
      if (marks & Mark.Lost) this.lostBytes -= this.bytes(i);
      if (!(marks & Mark.Again)) this.againCount++;
      const sameTick = inSameTick(this.#times[at], nowUs) ? Mark.SameTick : 0;
      this.#words[2 * at + 1] = (marks & Mark.Sacked) | Mark.Again | sameTick;
      this.#times[at] = nowUs;
    }
  }

  // Acknowledgements

  /** Drops the first entry, which is acknowledged. */
  drop(): void {
    this.#unmark(0, Mark.Sacked | Mark.Lost | Mark.Again);
    this.start = this.end(0);
    this.count--;
    if (this.count > 0) this.#head++;
    else this.#clear();
  }

  /** All is acknowledged, up to `sequence`, and has no marks. */
  empty(sequence: number): void {
    this.start = sequence;
    this.count = 0;
    this.#clear();
  }

  /** The first entry, which reaches farther, is acknowledged up to `sequence`. */
  cutTo(sequence: number): void {
    const cut = (sequence - this.start) | 0;
    if (cut === 0) return;
    if (this.count > 0) {
      const marks = this.marks(0);
      if (marks & Mark.Sacked) this.sackedBytes -= cut;
      if (marks & Mark.Lost) this.lostBytes -= cut;
    }
    this.start = sequence;
  }

  /** The receiver has the segment, though not all before it. */
  markSacked(index: number): void {
    this.#unmark(index, Mark.Lost);
    this.#words[2 * (this.#head + index) + 1] |= Mark.Sacked;
    this.sackedBytes += this.bytes(index);
    this.sackedCount++;
  }

  /** It has thrown away what it had of [start, end) (RFC 2018, section 8). */
  unmarkSacked(start: number, end: number): void {
    for (let i = this.find(start); i < this.count && ((this.end(i) - end) | 0) <= 0; i++) {
      this.#unmark(i, Mark.Sacked);
    }
  }

  /** The segment, which is not SACKed, is taken for lost. */
  markLost(index: number): void {
    const at = 2 * (this.#head + index) + 1;
    if (this.#words[at] & (Mark.Lost | Mark.Sacked)) return;
    const start = this.startOf(index);
    if (this.lostBytes === 0 || ((start - this.#lostFrom) | 0) < 0) this.#lostFrom = start;
    this.#words[at] |= Mark.Lost;
    this.lostBytes += this.bytes(index);
  }

  markAllLost(): void {
    for (let i = 0; i < this.count; i++) this.markLost(i);
  }

  /** What is taken for lost is in the network still. */
  unmarkLost(): void {
    for (let i = 0; i < this.count && this.lostBytes > 0; i++) this.#unmark(i, Mark.Lost);
  }

  /**
   * The first run of lost segments, into `out` as [start, end), as far as `most` bytes need. False: nothing is lost.
   */
  firstLost(most: number, out: Int32Array): boolean {
    if (this.lostBytes === 0) return false;
    const from = this.#lostFrom;
    let index = ((from - this.start) | 0) <= 0 ? 0 : this.find(from);
    while (!(this.marks(index) & Mark.Lost)) index++;
    const start = this.startOf(index);
    this.#lostFrom = start;
    let end = this.end(index);
    while (++index < this.count && ((end - start) | 0) < most && this.marks(index) & Mark.Lost) {
      end = this.end(index);
    }
    out[0] = start;
    out[1] = end;
    return true;
  }

  // The arrays

  #unmark(index: number, unwanted: number): void {
    const at = 2 * (this.#head + index) + 1;
    const marks = this.#words[at] & unwanted;
    if (marks === 0) return;
    if (marks & Mark.Sacked) {
      this.sackedBytes -= this.bytes(index);
      this.sackedCount--;
    }
    if (marks & Mark.Lost) this.lostBytes -= this.bytes(index);
    if (marks & Mark.Again) this.againCount--;
    this.#words[at] &= ~unwanted;
  }

  /** Makes one entry two, if `sequence` lies within it. */
  #splitAt(sequence: number): void {
    const index = this.find(sequence);
    if (index === this.count || this.startOf(index) === sequence) return;
    if (this.#head + this.count === this.#times.length) this.#makeRoom();
    const at = this.#head + index;
    const last = this.#head + this.count;
    this.#words.copyWithin(2 * at + 2, 2 * at, 2 * last);
    this.#times.copyWithin(at + 1, at, last);
    this.#words[2 * at] = sequence;
    this.count++;
    if (this.#words[2 * at + 1] & Mark.Sacked) this.sackedCount++;
    if (this.#words[2 * at + 1] & Mark.Again) this.againCount++;
  }

  #makeRoom(): void {
    const words = this.#words;
    const times = this.#times;
    const head = this.#head;
    // Moving down pays only when it makes much room at once.
    if (head > 0 && 2 * head >= times.length) {
      words.copyWithin(0, 2 * head);
      times.copyWithin(0, head);
    } else {
      const entries = Math.max(FIRST_ENTRIES, 2 * times.length);
      this.#words = new Int32Array(2 * entries);
      this.#words.set(words.subarray(2 * head));
      this.#times = new Float64Array(entries);
      this.#times.set(times.subarray(head));
    }
    this.#head = 0;
  }

  #clear(): void {
    this.#head = 0;
    if (this.#times.length > KEPT_ENTRIES) {
      this.#words = NO_WORDS;
      this.#times = NO_TIMES;
    }
  }
}
