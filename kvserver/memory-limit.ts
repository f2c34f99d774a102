/**
 * The limit of the memory that keys, values and clients take: maxmemory and the parameters about it. Before each
 * command keys are evicted until they are below it; where none may go, commands that need memory are refused.
 */
import type { Client } from './client.ts';
import type { Databases } from './databases.ts';
import { EVICTION_POLICIES, Eviction, type EvictionPolicy } from './eviction.ts';
import type { KeyUses } from './keyspace/uses.ts';
import { parseMemory } from './options.ts';
import { type ConfigParameter, integerParameter } from './parameter.ts';
import { LIMITED, type ServerModes } from './server-modes.ts';
import type { EngineStats } from './stats.ts';

const NO_EVICTION = 'noeviction';
/** After so many keys the time is looked at, and for so long is evicted at a time: the rest is done bit by bit. */
const KEYS_PER_LOOK = 16;
const EVICT_MS_MAX = 0.5;
const INT_MAX = 2 ** 31 - 1;
const POLICY_NAMES = [...Object.keys(EVICTION_POLICIES), NO_EVICTION];

export class MemoryLimit {
  /** 0: there is none. */
  bytesMax = 0;
  policyName = NO_EVICTION;
  /** It has stopped before it was done. */
  isEvicting = false;
  /** By their names. */
  readonly parameters: readonly [string, ConfigParameter][];
  readonly #modes: ServerModes;
  readonly #databases: Databases;
  readonly #clients: ReadonlyMap<number, Client>;
  readonly #uses: KeyUses;
  readonly #stats: EngineStats;
  readonly #eviction: Eviction;
  /** null: no key is evicted. */
  #policy: EvictionPolicy | null = null;
  /** What clients take, as of the last look. */
  #clientBytes = 0;

  constructor(
    modes: ServerModes,
    databases: Databases,
    clients: ReadonlyMap<number, Client>,
    uses: KeyUses,
    stats: EngineStats,
  ) {
    this.#modes = modes;
    this.#databases = databases;
    this.#clients = clients;
    this.#uses = uses;
    this.#stats = stats;
    this.#eviction = new Eviction(databases);
    this.parameters = [
      ['maxmemory', { get: () => String(this.bytesMax), set: (value) => this.#setBytesMax(value) }],
      ['maxmemory-policy', { get: () => this.policyName, set: (value) => this.#setPolicy(value) }],
      ['maxmemory-samples', integerParameter(this.#eviction, 'samples', 1, INT_MAX)],
      ['lfu-log-factor', integerParameter(uses, 'logFactor', 0, INT_MAX)],
      ['lfu-decay-time', integerParameter(uses, 'decayMinutes', 0, INT_MAX)],
    ];
  }

  /** Whether the uses of keys are counted. */
  get countsUses(): boolean {
    return this.#uses.areCounted;
  }

  /** Values that are equal may be one and the same, as Redis has small integers: not where each has uses of its own. */
  get mayShareValues(): boolean {
    return this.bytesMax === 0 || this.#policy === null || !['idle', 'frequency'].includes(this.#policy.by);
  }

  /** Bytes of what clients have sent and are to be sent. */
  clientBytes(): number {
    let bytes = 0;
    for (const { request, queue, outputBytes } of this.#clients.values()) {
      bytes += request.pendingCapacity + (queue?.usedBytes ?? 0) + outputBytes;
    }
    return bytes;
  }

  /** To be called every so often while there is a limit. */
  look(): void {
    this.#clientBytes = this.clientBytes();
    this.makeRoom();
  }

  /** Evicts keys for a while if there is too much. False: there is too much, and nothing that may go. */
  makeRoom(): boolean {
    this.isEvicting = false;
    if (this.bytesMax === 0 || this.#isWithin()) return true;
    if (this.#policy === null) return false;
    const begunMs = performance.now();
    for (let evicted = 1; !this.#isWithin(); evicted++) {
      if (!this.#eviction.evictOne(this.#policy)) return false;
      this.#stats.evicted++;
      if (evicted % KEYS_PER_LOOK === 0 && performance.now() - begunMs > EVICT_MS_MAX) {
        this.isEvicting = true;
        return true;
      }
    }
    return true;
  }

  #isWithin(): boolean {
    return this.#databases.usedBytes + this.#clientBytes <= this.bytesMax;
  }

  #setBytesMax(value: string): string | null {
    const bytes = parseMemory(value);
    if (bytes === null) return 'argument must be a memory value';
    this.bytesMax = bytes;
    if (bytes > 0) this.#modes.bits |= LIMITED;
    else this.#modes.bits &= ~LIMITED;
    this.#databases.followBytes(bytes > 0);
    this.#clientBytes = this.clientBytes();
    this.isEvicting = bytes > 0;
    return null;
  }

  #setPolicy(value: string): string | null {
    const name = value.toLowerCase();
    if (!POLICY_NAMES.includes(name)) {
      return `argument(s) must be one of the following: ${POLICY_NAMES.join(', ')}`;
    }
    this.policyName = name;
    this.#policy = name === NO_EVICTION ? null : EVICTION_POLICIES[name];
    this.#uses.areCounted = this.#policy?.by === 'frequency';
    this.#eviction.forget();
    return null;
  }
}
