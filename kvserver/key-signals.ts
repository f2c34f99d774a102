/**
 * What happens to the keys of one database, told to all who want to know: clients that watch keys, those that track
 * what they have read, and those that have subscribed to events. The database tells while there is one of them.
 */
import { events, type KeyEvent } from './keyspace/key-events.ts';
import type { KeyListener } from './keyspace/key-listener.ts';
import type { Notifications } from './notifications.ts';
import type { Tracking } from './tracking.ts';
import type { Watches } from './watches.ts';

export class KeySignals implements KeyListener {
  readonly watches: Watches;
  readonly #database: number;
  readonly #notifications: Notifications;
  readonly #tracking: Tracking;

  /** `database`: the number by which events name it. */
  constructor(database: number, watches: Watches, notifications: Notifications, tracking: Tracking) {
    this.#database = database;
    this.watches = watches;
    this.#notifications = notifications;
    this.#tracking = tracking;
  }

  /** Whether somebody wants to know. */
  get isHeard(): boolean {
    return this.watches.count > 0 || this.#tracking.count > 0 || this.#notifications.classes !== 0;
  }

  keyChanged(bytes: Uint8Array, start: number, length: number, event: KeyEvent | null): void {
    if (this.watches.count > 0) this.watches.keyChanged(bytes, start, length);
    if (this.#tracking.count > 0) {
      const byClient = event !== events.expired && event !== events.evicted;
      this.#tracking.keyChanged(bytes, start, length, byClient);
    }
    if (event !== null) this.keyEvent(bytes, start, length, event);
  }

  keyEvent(bytes: Uint8Array, start: number, length: number, event: KeyEvent): void {
    this.#notifications.send(this.#database, event, bytes, start, length);
  }

  allDeleted(): void {
    this.watches.allDeleted();
  }
}
