/** The values other than strings, by numbers that blocks can hold: a number that becomes free is used again. */
import type { ObjectValue } from './types/value.ts';

export class ObjectSlots {
  /** null where a number is free. */
  readonly values: (ObjectValue | null)[] = [];
  readonly #free: number[] = [];

  /** The number that the next value gets. */
  get next(): number {
    return this.#free.at(-1) ?? this.values.length;
  }

  add(value: ObjectValue): void {
    this.values[this.#free.pop() ?? this.values.length] = value;
  }

  drop(slot: number): void {
    this.values[slot] = null;
    this.#free.push(slot);
  }
}
