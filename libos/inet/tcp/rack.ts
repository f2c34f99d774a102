/**
 * RACK: which segments are lost, by time (RFC 8985, section 6). A segment is lost when one that was sent after it has
 * been delivered, and a round trip and a reordering window have passed since it was sent:
 *
 *     sent   A ... B                          A is lost when
 *     got          B   now                    now >= A's time + B's round trip + reordering window
 *
 * It needs no counting of duplicates, finds lost retransmissions like others, and waits for segments that only come
 * late: the window grows from a quarter of the least round trip by another for each round trip in which the receiver
 * reports a duplicate.
 */
import { isBefore } from '../sequence.ts';
import { type Flight, Mark } from './flight.ts';

/** RACK.segs_sacked of this many mean loss while no reordering has been seen (section 6.2, step 4). */
const DUPLICATE_THRESHOLD = 3;
/** Recoveries without a duplicate after which the reordering window is the first one again. */
const PERSISTING_RECOVERIES = 16;
/**
 * Least reordering window. The clock is read once a poll, so that a round trip of ten microseconds is known to a few of
 * them, and a quarter of it says nothing.
 */
const MIN_WINDOW_US = 10;
/** What the clock cannot tell apart; a wait of less is over. */
const GRANULARITY_US = 1;
/** The least round trip is that of this period and the one before. */
const MIN_RTT_PERIOD_US = 10e6;
const NEVER = Number.POSITIVE_INFINITY;

/** Time of the work in hand, in microseconds. */
export interface HasTime {
  readonly nowUs: number;
}

export class Rack {
  readonly #clock: HasTime;
  // The doubles start as such, so that the engine lays them out as doubles once and for all.
  /** RACK.xmit_ts and RACK.end_seq: of the segment delivered that was sent last. */
  #sentUs = -NEVER;
  #end = 0;
  /** RACK.rtt. */
  #rttUs = 0.5;
  /** When the segment that #rttUs is of was sent. */
  #rttSentUs = -NEVER;
  /** RACK.fack: behind the farthest segment delivered. */
  #farthest = 0;
  /** RACK.reordering_seen. */
  #reorderingSeen = false;
  /** RACK.reo_wnd_mult and RACK.reo_wnd_persist. */
  #multiplier = 1;
  #persistence = 0;
  /** RACK.dsack_round: what nxt was when the window grew last. */
  #growthPoint = 0;
  #grewThisRound = false;
  #minRttUs = NEVER;
  #minRttBeforeUs = NEVER;
  #minRttUntilUs = -NEVER;
  /** A retransmission was among what detectLosses found last, and when it had been sent. */
  lostAgain = false;
  lostAgainSentUs = 0.5;
  /** What was sent from then on has a later timestamp than the one that the acknowledgement echoes. */
  #echoEndUs = NEVER;

  constructor(clock: HasTime) {
    this.#clock = clock;
  }

  /** Numbers start here. */
  begin(sequence: number): void {
    this.#end = sequence;
    this.#farthest = sequence;
  }

  /** RACK.min_RTT. */
  get minRttUs(): number {
    return this.#minRttUs < this.#minRttBeforeUs ? this.#minRttUs : this.#minRttBeforeUs;
  }

  get reorderingSeen(): boolean {
    return this.#reorderingSeen;
  }

