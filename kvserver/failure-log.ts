/**
 * Tells on standard error which command has failed by an exception: a defect of this server. One line a second at
 * most, with how many there was none for, so that a client cannot fill a disk.
 */

const EVERY_MS = 1000;

export class FailureLog {
  #toldMs = Number.NEGATIVE_INFINITY;
  #untold = 0;

  /** `what` failed. The line has where, as V8 tells it. */
  add(what: string, error: unknown, nowMs: number): void {
    if (nowMs >= this.#toldMs && nowMs - this.#toldMs < EVERY_MS) {
      this.#untold++;
      return;
    }
    this.#toldMs = nowMs;
    const before = this.#untold === 0 ? '' : ` (${this.#untold} more failed before)`;
    this.#untold = 0;
    console.error(`bypassbench: ${what} failed${before}: ${(error as Error).stack}`);
  }
}
