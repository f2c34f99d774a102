/**
 * What an acknowledgement delivers: which of the segments in flight have arrived, acknowledged or SACKed, which have
 * arrived twice, and how long their round trips were. It tells the clock (RTT) and RACK, and keeps for LossRecovery,
 * which draws the conclusions, what the acknowledgement in hand has said.
 *
 * Only this class writes its fields.
 */
import { distance, isAtOrBefore, isBefore } from '../sequence.ts';
import { MAX_SACK_BLOCKS, type TcpSegment } from '../wire/tcp.ts';
import type { Context } from './context.ts';
import { Flight, Mark } from './flight.ts';
import type { Rack } from './rack.ts';
import type { RttEstimator } from './rtt.ts';
import { type Deliveries, orderBlocks, reportsDuplicate, Scoreboard } from './sack.ts';
import type { Spurious } from './spurious.ts';
import type { TailLossProbe } from './tail-loss-probe.ts';
import { endOfTickUs, TIMESTAMP_TICK_US } from './timestamp-clock.ts';

/** A double that is no integer: the engine stores a field that starts with one as a double for ever. */
const NEVER = Number.POSITIVE_INFINITY;

/** Where the blocks of the SACK option in hand lie, in the order of their numbers. */
const blocks = new Int32Array(MAX_SACK_BLOCKS);

export class Delivered implements Deliveries {
  readonly #context: Context;
  readonly #rtt: RttEstimator;
  readonly #rack: Rack;
  readonly #probe: TailLossProbe;
  readonly #spurious: Spurious;
  readonly flight = new Flight();
  /** What the peer has told by SACK; null: nothing ever. */
  scoreboard: Scoreboard | null = null;

  // Of the acknowledgement in hand
  /** It and all before it say that everything arrives in order, and once. */
  isOrderly = false;
  bytes = 0;
  /** A round trip that it measures, or NaN. */
  rttUs = Number.NaN;
  /** What was sent from then on has a later timestamp than the one it echoes; NEVER when it tells nothing. */
  echoEndUs = NEVER;
  /** It has a SACK option; a D-SACK; of the tail loss probe. */
  hasSack = false;
  hasDuplicate = false;
  hasProbe = false;
  /** All that this recovery has sent again has arrived twice. */
  allDuplicate = false;
  /** It delivers something that was sent once, and the first of that ends there. */
  #hasOriginal = false;
  #originalEnd = 0;
  /** When the oldest segment was sent that it measures. */
  #sampleSentUs = NEVER;

  constructor(context: Context, rtt: RttEstimator, rack: Rack, probe: TailLossProbe, spurious: Spurious) {
    this.#context = context;
    this.#rtt = rtt;
    this.#rack = rack;
    this.#probe = probe;
    this.#spurious = spurious;
  }

  /**
   * Takes what an acceptable acknowledgement says. Returns whether its SACK option has news.
   *
   * @param newBytes numbers that it acknowledges for the first time, or less
   * @param sackPermitted both sides use SACK
   * @param echoAgeTicks how old the timestamp is that it echoes; negative when it cannot be, or there is none
   */
  take(
    segment: TcpSegment,
    newBytes: number,
    nxt: number,
    mss: number,
    sackPermitted: boolean,
    echoAgeTicks: number,
  ): boolean {
    const { nowUs } = this.#context;
    const inFlightBefore = distance(this.flight.start, nxt);
    this.bytes = 0;
    this.rttUs = Number.NaN;
    this.echoEndUs = echoAgeTicks >= 0 ? endOfTickUs(nowUs, echoAgeTicks) : NEVER;
    this.hasSack = segment.sackCount > 0;
    this.hasDuplicate = false;
    this.hasProbe = false;
    this.allDuplicate = false;
    this.#hasOriginal = false;
    this.#sampleSentUs = NEVER;
    this.isOrderly = !this.hasSack && this.flight.isPlain && !this.#spurious.active;
    this.#rack.acknowledgementArrives(this.echoEndUs);
    if (newBytes > 0) this.#acknowledgeTo(segment.acknowledgement);
    const sacks = this.hasSack && sackPermitted && this.#takeSacks(segment, nxt);
    if (this.#sampleSentUs < NEVER) {
      this.rttUs = nowUs - this.#sampleSentUs;
      this.#measured(inFlightBefore, mss);
    }
    return sacks;
  }

