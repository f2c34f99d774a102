/**
 * The workload: which operation and key come next, and the bytes of the request.
 *
 * An operation is one command or several, each of which is sent when the one before it has its right reply: its steps.
 * The first steps have the indices of their operations, the further ones stand behind them.
 */
import { type CommandStep, partsOfKind, type ReplyKind } from '../../results/formats/command-text.ts';
import { type KeySizes, USUAL_KEY_BYTES } from '../../results/formats/key-sizes.ts';
import { type Commands, placeOf, reads, writes } from '../../results/formats/operations.ts';
import type { ValueSizes } from '../../results/formats/value-sizes.ts';
import { KeyLengths } from './key-lengths.ts';
import { type KeyOptions, KeySpace, seedOfThread } from './key-space.ts';
import { fillingCommands, type Mix, operationsOf, tellsStale } from './operations.ts';
import { SeededRandom } from './random.ts';
import { RequestTemplate } from './request-template.ts';
import { Values } from './values.ts';
import { VersionFloors } from './version-floors.ts';

export interface WorkloadOptions extends KeyOptions {
  /** One operation, or MIX. */
  operation: string;
  /** Of MIX. */
  mix: Mix;
  /** Beside the built-in ones, by the name of their operation. */
  commands: Commands;
  keySizes: KeySizes;
  valueSizes: ValueSizes;
}

export interface RequestStep {
  template: RequestTemplate;
  reply: ReplyKind;
  /** Index of its operation. */
  operation: number;
  /** Index of the step that follows its right reply; -1 for the last one. */
  next: number;
  /** Whether it writes a value, and so has a version of its own. */
  writes: boolean;
  /** Whether its key is a new one, and whether that exists with its right reply: the last step's. */
  makes: boolean;
  acknowledges: boolean;
  /** It asks for so many keys at most; 0 for a command of one key. */
  mostKeys: number;
  /** Whether it is sent for each key that the step before it asked for. */
  isForEach: boolean;
  /** Of the record that it writes or reads, and whether it writes one of them, by chance. */
  fields: number;
  writesOneField: boolean;
  /** Of the place where it writes or reads a value, where that can be stale. */
  floors: VersionFloors | null;
}

/** Tells the numbers of keys, and operations, from keys and values. */
const COUNTS = 0x636f756e;

export class Workload {
  readonly operations: readonly string[];
  readonly steps: readonly RequestStep[];
  readonly values: Values;
  readonly keys: KeySpace;
  /** Of the versions of values: the thread. */
  readonly writer: number;
  /** Whether values can be told to be stale. */
  readonly tellsStale: boolean;
  readonly #random: SeededRandom;
  /** Shares of the operations up to each one, and with it, among all. */
  readonly #shares: Float64Array;
  /** Of the last value that was written; a filling writes none. */
  #version = 0;
  readonly #fills: boolean;

