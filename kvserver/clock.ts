/** The engine's clock: read once for a batch of requests, so that a request costs no call for the time. */
export class EngineClock {
  /** Milliseconds since the epoch, as of the last update. */
  nowMs: number;
  /** The same in whole seconds, of which 32 bits are kept. */
  seconds: number;
  readonly #read: () => number;

  constructor(read: () => number) {
    this.#read = read;
    this.nowMs = read();
    this.seconds = (this.nowMs / 1000) | 0;
  }

  update(): number {
    this.nowMs = this.#read();
    this.seconds = (this.nowMs / 1000) | 0;
    return this.nowMs;
  }
}
