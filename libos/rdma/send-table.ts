/**
 * The sends that the device has not reported as ended: a number for each, whom to notify, its connection and
 * its peer.
 */
import { NO_SLOT } from '../tokens.ts';
import { MAX_SENDS } from './layout.ts';

export class SendTable {
  /** NO_SLOT where nobody wants to know. */
  readonly slot = new Int32Array(MAX_SENDS);
  /** Number of the connection, or -1 when that is forgotten. */
  readonly connection = new Int32Array(MAX_SENDS).fill(-1);
  /** Number of the peer, or -1 where there is no send. */
  readonly #peer = new Int32Array(MAX_SENDS).fill(-1);
  readonly #free = new Int32Array(MAX_SENDS);
  #freeCount = 0;

  constructor() {
    for (let send = MAX_SENDS - 1; send >= 0; send--) this.#free[this.#freeCount++] = send;
  }

  get hasFree(): boolean {
    return this.#freeCount > 0;
  }

  get unfinished(): number {
    return MAX_SENDS - this.#freeCount;
  }

  /** A number for a send; there must be one. */
  take(connection: number, peer: number, slot: number): number {
    const send = this.#free[--this.#freeCount];
    this.slot[send] = slot;
    this.connection[send] = connection;
    this.#peer[send] = peer;
    return send;
  }

  give(send: number): void {
    this.connection[send] = -1;
    this.#peer[send] = -1;
    this.#free[this.#freeCount++] = send;
  }

  /** Nobody wants to know any more of the sends of a connection. */
  silence(connection: number): void {
    for (let send = 0; send < MAX_SENDS; send++) {
      if (this.connection[send] === connection) this.slot[send] = NO_SLOT;
    }
  }

  hasUnfinished(peer: number): boolean {
    return this.#peer.includes(peer);
  }

  /** The connection is gone; its sends may still end. */
  forget(connection: number): void {
    for (let send = 0; send < MAX_SENDS; send++) {
      if (this.connection[send] === connection) this.connection[send] = -1;
    }
  }
}
