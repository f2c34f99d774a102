/** The connections in TIME-WAIT. Their number is bounded: beyond it the oldest end early. */
import { TcpState } from './states.ts';

export const MAX_TIME_WAIT = 32_768;
/** As many as a client has ports to one peer: of these each ends when its port is taken again. */
const KEPT = 16_384;

/** A connection, to this list. */
export interface Waiting {
  readonly state: TcpState;
  remove(): void;
}

export class TimeWaitList<C extends Waiting> {
  /** In the order in which they came, with some that have ended since. */
  readonly #waiting: C[] = [];

  get count(): number {
    return this.#waiting.length;
  }

  /** The connection has entered TIME-WAIT. */
  add(connection: C): void {
    this.#waiting.push(connection);
    if (this.#waiting.length <= MAX_TIME_WAIT) return;
    const waiting = this.#waiting.filter(({ state }) => state === TcpState.TimeWait);
    for (const oldest of waiting.splice(0, Math.max(0, waiting.length - KEPT))) oldest.remove();
    this.#waiting.length = 0;
    this.#waiting.push(...waiting);
  }
}
