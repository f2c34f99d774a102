/**
 * How much of its time the generator spends on replies: of one turn in so many the end is looked at as well, which tells
 * enough of all and costs little. Polls that find nothing are no measure of that: many of them take as long as one busy turn.
 */
import { nowNs } from '../libos/index.ts';

const TURNS_PER_LOOK = 64;

export class BusyTime {
  /** In ns: when the window began, and the time of turns. */
  readonly #times = new Float64Array(2);
  #turns = 0;

  /** From here on is counted. */
  begin(): void {
    this.#times[0] = nowNs();
    this.#times[1] = 0;
  }

  /** A turn that began at `sinceNs`, with what its wait found, is over. */
  turnEnded(sinceNs: number): void {
    if (++this.#turns % TURNS_PER_LOOK === 0) this.#times[1] += TURNS_PER_LOOK * (nowNs() - sinceNs);
  }

  /** Share of the time since begin, between 0 and 1. */
  share(): number {
    return Math.min(1, this.#times[1] / (nowNs() - this.#times[0]));
  }
}
