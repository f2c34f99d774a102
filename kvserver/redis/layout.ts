/**
 * The memory that the port of Redis and its engine share between foreign calls: struct rp_shared of native/port.h,
 * field by field. library.ts checks its size when it loads the port.
 */

export const SLOTS = 1 << 17;
export const INPUTS = 4096;
export const BLOCKS = 1024;
const OUTPUTS = 2048;
const DEPTH = 4;

const HEADER_BYTES = 64;
const INPUT_BYTES = 24;
const OUTPUT_BYTES = 16;
const BLOCK_BYTES = 16;

/** Where tables begin, in bytes. */
const INPUT_AT = HEADER_BYTES;
const OUTPUT_AT = INPUT_AT + DEPTH * INPUTS * INPUT_BYTES;
const LENT_AT = OUTPUT_AT + OUTPUTS * OUTPUT_BYTES;
const UNSENT_AT = LENT_AT + BLOCKS * BLOCK_BYTES;
const HOLDING_AT = UNSENT_AT + SLOTS * 4;
export const SHARED_BYTES = HOLDING_AT + SLOTS;

/** Words of the header; INPUTS_OF and the depth name the count of inputs. */
const INPUTS_OF = 0;
const OUTPUT_COUNT = 4;
const BLOCK_COUNT = 5;
const CLOSING = 6;
const WAITING = 7;
const EXIT_CODE = 8;
const DEPTH_NOW = 9;
const ROOM = 10;
const END_SIGNALS = 11;
const CALLS = 12;
const IN_REDIS = 13;

export const InputKind = { Data: 1, End: 2, Reset: 3 } as const;
/** What one connection may have unsent, as in port.h; one that waits goes on below half of it. */
export const UNSENT_MAX = 256 * 1024;
export const OutputKind = { Send: 1, Close: 2, Resume: 3 } as const;

/** Views of the shared memory, which begin where it does. */
export class SharedTables {
  readonly #words: Int32Array;
  readonly #doubles: Float64Array;
  readonly #unsent: Int32Array;
  readonly #holding: Uint8Array;

  /** `memory`: SHARED_BYTES. */
  constructor(memory: ArrayBuffer) {
    this.#words = new Int32Array(memory, 0, UNSENT_AT / 4);
    this.#doubles = new Float64Array(memory, 0, UNSENT_AT / 8);
    this.#unsent = new Int32Array(memory, UNSENT_AT, SLOTS);
    this.#holding = new Uint8Array(memory, HOLDING_AT, SLOTS);
  }

  /** Inputs that were given at this depth and not run yet. */
  get inputCount(): number {
    return this.#words[INPUTS_OF + this.#words[DEPTH_NOW]];
  }

  /** `address`: of `length` bytes. There must be fewer than INPUTS. */
  addInput(kind: number, slot: number, address: number, length: number): void {
    const depth = this.#words[DEPTH_NOW];
    const index = this.#words[INPUTS_OF + depth]++;
    const at = INPUT_AT + (depth * INPUTS + index) * INPUT_BYTES;
    const word = at >> 2;
    this.#words[word] = kind;
    this.#words[word + 1] = slot;
    this.#doubles[(at >> 3) + 1] = address;
    this.#words[word + 4] = length;
  }

  get outputCount(): number {
    return this.#words[OUTPUT_COUNT];
  }

  outputKind(index: number): number {
    return this.#words[(OUTPUT_AT + index * OUTPUT_BYTES) >> 2];
  }

  outputSlot(index: number): number {
    return this.#words[((OUTPUT_AT + index * OUTPUT_BYTES) >> 2) + 1];
  }

  /** Number of the block. */
  outputBlock(index: number): number {
    return this.#words[((OUTPUT_AT + index * OUTPUT_BYTES) >> 2) + 2];
  }

  /** How many of the block's bytes. */
  outputLength(index: number): number {
    return this.#words[((OUTPUT_AT + index * OUTPUT_BYTES) >> 2) + 3];
  }

  /** All outputs were taken. */
  clearOutputs(): void {
    this.#words[OUTPUT_COUNT] = 0;
  }

  /** Blocks that are lent and not used yet. */
  get blockCount(): number {
    return this.#words[BLOCK_COUNT];
  }

  lend(number: number, address: number, capacity: number): void {
    const at = LENT_AT + this.#words[BLOCK_COUNT]++ * BLOCK_BYTES;
    this.#doubles[at >> 3] = address;
    this.#words[(at >> 2) + 2] = capacity;
    this.#words[(at >> 2) + 3] = number;
  }

  /** Connections that closed and are not among the outputs yet. */
  get closing(): number {
    return this.#words[CLOSING];
  }

  /** Connections whose output waits for room. */
  get waiting(): number {
    return this.#words[WAITING];
  }

  /** There is room for one that waits. */
  setRoom(): void {
    this.#words[ROOM] = 1;
  }

  /** null while Redis runs. */
  get exitCode(): number | null {
    const code = this.#words[EXIT_CODE];
    return code < 0 ? null : code;
  }

  /** Signals that were to end the server. */
  get endSignals(): number {
    return this.#words[END_SIGNALS];
  }

  /** Calls into Redis so far. */
  get calls(): number {
    return this.#words[CALLS];
  }

  /** One of them is under way, and has not turned to the network. */
  get isInRedis(): boolean {
    return this.#words[IN_REDIS] !== 0;
  }

  setUnsent(slot: number, bytes: number): void {
    this.#unsent[slot] = bytes;
  }

  /** Whether Redis does not read from this connection now: give it no more before its output Resume. */
  isHolding(slot: number): boolean {
    return this.#holding[slot] !== 0;
  }
}
