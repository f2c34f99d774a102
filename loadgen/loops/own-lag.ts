/**
 * What of an open loop's lag is the loop's own. A request is sent late for one of two reasons. There was no room for it
 * in a window: the server was slow, and the wait is the server's. Or there was room, and the loop did not come to it.
 *
 *     intended      possible         sent
 *        |  no room    |  own lag      |
 *
 * Where windows fill up because the loop catches up with what it let lie, the wait for room is its own as well: up to
 * as much as it fell behind, until it is on time again.
 */

/** Places in the array of times, in ns. */
const ROOM = 0;
const OWED = 1;

export class OwnLag {
  /** When windows were last known to be full, and how far the loop fell behind by itself since it was last on time. */
  readonly #times = new Float64Array(2);

  /** There was no room at that time; from then on there may be. */
  hadNoRoom(atNs: number): void {
    this.#times[ROOM] = atNs;
  }

  /**
   * What waits for room from here on waits for the server: nothing is due that was not sent. Or a window begins: beyond
   * the server's capacity the loop is never on time again after it fell behind once, however little that was.
   */
  forget(): void {
    this.#times[OWED] = 0;
  }

  /** When a loop that is always on time could have sent the request that is sent now. */
  possibleNs(intendedNs: number, nowNs: number): number {
    const times = this.#times;
    if (intendedNs >= times[ROOM]) {
      if (nowNs - intendedNs > times[OWED]) times[OWED] = nowNs - intendedNs;
      return intendedNs;
    }
    const owedNs = nowNs - times[OWED];
    const sinceNs = owedNs > intendedNs ? owedNs : intendedNs;
    return sinceNs < times[ROOM] ? sinceNs : times[ROOM];
  }
}
