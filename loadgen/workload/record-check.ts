/**
 * Judges a record that comes as names and values of its fields in turn, in any order, as HGETALL has them: whether it
 * has each of its fields once, with a value of its own.
 *
 * Fields are written by themselves, so each has a version of its own, and one that is old may still be the newest. What
 * a write has left behind is in the record for certain: the newest field is at least as new as the write that was
 * acknowledged before the record was asked for. A record whose newest field is older is stale.
 */
import { FIELDS_MAX } from '../../results/formats/command-text.ts';
import { type ValueCheck, ValueVerdict } from './value-check.ts';

const FIELD = 'field';
const prefix = new Uint8Array(Buffer.from(FIELD));

/** Names of the fields, as YCSB has them. */
export function fieldName(field: number): string {
  return `${FIELD}${field}`;
}

export class RecordCheck {
  readonly #value: ValueCheck;
  #key = 0;
  #fields = 0;
  #floor = 0;
  /** Of the fields so far, a bit each. */
  #seen = 0;
  /** The highest version so far; -1 where some are another writer's, so that it says nothing. */
  #newest = 0;
  #verdict: ValueVerdict = ValueVerdict.Good;
  #isName = false;
  /** The name so far: how many bytes, and its number, or -1 where it is none. */
  #nameBytes = 0;
  #named = 0;

  /** @param value checks the values, one after the other */
  constructor(value: ValueCheck) {
    this.#value = value;
  }

  /** The record of a key with so many fields follows; one that only has versions below `floor` is stale. */
  begin(key: number, fields: number, floor: number): void {
    this.#key = key;
    this.#fields = fields;
    this.#floor = floor;
    this.#seen = 0;
    this.#newest = 0;
    this.#verdict = ValueVerdict.Good;
  }

  /** A name or a value of `length` bytes follows: the element number `index`, from 0. */
  elementBegins(index: number, length: number): void {
    this.#isName = (index & 1) === 0;
    if (this.#isName) {
      this.#nameBytes = 0;
      this.#named = 0;
    } else {
      this.#value.begin(this.#key, length, 0, Math.max(0, this.#named));
    }
  }

  /** Looks at the next `count` bytes of the element. */
  take(bytes: Uint8Array, at: number, count: number): void {
    if (!this.#isName) {
      this.#value.take(bytes, at, count);
      return;
    }
    for (let i = at; i < at + count; i++) this.#takeOfName(bytes[i]);
  }

  elementEnds(): void {
    if (this.#isName) {
      const field = this.#nameBytes > prefix.length && this.#named < this.#fields ? this.#named : -1;
      if (field < 0 || ((this.#seen >>> field) & 1) === 1) this.#note(ValueVerdict.Foreign);
      else this.#seen |= 1 << field;
      return;
    }
    const verdict = this.#value.verdict();
    this.#note(verdict);
    if (verdict !== ValueVerdict.Good || this.#newest < 0) return;
    const version = this.#value.comparableVersion();
    this.#newest = version < 0 ? -1 : Math.max(this.#newest, version);
  }

  /** Of the whole record, of which as many elements came as it must have. */
  verdict(): ValueVerdict {
    const isStale = this.#verdict === ValueVerdict.Good && this.#newest >= 0 && this.#newest < this.#floor;
    return isStale ? ValueVerdict.Stale : this.#verdict;
  }

  #takeOfName(byte: number): void {
    const place = this.#nameBytes++;
    if (this.#named < 0) return;
    if (place < prefix.length) {
      if (byte !== prefix[place]) this.#named = -1;
      return;
    }
    const digit = byte - 48;
    // No number of a field begins with 0, but 0 itself.
    const isFirst = place === prefix.length;
    const isDigit = digit >= 0 && digit <= 9 && (isFirst || this.#named > 0) && this.#named < FIELDS_MAX;
    this.#named = isDigit ? 10 * this.#named + digit : -1;
  }

  #note(verdict: ValueVerdict): void {
    if (this.#verdict === ValueVerdict.Good) this.#verdict = verdict;
  }
}
