/**
 * Which key goes where memory is short (evict.c): of some keys drawn at random from each database the best to lose are
 * kept in a pool, across the times that it is asked, and the best of all goes. No order of all keys is kept.
 */
import type { Databases } from './databases.ts';
import { events } from './keyspace/key-events.ts';
import type { Keyspace } from './keyspace/keyspace.ts';
import { DATABASES } from './options.ts';

const POOL_SIZE = 16;

/** Which keys may go, and by what they are chosen. */
export interface EvictionPolicy {
  /** Only keys that would expire. */
  readonly isOfVolatile: boolean;
  readonly by: 'idle' | 'frequency' | 'random' | 'expiry';
}

/** By the value of maxmemory-policy; `noeviction` is none of them. */
export const EVICTION_POLICIES: Readonly<Record<string, EvictionPolicy>> = {
  'volatile-lru': { isOfVolatile: true, by: 'idle' },
  'volatile-lfu': { isOfVolatile: true, by: 'frequency' },
  'volatile-random': { isOfVolatile: true, by: 'random' },
  'volatile-ttl': { isOfVolatile: true, by: 'expiry' },
  'allkeys-lru': { isOfVolatile: false, by: 'idle' },
  'allkeys-lfu': { isOfVolatile: false, by: 'frequency' },
  'allkeys-random': { isOfVolatile: false, by: 'random' },
};

/** A key that could go; `worth` is the lower the better it is to lose. */
interface Candidate {
  readonly worth: number;
  readonly database: number;
  readonly key: Uint8Array;
}

export class Eviction {
  readonly #databases: Databases;
  /** How many keys are drawn from each database at once: the parameter maxmemory-samples. */
  samples = 5;
  /** The best to lose is the last. */
  #pool: Candidate[] = [];
  #lastDatabase = 0;

  constructor(databases: Databases) {
    this.#databases = databases;
  }

  /** What is in the pool was chosen by another policy. */
  forget(): void {
    this.#pool = [];
  }

  /** Deletes a key. False: there is none that may go. */
  evictOne(policy: EvictionPolicy): boolean {
    return policy.by === 'random' ? this.#evictRandom(policy) : this.#evictBest(policy);
  }

  /** Of one database after the other. */
  #evictRandom(policy: EvictionPolicy): boolean {
    for (let tries = 0; tries < DATABASES; tries++) {
      this.#lastDatabase = (this.#lastDatabase + 1) % DATABASES;
      const keyspace = this.#databases.made(this.#lastDatabase);
      const entry = keyspace === null ? 0 : drawn(keyspace, policy);
      if (keyspace === null || entry === 0) continue;
      keyspace.delete(entry, events.evicted);
      return true;
    }
    return false;
  }

  #evictBest(policy: EvictionPolicy): boolean {
    for (;;) {
      let hasKeys = false;
      for (const [index, keyspace] of this.#databases.inUse()) {
        if (this.#draw(index, keyspace, policy)) hasKeys = true;
      }
      if (!hasKeys) return false;
      for (let best = this.#pool.pop(); best !== undefined; best = this.#pool.pop()) {
        const keyspace = this.#databases.at(best.database);
        const entry = keyspace.peek(best.key, 0, best.key.length);
        if (entry === 0 || (policy.isOfVolatile && keyspace.expiryMs(entry) < 0)) continue;
        keyspace.delete(entry, events.evicted);
        return true;
      }
    }
  }

  /** Puts some keys of a database into the pool. Whether it has any. */
  #draw(database: number, keyspace: Keyspace, policy: EvictionPolicy): boolean {
    const count = Math.min(this.samples, policy.isOfVolatile ? keyspace.volatileCount : keyspace.size);
    for (let i = 0; i < count; i++) {
      const entry = drawn(keyspace, policy);
      const worth = worthOf(keyspace, entry, policy);
      const pool = this.#pool;
      if (pool.length === POOL_SIZE && worth >= pool[0].worth) continue;
      keyspace.locate(entry);
      const { bytes, keyStart, keyLength } = keyspace;
      let place = 0;
      while (place < pool.length && pool[place].worth > worth) place++;
      pool.splice(place, 0, { worth, database, key: bytes.slice(keyStart, keyStart + keyLength) });
      if (pool.length > POOL_SIZE) pool.shift();
    }
    return count > 0;
  }
}

/** An entry at random, 0 when there is none that may go. */
function drawn(keyspace: Keyspace, { isOfVolatile }: EvictionPolicy): number {
  return isOfVolatile ? keyspace.randomVolatileEntry() : keyspace.randomEntry();
}

function worthOf(keyspace: Keyspace, entry: number, { by }: EvictionPolicy): number {
  if (by === 'expiry') return Number(keyspace.expiryMs(entry));
  return by === 'frequency' ? keyspace.useCount(entry) : -keyspace.idleSeconds(entry);
}
