/** For how long the peer of a connection may acknowledge nothing of what it was sent (RFC 9293, section 3.8.3). */
import type { Context } from './context.ts';

/** A double that is no integer: the engine stores a field that starts with one as a double for ever. */
const NEVER = Number.POSITIVE_INFINITY;

export class UserTimeout {
  readonly #context: Context;
  #startedAtUs: number = NEVER;
  /** How long it lasts. */
  lastsUs: number = NEVER;

  constructor(context: Context) {
    this.#context = context;
    this.#startedAtUs = context.nowUs;
    this.lastsUs = context.options.userTimeoutUs;
  }

  /** Something was acknowledged; or something waits for that from now on. */
  restart(): void {
    this.#startedAtUs = this.#context.nowUs;
  }

  /** When it is over. */
  get endsAtUs(): number {
    return this.#startedAtUs + this.lastsUs;
  }

  get isOver(): boolean {
    // Compared as it is set: a difference may be rounded to less than what it was made of, and never be due.
    return this.endsAtUs <= this.#context.nowUs;
  }
}
