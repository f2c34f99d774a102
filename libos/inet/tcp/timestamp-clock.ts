/**
 * The timestamp clock of one connection (RFC 7323, section 5.4), which runs from an offset of its own. An echoed
 * timestamp says which transmission an acknowledgement is for; when that was, our own clock knows to the microsecond.
 */
import { distance } from '../sequence.ts';
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

  /** How old a timestamp is that the peer echoes, in ticks; negative when it cannot be. */
  age(echo: number): number {
    const ticks = distance(echo, this.now());
    // Anybody may have made up one that is older than any transmission.
    return ticks * TIMESTAMP_TICK_US <= this.#context.options.maxRtoUs ? ticks : -1;
  }
}

/** When the tick ended that lies `ageTicks` ticks back. */
export function endOfTickUs(nowUs: number, ageTicks: number): number {
  return (Math.floor(nowUs / TIMESTAMP_TICK_US) - ageTicks + 1) * TIMESTAMP_TICK_US;
}

/** Whether two transmissions carry the same timestamp. */
export function inSameTick(oneUs: number, otherUs: number): boolean {
  return Math.floor(oneUs / TIMESTAMP_TICK_US) === Math.floor(otherUs / TIMESTAMP_TICK_US);
}
