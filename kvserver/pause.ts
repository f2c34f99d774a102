/** CLIENT PAUSE: until a time, or until it is ended, requests of all clients wait, or those that write. */
import { BLOCKED, type Client } from './client.ts';
import { WRITES } from './commands/traits.ts';
import { PAUSED, type ServerModes } from './server-modes.ts';

// What Pause.kind is; the stricter, the higher.
const OFF = 0;
const OF_WRITES = 1;
const OF_ALL = 2;

export class Pause {
  /** 0 while there is no pause. */
  kind = OFF;
  #untilMs = 0;
  readonly #waiting = new Set<Client>();
  readonly #modes: ServerModes;
  readonly #resume: (client: Client) => void;

  /** `resume`: the client's request can run now. */
  constructor(modes: ServerModes, resume: (client: Client) => void) {
    this.#modes = modes;
    this.#resume = resume;
  }

  /** How many clients wait for the end. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** A pause within a pause is the longer and the stricter of both. */
  begin(ofWhat: 'write' | 'all', untilMs: number): void {
    this.kind = Math.max(this.kind, ofWhat === 'write' ? OF_WRITES : OF_ALL);
    this.#modes.bits |= PAUSED;
    this.#untilMs = Math.max(this.#untilMs, untilMs);
  }

  /** Whether a command of these traits has to wait. */
  concerns(traits: number): boolean {
    return this.kind === OF_ALL || (this.kind === OF_WRITES && (traits & WRITES) !== 0);
  }

  /** The client, whose request has been put back, waits for the end. */
  wait(client: Client): void {
    client.mode |= BLOCKED;
    this.#waiting.add(client);
  }

  /** The client is gone. */
  forget(client: Client): void {
    if (this.#waiting.delete(client)) client.mode &= ~BLOCKED;
  }

  end(): void {
    this.kind = OFF;
    this.#modes.bits &= ~PAUSED;
    this.#untilMs = 0;
    for (const client of [...this.#waiting]) {
      this.forget(client);
      this.#resume(client);
    }
  }

  expire(nowMs: number): void {
    if (this.kind !== OFF && this.#untilMs < nowMs) this.end();
  }
}
