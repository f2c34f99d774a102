/**
 * Payload of full segments: what both ends offer, less what options take; smaller where the path carries less, and then
 * larger again by probes (path-mtu.ts).
 *
 * Only this class writes its fields.
 */
import { IPV4_HEADER_BYTES } from '../wire/ipv4.ts';
import { DEFAULT_MSS, HEADER_BYTES, type TcpSegment, TIMESTAMPS_BYTES } from '../wire/tcp.ts';
import type { Context } from './context.ts';
import { PathMtuSearch, payloadBehindBlackHole } from './path-mtu.ts';
import type { Receiver } from './receiver.ts';

/** Least segment size (RFC 9293, section 3.7.1). No path needs less; tiny segments would be a flood. */
const MIN_MSS = 64;

export class SegmentSize {
  readonly #context: Context;
  /** Knows whether each segment has timestamps. */
  readonly #receiver: Receiver;
  mss: number = DEFAULT_MSS;
  /** Only while segments are smaller than at the beginning. */
  #search: PathMtuSearch | null = null;

  constructor(context: Context, receiver: Receiver) {
    this.#context = context;
    this.#receiver = receiver;
  }

  /** The peer's SYN came. */
  openedBy(segment: TcpSegment): void {
    const offered = segment.mss === 0 ? DEFAULT_MSS : Math.max(segment.mss, MIN_MSS);
    // RFC 6691: the option counts neither header; what options take comes off the payload.
    const optionBytes = segment.hasTimestamps ? TIMESTAMPS_BYTES : 0;
    this.mss = Math.min(offered, this.#context.maxSegmentBytes) - optionBytes;
  }

  /** Larger segments are looked for. */
  get isSought(): boolean {
    return this.#search !== null;
  }

  /** Payload of the probe that is due; 0: none is. */
  get probeBytes(): number {
    const search = this.#search;
    return search?.isDue(this.#context.nowUs) ? search.payloadAbove(this.mss) : 0;
  }

  /** [start, end) went as a probe. */
  probeWasSent(start: number, end: number): void {
    this.#search?.probeWasSent(start, end);
    this.#context.counters.sizeProbes++;
  }

  /** A segment from `sequence` on is lost, and goes again. */
  lostAt(sequence: number): void {
    this.#search?.lostAt(sequence, this.#context.nowUs);
  }

  /** All before `una` is acknowledged. Returns whether segments are larger from now on. */
  grewWith(una: number): boolean {
    const carried = this.#search?.acknowledged(una) ?? 0;
    if (carried <= this.mss) return false;
    this.mss = carried;
    if (this.#search?.isOver(carried)) this.#search = null;
    return true;
  }

  /** Whether the loss before `una` was that of a probe and of nothing else: no congestion (RFC 4821, section 7.5). */
  takeLostAlone(una: number): boolean {
    return this.#search?.takeLostAlone(una) ?? false;
  }

  /** Payload to try after so many timeouts in a row. */
  behindBlackHole(timeouts: number): number {
    return payloadBehindBlackHole(timeouts, this.mss, this.#headerBytes);
  }

  /** `mss` bytes at most; larger ones are tried again in so many microseconds. Returns whether that is news. */
  shrink(mss: number, raiseInUs: number): boolean {
    if (mss >= this.mss) return false;
    this.#context.counters.sizesReduced++;
    this.#search ??= new PathMtuSearch(this.mss, this.#headerBytes);
    this.#search.waitUntil(this.#context.nowUs + raiseInUs);
    this.mss = mss;
    return true;
  }

  /** Of each packet with data. */
  get #headerBytes(): number {
    return IPV4_HEADER_BYTES + HEADER_BYTES + (this.#receiver.timestamps ? TIMESTAMPS_BYTES : 0);
  }
}