  /** Step 1: a round trip was measured. */
  measured(rttUs: number): void {
    const { nowUs } = this.#clock;
    if (nowUs >= this.#minRttUntilUs) {
      this.#minRttBeforeUs = this.#minRttUs;
      this.#minRttUs = NEVER;
      this.#minRttUntilUs = nowUs + MIN_RTT_PERIOD_US;
    }
    if (rttUs < this.#minRttUs) this.#minRttUs = rttUs;
  }

  /**
   * An acknowledgement has come: RACK.rtt is that of the segment it delivers that was sent last.
   *
   * @param echoEndUs what was sent from then on has a later timestamp than the one it echoes; Infinity when it says
   *   nothing
   */
  acknowledgementArrives(echoEndUs: number): void {
    this.#echoEndUs = echoEndUs;
    this.#rttSentUs = -NEVER;
  }

  /** Steps 2 and 3: the segment has been delivered, cumulatively or selectively. */
  delivered(flight: Flight, index: number): void {
    const sentUs = flight.sentUs(index);
    const end = flight.end(index);
    const again = (flight.marks(index) & Mark.Again) !== 0;
    if (isBefore(this.#farthest, end)) this.#farthest = end;
    else if (!again && isBefore(end, this.#farthest)) this.#reorderingSeen = true;
    const rttUs = this.#clock.nowUs - sentUs;
    // It may be an earlier transmission that was delivered.
    if (again && (sentUs >= this.#echoEndUs || rttUs < this.minRttUs)) return;
    if (sentUs >= this.#rttSentUs) {
      this.#rttSentUs = sentUs;
      this.#rttUs = rttUs;
    }
    if (sentUs > this.#sentUs || (sentUs === this.#sentUs && isBefore(this.#end, end))) {
      this.#sentUs = sentUs;
      this.#end = end;
    }
  }

  /** The same for all segments in flight, in order, which were sent once each. */
  allDelivered(flight: Flight): void {
    const last = flight.count - 1;
    const sentUs = flight.sentUs(last);
    const end = flight.end(last);
    if (isBefore(flight.end(0), this.#farthest)) this.#reorderingSeen = true;
    if (isBefore(this.#farthest, end)) this.#farthest = end;
    this.#rttUs = this.#clock.nowUs - sentUs;
    if (sentUs < this.#sentUs || (sentUs === this.#sentUs && !isBefore(this.#end, end))) return;
    this.#sentUs = sentUs;
    this.#end = end;
  }

  // Step 4: the reordering window

  /** The receiver has got something twice: once a round trip, the window grows. */
  duplicateReported(una: number, nxt: number): void {
    if (this.#grewThisRound && isBefore(una, this.#growthPoint)) return;
    this.#grewThisRound = true;
    this.#growthPoint = nxt;
    this.#multiplier++;
    this.#persistence = PERSISTING_RECOVERIES;
  }

  /** A recovery is over. */
  recoveryEnded(): void {
    if (this.#persistence > 0 && --this.#persistence === 0) this.#multiplier = 1;
  }

  /** Segments that were taken for lost came late: from now on there is a window. */
  noteReordering(): void {
    this.#reorderingSeen = true;
  }

  /** What retransmissions seemed to show was wrong: what is delivered from now on shows what is lost. */
  forget(): void {
    this.#sentUs = -NEVER;
  }

  #windowUs(flight: Flight, recovering: boolean, smoothedUs: number): number {
    if (!this.#reorderingSeen && (recovering || flight.sackedCount >= DUPLICATE_THRESHOLD)) return 0;
    const grownUs = (this.#multiplier * this.minRttUs) / 4;
    const windowUs = grownUs < smoothedUs ? grownUs : smoothedUs;
    return windowUs > MIN_WINDOW_US ? windowUs : MIN_WINDOW_US;
  }

  // Step 5: loss

  /**
   * Marks what is lost by now. Returns after how many microseconds there is to be another look; 0: none is needed.
   *
   * @param recovering in fast recovery, or after a retransmission timeout
   * @param smoothedUs SRTT
   */
  detectLosses(flight: Flight, recovering: boolean, smoothedUs: number): number {
    const { nowUs } = this.#clock;
    this.lostAgain = false;
    let waitUs = 0;
    let windowUs = -1;
    for (let i = 0; i < flight.count; i++) {
      const marks = flight.marks(i);
      const sentUs = flight.sentUs(i);
      if (sentUs > this.#sentUs || (sentUs === this.#sentUs && !isBefore(flight.end(i), this.#end))) {
        // Whatever lies behind a segment that was sent once was sent after it.
        if (marks & Mark.Again) continue;
        break;
      }
      if (marks & (Mark.Sacked | Mark.Lost)) continue;
      if (windowUs < 0) windowUs = this.#windowUs(flight, recovering, smoothedUs);
      const remainingUs = sentUs + this.#rttUs + windowUs - nowUs;
      if (remainingUs < GRANULARITY_US) this.#lose(flight, i, marks, sentUs);
      else if (remainingUs > waitUs) waitUs = remainingUs;
    }
    return waitUs;
  }

  /**
   * After a retransmission timeout (section 6.3): the first segment is lost, and those that have had their round trip
   * and the reordering window.
   */
  timedOut(flight: Flight, smoothedUs: number): void {
    const { nowUs } = this.#clock;
    const allowedUs = this.#rttUs + this.#windowUs(flight, true, smoothedUs);
    for (let i = 0; i < flight.count; i++) {
      if (flight.marks(i) & Mark.Sacked) continue;
      if (i === 0 || flight.sentUs(i) + allowedUs - nowUs < GRANULARITY_US) flight.markLost(i);
    }
  }

  #lose(flight: Flight, index: number, marks: number, sentUs: number): void {
    if (marks & Mark.Again) {
      if (!this.lostAgain || sentUs > this.lostAgainSentUs) this.lostAgainSentUs = sentUs;
      this.lostAgain = true;
    }
    flight.markLost(index);
  }
}