  /** @param fills whether it is that which fills the keys. Throws INVALID_OPTION. */
  constructor(options: WorkloadOptions, fills = false) {
    const sent = operationsOf(options.operation, options.mix, options.commands);
    const operations = fills
      ? fillingCommands(sent, options.commands).map((step) => ({
          name: placeOf(step),
          weight: 1,
          steps: [step],
        }))
      : sent;
    this.#fills = fills;
    this.operations = operations.map(({ name }) => name);
    this.values = new Values(options.valueSizes, options.seed);
    const keyLengths = new KeyLengths(options.keySizes);
    this.keys = new KeySpace(options);
    this.writer = options.thread ?? 0;
    this.#random = new SeededRandom(seedOfThread(options) ^ COUNTS);
    this.#shares = sharesOf(operations.map(({ weight }) => weight));
    this.tellsStale = !fills && tellsStale(operations);
    const floors = new Map<string, VersionFloors>();
    const compile = (
      step: CommandStep,
      operation: number,
      next: number,
      isOfNewKey: boolean,
    ): RequestStep => {
      const [counted] = [...partsOfKind(step, 'keys'), ...partsOfKind(step, 'count')];
      const place = placeOf(step);
      if (this.tellsStale && !floors.has(place)) floors.set(place, new VersionFloors());
      return {
        template: new RequestTemplate(step, this.values, keyLengths),
        reply: step.reply,
        operation,
        next,
        writes: writes(step),
        makes: partsOfKind(step, 'new_key').length > 0,
        acknowledges: isOfNewKey && next < 0,
        mostKeys: counted?.most ?? 0,
        isForEach: partsOfKind(step, 'each').length > 0,
        fields: step.fields,
        writesOneField: partsOfKind(step, 'field').length > 0,
        floors: (writes(step) || reads(step)) && this.tellsStale ? (floors.get(place) ?? null) : null,
      };
    };
    const firsts: RequestStep[] = [];
    const others: RequestStep[] = [];
    for (const [operation, { steps }] of operations.entries()) {
      const indices = steps.map((_, index) =>
        index === 0 ? operation : operations.length + others.length + index - 1,
      );
      const isOfNewKey = partsOfKind(steps[0], 'new_key').length > 0;
      const compiled = steps.map((step, index) =>
        compile(step, operation, indices[index + 1] ?? -1, isOfNewKey),
      );
      firsts.push(compiled[0]);
      others.push(...compiled.slice(1));
    }
    this.steps = [...firsts, ...others];
  }

  /** Length of the workload's longest request, in bytes. */
  get maxRequestBytes(): number {
    return Math.max(...this.steps.map(({ template }) => template.maxBytes));
  }

  nextOperation(): number {
    const shares = this.#shares;
    if (shares.length === 1) return 0;
    const drawn = this.#random.fraction();
    let chosen = 0;
    while (drawn >= shares[chosen]) chosen++;
    return chosen;
  }

  nextKey(operation: number): number {
    return this.steps[operation].makes ? this.keys.make() : this.keys.draw();
  }

  /** From 1 to what the step asks for at most, as far as there are keys. */
  nextCount({ mostKeys }: RequestStep, key: number): number {
    return Math.min(1 + Math.floor(this.#random.fraction() * mostKeys), this.keys.following(key));
  }

  /** One of the fields of its record. */
  nextField({ fields }: RequestStep): number {
    return Math.floor(this.#random.fraction() * fields);
  }

  /** The right reply to the first operation, of a key that was filled and not written since. */
  filledReply(key: number): Uint8Array {
    if (this.steps[0].reply === 'ok') return bytesOf('+OK\r\n');
    const value = new Uint8Array(this.values.lengthOf(key));
    this.values.write(value, 0, key, this.writer, 0);
    return bytesOf(`$${value.length}\r\n`, value, '\r\n');
  }

  /** Of a value that is written now. */
  nextVersion(): number {
    return this.#fills ? 0 : ++this.#version;
  }
}

/** One operation on one key. */
export function workloadOfOne(operation: string, valueBytes: number): WorkloadOptions {
  return {
    operation,
    mix: [],
    commands: {},
    keys: 1,
    keyDistribution: 'single',
    zipfExponent: 1,
    hotspot: { keys: 1, requests: 1 },
    keySizes: { kind: 'fixed', bytes: USUAL_KEY_BYTES },
    valueSizes: { kind: 'fixed', bytes: valueBytes },
    seed: 1,
  };
}

/** A plain Uint8Array, not a Buffer: the hot path then sees one kind of array. */
function bytesOf(...parts: (string | Uint8Array)[]): Uint8Array {
  return new Uint8Array(
    Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part, 'latin1') : part))),
  );
}

/** The last share is 1, which nothing that is drawn reaches. */
function sharesOf(weights: readonly number[]): Float64Array {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  let before = 0;
  const shares = Float64Array.from(weights, (weight) => {
    before += weight;
    return before / total;
  });
  shares[shares.length - 1] = 1;
  return shares;
}
