/**
 * Clients that wait, as those of BLPOP do: for a key of their database to be made, and no longer than to a deadline.
 * Their requests wait with them (engine.ts). As Redis has it (blocked.c): a key that was made serves its clients when
 * the command or the transaction that made it has ended, those who have waited longest first, and what serving one of
 * them makes serves others in turn.
 */
import { BLOCKED, type Client } from '../client.ts';
import type { Keyspace } from '../keyspace/keyspace.ts';
import type { ReplyWriter } from '../resp/reply.ts';
import { KEYS_READY, type ServerModes } from '../server-modes.ts';
import { AwaitedKeys, type ReadyKey, type Wait, Waiter } from './awaited-keys.ts';
import { DeadlineHeap } from './deadline-heap.ts';

/** What they ask of the engine. */
export interface BlockingHost {
  /** KEYS_READY says that serve() is to be called. */
  readonly modes: ServerModes;
  /** The database of this number. */
  database(index: number): Keyspace;
  /** Gives a client the reply it has waited for. Does nothing when it is being closed. */
  answer(client: Client, write: (reply: ReplyWriter) => void): void;
  /** The client waits no more: the requests that it has sent meanwhile can run. */
  unblocked(client: Client): void;
}

export class BlockedClients {
  /** Keys that have been made and whose clients are to be served: see serve(). */
  readonly #ready: ReadyKey[] = [];
  readonly #host: BlockingHost;
  readonly #waiters = new Map<Client, Waiter>();
  readonly #deadlines = new DeadlineHeap<Waiter>();
  /** By number of the database. */
  readonly #awaited: (AwaitedKeys | undefined)[] = [];

  constructor(host: BlockingHost) {
    this.#host = host;
  }

  get count(): number {
    return this.#waiters.size;
  }

  /** The client, whose request runs and has no reply, waits for keys of its database. */
  block(client: Client, wait: Wait): void {
    const waiter = new Waiter(client, wait);
    this.#waiters.set(client, waiter);
    if (wait.deadlineMs > 0) this.#deadlines.add(waiter);
    this.#awaitedBy(client).add(waiter);
    client.mode |= BLOCKED;
  }

  /** CLIENT UNBLOCK: as if its time had come, or with an error. Whether it was waiting. */
  unblock(client: Client, how: 'timeout' | 'error'): boolean {
    const waiter = this.#waiters.get(client);
    if (waiter === undefined) return false;
    this.#release(waiter);
    this.#host.answer(client, (reply) => {
      if (how === 'timeout') waiter.wait.timedOut(reply);
      else reply.error('UNBLOCKED client unblocked via CLIENT UNBLOCK');
    });
    return true;
  }

  /** The client is gone. */
  forget(client: Client): void {
    const waiter = this.#waiters.get(client);
    if (waiter !== undefined) this.#remove(waiter);
  }

  /** Serves all whose keys are ready. When a request has ended, and only then. */
  serve(): void {
    const ready = this.#ready;
    // It grows meanwhile: what BLMOVE pushes makes other keys ready.
    for (let i = 0; i < ready.length; i++) {
      const { awaited, key } = ready[i];
      for (let waiter = awaited.next(key); waiter !== null; waiter = awaited.next(key)) {
        const { client, wait } = waiter;
        this.#release(waiter);
        this.#host.answer(client, (reply) => wait.serve(key, reply));
      }
    }
    ready.length = 0;
    this.#host.modes.bits &= ~KEYS_READY;
  }

  /** Answers those whose deadline has passed. */
  expire(nowMs: number): void {
    for (;;) {
      const waiter = this.#deadlines.first();
      if (waiter === null || waiter.deadlineMs >= nowMs) return;
      this.#release(waiter);
      this.#host.answer(waiter.client, (reply) => waiter.wait.timedOut(reply));
    }
  }

  /** These two databases have changed places. */
  databasesSwapped(first: number, second: number): void {
    for (const index of [first, second]) this.#host.database(index).awaited = null;
    for (const index of [first, second]) this.#awaited[index]?.moveTo(this.#host.database(index));
  }

  #awaitedBy({ databaseIndex }: Client): AwaitedKeys {
    this.#awaited[databaseIndex] ??= new AwaitedKeys(this.#host.database(databaseIndex), (key) => {
      this.#ready.push(key);
      this.#host.modes.bits |= KEYS_READY;
    });
    return this.#awaited[databaseIndex];
  }

  #release(waiter: Waiter): void {
    this.#remove(waiter);
    this.#host.unblocked(waiter.client);
  }

  #remove(waiter: Waiter): void {
    const { client } = waiter;
    this.#waiters.delete(client);
    if (waiter.place >= 0) this.#deadlines.remove(waiter);
    this.#awaitedBy(client).remove(waiter);
    client.mode &= ~BLOCKED;
  }
}
