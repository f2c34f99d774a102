/**
 * Which keys are asked for: those that exist from the start, drawn by a distribution, and new ones.
 *
 *     uniform      all alike
 *     single       always the same
 *     zipf         by rank k with a probability proportional to k^-s; popular keys lie anywhere in the key space
 *     hotspot      a share of the keys gets a share of the requests, each part uniformly
 *     latest       the newest key is the likeliest, the older ones by their age as zipf ranks them
 *     sequential   one after the other, over and over
 *
 * A new key exists when its writing was acknowledged; it is drawn by `latest` alone.
 */
import type { KeyDistribution } from '../../results/formats/lists.ts';
import { KeyPermutation } from './key-permutation.ts';
import { SeededRandom } from './random.ts';
import { Zipf } from './zipf.ts';

export interface KeyOptions {
  /** Those that exist from the start. */
  keys: number;
  keyDistribution: KeyDistribution;
  /** Of zipf and latest. */
  zipfExponent: number;
  /** Of hotspot: shares between 0 and 1. */
  hotspot: { keys: number; requests: number };
  seed: number;
  /** Of several generator threads this one, from 0, and how many there are: each draws, and makes, keys of its own. */
  thread?: number;
  threads?: number;
}

/** A key is this and so many digits. */
export const KEY_PREFIX = 'key:';
export const KEY_DIGITS = 12;
export const MAX_KEYS = 10 ** KEY_DIGITS;
/** Above it 32 random bits would leave keys out. */
const COARSE_KEYS = 2 ** 24;
/** Tells the order of popular keys from all else that the seed decides. */
const ORDER = 0x6f726465;
/** The most acknowledgements that overtake an earlier one: more than requests are outstanding. */
const AHEAD = 65_536;

/** Any large odd number: the seeds of threads are far from each other, and from those of other runs. */
const THREAD_STEP = 0x9e3779b1;

export function seedOfThread({ seed, thread = 0 }: Pick<KeyOptions, 'seed' | 'thread'>): number {
  return seed ^ Math.imul(thread, THREAD_STEP);
}

export class KeySpace {
  /** Those that exist from the start. */
  readonly initial: number;
  readonly #distribution: KeyDistribution;
  readonly #random: SeededRandom;
  readonly #isFine: boolean;
  readonly #zipf: Zipf;
  readonly #order: KeyPermutation;
  readonly #hotKeys: number;
  readonly #hotRequests: number;
  readonly #thread: number;
  readonly #threads: number;
  #next: number;
  /** New keys that were handed out; of them those up to here are acknowledged. */
  #made = 0;
  #known = 0;
  /** Which of those behind are, by their number. */
  readonly #acknowledged = new Uint8Array(AHEAD);

  constructor(options: KeyOptions) {
    const { keys, keyDistribution, zipfExponent, hotspot, seed, thread = 0, threads = 1 } = options;
    this.initial = keys;
    this.#distribution = keyDistribution;
    this.#thread = thread;
    this.#threads = threads;
    this.#next = Math.floor((keys * thread) / threads);
    this.#random = new SeededRandom(seedOfThread(options));
    this.#isFine = keys > COARSE_KEYS;
    this.#zipf = new Zipf(zipfExponent, keys);
    this.#order = new KeyPermutation(keys, seed ^ ORDER);
    this.#hotKeys = Math.max(1, Math.min(keys, Math.round(keys * hotspot.keys)));
    this.#hotRequests = hotspot.requests;
  }

  /** How many exist. */
  get count(): number {
    return this.initial + this.#known;
  }

  /** How many exist from this one on, without a gap; at least 1. What other threads made is not known. */
  following(key: number): number {
    return Math.max(1, (this.#threads === 1 ? this.count : this.initial) - key);
  }

  /** The index of a key that exists. */
  draw(): number {
    switch (this.#distribution) {
      case 'uniform':
        return this.#below(this.initial);
      case 'zipf':
        return this.#order.at(this.#zipf.draw(this.#random));
      case 'hotspot':
        return this.#order.at(this.#hotOrCold());
      case 'latest':
        return this.#newest(this.#zipf.draw(this.#random));
      case 'sequential':
        this.#next = this.#next + 1 === this.initial ? 0 : this.#next + 1;
        return this.#next === 0 ? this.initial - 1 : this.#next - 1;
      default:
        return 0;
    }
  }

  /** The index of a key that does not exist yet. */
  make(): number {
    return this.#ofNumber(this.#made++);
  }

  /** A key of make() exists from now on. */
  acknowledge(key: number): void {
    const number = (key - this.initial - this.#thread) / this.#threads;
    // One that was never acknowledged ends the counting: all that is drawn must exist.
    if (number - this.#known >= AHEAD) return;
    this.#acknowledged[number % AHEAD] = 1;
    const before = this.#known;
    while (this.#acknowledged[this.#known % AHEAD] === 1) this.#acknowledged[this.#known++ % AHEAD] = 0;
    if (this.#known > before) this.#zipf.grow(this.count);
  }

  /** The key that this thread made as its number `number`. */
  #ofNumber(number: number): number {
    return this.initial + this.#thread + number * this.#threads;
  }

  /** The key so much older than the newest one of this thread. */
  #newest(age: number): number {
    return age < this.#known ? this.#ofNumber(this.#known - 1 - age) : this.initial - 1 - (age - this.#known);
  }

  #hotOrCold(): number {
    const isHot = this.#hotKeys === this.initial || this.#random.fraction() < this.#hotRequests;
    return isHot ? this.#below(this.#hotKeys) : this.#hotKeys + this.#below(this.initial - this.#hotKeys);
  }

  #below(bound: number): number {
    return Math.floor((this.#isFine ? this.#random.fineFraction() : this.#random.fraction()) * bound);
  }
}
