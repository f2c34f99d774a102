/**
 * What a key's block keeps of its use, in one word: when it was last used, or how often (evict.c). By frequency that is
 * 16 bits of minutes and 8 of a counter, which grows the more slowly the higher it is, and falls with time.
 */
import type { EngineClock } from '../clock.ts';

const COUNT_MAX = 255;
/** Of a new key: it is to have some time to be used before it goes. */
const COUNT_FIRST = 5;
const MINUTES_MASK = 0xffff;
const SECONDS_PER_MINUTE = 60;

export class KeyUses {
  readonly #clock: EngineClock;
  /** Uses are counted; else only the last one is kept, in seconds. */
  areCounted = false;
  /** How much more slowly a higher count grows: the parameter lfu-log-factor. */
  logFactor = 10;
  /** A count falls by one after so many minutes without a use; 0: never. The parameter lfu-decay-time. */
  decayMinutes = 1;

  constructor(clock: EngineClock) {
    this.#clock = clock;
  }

  /** Of a key that is made now. */
  first(): number {
    return this.areCounted ? this.#word(COUNT_FIRST) : this.#clock.seconds;
  }

  /** Of a key that is used now, once more. */
  again(word: number): number {
    return this.areCounted ? this.#word(this.#grown(this.count(word))) : this.#clock.seconds;
  }

  /** The count as it is by now. */
  count(word: number): number {
    const count = word & COUNT_MAX;
    if (this.decayMinutes === 0) return count;
    const then = (word >>> 8) & MINUTES_MASK;
    const now = this.#minutes();
    const passed = now >= then ? now - then : MINUTES_MASK - then + now;
    return Math.max(0, count - Math.floor(passed / this.decayMinutes));
  }

  idleSeconds(word: number): number {
    return Math.max(0, (this.#clock.seconds - word) | 0);
  }

  #grown(count: number): number {
    if (count === COUNT_MAX) return count;
    const above = Math.max(0, count - COUNT_FIRST);
    return Math.random() < 1 / (above * this.logFactor + 1) ? count + 1 : count;
  }

  #word(count: number): number {
    return (this.#minutes() << 8) | count;
  }

  #minutes(): number {
    return Math.floor((this.#clock.seconds >>> 0) / SECONDS_PER_MINUTE) & MINUTES_MASK;
  }
}
