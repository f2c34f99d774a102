/** NewReno congestion control (RFC 5681, RFC 6582), counting bytes (RFC 3465). */
import { SlowStart } from './slow-start.ts';

export class NewReno extends SlowStart {
  readonly name = 'newreno';
  /** bytes_acked of RFC 3465, section 2.1. */
  #acknowledgedBytes = 0;

  enterRecovery(inFlight: number, _nowUs: number): void {
    this.reduceTo(this.thresholdAfterLoss(inFlight));
    this.#acknowledgedBytes = 0;
  }

  override timedOut(inFlight: number, nowUs: number, repeated: boolean): void {
    super.timedOut(inFlight, nowUs, repeated);
    this.#acknowledgedBytes = 0;
  }

  /** RFC 5681, equation (4). */
  protected thresholdAfterLoss(inFlight: number): number {
    return Math.max(inFlight >> 1, 2 * this.mss);
  }

  /** One segment more for each window of data acknowledged (RFC 3465, section 2.1). */
  protected avoidCongestion(bytes: number): void {
    this.#acknowledgedBytes += bytes;
    if (this.#acknowledgedBytes < this.window) return;
    this.#acknowledgedBytes -= this.window;
    this.grow(this.mss);
  }

  unused(): void {}
}
