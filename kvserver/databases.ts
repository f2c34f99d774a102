/** The databases by their numbers, each made on first use, with the keys of each that clients watch. */
import { randomBytes } from 'node:crypto';
import type { EngineClock } from './clock.ts';
import type { Configuration } from './configuration.ts';
import { KeyHash } from './keyspace/hash.ts';
import { Keyspace } from './keyspace/keyspace.ts';
import { DATABASES } from './options.ts';
import type { EngineStats } from './stats.ts';
import { Watches } from './watches.ts';

/** Active expiry looks at the clock after each step of some rounds. */
const EXPIRE_ROUNDS_PER_STEP = 10;
const EXPIRE_STEPS_MAX = 200;
const REHASH_BUCKETS_AT_ONCE = 2000;

export class Databases {
  readonly #hash: KeyHash;
  readonly #clock: EngineClock;
  readonly #stats: EngineStats;
  readonly #configuration: Configuration;
  readonly #keyspaces: (Keyspace | null)[] = new Array(DATABASES).fill(null);
  readonly #watches: (Watches | null)[] = new Array(DATABASES).fill(null);

  constructor(clock: EngineClock, stats: EngineStats, configuration: Configuration) {
    const seed = randomBytes(8);
    this.#hash = new KeyHash(seed.readInt32LE(0), seed.readInt32LE(4));
    this.#clock = clock;
    this.#stats = stats;
    this.#configuration = configuration;
  }

  at(index: number): Keyspace {
    let keyspace = this.#keyspaces[index];
    if (keyspace === null) {
      keyspace = new Keyspace(this.#hash, this.#clock, this.#stats, this.#configuration.encodingLimits);
      this.#keyspaces[index] = keyspace;
    }
    return keyspace;
  }

  /** Those in use, with their numbers. */
  *inUse(): Generator<[number, Keyspace]> {
    for (const [index, keyspace] of this.#keyspaces.entries()) {
      if (keyspace !== null) yield [index, keyspace];
    }
  }

  watches(index: number): Watches {
    let watches = this.#watches[index];
    if (watches === null) {
      watches = new Watches(this.at(index));
      this.#watches[index] = watches;
    }
    return watches;
  }

  /** The two change places; who watches keys of a number goes on with the keys that it has now. */
  swap(one: number, other: number): void {
    const first = this.at(one);
    const second = this.at(other);
    this.#watches[one]?.moveTo(second);
    this.#watches[other]?.moveTo(first);
    first.listener = null;
    second.listener = null;
    this.#keyspaces[one] = second;
    this.#keyspaces[other] = first;
    this.#watches[one]?.listen();
    this.#watches[other]?.listen();
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
