/**
 * What the peer has acknowledged and which window it has offered, worked out from the segments that were delivered, by
 * RFC 9293, sections 3.4 and 3.10.7.4, and RFC 7323, section 5.3. It is exact: each segment counts or it does not, and
 * the stack must think the same of it.
 *
 * What a segment is held against is the stack's own place in the peer's stream, as it may have had no memory for some.
 */
import { Flag, type Segment } from './segment.ts';

/** The receiving side, before it looks at a segment. Positions count from the peer's SYN. */
export interface Receiving {
  next: number;
  /** Right edge of its window. */
  edge: number;
  /** TS.Recent; null: no timestamps are used. */
  recentTimestamp: number | null;
}

export class OfferedWindow {
  /** From there on nothing is acknowledged. */
  acknowledged = 1;
  /** From there on. */
  bytes: number;
  readonly #scale: number;
  #most: number;
  /** SND.WL1 and SND.WL2. */
  #sequence: number;
  #acknowledgement: number;

  /**
   * The connection stands, by this segment. The window of a SYN is not scaled.
   *
   * @param at position of the segment
   */
  constructor(segment: Segment, at: number, acknowledgement: number, scale: number) {
    const isSyn = (segment.flags & Flag.Syn) !== 0;
    this.#scale = scale;
    this.bytes = isSyn ? segment.window : segment.window * 2 ** scale;
    this.#most = this.bytes;
    this.#sequence = isSyn ? 0 : at;
    this.#acknowledgement = isSyn ? 0 : acknowledgement;
  }

  /** Behind the last byte that may be sent. */
  get edge(): number {
    return this.acknowledged + this.bytes;
  }

  /**
   * One more segment is delivered.
   *
   * @param at position of the segment
   * @param sentTo behind all that the stack has sent, its FIN too
   */
  take(segment: Segment, at: number, acknowledgement: number, receiving: Receiving, sentTo: number): void {
    if ((segment.flags & (Flag.Rst | Flag.Syn | Flag.Ack)) !== Flag.Ack) return;
    if (!isCurrent(segment, receiving) || !isAcceptable(segment, at, receiving)) return;
    // Of what was never sent, or too old to be honest (RFC 5961, section 5).
    if (acknowledgement > sentTo || acknowledgement < this.acknowledged - this.#most) return;
    if (acknowledgement < this.acknowledged) return;
    const advances = acknowledgement > this.acknowledged;
    this.acknowledged = acknowledgement;
    const isSameOrLater = this.#sequence === at && this.#acknowledgement <= acknowledgement;
    // What acknowledges more is newer in any case; then the later number.
    if (!advances && this.#sequence >= at && !isSameOrLater) return;
    this.#sequence = at;
    this.#acknowledgement = acknowledgement;
    this.bytes = segment.window * 2 ** this.#scale;
    this.#most = Math.max(this.#most, this.bytes);
  }
}

/** PAWS. */
function isCurrent({ timestamps }: Segment, { recentTimestamp }: Receiving): boolean {
  if (recentTimestamp === null) return true;
  return timestamps !== null && ((timestamps[0] - recentTimestamp) | 0) >= 0;
}

/** The four cases of RFC 9293, section 3.4. */
function isAcceptable({ flags, payload }: Segment, at: number, { next, edge }: Receiving): boolean {
  const length = payload.length + (flags & Flag.Fin);
  // Acknowledgements are taken with a closed window too (MUST-66).
  if (at === next) return true;
  if (edge <= next) return false;
  if (at >= next && at < edge) return true;
  // A peer that has used its window up has no other number for an empty segment.
  if (length === 0) return at === edge;
  const last = at + length - 1;
  return last >= next && last < edge;
}
