/** What can happen to a frame on its way, how often, and the dice that decide it. */
import { LibosError } from '../../errors.ts';
import { Random } from './random.ts';

export interface ImpairmentOptions {
  /** Probabilities, 0 to 1, that a frame ... is lost. */
  loss: number;
  /** ... arrives twice. */
  duplicate: number;
  /** ... is held back by reorderDelayUs, so that later frames overtake it. */
  reorder: number;
  reorderDelayUs: number;
  /** ... arrives with one bit flipped, anywhere in it. */
  corrupt: number;
  /** Equal seeds give equal faults. */
  seed: number;
}

export const NO_IMPAIRMENT: Readonly<ImpairmentOptions> = {
  loss: 0,
  duplicate: 0,
  reorder: 0,
  reorderDelayUs: 200,
  corrupt: 0,
  seed: 1,
};

export interface ImpairmentCounters {
  lost: number;
  duplicated: number;
  reordered: number;
  corrupted: number;
}

export function noImpairmentYet(): ImpairmentCounters {
  return { lost: 0, duplicated: 0, reordered: 0, corrupted: 0 };
}

const written: Record<string, keyof ImpairmentOptions> = {
  loss: 'loss',
  duplicate: 'duplicate',
  reorder: 'reorder',
  reorder_delay_us: 'reorderDelayUs',
  corrupt: 'corrupt',
  seed: 'seed',
};

/**
 * Reads "loss=0.01,reorder=0.02,seed=7"; what is not named stays as in NO_IMPAIRMENT. Throws
 * INVALID_ARGUMENT.
 */
export function parseImpairment(text: string): ImpairmentOptions {
  const options = { ...NO_IMPAIRMENT };
  const seen = new Set<string>();
  for (const part of text.split(',')) {
    const [name, value, ...rest] = part.split('=').map((side) => side.trim());
    const option = Object.hasOwn(written, name) ? written[name] : null;
    if (option === null) {
      reject(
        text,
        `there is no '${name}'; write some of ${Object.keys(written).join(', ')}, as in loss=0.01,seed=7`,
      );
    }
    if (seen.has(name)) reject(text, `${name} is given twice`);
    seen.add(name);
    options[option] = value === undefined || rest.length > 0 ? Number.NaN : readNumber(option, value);
    if (Number.isNaN(options[option]))
      reject(text, `${name} takes ${allowed(option)}, as in ${name}=${example(option)}`);
  }
  return options;
}

/** NaN when the value is not allowed. */
function readNumber(option: keyof ImpairmentOptions, value: string): number {
  const number = /^(\d+\.?\d*|\.\d+)(e-?\d+)?$/i.test(value) ? Number(value) : Number.NaN;
  if (option === 'seed') return Number.isSafeInteger(number) ? number : Number.NaN;
  const maximum = option === 'reorderDelayUs' ? 1e9 : 1;
  return number <= maximum ? number : Number.NaN;
}

function allowed(option: keyof ImpairmentOptions): string {
  if (option === 'seed') return 'an integer from 0 on';
  return option === 'reorderDelayUs' ? 'microseconds from 0 to 1e9' : 'a probability from 0 to 1';
}

function example(option: keyof ImpairmentOptions): string {
  if (option === 'seed') return '7';
  return option === 'reorderDelayUs' ? '200' : '0.01';
}

function reject(text: string, detail: string): never {
  throw new LibosError('INVALID_ARGUMENT', 'impair', -1, `'${text}': ${detail}`);
}

/** Decides the fate of one frame after the other. */
export class Dice {
  lost = false;
  duplicated = false;
  reordered = false;
  corrupted = false;
  readonly #options: ImpairmentOptions;
  readonly #random: Random;
  /** Where the bit to be flipped lies, as a fraction of the frame. */
  #position = 0;

  /**
   * @param options read at each throw, so that a test may change them as it goes
   * @param stream distinguishes the dice that share a seed
   */
  constructor(options: ImpairmentOptions, stream: number) {
    this.#options = options;
    this.#random = new Random(options.seed * 2 + stream);
  }

  /**
   * Always takes the same number of throws, so that a change of one probability leaves the other faults where
   * they were.
   */
  roll(): void {
    const { loss, duplicate, reorder, corrupt } = this.#options;
    this.lost = this.#random.fraction() < loss;
    this.duplicated = this.#random.fraction() < duplicate;
    this.reordered = this.#random.fraction() < reorder;
    this.corrupted = this.#random.fraction() < corrupt;
    this.#position = this.#random.fraction();
  }

  /** Flips the one bit that the last roll chose. */
  flipBit(bytes: Uint8Array, at: number, length: number): void {
    const bit = Math.floor(this.#position * length * 8);
    bytes[at + (bit >>> 3)] ^= 1 << (bit & 7);
  }
}
