/**
 * How many receives are posted, and to whom they are promised.
 *
 * An endpoint's receives serve all its connections alike: a message takes the next one, whoever sent it. So a
 * credit is good only if there is a receive for every message that any peer may still send:
 *
 *     posted >= promised = sum over connections of (credits out, and one for a credit message)
 *
 * `promise` raises the right side only after the left; that is the invariant of this backend. What a
 * connection may have depends on how many there are: half of all receives are divided among them for windows,
 * so that the other half is left for the first credits of those to come, and windows that idle connections
 * hold cannot shut anybody out. All endpoints of a libOS share the memory for their receives, and divide it so.
 */
import type { MessageDevice } from './message-device.ts';

/** What the endpoints of a libOS have together. */
export class SharedReceives {
  /** Buffers that there may be, with those that the application has. */
  readonly limit: number;
  /** Buffers that are posted, or that somebody has. */
  taken = 0;
  promised = 0;
  connections = 0;

  constructor(limit: number) {
    this.limit = limit;
  }
}

export class ReceiveBudget {
  readonly #device: MessageDevice;
  readonly #shared: SharedReceives;
  readonly #maxWindow: number;
  promised = 0;
  /** Connections that have promises, or had some and may still be sent to. */
  connections = 0;

  constructor(device: MessageDevice, shared: SharedReceives, maxWindow: number) {
    this.#device = device;
    this.#shared = shared;
    this.#maxWindow = maxWindow;
  }

  join(): void {
    this.connections++;
    this.#shared.connections++;
  }

  leave(): void {
    this.connections--;
    this.#shared.connections--;
  }

  /** The window, in messages, that each connection may have by now: one at least. */
  get fairWindow(): number {
    const own = this.#device.receiveLimit / Math.max(1, this.connections);
    const all = this.#shared.limit / Math.max(1, this.#shared.connections);
    const share = Math.floor((own < all ? own : all) / 2) - 1;
    return Math.max(1, Math.min(share, this.#maxWindow));
  }

  /** Windows may grow: the half that is kept for new connections is untouched. */
  get mayGrow(): boolean {
    return this.promised <= this.#device.receiveLimit / 2 && this.#shared.promised <= this.#shared.limit / 2;
  }

  /** Promises up to `count` receives, posting those that are missing. Returns how many were promised. */
  promise(count: number): number {
    const device = this.#device;
    const missing = this.promised + count - device.posted;
    if (missing > 0) {
      const room = device.receiveLimit - device.posted;
      const posted = device.post(Math.min(missing, room));
      count -= missing - posted;
    }
    // After messages of nobody fewer may be posted than are promised.
    if (count <= 0) return 0;
    this.promised += count;
    this.#shared.promised += count;
    return count;
  }

  /** A message has come for one that was promised, or it will not come any more. */
  redeem(count: number): void {
    this.promised -= count;
    this.#shared.promised -= count;
  }

  /** Posts again what a message has taken that nobody was promised a receive for. */
  restore(): void {
    const missing = this.promised - this.#device.posted;
    if (missing > 0) this.#device.post(missing);
  }
}
