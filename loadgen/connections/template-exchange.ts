/**
 * One request, again and again, as redis-benchmark sends it: where keys are drawn at random, each `__rand_int__` in it
 * becomes twelve digits of a number of its own each time.
 */
import { SeededRandom } from '../workload/random.ts';
import type { Exchange, ReplyChecker } from './exchange.ts';
import { type ReplyType, type TypedReplies, TypedReplyChecker } from './typed-reply-checker.ts';

/** Stands in a request where a random number goes; as long as its digits. */
export const RANDOM_INTEGER = '__rand_int__';
const DIGITS = RANDOM_INTEGER.length;

export interface TemplateTraffic {
  /** The request. */
  bytes: Uint8Array;
  /** Random numbers are less than this; null: `__rand_int__` is sent as it stands. With 0 they are all 0. */
  randomBelow: number | null;
  reply: ReplyType;
  /** Of the protocol that the login agrees on. */
  version: 2 | 3;
  seed: number;
}

export class TemplateExchange implements Exchange {
  readonly operations = ['request'] as const;
  readonly maxRequestBytes: number;
  readonly #bytes: Uint8Array;
  readonly #replies: TypedReplies;
  readonly #randomBelow: number;
  readonly #random: SeededRandom;
  /** Where random numbers begin. */
  readonly #places: Uint32Array;

  constructor({ bytes, randomBelow, reply, version, seed }: TemplateTraffic) {
    this.#bytes = new Uint8Array(bytes);
    this.maxRequestBytes = bytes.length;
    this.#replies = { types: [reply], endsAtError: true, version };
    this.#randomBelow = randomBelow ?? 0;
    this.#random = new SeededRandom(seed);
    this.#places = randomBelow === null ? new Uint32Array(0) : placesOf(Buffer.from(bytes));
  }

  request(): Uint8Array {
    const bytes = this.#bytes;
    for (let i = 0; i < this.#places.length; i++) {
      let rest = Math.floor(this.#random.fraction() * this.#randomBelow);
      for (let at = this.#places[i] + DIGITS - 1; at >= this.#places[i]; at--) {
        const tenth = Math.floor(rest / 10);
        bytes[at] = 48 + (rest - tenth * 10);
        rest = tenth;
      }
    }
    return bytes;
  }

  checker(): ReplyChecker {
    return new TypedReplyChecker(this.#replies);
  }
}

function placesOf(request: Buffer): Uint32Array {
  const places: number[] = [];
  for (let at = request.indexOf(RANDOM_INTEGER); at >= 0; at = request.indexOf(RANDOM_INTEGER, at + DIGITS)) {
    places.push(at);
  }
  return Uint32Array.from(places);
}
