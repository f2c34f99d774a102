/** Replies by kind that came in the measured window, and the rates that they make. */
import type { LoadResult } from '../../results/formats/index.ts';
import { type ReplyRecord, ReplyStatus } from '../connections/reply.ts';

/** As many as there are statuses. */
const STATUSES = Object.keys(ReplyStatus).length;

export type Rates = NonNullable<LoadResult['rates']>;

export class ReceivedReplies {
  /** By operation and status. */
  readonly #counts: Float64Array;

  /** @param operations how many there are */
  constructor(operations: number) {
    this.#counts = new Float64Array(operations * STATUSES);
  }

  /** Counts what came in the window, whatever it is a reply to. */
  count({ operation, status }: ReplyRecord): void {
    this.#counts[operation * STATUSES + status]++;
  }

  /** Right replies to one operation. */
  right(operation: number): number {
    return this.#counts[operation * STATUSES + ReplyStatus.Right];
  }

  /**
   * @param windowS seconds of the window
   * @param offered requests that were due in it; null where none were due at set times
   * @param completed right replies to the requests of the window, and the seconds until the last of them
   */
  rates(windowS: number, offered: number | null, completed: { right: number; elapsedS: number }): Rates {
    const perSecond = (status: ReplyStatus): number => {
      const counts = this.#counts.filter((_, index) => index % STATUSES === status);
      return counts.reduce((sum, count) => sum + count, 0) / windowS;
    };
    return {
      window_s: windowS,
      offered_ops: offered === null ? null : offered / windowS,
      achieved_ops: perSecond(ReplyStatus.Right),
      completed_ops: completed.right / completed.elapsedS,
      misses_ops: perSecond(ReplyStatus.Miss),
      errors_ops: perSecond(ReplyStatus.Failed),
      wrong_ops: perSecond(ReplyStatus.Wrong),
      stale_ops: perSecond(ReplyStatus.Stale),
      torn_ops: perSecond(ReplyStatus.Torn),
    };
  }
}
