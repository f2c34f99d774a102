/**
 * Requests of a trace on their way from the thread that reads its file to one that sends them: a ring in shared memory.
 *
 *     units of 8 bytes:   time (ns, a double) | value bytes, operation and key bytes (2 x 32 bits) | key ...
 *
 * One thread appends, another takes. A record lies in one piece: where the end of the ring has no room for it, a time
 * that is no number says that it goes on at the beginning.
 */
const UNIT_BYTES = 8;
const HEAD_UNITS = 2;
/** Some hundred thousand requests. */
const RING_UNITS = 2 ** 21;
/** Places in the words: where the next record is taken, where the next one is appended, and whether that was all. */
const [TAKEN, APPENDED, ENDED] = [0, 1, 2];
const KEY_BITS = 16;

/** What the two threads share. */
export interface RingMemory {
  words: Int32Array;
  data: SharedArrayBuffer;
}

export function createRing(units = RING_UNITS): RingMemory {
  return {
    words: new Int32Array(new SharedArrayBuffer(12)),
    data: new SharedArrayBuffer(units * UNIT_BYTES),
  };
}

export class RingWriter {
  readonly #words: Int32Array;
  readonly #times: Float64Array;
  readonly #numbers: Int32Array;
  readonly #bytes: Uint8Array;

  constructor({ words, data }: RingMemory) {
    this.#words = words;
    this.#times = new Float64Array(data);
    this.#numbers = new Int32Array(data);
    this.#bytes = new Uint8Array(data);
  }

  /** False where there is no room now. */
  append(timeNs: number, operation: number, key: Uint8Array, keyBytes: number, valueBytes: number): boolean {
    const words = this.#words;
    const units = this.#times.length;
    const needed = HEAD_UNITS + Math.ceil(keyBytes / UNIT_BYTES);
    const taken = Atomics.load(words, TAKEN);
    let at = words[APPENDED];
    if (at >= taken) {
      // One unit stays free: a full ring is not an empty one. And one is left at its end for what says that it goes on.
      const fits = at + needed < units;
      if (!fits && needed >= taken) return false;
      if (!fits) {
        this.#times[at] = Number.NaN;
        at = 0;
      }
    } else if (at + needed >= taken) {
      return false;
    }
    this.#times[at] = timeNs;
    this.#numbers[2 * at + 2] = valueBytes;
    this.#numbers[2 * at + 3] = (operation << KEY_BITS) | keyBytes;
    this.#bytes.set(key.subarray(0, keyBytes), (at + HEAD_UNITS) * UNIT_BYTES);
    Atomics.store(words, APPENDED, at + needed);
    Atomics.notify(words, APPENDED);
    return true;
  }

  /** Nothing more comes. */
  end(): void {
    Atomics.store(this.#words, ENDED, 1);
    Atomics.notify(this.#words, APPENDED);
  }
}

/** How often a thread that waits for a request looks whether it is to stop. */
const LOOK_MS = 20;

export class RingReader {
  /** Of the record that was found. Its key stands in `bytes`, until it is released. */
  timeNs = 0;
  operation = 0;
  valueBytes = 0;
  keyAt = 0;
  keyBytes = 0;
  readonly bytes: Uint8Array;
  readonly #words: Int32Array;
  readonly #times: Float64Array;
  readonly #numbers: Int32Array;
  readonly #stopRequested: () => boolean;
  #next = 0;

  constructor({ words, data }: RingMemory, stopRequested: () => boolean) {
    this.#words = words;
    this.#times = new Float64Array(data);
    this.#numbers = new Int32Array(data);
    this.bytes = new Uint8Array(data);
    this.#stopRequested = stopRequested;
  }

  /** Finds the next record, waiting for it. False when there is none any more, or the thread is to stop. */
  find(): boolean {
    const words = this.#words;
    let at = this.#next;
    while (Atomics.load(words, APPENDED) === at) {
      if (Atomics.load(words, ENDED) === 1 && Atomics.load(words, APPENDED) === at) return false;
      if (this.#stopRequested()) return false;
      Atomics.wait(words, APPENDED, at, LOOK_MS);
    }
    if (Number.isNaN(this.#times[at])) at = 0;
    this.timeNs = this.#times[at];
    this.valueBytes = this.#numbers[2 * at + 2];
    const packed = this.#numbers[2 * at + 3];
    this.operation = packed >>> KEY_BITS;
    this.keyBytes = packed & (2 ** KEY_BITS - 1);
    this.keyAt = (at + HEAD_UNITS) * UNIT_BYTES;
    this.#next = at + HEAD_UNITS + Math.ceil(this.keyBytes / UNIT_BYTES);
    return true;
  }

  /** Gives the place of all records that were found so far back to the writer, but for the last one. */
  releaseBefore(): void {
    Atomics.store(this.#words, TAKEN, this.keyAt / UNIT_BYTES - HEAD_UNITS);
  }
}
