/** The databases by their numbers, each made on first use, and who is told what becomes of the keys of each. */
import { randomBytes } from 'node:crypto';
import type { EngineClock } from './clock.ts';
import type { Configuration } from './configuration.ts';
import { KeySignals } from './key-signals.ts';
import { expireSome } from './keyspace/active-expiry.ts';
import type { MemorySource } from './keyspace/arena.ts';
import { KeyHash } from './keyspace/hash.ts';
import { Keyspace } from './keyspace/keyspace.ts';
import type { KeyUses } from './keyspace/uses.ts';
import type { Notifications } from './notifications.ts';
import { DATABASES } from './options.ts';
import type { EngineStats } from './stats.ts';
import type { Tracking } from './tracking.ts';
import { Watches } from './watches.ts';

/** Active expiry looks at the clock after each step of some rounds. */
const EXPIRE_ROUNDS_PER_STEP = 10;
const EXPIRE_STEPS_MAX = 200;
const REHASH_BUCKETS_AT_ONCE = 2000;

/** Who is told of the keys of all databases, if they want to know. */
export interface KeyListeners {
  readonly notifications: Notifications;
  readonly tracking: Tracking;
}

/** What a number stands for: SWAPDB gives it another keyspace. */
interface Database {
  keyspace: Keyspace;
  readonly signals: KeySignals;
}

export class Databases {
  readonly #hash: KeyHash;
  readonly #clock: EngineClock;
  readonly #stats: EngineStats;
  readonly #configuration: Configuration;
  readonly #listeners: KeyListeners;
  readonly #databases: (Database | null)[] = new Array(DATABASES).fill(null);
  readonly #uses: KeyUses;
  readonly #memory: MemorySource;
  #followsBytes = false;

  constructor(
    clock: EngineClock,
    stats: EngineStats,
    configuration: Configuration,
    listeners: KeyListeners,
    uses: KeyUses,
    memory: MemorySource,
  ) {
    const seed = randomBytes(8);
    this.#hash = new KeyHash(seed.readInt32LE(0), seed.readInt32LE(4));
    this.#clock = clock;
    this.#stats = stats;
    this.#configuration = configuration;
    this.#listeners = listeners;
    this.#uses = uses;
    this.#memory = memory;
  }

  at(index: number): Keyspace {
    return this.#database(index).keyspace;
  }

  /** Each database tells what becomes of its keys if somebody wants to know. To be called when that may be new. */
  listen(): void {
    for (const database of this.#databases) {
      if (database !== null) database.keyspace.listener = database.signals.isHeard ? database.signals : null;
    }
  }

  /** Those in use, with their numbers. */
  *inUse(): Generator<[number, Keyspace]> {
    for (const [index, database] of this.#databases.entries()) {
      if (database !== null) yield [index, database.keyspace];
    }
  }

  /** The database of this number, if it has been used. */
  made(index: number): Keyspace | null {
    return this.#databases[index]?.keyspace ?? null;
  }

  /** What they take of memory. */
  get usedBytes(): number {
    let bytes = 0;
    for (const database of this.#databases) {
      if (database !== null) bytes += database.keyspace.datasetBytes + database.keyspace.overheadBytes;
    }
    return bytes;
  }

  /** Whether `usedBytes` is going to be asked for again and again. */
  followBytes(on: boolean): void {
    this.#followsBytes = on;
    for (const database of this.#databases) database?.keyspace.followBytes(on);
  }

  watches(index: number): Watches {
    return this.#database(index).signals.watches;
  }

  /** The two change places; who watches keys of a number goes on with the keys that it has now. */
  swap(one: number, other: number): void {
    const first = this.#database(one);
    const second = this.#database(other);
    first.signals.watches.moveTo(second.keyspace);
    second.signals.watches.moveTo(first.keyspace);
    const { keyspace } = first;
    first.keyspace = second.keyspace;
    second.keyspace = keyspace;
    this.listen();
  }

  /** Goes on with the rehash of each index. */
  rehashSome(): void {
    for (const database of this.#databases) database?.keyspace.maintain(REHASH_BUCKETS_AT_ONCE);
  }

  /** Deletes some of the keys whose time has come, until a time of the clock. */
  expireSome(untilMs: number): void {
    for (const [, keyspace] of this.inUse()) {
      for (let steps = 0; steps < EXPIRE_STEPS_MAX; steps++) {
        if (expireSome(keyspace, EXPIRE_ROUNDS_PER_STEP) < EXPIRE_ROUNDS_PER_STEP) break;
        if (this.#clock.update() >= untilMs) return;
      }
    }
  }

  #database(index: number): Database {
    const made = this.#databases[index];
    if (made !== null) return made;
    const { encodingLimits } = this.#configuration;
    const keyspace = new Keyspace(
      this.#hash,
      this.#clock,
      this.#stats,
      encodingLimits,
      this.#uses,
      this.#memory,
    );
    keyspace.followBytes(this.#followsBytes);
    const { notifications, tracking } = this.#listeners;
    const watches = new Watches(keyspace, () => this.listen());
    const database = { keyspace, signals: new KeySignals(index, watches, notifications, tracking) };
    this.#databases[index] = database;
    this.listen();
    return database;
  }
}
