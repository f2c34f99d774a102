/**
 * The workload: which operation and key come next, and the bytes of the request and of its one right reply.
 *
 * A key is `key:` and twelve digits, as redis-benchmark writes it. A key always has the same value: filler
 * from the seed that begins with the key's digits. So a reply to a GET can be checked by its key alone,
 * whoever wrote the value and when.
 */
import type { KeyDistribution } from '../../results/formats/lists.ts';
import { SeededRandom } from './random.ts';

/** How often each operation is sent, beside the others: by their indices in requestOperations. */
export type Weights = readonly number[];

export interface WorkloadOptions {
  /** One of the built-in requests, or MIX. */
  operation: string;
  /** Of a mix. */
  weights: Weights;
  keys: number;
  keyDistribution: KeyDistribution;
  valueBytes: number;
  seed: number;
  /** Of several generator threads this one, from 0: each draws keys of its own. */
  thread?: number;
}

/** Indices into the formats' list requestOperations. */
export const GET = 0;
export const SET = 1;

/** Any large odd number: the seeds of threads are far from each other, and from those of other runs. */
const THREAD_STEP = 0x9e3779b1;
const KEY_DIGITS = 12;
const KEY_BYTES = 4 + KEY_DIGITS;
export const MAX_KEYS = 10 ** KEY_DIGITS;

/** Bytes with one or two places for the digits of a key. */
class Template {
  readonly bytes: Uint8Array;
  readonly #keyAt: number;
  readonly #valueAt: number;
  readonly #valueDigits: number;
  #key = -1;

  /** @param keyAt first digit of the key, or -1; @param valueAt first byte of the value, or -1. */
  constructor(text: Uint8Array, keyAt: number, valueAt: number, valueBytes: number) {
    this.bytes = text;
    this.#keyAt = keyAt;
    this.#valueAt = valueAt;
    this.#valueDigits = Math.min(KEY_DIGITS, valueBytes);
  }

  /** The bytes for `key`, valid until the next call. */
  forKey(key: number): Uint8Array {
    if (key !== this.#key) {
      this.#key = key;
      if (this.#keyAt >= 0) writeDigits(this.bytes, this.#keyAt, KEY_DIGITS, key);
      if (this.#valueAt >= 0) writeDigits(this.bytes, this.#valueAt, this.#valueDigits, key);
    }
    return this.bytes;
  }
}

export class Workload {
  readonly #options: WorkloadOptions;
  readonly #random: SeededRandom;
  /** Shares of the operations up to each one, and with it, among all of a mix. */
  readonly #shares: Float64Array;
  readonly #getRequest: Template;
  readonly #setRequest: Template;
  readonly #getReply: Template;
  readonly #setReply = bytesOf('+OK\r\n');

  constructor(options: WorkloadOptions) {
    this.#options = options;
    this.#random = new SeededRandom(options.seed ^ Math.imul(options.thread ?? 0, THREAD_STEP));
    this.#shares = sharesOf(options.weights);
    const { valueBytes } = options;
    const value = filler(valueBytes, options.seed);
    const key = `$${KEY_BYTES}\r\nkey:${'0'.repeat(KEY_DIGITS)}\r\n`;
    const keyAt = key.length - 2 - KEY_DIGITS;

    const getHead = '*2\r\n$3\r\nGET\r\n';
    this.#getRequest = new Template(bytesOf(getHead + key), getHead.length + keyAt, -1, valueBytes);

    const setHead = '*3\r\n$3\r\nSET\r\n';
    const setFront = `${setHead}${key}$${valueBytes}\r\n`;
    const set = bytesOf(setFront, value, '\r\n');
    this.#setRequest = new Template(set, setHead.length + keyAt, setFront.length, valueBytes);

    const replyHead = `$${valueBytes}\r\n`;
    this.#getReply = new Template(bytesOf(replyHead, value, '\r\n'), -1, replyHead.length, valueBytes);
  }

  /** Length of the workload's longest request, in bytes. */
  get maxRequestBytes(): number {
    const { operation } = this.#options;
    return (operation === 'get' ? this.#getRequest : this.#setRequest).bytes.length;
  }

  nextOperation(): number {
    const { operation } = this.#options;
    if (operation === 'get') return GET;
    if (operation === 'set') return SET;
    const shares = this.#shares;
    const drawn = this.#random.fraction();
    let chosen = 0;
    while (drawn >= shares[chosen]) chosen++;
    return chosen;
  }

  nextKey(): number {
    const { keyDistribution, keys } = this.#options;
    return keyDistribution === 'single' ? 0 : Math.floor(this.#random.fraction() * keys);
  }

  /** The request's bytes, valid until the next call. */
  request(operation: number, key: number): Uint8Array {
    return (operation === GET ? this.#getRequest : this.#setRequest).forKey(key);
  }

  /** The bytes of the only right reply, valid until the next call. */
  expectedReply(operation: number, key: number): Uint8Array {
    return operation === GET ? this.#getReply.forKey(key) : this.#setReply;
  }
}

/** The last share is 1, which nothing that is drawn reaches. */
function sharesOf(weights: Weights): Float64Array {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  let before = 0;
  const shares = Float64Array.from(weights, (weight) => {
    before += weight;
    return before / total;
  });
  shares[shares.length - 1] = 1;
  return shares;
}

function writeDigits(bytes: Uint8Array, at: number, digits: number, number: number): void {
  for (let i = at + digits - 1; i >= at; i--) {
    const rest = Math.floor(number / 10);
    bytes[i] = 48 + (number - rest * 10);
    number = rest;
  }
}

function filler(length: number, seed: number): Uint8Array {
  const random = new SeededRandom(~seed);
  const bytes = new Uint8Array(length);
  for (let i = 0; i < length; i++) bytes[i] = 97 + (random.next() % 26);
  return bytes;
}

/** A plain Uint8Array, not a Buffer: the hot path then sees one kind of array. */
function bytesOf(...parts: (string | Uint8Array)[]): Uint8Array {
  return new Uint8Array(
    Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part, 'latin1') : part))),
  );
}
