/**
 * What came twice, to be told to the peer: the first block of the next SACK option is the duplicate (D-SACK, RFC
 * 2883), whether it lies below the acknowledgement number or within what waits out of order. A peer that sent it
 * again learns that it need not have.
 */
import { isAtOrBefore, isBefore } from '../sequence.ts';

export class DuplicateReport {
  /** One is due. */
  due = false;
  #start = 0;
  #end = 0;

  /**
   * [start, end) has come again. One report is sent of each duplicate, in the next acknowledgement; those of a burst
   * that touch are one, and of others the last is told (RFC 2883, section 4).
   */
  note(start: number, end: number): void {
    const touches = this.due && isAtOrBefore(start, this.#end) && isAtOrBefore(this.#start, end);
    if (!touches || isBefore(start, this.#start)) this.#start = start;
    if (!touches || isBefore(this.#end, end)) this.#end = end;
    this.due = true;
  }

  /** Writes the report, which must be due, to the first block of `out`. */
  write(out: Int32Array): void {
    out[0] = this.#start;
    out[1] = this.#end;
  }

  /** It has been sent. */
  sent(): void {
    this.due = false;
  }
}
