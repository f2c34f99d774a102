/**
 * How far another host's clock is ahead of ours, from round trips, as NTP does it (RFC 5905, section 8): the trip with
 * the smallest delay tells most. The bound is strict: whatever the delays of that trip were, so long as neither is
 * negative and no clock was set meanwhile, the offset is within half of their sum.
 */

/** One round trip; all in ns, `sent` and `arrived` of our clock, `received` and `answered` of theirs. */
export interface RoundTrip {
  sent: bigint;
  received: bigint;
  answered: bigint;
  arrived: bigint;
}

export interface ClockOffset {
  /** Their clock minus ours. */
  offset_ns: number;
  /** The offset is at most so far from `offset_ns`, either way. */
  bound_ns: number;
  /** When, by our clock: the middle of the trip. */
  at_ns: bigint;
}

/** Null where no trip says anything. One that took less than no time was under way while a clock was set. */
export function clockOffset(trips: readonly RoundTrip[]): ClockOffset | null {
  let best: RoundTrip | null = null;
  for (const trip of trips) {
    if (delayOf(trip) >= 0n && (best === null || delayOf(trip) < delayOf(best))) best = trip;
  }
  if (best === null) return null;
  const { sent, received, answered, arrived } = best;
  const doubled_ns = received - sent + (answered - arrived);
  return {
    offset_ns: Number(doubled_ns) / 2,
    bound_ns: Number(delayOf(best)) / 2,
    at_ns: (sent + arrived) / 2n,
  };
}

/** What the trip took on the way, both ways together. */
function delayOf({ sent, received, answered, arrived }: RoundTrip): bigint {
  return arrived - sent - (answered - received);
}

export interface ClockDrift {
  /** How much faster their clock went than ours, in parts per million. */
  drift_ppm: number;
  /** The drift is at most so far from `drift_ppm`, either way. */
  bound_ppm: number;
}

/** Between two offsets, measured one after the other. Null where no time lies between them. */
export function driftBetween(before: ClockOffset, after: ClockOffset): ClockDrift | null {
  const elapsed_ns = Number(after.at_ns - before.at_ns);
  if (elapsed_ns <= 0) return null;
  const ppm = (ns: number): number => (ns / elapsed_ns) * 1e6;
  return {
    drift_ppm: ppm(after.offset_ns - before.offset_ns),
    bound_ppm: ppm(after.bound_ns + before.bound_ns),
  };
}
