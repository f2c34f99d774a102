/**
 * Which request each client of memtier_benchmark sends next: SETs and GETs in turns by a ratio, each with keys of its
 * own pattern. Names and meanings are those of memtier_benchmark 2.
 */
import { SeededRandom } from './random.ts';
import type { RequestSource } from './requests.ts';
import { Zipf } from './zipf.ts';

/** Uniformly random, Gaussian, Zipf, sequential, and sequential through a part of the keys that is the client's own. */
export const keyPatterns = ['R', 'G', 'Z', 'S', 'P'] as const;
export type KeyPattern = (typeof keyPatterns)[number];

/** Indices of the operations. */
export const MEMTIER_SET = 0;
export const MEMTIER_GET = 1;

export interface MemtierWorkload {
  /** So many SETs, then so many GETs, then again. */
  ratio: { sets: number; gets: number };
  patterns: { set: KeyPattern; get: KeyPattern };
  /** Numbers of the first and the last key. */
  keyMinimum: number;
  keyMaximum: number;
  /** Of Gaussian keys; null: a sixth of the range, and its middle. */
  keyStddev: number | null;
  keyMedian: number | null;
  /** Of Zipf keys, of which 1 is the likeliest. */
  keyZipfExponent: number;
  keyPrefix: string;
  /** Of the protocol that the login agrees on. */
  version: 2 | 3;
  dataBytes: number;
  /** Random bytes, or all of them 'x'. */
  randomData: boolean;
  seed: number;
  /** Whether clients draw different keys: else all of them draw the same ones. */
  distinctClientSeed: boolean;
  /** Of each client; null for no end. */
  requestsPerClient: number | null;
}

/** The requests of one client. */
export class MemtierRequests implements RequestSource {
  operation = MEMTIER_SET;
  key = 0;
  detail = 0;
  readonly #ratio: MemtierWorkload['ratio'];
  readonly #keys: readonly KeySequence[];
  #left: number;
  #turn = 0;

  /** @param client its index among all `clients` */
  constructor(workload: MemtierWorkload, client: number, clients: number) {
    const { ratio, patterns, requestsPerClient, distinctClientSeed, seed } = workload;
    const random = new SeededRandom(distinctClientSeed ? seed + client : seed);
    const range = rangeOf(workload, client, clients);
    this.#ratio = ratio;
    this.#keys = [patterns.set, patterns.get].map((pattern) => keySequence(pattern, range, workload, random));
    this.#left = requestsPerClient ?? Number.POSITIVE_INFINITY;
  }

  advance(): boolean {
    if (this.#left === 0) return false;
    this.#left--;
    const { sets, gets } = this.#ratio;
    this.operation = this.#turn < sets ? MEMTIER_SET : MEMTIER_GET;
    this.#turn = this.#turn + 1 === sets + gets ? 0 : this.#turn + 1;
    this.key = this.#keys[this.operation].next();
    return true;
  }
}

interface KeyRange {
  minimum: number;
  maximum: number;
}

/** The keys of a client: all of them, or of a parallel pattern its part, of which the last client has what is left. */
export function rangeOf(workload: MemtierWorkload, client: number, clients: number): KeyRange {
  const { keyMinimum, keyMaximum, patterns } = workload;
  if (patterns.set !== 'P' && patterns.get !== 'P') return { minimum: keyMinimum, maximum: keyMaximum };
  const share = Math.floor((keyMaximum - keyMinimum) / clients) + 1;
  const minimum = keyMinimum + share * client;
  return { minimum, maximum: client === clients - 1 ? keyMaximum : minimum + share - 1 };
}

interface KeySequence {
  next(): number;
}

function keySequence(
  pattern: KeyPattern,
  range: KeyRange,
  { keyStddev, keyMedian, keyZipfExponent }: MemtierWorkload,
  random: SeededRandom,
): KeySequence {
  switch (pattern) {
    case 'R':
      return new UniformKeys(range, random);
    case 'G':
      return new GaussianKeys(range, keyStddev, keyMedian, random);
    case 'Z':
      return new ZipfKeys(range, keyZipfExponent, random);
    case 'S':
    case 'P':
      return new SequentialKeys(range);
  }
}

class UniformKeys implements KeySequence {
  readonly #minimum: number;
  readonly #count: number;
  readonly #random: SeededRandom;

  constructor({ minimum, maximum }: KeyRange, random: SeededRandom) {
    this.#minimum = minimum;
    this.#count = maximum - minimum + 1;
    this.#random = random;
  }

  next(): number {
    return this.#minimum + Math.floor(this.#random.fraction() * this.#count);
  }
}

/** By Marsaglia's polar method ("A Convenient Method for Generating Normal Variables", SIAM Review 1964). */
class GaussianKeys implements KeySequence {
  readonly #range: KeyRange;
  readonly #stddev: number;
  readonly #median: number;
  readonly #random: SeededRandom;
  #spare = Number.NaN;

  constructor(range: KeyRange, stddev: number | null, median: number | null, random: SeededRandom) {
    const length = range.maximum - range.minimum;
    this.#range = range;
    this.#stddev = stddev ?? length / 6;
    this.#median = median ?? length / 2 + range.minimum + 0.5;
    this.#random = random;
  }

  next(): number {
    const { minimum, maximum } = this.#range;
    if (minimum === maximum) return minimum;
    for (;;) {
      const key = Math.floor(this.#deviation() * this.#stddev + this.#median);
      if (key >= minimum && key <= maximum) return key;
    }
  }

  #deviation(): number {
    const spare = this.#spare;
    if (!Number.isNaN(spare)) {
      this.#spare = Number.NaN;
      return spare;
    }
    for (;;) {
      const u = this.#random.fraction() * 2 - 1;
      const v = this.#random.fraction() * 2 - 1;
      const square = u * u + v * v;
      if (square >= 1 || square === 0) continue;
      const scale = Math.sqrt((-2 * Math.log(square)) / square);
      this.#spare = v * scale;
      return u * scale;
    }
  }
}

class ZipfKeys implements KeySequence {
  readonly #zipf: Zipf;
  readonly #random: SeededRandom;

  constructor({ maximum }: KeyRange, exponent: number, random: SeededRandom) {
    this.#zipf = new Zipf(exponent, maximum);
    this.#random = random;
  }

  next(): number {
    return 1 + this.#zipf.draw(this.#random);
  }
}

class SequentialKeys implements KeySequence {
  readonly #range: KeyRange;
  #next: number;

  constructor(range: KeyRange) {
    this.#range = range;
    this.#next = range.minimum;
  }

  next(): number {
    const key = this.#next;
    this.#next = key === this.#range.maximum ? this.#range.minimum : key + 1;
    return key;
  }
}
