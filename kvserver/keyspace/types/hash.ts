/** A hash: fields and their values, both strings of one character a byte. */
import { latin1 } from '../../resp/bytes.ts';
import type { EncodingLimits } from './encoding-limits.ts';
import { ABSENT, Members } from './members.ts';
import { Pages } from './pages.ts';

export class HashValue {
  /** Few short fields and values ever since: Redis would have a listpack. */
  isCompact = true;
  readonly #limits: EncodingLimits;
  readonly #fields: Members;
  /** By the field's place. */
  readonly #values: Pages<string>;

  constructor(limits: EncodingLimits, fields = new Members(), values = new Pages<string>()) {
    this.#limits = limits;
    this.#fields = fields;
    this.#values = values;
  }

  get size(): number {
    return this.#values.length;
  }

  indexShape(): ReturnType<Members['indexShape']> {
    return this.#fields.indexShape();
  }

  get encoding(): string {
    return this.isCompact ? 'listpack' : 'hashtable';
  }

  /** The place of a field, 0 to size - 1, or ABSENT. Places change when a field is deleted. */
  find(bytes: Uint8Array, start: number, length: number): number {
    return this.#fields.find(bytes, start, length);
  }

  fieldAt(place: number): string {
    return this.#fields.at(place);
  }

  valueAt(place: number): string {
    return this.#values.at(place);
  }

  /** Gives a field this value. Returns whether the field is new. */
  set(bytes: Uint8Array, start: number, length: number, value: string): boolean {
    const place = this.#fields.find(bytes, start, length);
    if (place === ABSENT) {
      this.#fields.append(latin1(bytes, start, length));
      this.#values.push(value);
    } else {
      this.#values.set(place, value);
    }
    if (this.isCompact) {
      const { hashEntries, hashBytes } = this.#limits;
      this.isCompact = length <= hashBytes && value.length <= hashBytes && this.size <= hashEntries;
    }
    return place === ABSENT;
  }

  /** Whether there was such a field. */
  delete(field: string): boolean {
    const place = this.#fields.findText(field);
    if (place === ABSENT) return false;
    this.#fields.remove(place);
    const last = this.#values.pop();
    if (place < this.#values.length) this.#values.set(place, last);
    return true;
  }

  copy(): HashValue {
    const copy = new HashValue(this.#limits, this.#fields.copy(), this.#values.copy());
    copy.isCompact = this.isCompact;
    return copy;
  }
}
