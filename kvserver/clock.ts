/** The engine's clock: read once for a batch of requests, so that a request costs no call for the time. */
export class EngineClock {
  /** Milliseconds since the epoch, as of the last update. */
  nowMs: number;
  readonly #read: () => number;

  constructor(read: () => number) {
    this.#read = read;
    this.nowMs = read();
  }

  update(): number {
    this.nowMs = this.#read();
    return this.nowMs;
  }
}
