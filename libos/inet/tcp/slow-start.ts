/**
 * What NewReno and CUBIC have in common: the initial window, slow start with appropriate byte counting, and
 * the window after a timeout (RFC 5681, RFC 3465, RFC 6928).
 */
import type { CongestionControl, CongestionControlName } from './congestion-control.ts';

/**
 * The largest window that TCP can announce (RFC 7323, section 2.3), and that int32 fields hold with room to
 * spare.
 */
export const MAX_WINDOW_BYTES = 0x40000000;
/**
 * L of RFC 3465, section 2.2, in segments, as RFC 9406, section 4.2, has it where sending is not paced: a
 * peer that acknowledges once a burst would hold slow start up otherwise.
 */
const SLOW_START_LIMIT = 8;
/**
 * The same in the slow start that follows a timeout (section 2.3), when one acknowledgement may cover a lot.
 */
const SLOW_START_LIMIT_AFTER_TIMEOUT = 1;

/** RFC 6928, section 2. */
export function initialWindow(mss: number): number {
  return Math.min(10 * mss, Math.max(2 * mss, 14600));
}

export abstract class SlowStart implements CongestionControl {
  abstract readonly name: CongestionControlName;
  window: number;
  slowStartThreshold: number = MAX_WINDOW_BYTES;
  slowStartDivisor = 1;
  protected mss: number;
  #limit: number = SLOW_START_LIMIT;
  /** What they were before a reduction that may be undone. */
  #rememberedWindow = 0;
  #rememberedThreshold = 0;
  /** Bytes still in flight that were so when the window was full; acknowledging them lets it grow. */
  #limitedByWindow = 0;

  constructor(mss: number) {
    this.mss = mss;
    this.window = initialWindow(mss);
  }

  acknowledged(bytes: number, nowUs: number, smoothedRttUs: number, inFlightBefore: number): void {
    if (inFlightBefore + this.mss >= this.window) this.#limitedByWindow = inFlightBefore;
    if (this.#limitedByWindow <= 0) {
      this.unused(nowUs);
      return;
    }
    this.#limitedByWindow -= bytes;
    if (this.window < this.slowStartThreshold) {
      const growth = Math.min(bytes, this.#limit * this.mss);
      this.grow(this.slowStartDivisor === 1 ? growth : Math.ceil(growth / this.slowStartDivisor));
    } else {
      this.#limit = SLOW_START_LIMIT;
      this.avoidCongestion(bytes, nowUs, smoothedRttUs);
    }
  }

  limits(inFlightBefore: number): boolean {
    return this.#limitedByWindow > 0 || inFlightBefore + this.mss >= this.window;
  }

  abstract unused(nowUs: number): void;

  abstract enterRecovery(inFlight: number, nowUs: number): void;

  leaveRecovery(_nowUs: number): void {
    this.window = this.slowStartThreshold;
  }

  timedOut(inFlight: number, _nowUs: number, repeated: boolean): void {
    // RFC 5681, section 3.1: of a segment that is sent again and again only the first time counts.
    if (!repeated) this.slowStartThreshold = this.thresholdAfterLoss(inFlight);
    this.window = this.mss;
    this.#limit = SLOW_START_LIMIT_AFTER_TIMEOUT;
    this.slowStartDivisor = 1;
    this.#limitedByWindow = 0;
  }

  endSlowStart(): void {
    this.slowStartThreshold = Math.min(this.slowStartThreshold, this.window);
    this.slowStartDivisor = 1;
  }

  remember(): void {
    this.#rememberedWindow = this.window;
    this.#rememberedThreshold = this.slowStartThreshold;
  }

  undo(_nowUs: number): void {
    this.window = Math.max(this.window, this.#rememberedWindow);
    this.slowStartThreshold = Math.max(this.slowStartThreshold, this.#rememberedThreshold);
    this.#limit = SLOW_START_LIMIT;
  }

  restartAfterIdle(): void {
    this.window = Math.min(this.window, initialWindow(this.mss));
    this.#limitedByWindow = 0;
  }

  synWasLost(): void {
    this.window = this.mss;
  }

  setMss(mss: number): void {
    const untouched = this.window === initialWindow(this.mss);
    this.mss = mss;
    this.window = untouched ? initialWindow(mss) : Math.max(this.window, mss);
  }

  protected reduceTo(threshold: number): void {
    this.slowStartThreshold = threshold;
    this.window = threshold;
    this.slowStartDivisor = 1;
    this.#limit = SLOW_START_LIMIT;
    this.#limitedByWindow = 0;
  }

  protected grow(bytes: number): void {
    this.window = Math.min(this.window + bytes, MAX_WINDOW_BYTES);
  }

  /** The slow-start threshold that the algorithm sets when it meets a loss. */
  protected abstract thresholdAfterLoss(inFlight: number): number;
  /** Growth at or above the threshold. */
  protected abstract avoidCongestion(bytes: number, nowUs: number, smoothedRttUs: number): void;
}
