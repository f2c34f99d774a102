/**
 * Which local ports are taken, one table for TCP and one for UDP, and which to use for a connection or a
 * socket that names none: a random start for each destination (RFC 6056, algorithm 3), from the range for
 * that (RFC 6335).
 */

const FIRST_EPHEMERAL = 49_152;
const EPHEMERALS = 65_536 - FIRST_EPHEMERAL;

export class Ports {
  readonly #taken = new Set<number>();
  #next = 0;

  /** Returns false when somebody has the port. */
  take(port: number): boolean {
    if (this.#taken.has(port)) return false;
    this.#taken.add(port);
    return true;
  }

  release(port: number): void {
    this.#taken.delete(port);
  }

  /**
   * A port that nobody has and that `isFree` agrees to, or 0. It is not taken by that.
   *
   * @param offset a hash that an outsider cannot foresee
   */
  ephemeral(offset: number, isFree: (port: number) => boolean): number {
    const start = (offset >>> 0) % EPHEMERALS;
    for (let attempt = 0; attempt < EPHEMERALS; attempt++) {
      const port = FIRST_EPHEMERAL + ((start + this.#next++) % EPHEMERALS);
      if (!this.#taken.has(port) && isFree(port)) return port;
    }
    return 0;
  }
}
