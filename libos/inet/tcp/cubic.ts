/**
 * CUBIC congestion control (RFC 9438). Between two losses the window follows a cubic function of time, whose
 * plateau is where the last loss happened, so that growth does not depend on the round-trip time:
 *
 *     window                                  .
 *       W_max - - - - - - -.-----'-----.- - -'
 *                     .-'  concave | convex
 *     0.7 W_max    .'              |
 *                  0               K          time since the last loss
 *
 * Where Reno would have more, it gets what Reno would have (section 4.3). Windows are bytes here, the RFC's
 * segments.
 */
import { SlowStart } from './slow-start.ts';

/** The constant C, in segments per second cubed (section 4.6). */
const C = 0.4;
/** What a loss leaves of the window (section 4.6). */
const BETA = 0.7;
/**
 * Makes the additive increase of the Reno-friendly region as aggressive as Reno, which halves (section 4.3).
 */
const ALPHA = (3 * (1 - BETA)) / (1 + BETA);
const NO_EPOCH = Number.NEGATIVE_INFINITY;

export class Cubic extends SlowStart {
  readonly name = 'cubic';
  // The doubles start with fractions, so that the engine lays them out as doubles once and for all.
  /** When the present stage of congestion avoidance began; NO_EPOCH outside of one. */
  #epochUs = NO_EPOCH;
  /** Time of the last acknowledgement in this stage. */
  #lastUs = 0.5;
  /** K: seconds from the epoch until the window is W_max again. */
  #plateauS = 0.5;
  /** W_max. */
  #plateauWindow = 0.5;
  /** W_est: what Reno's window would be. */
  #renoWindow = 0.5;
  /** cwnd_prior: the window before the last reduction. */
  #priorWindow = 0.5;
  /** The window's fraction of a byte. */
  #fraction = 0.5;
  /** What they were before a reduction that may be undone. */
  #rememberedEpochUs = NO_EPOCH;
  #rememberedPlateauS = 0.5;
  #rememberedPlateauWindow = 0.5;
  #rememberedRenoWindow = 0.5;
  #rememberedPriorWindow = 0.5;

  enterRecovery(inFlight: number, _nowUs: number): void {
    const window = this.window;
    // Fast convergence (section 4.7): a flow that loses before it has reached its last plateau makes room for
    // others.
    this.#plateauWindow = window < this.#plateauWindow ? (window * (1 + BETA)) / 2 : window;
    this.#priorWindow = window;
    this.#epochUs = NO_EPOCH;
    this.reduceTo(this.thresholdAfterLoss(inFlight));
  }

  override leaveRecovery(nowUs: number): void {
    super.leaveRecovery(nowUs);
    this.#beginEpoch(nowUs);
  }

  override timedOut(inFlight: number, nowUs: number, repeated: boolean): void {
    // Section 4.8: the stage that follows has its plateau where it begins.
    this.#plateauWindow = 0;
    if (!repeated) this.#priorWindow = this.window;
    this.#epochUs = NO_EPOCH;
    super.timedOut(inFlight, nowUs, repeated);
  }

  override remember(): void {
    super.remember();
    this.#rememberedEpochUs = this.#epochUs;
    this.#rememberedPlateauS = this.#plateauS;
    this.#rememberedPlateauWindow = this.#plateauWindow;
    this.#rememberedRenoWindow = this.#renoWindow;
    this.#rememberedPriorWindow = this.#priorWindow;
  }

  /** Section 4.9. */
  override undo(nowUs: number): void {
    super.undo(nowUs);
    this.#epochUs = this.#rememberedEpochUs;
    this.#lastUs = nowUs;
    this.#plateauS = this.#rememberedPlateauS;
    this.#plateauWindow = this.#rememberedPlateauWindow;
    this.#renoWindow = Math.max(this.#renoWindow, this.#rememberedRenoWindow);
    this.#priorWindow = this.#rememberedPriorWindow;
    this.#fraction = 0;
  }

  override restartAfterIdle(): void {
    super.restartAfterIdle();
    this.#epochUs = NO_EPOCH;
  }

  /** Section 4.6. */
  protected thresholdAfterLoss(inFlight: number): number {
    return Math.max(Math.floor(inFlight * BETA), 2 * this.mss);
  }

  protected avoidCongestion(bytes: number, nowUs: number, smoothedRttUs: number): void {
    if (this.#epochUs === NO_EPOCH) this.#beginEpoch(nowUs);
    this.#lastUs = nowUs;
    const window = this.window + this.#fraction;
    const share = bytes / window;
    this.#renoWindow += (this.#renoWindow < this.#priorWindow ? ALPHA : 1) * this.mss * share;

    const elapsedS = (nowUs - this.#epochUs) / 1e6;
    if (this.#cubicWindow(elapsedS) < this.#renoWindow) {
      this.#setWindow(Math.max(window, this.#renoWindow));
      return;
    }
    // Sections 4.4 and 4.5: towards what the curve will have a round trip from now, by at most half a window.
    const rttS = smoothedRttUs > 0 ? smoothedRttUs / 1e6 : 0;
    const target = Math.min(this.#cubicWindow(elapsedS + rttS), 1.5 * window);
    if (target > window) this.#setWindow(window + (target - window) * share);
  }

  /** Time in which the window was not used is no time for it to grow (section 5.8). */
  unused(nowUs: number): void {
    if (this.#epochUs === NO_EPOCH) return;
    this.#epochUs += nowUs - this.#lastUs;
    this.#lastUs = nowUs;
  }

  #beginEpoch(nowUs: number): void {
    const window = this.window;
    this.#epochUs = nowUs;
    this.#lastUs = nowUs;
    this.#fraction = 0;
    this.#renoWindow = window;
    // Without a loss before it, or after a loss that left more than the plateau, growth starts on the
    // plateau.
    this.#plateauWindow = Math.max(this.#plateauWindow, window);
    this.#plateauS = Math.cbrt((this.#plateauWindow - window) / (C * this.mss));
  }

  /** W_cubic(t), equation 1. */
  #cubicWindow(elapsedS: number): number {
    const behindPlateauS = elapsedS - this.#plateauS;
    return C * this.mss * behindPlateauS * behindPlateauS * behindPlateauS + this.#plateauWindow;
  }

  #setWindow(bytes: number): void {
    const whole = Math.floor(bytes);
    this.#fraction = bytes - whole;
    this.window = 0;
    this.grow(whole);
  }
}
