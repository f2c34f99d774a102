/**
 * How much of its time the generator spends on requests and replies: of one turn in so many the end is looked at as well,
 * which tells enough of all and costs little. Polls that find nothing are no measure of that: many of them take as long as
 * one busy turn.
 */
import { nowNs } from '../../libos/index.ts';

/** Odd, as turns may take turns: that a push has ended in one, a reply in the next. */
const TURNS_PER_LOOK = 61;

export class BusyTime {
  /** In ns: when the window began, and the time of turns. */
  readonly #times = new Float64Array(2);
  #turns = 0;

  /** From here on is counted. */
  begin(): void {
    this.#times[0] = nowNs();
    this.#times[1] = 0;
  }

  /** What was to be done since the last wait, which ended at `sinceNs`, is done. */
  turnEnded(sinceNs: number): void {
    if (++this.#turns % TURNS_PER_LOOK === 0) this.#times[1] += TURNS_PER_LOOK * (nowNs() - sinceNs);
  }

  /** Share of the time since begin, between 0 and 1. */
  share(): number {
    return Math.min(1, this.#times[1] / (nowNs() - this.#times[0]));
  }
}
