/**
 * Who sends next: connections take turns at the frames of the device, so that a stream that could fill every one of
 * them keeps nobody from his.
 *
 *     mark ──> fresh ──> a turn ──> done
 *                          │  ^
 *                      over v  │ in order
 *                         backlog
 *
 * As in fair queueing with sparse flows first (RFC 8290, section 4.1): who has something to send anew goes before those
 * that had their turn and have more, whose next turns go round. One of these is ahead of all fresh ones, so that
 * fresh ones, however many come, do not keep the others waiting for ever. The backlog has a few turns between two
 * looks at what has come: what that asks for need not wait for a whole window of each stream.
 */
import { WorkList } from '../../work-list.ts';

/** Turns of the backlog in one run. */
const BACKLOG_TURNS = 4;

/** What has come of a turn. */
export const Turn = {
  /** All that may be sent now was sent. */
  Done: 0,
  /** It was cut short, after something was sent. */
  Over: 1,
  /** The device had no frame, and nothing was sent. */
  NoFrame: 2,
} as const;
export type Turn = (typeof Turn)[keyof typeof Turn];

export interface TakesTurns {
  /** May have something to send. Only SendTurns writes it. */
  dirty: boolean;
  /** Sends what is due, as far as one turn goes. */
  transmit(): Turn;
}

export class SendTurns<C extends TakesTurns> {
  #fresh = new WorkList<C>();
  /** The list that #fresh was before; empty again after each run. */
  #serving = new WorkList<C>();
  readonly #backlog = new WorkList<C>();

  get isEmpty(): boolean {
    return this.#fresh.count === 0 && this.#backlog.count === 0;
  }

  /** The connection may have something to send. */
  mark(connection: C): void {
    if (connection.dirty) return;
    connection.dirty = true;
    this.#fresh.add(connection);
  }

  /**
   * Turns, until nobody has anything to send, the device has no frame, or the backlog has had some. Unless isEmpty
   * then, there is to be another run soon.
   */
  run(): void {
    const backlog = this.#backlog;
    const fresh = this.#fresh;
    this.#fresh = this.#serving;
    this.#serving = fresh;
    let hasFrame = true;
    let waited = 0;
    let served = 0;
    if (backlog.count > 0) {
      hasFrame = this.#serve(backlog.at(0));
      if (hasFrame) waited = 1;
    }
    while (hasFrame && served < fresh.count) {
      hasFrame = this.#serve(fresh.at(served));
      if (hasFrame) served++;
    }
    // It grows by those whose turn is over.
    while (hasFrame && waited < backlog.count && waited < BACKLOG_TURNS) {
      hasFrame = this.#serve(backlog.at(waited));
      if (hasFrame) waited++;
    }
    backlog.dropFirst(waited);
    for (; served < fresh.count; served++) this.#fresh.add(fresh.at(served));
    fresh.clear();
  }

  /** Returns false when there was no frame: the connection stays where it is. */
  #serve(connection: C): boolean {
    // What happens to the connection from now on marks it anew.
    connection.dirty = false;
    const turn = connection.transmit();
    if (turn === Turn.Done || connection.dirty) return true;
    connection.dirty = true;
    if (turn === Turn.NoFrame) return false;
    this.#backlog.add(connection);
    return true;
  }
}
