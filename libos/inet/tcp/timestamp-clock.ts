/** The timestamp clock of one connection (RFC 7323, section 5.4), which runs from an offset of its own. */
import type { Context } from './context.ts';
import type { Path } from './output.ts';

export const TIMESTAMP_TICK_US = 1000;

export class TimestampClock {
  readonly #context: Context;
  readonly #offset: number;

  constructor(context: Context, { localAddress, remoteAddress, remotePort }: Path) {
    this.#context = context;
    this.#offset = context.hash.hash(remoteAddress, localAddress, remotePort);
  }

  /** A signed 32-bit integer. */
  now(): number {
    return (((this.#context.nowUs / TIMESTAMP_TICK_US) | 0) + this.#offset) | 0;
  }
}
