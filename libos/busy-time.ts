/**
 * The time that a polling loop spends on requests and replies, the rest being polls that find nothing. It times every
 * n-th turn of the loop, which is cheap and enough for a mean. The share of idle polls would not do: many of them take
 * as long as one busy turn. A gap in a turn that is timed stands for itself alone: one of 10 ms would make a second
 * busy that was not.
 */
import { nowNs } from './clock.ts';
import type { PauseLog } from './pauses.ts';

/** Odd: turns may alternate between the end of a push and a reply. */
const TURNS_PER_LOOK = 61;

// Places among the times.
const BEGAN = 0;
const BUSY_THEN = 1;
const TURN_BEGAN = 2;

export class BusyTime {
  /** Since the loop began, in ns. */
  readonly #busyNs: Float64Array;
  /** In ns: when the window began, and the busy time by then; when the work of this turn began, if it is timed. */
  readonly #times = new Float64Array(3);
  readonly #pauses: PauseLog | null;
  #turns = 0;

  /**
   * @param pauses of the loop, which is told of every reading of the clock in it; null where nobody looks for gaps
   * @param busyNs one double that it counts in, such as of memory that others read
   */
  constructor(pauses: PauseLog | null, busyNs: Float64Array = new Float64Array(1)) {
    this.#pauses = pauses;
    this.#busyNs = busyNs;
  }

  /** Starts the window. */
  begin(): void {
    this.#times[BEGAN] = nowNs();
    this.#times[BUSY_THEN] = this.#busyNs[0];
  }

  /** The wait of a turn has ended, in a loop that does not read the clock then. */
  turnBegan(): void {
    if ((this.#turns + 1) % TURNS_PER_LOOK === 0) this.#times[TURN_BEGAN] = nowNs();
  }

  /** Ends a turn: all work since the wait that ended at `sinceNs`, by default at turnBegan(), is done. */
  turnEnded(sinceNs = this.#times[TURN_BEGAN]): void {
    if (++this.#turns % TURNS_PER_LOOK === 0) this.#count(nowNs() - sinceNs);
  }

  #count(turnNs: number): void {
    const gapNs = this.#gapNs();
    this.#busyNs[0] += TURNS_PER_LOOK * Math.max(0, turnNs - gapNs) + gapNs;
  }

  /** That the turn had until now, since the last reading of the clock. */
  #gapNs(): number {
    const pauses = this.#pauses;
    if (pauses === null) return 0;
    const beforeNs = pauses.stoodStillNs;
    pauses.look(nowNs());
    return pauses.stoodStillNs - beforeNs;
  }

  /** Busy share of the time since begin, 0 to 1. */
  share(): number {
    const times = this.#times;
    return Math.min(1, (this.#busyNs[0] - times[BUSY_THEN]) / (nowNs() - times[BEGAN]));
  }
}
