/**
 * What the bulk streams of a load carried in a measured window: whole replies and their bytes, over the time in which
 * the streams were served: the slices of the window, and behind the last one until the last reply of bulk.
 */
import type { Connections } from '../connections/connections.ts';
import { RECEIVED, type ReplyRecord, type ReplySink, ReplyStatus, SENT } from '../connections/reply.ts';
import type { BulkResult } from './options.ts';
import { Tally } from './tally.ts';

/** The name that its counts and its histogram have. */
const OPERATION = 'bulk';
/**
 * A slice of the window is as long as so many replies of each stream take: its beginning and its end, where streams are
 * not all busy, hardly count.
 */
const REPLIES_PER_SLICE = 20;

export class BulkTally implements ReplySink {
  readonly #connections: Connections;
  readonly #isWarmUp: boolean;
  readonly #tally = new Tally(OPERATION);
  /** When the last reply came, and how long all that were right took together: ns. */
  readonly #times = new Float64Array(2);

  /** @param isWarmUp a request that is never answered ends the load */
  constructor(connections: Connections, isWarmUp: boolean) {
    this.#connections = connections;
    this.#isWarmUp = isWarmUp;
  }

  /** From now on replies of bulk are counted here. */
  begin(): void {
    const { bulk } = this.#connections;
    if (bulk === null) return;
    bulk.begin(bulk.options.operation === 'set', this);
    bulk.startCounting();
  }

  reply(reply: ReplyRecord): void {
    const { status, timesNs } = reply;
    if (status === ReplyStatus.Unanswered) {
      if (this.#isWarmUp) throw this.#connections.timedOut(timesNs[RECEIVED]);
      this.#tally.countUnanswered(reply);
      return;
    }
    const latencyNs = timesNs[RECEIVED] - timesNs[SENT];
    this.#times[0] = timesNs[RECEIVED];
    if (status === ReplyStatus.Right) this.#times[1] += latencyNs;
    this.#tally.count(reply, false, latencyNs);
  }

  /** How long a slice must be at least, by what was counted so far; 0 without bulk. */
  get sliceNs(): number {
    const { right } = this.#tally;
    return right === 0 ? 0 : (REPLIES_PER_SLICE * this.#times[1]) / right;
  }

  get unanswered(): number {
    return this.#tally.unanswered;
  }

  /**
   * Null without bulk.
   *
   * @param servedNs the slices of the window together
   * @param endNs when the last one ended
   */
  result(servedNs: number, endNs: number): BulkResult | null {
    const { bulk } = this.#connections;
    if (bulk === null) return null;
    const { connections, valueBytes, operation } = bulk.options;
    const elapsedNs = servedNs + Math.max(0, this.#times[0] - endNs);
    const right_ops = this.#tally.right / (elapsedNs / 1e9);
    return {
      connections,
      value_bytes: valueBytes,
      request: operation,
      bytes_per_s: right_ops * valueBytes,
      elapsed_s: elapsedNs / 1e9,
      generator: bulk.spent(elapsedNs),
      replies: this.#tally.result(right_ops),
    };
  }
}
