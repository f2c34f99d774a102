/**
 * What happens to the keys of one database, told to all who want to know: clients that watch keys, and those that have
 * subscribed to events. The database itself knows of it only while there is one of them.
 */
import type { KeyEvent } from './keyspace/key-events.ts';
import type { KeyListener } from './keyspace/key-listener.ts';
import type { Notifications } from './notifications.ts';
import type { Watches } from './watches.ts';

export class KeySignals implements KeyListener {
  readonly watches: Watches;
  readonly #database: number;
  readonly #notifications: Notifications;

  /** `database`: the number by which events name it. */
  constructor(database: number, watches: Watches, notifications: Notifications) {
    this.#database = database;
    this.watches = watches;
    this.#notifications = notifications;
  }

  /** Whether somebody wants to know. */
  get isHeard(): boolean {
    return this.watches.count > 0 || this.#notifications.classes !== 0;
  }

  keyChanged(bytes: Uint8Array, start: number, length: number, event: KeyEvent | null): void {
    if (this.watches.count > 0) this.watches.keyChanged(bytes, start, length);
    if (event !== null) this.keyEvent(bytes, start, length, event);
  }

  keyEvent(bytes: Uint8Array, start: number, length: number, event: KeyEvent): void {
    this.#notifications.send(this.#database, event, bytes, start, length);
  }

  allDeleted(): void {
    this.watches.allDeleted();
  }
}
