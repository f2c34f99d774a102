/**
 * How long a request was on its way between two machines, by their clocks. It is an estimate: how far the clocks are
 * apart is measured by round trips before and after, and assumed to change evenly in between.
 */
import type { ClockAhead, StampFile } from '../../formats/index.ts';

export interface ServersClock {
  before: ClockAhead;
  after: ClockAhead;
}

/** How far the server's clock was ahead at a moment of the load generator's, ns. */
export function aheadAt({ before, after }: ServersClock, at_ns: number): number {
  const span_ns = after.at_ns - before.at_ns;
  const part = span_ns > 0 ? (at_ns - before.at_ns) / span_ns : 0;
  return before.offset_ns + part * (after.offset_ns - before.offset_ns);
}

/** What an estimate is wrong by at most, ns, as long as the clocks ran evenly. */
export function boundOf({ before, after }: ServersClock): number {
  return Math.max(before.bound_ns, after.bound_ns);
}

/** The monotonic clock at a reading of the counter, ns. */
export function monotonicAt({ newest, ns_per_count }: StampFile, count: number): number {
  return newest.monotonic_ns + (count - newest.count) * ns_per_count;
}
