/**
 * Messages that the request at hand brings about: none may stand within a reply. What cannot be written at once waits
 * until the reply has its end.
 */
import type { Client } from './client.ts';
import type { ClientOutput } from './output.ts';
import type { WriteTo } from './pubsub.ts';
import type { ReplyWriter } from './resp/reply.ts';
import { MESSAGES_LATE, type ServerModes } from './server-modes.ts';

interface LateMessage {
  readonly client: Client;
  readonly write: (reply: ReplyWriter) => void;
}

export class LateMessages {
  readonly #modes: ServerModes;
  readonly #own: ClientOutput;
  readonly #aside: ClientOutput;
  readonly #writeTo: WriteTo;
  readonly #waiting: LateMessage[] = [];

  /** `own` writes to the client whose requests run, `aside` to the others, one at a time. */
  constructor(modes: ServerModes, own: ClientOutput, aside: ClientOutput, writeTo: WriteTo) {
    this.#modes = modes;
    this.#own = own;
    this.#aside = aside;
    this.#writeTo = writeTo;
  }

  readonly write: WriteTo = (client, write) => {
    if (client !== this.#own.client && this.#aside.client === null) {
      this.#writeTo(client, write);
      return;
    }
    this.#waiting.push({ client, write });
    this.#modes.bits |= MESSAGES_LATE;
  };

  /** The reply has its end. */
  send(): void {
    for (const { client, write } of this.#waiting) this.#writeTo(client, write);
    this.#waiting.length = 0;
    this.#modes.bits &= ~MESSAGES_LATE;
  }
}
