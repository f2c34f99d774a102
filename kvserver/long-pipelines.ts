/**
 * Requests sent at once whose replies are much, as of many large values. They are answered in parts, a few of them in
 * each turn, whichever client has waited longest first: so others are served in between, however many clients do so.
 * Meanwhile the client waits, with the requests that it sends.
 */
import { BLOCKED, type Client } from './client.ts';

/** A client whose replies come to so much has its further requests wait for the next part. */
export const PART_BYTES = 128 * 1024;
const PARTS_PER_TURN = 16;

export class LongPipelines {
  readonly #waiting = new Set<Client>();

  get count(): number {
    return this.#waiting.size;
  }

  has(client: Client): boolean {
    return this.#waiting.has(client);
  }

  /** The client has had its part. */
  wait(client: Client): void {
    this.#waiting.add(client);
    client.mode |= BLOCKED;
  }

  /** Those whose next part it is; they wait no more. */
  takeDue(): Client[] {
    const due: Client[] = [];
    for (const client of this.#waiting) {
      if (due.length === PARTS_PER_TURN) break;
      this.forget(client);
      due.push(client);
    }
    return due;
  }

  forget(client: Client): void {
    if (this.#waiting.delete(client)) client.mode &= ~BLOCKED;
  }
}
