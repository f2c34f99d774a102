/** The databases by their numbers, each made on first use, and who is told what becomes of the keys of each. */
import { randomBytes } from 'node:crypto';
import type { EngineClock } from './clock.ts';
import type { Configuration } from './configuration.ts';
import { KeySignals } from './key-signals.ts';
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

export class Databases {
  readonly #hash: KeyHash;
  readonly #clock: EngineClock;
  readonly #stats: EngineStats;
  readonly #configuration: Configuration;
  readonly #listeners: KeyListeners;
  readonly #keyspaces: (Keyspace | null)[] = new Array(DATABASES).fill(null);
  /** As the keyspaces: one of the two is there with the other. */
  readonly #signals: (KeySignals | null)[] = new Array(DATABASES).fill(null);

  readonly #uses: KeyUses;
  #followsBytes = false;

  constructor(
    clock: EngineClock,
    stats: EngineStats,
    configuration: Configuration,
    listeners: KeyListeners,
    uses: KeyUses,
  ) {
    const seed = randomBytes(8);
    this.#hash = new KeyHash(seed.readInt32LE(0), seed.readInt32LE(4));
    this.#clock = clock;
    this.#stats = stats;
    this.#configuration = configuration;
    this.#listeners = listeners;
    this.#uses = uses;
  }

  at(index: number): Keyspace {
    let keyspace = this.#keyspaces[index];
    if (keyspace === null) {
      const { encodingLimits } = this.#configuration;
      keyspace = new Keyspace(this.#hash, this.#clock, this.#stats, encodingLimits, this.#uses);
      keyspace.followBytes(this.#followsBytes);
      this.#keyspaces[index] = keyspace;
      const { notifications, tracking } = this.#listeners;
      const watches = new Watches(keyspace, () => this.listen());
      this.#signals[index] = new KeySignals(index, watches, notifications, tracking);
      this.listen();
    }
    return keyspace;
  }

  /** Each database tells what becomes of its keys if somebody wants to know. To be called when that may be new. */
  listen(): void {
    for (let i = 0; i < DATABASES; i++) {
      const keyspace = this.#keyspaces[i];
      const signals = this.#signals[i];
      if (keyspace !== null && signals !== null) keyspace.listener = signals.isHeard ? signals : null;
    }
  }

  /** Those in use, with their numbers. */
  *inUse(): Generator<[number, Keyspace]> {
    for (const [index, keyspace] of this.#keyspaces.entries()) {
      if (keyspace !== null) yield [index, keyspace];
    }
  }

  /** The database of this number, if it has been used. */
  made(index: number): Keyspace | null {
    return this.#keyspaces[index];
  }

  /** What they take of memory. */
  get usedBytes(): number {
    let bytes = 0;
    for (let i = 0; i < DATABASES; i++) {
      const keyspace = this.#keyspaces[i];
      if (keyspace !== null) bytes += keyspace.datasetBytes + keyspace.overheadBytes;
    }
    return bytes;
  }

  /** Whether `usedBytes` is going to be asked for again and again. */
  followBytes(on: boolean): void {
    this.#followsBytes = on;
    for (const keyspace of this.#keyspaces) keyspace?.followBytes(on);
  }

  watches(index: number): Watches {
    this.at(index);
    return this.#signals[index]!.watches;
  }

  /** The two change places; who watches keys of a number goes on with the keys that it has now. */
  swap(one: number, other: number): void {
    const first = this.at(one);
    const second = this.at(other);
    this.watches(one).moveTo(second);
    this.watches(other).moveTo(first);
    this.#keyspaces[one] = second;
    this.#keyspaces[other] = first;
    this.listen();
  }

  /** Goes on with the rehash of each index. */
  rehashSome(): void {
    for (const keyspace of this.#keyspaces) keyspace?.maintain(REHASH_BUCKETS_AT_ONCE);
  }

  /** Deletes some of the keys whose time has come, until a time of the clock. */
  expireSome(untilMs: number): void {
    for (const keyspace of this.#keyspaces) {
      if (keyspace === null) continue;
      for (let steps = 0; steps < EXPIRE_STEPS_MAX; steps++) {
        if (keyspace.expireSome(EXPIRE_ROUNDS_PER_STEP) < EXPIRE_ROUNDS_PER_STEP) break;
        if (this.#clock.update() >= untilMs) return;
      }
    }
  }
}