  /** The same of an acknowledgement of all that is in flight, without SACK blocks, where all was sent once. */
  takeAll(una: number, inFlightBefore: number, mss: number): void {
    const { flight } = this;
    if (flight.count > 0) {
      this.rttUs = this.#context.nowUs - flight.sentUs(0);
      this.#rack.allDelivered(flight);
      this.#measured(inFlightBefore, mss);
    } else this.rttUs = Number.NaN;
    flight.empty(una);
    if (this.scoreboard !== null) this.scoreboard.advance(una, flight);
  }

  /** Whether it delivers something of before `sequence` that was sent once. */
  hasOriginalBefore(sequence: number): boolean {
    return this.#hasOriginal && isAtOrBefore(this.#originalEnd, sequence);
  }

  /** There is no acknowledgement: what follows is for another reason. */
  takeNothing(): void {
    this.bytes = 0;
  }

  /** Nothing that was SACKed is relied on any more (RFC 2018, section 8). */
  forgetSacks(): void {
    if (this.scoreboard !== null) this.scoreboard.clear(this.flight);
  }

  #measured(inFlightBefore: number, mss: number): void {
    // RFC 7323, appendix G: one acknowledgement for two segments is expected.
    this.#rtt.sample(this.rttUs, inFlightBefore > 2 * mss ? Math.ceil(inFlightBefore / (2 * mss)) : 1);
    this.#rack.measured(this.rttUs);
  }

  #acknowledgeTo(una: number): void {
    const { flight } = this;
    let echoedUs = NEVER;
    let againUs = -NEVER;
    while (flight.count > 0 && isAtOrBefore(flight.end(0), una)) {
      const marks = flight.marks(0);
      if (!(marks & Mark.Sacked)) {
        const sentUs = flight.sentUs(0);
        if (marks & Mark.Again && sentUs > againUs) againUs = sentUs;
        if (sentUs < echoedUs && this.#isEchoed(sentUs, marks)) echoedUs = sentUs;
        this.segmentDelivered(0);
      }
      flight.drop();
    }
    // What was sent before something was sent again may have waited for that, behind a hole; and what was sent again
    // may have arrived the first time (Karn, RFC 6298, section 3).
    if (echoedUs < NEVER) this.#sampleSentUs = echoedUs;
    else if (this.#sampleSentUs < againUs) this.#sampleSentUs = NEVER;
    const rest = distance(flight.start, una);
    if (rest > 0) {
      if (!(flight.marks(0) & Mark.Sacked)) this.bytes += rest;
      flight.cutTo(una);
    }
    if (this.scoreboard !== null) this.scoreboard.advance(una, flight);
  }

  #takeSacks(segment: TcpSegment, nxt: number): boolean {
    this.scoreboard ??= new Scoreboard();
    const { sack, sackCount } = segment;
    let bytes = 0;
    let first = 0;
    if (reportsDuplicate(segment)) {
      first = 1;
      this.#takeDuplicate(sack[0], sack[1], nxt);
    }
    const count = sackCount - first;
    orderBlocks(segment, first, blocks);
    for (let i = 0; i < count; i++) {
      const at = blocks[i];
      bytes += this.scoreboard.mark(sack[at], sack[at + 1], nxt, this.flight, this);
    }
    return bytes > 0 || this.hasDuplicate;
  }

  /** The peer has got [start, end) twice. */
  #takeDuplicate(start: number, end: number, nxt: number): void {
    if (!isBefore(start, end) || isBefore(nxt, end)) return;
    this.hasDuplicate = true;
    this.hasProbe = this.#probe.isOf(end);
    this.allDuplicate = this.#spurious.duplicated(start, end);
    // That of a probe says nothing about reordering.
    if (!this.hasProbe) this.#rack.duplicateReported(this.flight.start, nxt);
  }

  segmentDelivered(index: number): void {
    const { flight } = this;
    const marks = flight.marks(index);
    const sentUs = flight.sentUs(index);
    this.bytes += flight.bytes(index);
    this.#rack.delivered(flight, index);
    if (marks & Mark.Again) return;
    if (sentUs < this.#sampleSentUs) this.#sampleSentUs = sentUs;
    if (this.#hasOriginal) return;
    this.#hasOriginal = true;
    this.#originalEnd = flight.end(index);
  }

  /** Whether the timestamp that is echoed says that the acknowledgement is for this transmission. */
  #isEchoed(sentUs: number, marks: number): boolean {
    const endUs = this.echoEndUs;
    return sentUs < endUs && sentUs >= endUs - TIMESTAMP_TICK_US && !(marks & Mark.SameTick);
  }
}
