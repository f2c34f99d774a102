/**
 * What the deadline of loss detection is for: the end of a reordering window, or a tail loss probe (RFC 8985, section
 * 7.2). A probe that would come no earlier than the retransmission timer expires goes in place of that retransmission,
 * and has no deadline: so a small message and its answer set none.
 */
import type { Deadlines } from './deadlines.ts';
import type { RttEstimator } from './rtt.ts';
import { MIN_PROBE_US, type TailLossProbe } from './tail-loss-probe.ts';

/** What the timer runs for. */
export const RunsFor = {
  Nothing: 0,
  Probe: 1,
  /** Together with the retransmission timer. */
  ProbeAtTimeout: 2,
  Reordering: 3,
} as const;
export type RunsFor = (typeof RunsFor)[keyof typeof RunsFor];

export class LossTimer {
  readonly #deadlines: Deadlines;
  readonly #rtt: RttEstimator;
  readonly #minRtoUs: number;
  runsFor: RunsFor = RunsFor.Nothing;

  constructor(deadlines: Deadlines, rtt: RttEstimator, minRtoUs: number) {
    this.#deadlines = deadlines;
    this.#rtt = rtt;
    this.#minRtoUs = minRtoUs;
  }

  /** The reordering window ends in so many microseconds; 0: there is none. */
  awaitReordering(us: number): void {
    if (us > 0) {
      this.runsFor = RunsFor.Reordering;
      this.#deadlines.lossTimerIn(us);
    } else if (this.runsFor === RunsFor.Reordering) this.stop();
  }

  /** @param delays fewer than two full segments are in flight, whose acknowledgement the peer may delay */
  awaitProbe(probe: TailLossProbe, delays: boolean): void {
    this.stop();
    if (delays && this.leaveToTimeout()) return;
    this.runsFor = RunsFor.Probe;
    this.#deadlines.probeIn(probe.waitUs(this.#rtt.smoothedUs, delays, this.#minRtoUs));
  }

  /**
   * Leaves the probe for less than two full segments, if there is to be one then, to the retransmission timer. Returns
   * false when that expires later than the probe is due, or this timer runs.
   */
  leaveToTimeout(): boolean {
    if (this.runsFor === RunsFor.Probe || this.runsFor === RunsFor.Reordering) return false;
    if (this.#rtt.rtoUs > this.#minRtoUs + MIN_PROBE_US) return false;
    this.runsFor = RunsFor.ProbeAtTimeout;
    return true;
  }

  stop(): void {
    if (this.runsFor !== RunsFor.Nothing) this.#stop();
  }

  #stop(): void {
    const { runsFor } = this;
    this.runsFor = RunsFor.Nothing;
    if (runsFor === RunsFor.Probe || runsFor === RunsFor.Reordering) this.#deadlines.stopLossTimer();
  }

  /** It has expired, or the retransmission timer. Returns what for. */
  take(): RunsFor {
    const { runsFor } = this;
    this.runsFor = RunsFor.Nothing;
    return runsFor;
  }
}
