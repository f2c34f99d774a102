/**
 * The share of time that the generator spends on requests and replies. It times every n-th turn of the loop,
 * which is cheap and enough for a mean. The share of idle polls would not do: many of them take as long as
 * one busy turn.
 */
import { nowNs } from '../../libos/index.ts';

/** Odd: turns may alternate between the end of a push and a reply. */
const TURNS_PER_LOOK = 61;

export class BusyTime {
  /** In ns: when the window began, and the busy time since. */
  readonly #times = new Float64Array(2);
  #turns = 0;

  /** Starts the window. */
  begin(): void {
    this.#times[0] = nowNs();
    this.#times[1] = 0;
  }

  /** Ends a turn: all work since the wait that ended at `sinceNs` is done. */
  turnEnded(sinceNs: number): void {
    if (++this.#turns % TURNS_PER_LOOK === 0) this.#times[1] += TURNS_PER_LOOK * (nowNs() - sinceNs);
  }

  /** Busy share of the time since begin, 0 to 1. */
  share(): number {
    return Math.min(1, this.#times[1] / (nowNs() - this.#times[0]));
  }
}
