/**
 * The keys of one database that clients wait for. Its keyspace tells of each key that is made, while there are any.
 * They belong to the number of the database: SWAPDB gives it another keyspace, and those who wait stay.
 */
import type { Client } from '../client.ts';
import type { MadeKeys } from '../keyspace/key-listener.ts';
import type { Keyspace } from '../keyspace/keyspace.ts';
import { latin1, latin1Bytes } from '../resp/bytes.ts';
import type { ReplyWriter } from '../resp/reply.ts';
import type { Deadline } from './deadline-heap.ts';

/** What a client waits for. */
export interface Wait {
  /** One of these, of one character a byte; none for who waits for its deadline alone. */
  readonly keys: readonly string[];
  /** The type of value that serves it; a key with another one leaves it waiting. */
  readonly type: number;
  /** Milliseconds since the epoch; 0 for ever. */
  readonly deadlineMs: number;
  /** Takes what it waited for from a key that has a value of its type, and writes the reply. */
  serve(key: string, reply: ReplyWriter): void;
  /** Writes the reply to who has waited in vain. */
  timedOut(reply: ReplyWriter): void;
}

/** A client that waits. */
export class Waiter implements Deadline {
  readonly client: Client;
  readonly wait: Wait;
  readonly deadlineMs: number;
  place = -1;

  constructor(client: Client, wait: Wait) {
    this.client = client;
    this.wait = wait;
    this.deadlineMs = wait.deadlineMs;
  }
}

/** A key that was made while clients waited for it. */
export interface ReadyKey {
  readonly awaited: AwaitedKeys;
  readonly key: string;
}

export class AwaitedKeys implements MadeKeys {
  #keyspace: Keyspace;
  /** By key, those who wait for it, in the order in which they began. */
  readonly #waiters = new Map<string, Set<Waiter>>();
  readonly #ready: (key: ReadyKey) => void;
  /** The keys that `ready` has heard of. */
  readonly #listed = new Set<string>();

  /** `ready` hears of the keys whose clients are to be served. */
  constructor(keyspace: Keyspace, ready: (key: ReadyKey) => void) {
    this.#keyspace = keyspace;
    this.#ready = ready;
  }

  add(waiter: Waiter): void {
    for (const key of waiter.wait.keys) {
      const waiters = this.#waiters.get(key);
      if (waiters === undefined) this.#waiters.set(key, new Set([waiter]));
      else waiters.add(waiter);
    }
    this.#listen();
  }

  remove(waiter: Waiter): void {
    for (const key of waiter.wait.keys) {
      const waiters = this.#waiters.get(key);
      waiters?.delete(waiter);
      if (waiters?.size === 0) this.#waiters.delete(key);
    }
    this.#listen();
  }

  made(bytes: Uint8Array, start: number, length: number, type: number): void {
    this.#note(latin1(bytes, start, length), type);
  }

  /**
   * The client that is to be served next from this key, which was ready: the first of those who wait for a value as it
   * has now. null when the key or all of them are gone.
   */
  next(key: string): Waiter | null {
    this.#listed.delete(key);
    const waiters = this.#waiters.get(key);
    if (waiters === undefined) return null;
    const bytes = latin1Bytes(key);
    const entry = this.#keyspace.find(bytes, 0, bytes.length);
    if (entry === 0) return null;
    const type = this.#keyspace.type(entry);
    for (const waiter of waiters) if (waiter.wait.type === type && !waiter.client.closing) return waiter;
    return null;
  }

  /** The database has this keyspace now, and in it perhaps what somebody waits for. */
  moveTo(keyspace: Keyspace): void {
    this.#keyspace = keyspace;
    this.#listen();
    for (const key of this.#waiters.keys()) {
      const bytes = latin1Bytes(key);
      const entry = keyspace.find(bytes, 0, bytes.length);
      if (entry !== 0) this.#note(key, keyspace.type(entry));
    }
  }

  #listen(): void {
    this.#keyspace.awaited = this.#waiters.size > 0 ? this : null;
  }

  #note(key: string, type: number): void {
    const waiters = this.#waiters.get(key);
    if (waiters === undefined || this.#listed.has(key)) return;
    for (const { wait } of waiters) {
      if (wait.type !== type) continue;
      this.#listed.add(key);
      this.#ready({ awaited: this, key });
      return;
    }
  }
}
