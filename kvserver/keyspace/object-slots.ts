/**
 * The values other than strings, by numbers that blocks can hold: a number that becomes free is used again. What they
 * take of memory is estimated when somebody asks; while that is followed, only of those used since it was asked last.
 */
import { allValuesBytes, valueBytes } from './types/memory.ts';
import type { ObjectValue } from './types/value.ts';

/** By so many of its elements the size of a value is estimated. */
const ELEMENTS_SAMPLED = 5;
/** Of so many values that were used the sizes are looked at, also where nobody asks. */
const USED_MAX = 10_000;

export class ObjectSlots {
  /** null where a number is free. */
  readonly #values: (ObjectValue | null)[] = [];
  readonly #free: number[] = [];
  /** Bytes of each value; null while they are not followed. */
  #bytesOf: number[] | null = null;
  #bytes = 0;
  /** Values that may have changed since they were measured. */
  readonly #used: number[] = [];

  /** The number that the next value gets. */
  get next(): number {
    return this.#free.at(-1) ?? this.#values.length;
  }

  /** Bytes of all values, about. */
  get bytes(): number {
    if (this.#bytesOf === null) return allValuesBytes(this.#values);
    this.#measureUsed(this.#bytesOf);
    return this.#bytes;
  }

  add(value: ObjectValue): void {
    const slot = this.#free.pop() ?? this.#values.length;
    this.#values[slot] = value;
    if (this.#bytesOf !== null) this.#note(slot, this.#bytesOf);
  }

  /** The value may be changed until the next request. */
  use(slot: number): ObjectValue {
    if (this.#bytesOf !== null) this.#note(slot, this.#bytesOf);
    return this.#values[slot] as ObjectValue;
  }

  drop(slot: number): void {
    this.#values[slot] = null;
    this.#free.push(slot);
    if (this.#bytesOf !== null) this.#note(slot, this.#bytesOf);
  }

  /** From now on the bytes of values are followed, or no more. */
  follow(on: boolean): void {
    if (on === (this.#bytesOf !== null)) return;
    this.#used.length = 0;
    this.#bytes = 0;
    this.#bytesOf = on ? [] : null;
    if (on) for (let slot = 0; slot < this.#values.length; slot++) this.#used.push(slot);
  }

  #note(slot: number, bytesOf: number[]): void {
    const used = this.#used;
    if (used.length > 0 && used[used.length - 1] === slot) return;
    if (used.length >= USED_MAX) this.#measureUsed(bytesOf);
    used.push(slot);
  }

  #measureUsed(bytesOf: number[]): void {
    for (const slot of this.#used) {
      const value = this.#values[slot];
      const bytes = value === null ? 0 : valueBytes(value, ELEMENTS_SAMPLED);
      this.#bytes += bytes - (bytesOf[slot] ?? 0);
      bytesOf[slot] = bytes;
    }
    this.#used.length = 0;
  }
}
