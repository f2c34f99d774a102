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
  /** How long each frame is on its way, each way. */
  delayUs: number;
  /** Between nothing and this much longer, as the dice have it; no frame overtakes another for it. */
  jitterUs: number;
  /** Frames that can be held back each way at a time; what comes on top is dropped. */
  queueFrames: number;
  /** Equal seeds give equal faults. */
  seed: number;
}

export const NO_IMPAIRMENT: Readonly<ImpairmentOptions> = {
  loss: 0,
  duplicate: 0,
  reorder: 0,
  reorderDelayUs: 200,
  corrupt: 0,
  delayUs: 0,
  jitterUs: 0,
  // 20 ms of 2 Gbit/s in frames of 1,500 bytes.
  queueFrames: 4096,
  seed: 1,
};

const LONGEST_US = 1e9;
const MOST_FRAMES = 1e6;

export interface ImpairmentCounters {
  lost: number;
  duplicated: number;
  reordered: number;
  corrupted: number;
  /** For want of room where frames are held back. */
  droppedByQueue: number;
}

export function noImpairmentYet(): ImpairmentCounters {
  return { lost: 0, duplicated: 0, reordered: 0, corrupted: 0, droppedByQueue: 0 };
}

/** What one may write for an option: its name there, what it takes, and the largest number; integers alone, or any. */
interface Written {
  option: keyof ImpairmentOptions;
  takes: string;
  example: string;
  maximum: number;
  integer: boolean;
}

const probability = (option: keyof ImpairmentOptions): Written => ({
  option,
  takes: 'a probability from 0 to 1',
  example: '0.01',
  maximum: 1,
  integer: false,
});
const microseconds = (option: keyof ImpairmentOptions, example: string): Written => ({
  option,
  takes: 'microseconds from 0 to 1e9',
  example,
  maximum: LONGEST_US,
  integer: false,
});

const written: Record<string, Written> = {
  loss: probability('loss'),
  duplicate: probability('duplicate'),
  reorder: probability('reorder'),
  reorder_delay_us: microseconds('reorderDelayUs', '200'),
  corrupt: probability('corrupt'),
  delay_us: microseconds('delayUs', '20000'),
  jitter_us: microseconds('jitterUs', '1000'),
  queue_frames: {
    option: 'queueFrames',
    takes: 'an integer from 1 to 1e6',
    example: '4096',
    maximum: MOST_FRAMES,
    integer: true,
  },
  seed: {
    option: 'seed',
    takes: 'an integer from 0 on',
    example: '7',
    maximum: Number.MAX_SAFE_INTEGER,
    integer: true,
  },
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
    const found = Object.hasOwn(written, name) ? written[name] : null;
    if (found === null) {
      const names = Object.keys(written).join(', ');
      reject(text, `there is no '${name}'; write some of ${names}, as in loss=0.01,seed=7`);
    }
    if (seen.has(name)) reject(text, `${name} is given twice`);
    seen.add(name);
    const number = value === undefined || rest.length > 0 ? Number.NaN : readNumber(found, value);
    if (Number.isNaN(number)) reject(text, `${name} takes ${found.takes}, as in ${name}=${found.example}`);
    options[found.option] = number;
  }
  return options;
}

/** NaN when the value is not allowed. */
function readNumber({ option, maximum, integer }: Written, value: string): number {
  const number = /^(\d+\.?\d*|\.\d+)(e-?\d+)?$/i.test(value) ? Number(value) : Number.NaN;
  if (integer && !Number.isSafeInteger(number)) return Number.NaN;
  if (option === 'queueFrames' && number < 1) return Number.NaN;
  return number <= maximum ? number : Number.NaN;
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
  /** Dice of its own, so that jitter leaves the faults where they are without it. */
  readonly #jitterRandom: Random;
  /** When the frame before arrives. */
  #previousUs = -0.5;
  /** Where the bit to be flipped lies, as a fraction of the frame. */
  #position = 0;

  /**
   * @param options read at each throw, so that a test may change them as it goes
   * @param stream distinguishes the dice that share a seed
   */
  constructor(options: ImpairmentOptions, stream: number) {
    this.#options = options;
    this.#random = new Random(options.seed * 2 + stream);
    this.#jitterRandom = new Random(-1 - (options.seed * 2 + stream));
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

  /** When a frame arrives that leaves now, unless it is held back besides. */
  arrivalUs(nowUs: number): number {
    const { delayUs, jitterUs } = this.#options;
    const arrivalUs = nowUs + delayUs;
    if (jitterUs === 0) return arrivalUs;
    this.#previousUs = Math.max(this.#previousUs, arrivalUs + jitterUs * this.#jitterRandom.fraction());
    return this.#previousUs;
  }

  /** Flips the one bit that the last roll chose. */
  flipBit(bytes: Uint8Array, at: number, length: number): void {
    const bit = Math.floor(this.#position * length * 8);
    bytes[at + (bit >>> 3)] ^= 1 << (bit & 7);
  }
}
