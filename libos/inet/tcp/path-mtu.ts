/**
 * How large the segments are that the path carries, where nobody tells: packetization layer path MTU discovery (RFC
 * 4821; RFC 8899). A connection begins with what both ends offer, as most paths carry that.
 *
 *     no acknowledgement for two timeouts -> smaller segments          (a hop that drops them and sends no ICMP)
 *     ICMP: fragmentation needed          -> as small as it says       (unreachable.ts)
 *     smaller, and its time has come      -> a probe: one larger segment of new data
 *         acknowledged, sent once         -> segments of that size
 *         lost                            -> not before ten minutes have passed
 *
 * Only a connection whose segments have become smaller has a PathMtuSearch.
 */
import { distance, isAtOrBefore, isBefore } from '../sequence.ts';

/** Sizes of packets that links carry: IPv6's least, Ethernet, FDDI, and below 8 KiB (RFC 1191, section 7.1). */
const packetSizes = [1280, 1500, 4352, 8166] as const;
const [IPV6_LEAST, ETHERNET] = packetSizes;
/** Timeouts in a row after which segments are made to fit Ethernet, and then the narrowest tunnel. */
const TIMEOUTS_TO_ETHERNET = 2;
const TIMEOUTS_TO_LEAST = 4;
/** RFC 8899, section 5.1.1: PMTU_RAISE_TIMER. */
export const RAISE_AFTER_US = 600e6;
/** What seemed to be too large may have been lost with all else in an outage: then soon. */
export const RETRY_AFTER_US = 1e6;
/** A double that is no integer: the engine stores a field that starts with one as a double for ever. */
const NEVER = Number.POSITIVE_INFINITY;

/**
 * Payload of a segment to try after so many timeouts in a row, in which only small ones can have arrived.
 *
 * @param headerBytes of a packet, with the options of each segment
 */
export function payloadBehindBlackHole(timeouts: number, mss: number, headerBytes: number): number {
  if (timeouts < TIMEOUTS_TO_ETHERNET) return mss;
  const packet = timeouts < TIMEOUTS_TO_LEAST ? ETHERNET : IPV6_LEAST;
  return Math.min(mss, packet - headerBytes);
}

export class PathMtuSearch {
  /** Payload of the segments with which the connection began. */
  readonly #largest: number;
  readonly #headerBytes: number;
  /** When the next probe may be sent. */
  #dueAtUs: number = NEVER;
  #probing = false;
  /** The probe in flight, or the one that was lost last. */
  #start = 0;
  #end = 0;
  /** It is that; and nothing else was lost since it was sent. */
  #lost = false;
  #alone = false;

  constructor(largest: number, headerBytes: number) {
    this.#largest = largest;
    this.#headerBytes = headerBytes;
  }

  /** Segments have become smaller: nothing larger is to be tried before then. */
  waitUntil(us: number): void {
    this.#probing = false;
    this.#lost = false;
    this.#dueAtUs = us;
  }

  isDue(nowUs: number): boolean {
    return !this.#probing && nowUs >= this.#dueAtUs;
  }

  /** Payload of the probe that follows segments of `mss`. */
  payloadAbove(mss: number): number {
    for (const packet of packetSizes) {
      const payload = packet - this.#headerBytes;
      if (payload > mss) return Math.min(payload, this.#largest);
    }
    return this.#largest;
  }

  /** [start, end) went as a probe. */
  probeWasSent(start: number, end: number): void {
    this.#probing = true;
    this.#lost = false;
    this.#alone = true;
    this.#start = start;
    this.#end = end;
  }

  /** A segment from `sequence` on is lost, and goes again. Was it the probe, the path does not carry that. */
  lostAt(sequence: number, nowUs: number): void {
    const isProbe = isAtOrBefore(this.#start, sequence) && isBefore(sequence, this.#end);
    if (!isProbe) this.#alone = false;
    else if (this.#probing) {
      this.#probing = false;
      this.#lost = true;
      this.#dueAtUs = nowUs + RAISE_AFTER_US;
    }
  }

  /** All before `una` is acknowledged. Returns the payload that the path carries, as the probe has arrived; else 0. */
  acknowledged(una: number): number {
    if (!this.#probing || isBefore(una, this.#end)) return 0;
    this.#probing = false;
    return distance(this.#start, this.#end);
  }

  /** Whether the loss before `una` was that of a probe and of nothing else: no congestion (RFC 4821, section 7.5). */
  takeLostAlone(una: number): boolean {
    if (!this.#lost || isBefore(una, this.#end)) return false;
    this.#lost = false;
    return this.#alone;
  }

  /** Segments of `mss` are as large as they were. */
  isOver(mss: number): boolean {
    return mss >= this.#largest;
  }
}
