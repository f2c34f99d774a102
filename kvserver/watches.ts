/**
 * The keys of one database that clients watch. They are told of each change of a key while there are any: then every
 * client that watches the key is marked, and watches nothing more.
 *
 * They belong to the number of the database: after SWAPDB, clients watch the same number with other keys in it.
 */
import { type Client, WATCHED_CHANGED } from './client.ts';
import type { Keyspace } from './keyspace/keyspace.ts';
import { latin1, latin1Bytes } from './resp/bytes.ts';

export class Watches {
  #keyspace: Keyspace;
  readonly #clients = new Map<string, Set<Client>>();
  readonly #usedOrNot: () => void;

  /** `usedOrNot` is called when there are keys where there were none, and when there is none any more. */
  constructor(keyspace: Keyspace, usedOrNot: () => void) {
    this.#keyspace = keyspace;
    this.#usedOrNot = usedOrNot;
  }

  /** How many keys are watched. */
  get count(): number {
    return this.#clients.size;
  }

  add(client: Client, key: string): void {
    // What has expired is deleted now, not later as a change.
    this.#exists(this.#keyspace, key);
    let clients = this.#clients.get(key);
    if (clients === undefined) {
      clients = new Set();
      this.#clients.set(key, clients);
      if (this.count === 1) this.#usedOrNot();
    }
    if (clients.has(client)) return;
    clients.add(client);
    client.watches.push({ key, database: this });
  }

  remove(client: Client, key: string): void {
    const clients = this.#clients.get(key);
    clients?.delete(client);
    if (clients?.size !== 0) return;
    this.#clients.delete(key);
    if (this.count === 0) this.#usedOrNot();
  }

  /** Deletes the key if it has expired, which is a change. */
  expire(key: string): void {
    this.#exists(this.#keyspace, key);
  }

  keyChanged(bytes: Uint8Array, start: number, length: number): void {
    this.#changed(latin1(bytes, start, length));
  }

  allDeleted(): void {
    for (const key of [...this.#clients.keys()]) {
      if (this.#exists(this.#keyspace, key)) this.#changed(key);
    }
  }

  /** Another keyspace takes the place of this database's. */
  moveTo(keyspace: Keyspace): void {
    for (const key of [...this.#clients.keys()]) {
      if (this.#exists(this.#keyspace, key) || this.#exists(keyspace, key)) this.#changed(key);
    }
    this.#keyspace = keyspace;
  }

  #changed(key: string): void {
    const clients = this.#clients.get(key);
    if (clients === undefined) return;
    for (const client of clients) {
      client.mode |= WATCHED_CHANGED;
      unwatchAll(client);
    }
  }

  #exists(keyspace: Keyspace, key: string): boolean {
    const bytes = latin1Bytes(key);
    return keyspace.find(bytes, 0, bytes.length) !== 0;
  }
}

/** The client watches no key any more. Whether one has changed stays known. */
export function unwatchAll(client: Client): void {
  const former = client.watches;
  if (former.length === 0) return;
  client.watches = [];
  for (const { key, database } of former) database.remove(client, key);
}
