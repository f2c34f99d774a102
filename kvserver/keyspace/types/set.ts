/** A set of strings (one character a byte) from which a random member can be taken in constant time. */
import { latin1Bytes } from '../../resp/bytes.ts';
import { parseInt64 } from '../../resp/numbers.ts';
import type { EncodingLimits } from './encoding-limits.ts';
import { ABSENT, Members } from './members.ts';

export class SetValue {
  /** Integers only, and few of them ever since: Redis would have an intset. */
  isCompact = true;
  readonly #limits: EncodingLimits;
  readonly #members: Members;

  constructor(limits: EncodingLimits, members = new Members()) {
    this.#limits = limits;
    this.#members = members;
  }

  get size(): number {
    return this.#members.size;
  }

  indexShape(): ReturnType<Members['indexShape']> {
    return this.#members.indexShape();
  }

  get encoding(): string {
    return this.isCompact ? 'intset' : 'hashtable';
  }

  /** The member in a place, 0 to size - 1. Places change when a member is deleted. */
  at(place: number): string {
    return this.#members.at(place);
  }

  has(member: string): boolean {
    return this.#members.findText(member) !== ABSENT;
  }

  includes(bytes: Uint8Array, start: number, length: number): boolean {
    return this.#members.find(bytes, start, length) !== ABSENT;
  }

  /** Whether the member is new. */
  add(member: string): boolean {
    if (this.#members.findText(member) !== ABSENT) return false;
    this.#members.append(member);
    if (this.isCompact) this.#checkCompact(member);
    return true;
  }

  /** Whether it was a member. */
  delete(member: string): boolean {
    const place = this.#members.findText(member);
    if (place === ABSENT) return false;
    this.#members.remove(place);
    return true;
  }

  /** The place of a member chosen at random; the set is not empty. */
  randomPlace(): number {
    return Math.floor(Math.random() * this.#members.size);
  }

  /** Removes and returns a member chosen at random; the set is not empty. */
  takeRandom(): string {
    const place = this.randomPlace();
    const member = this.#members.at(place);
    this.#members.remove(place);
    return member;
  }

  /** As if it were made anew from its members, which Redis does where it keeps a few of many. */
  remake(): void {
    this.isCompact = true;
    for (let place = 0; place < this.size && this.isCompact; place++) this.#checkCompact(this.at(place));
  }

  copy(): SetValue {
    const copy = new SetValue(this.#limits, this.#members.copy());
    copy.isCompact = this.isCompact;
    return copy;
  }

  #checkCompact(member: string): void {
    this.isCompact = this.size <= this.#limits.setEntries && isInteger(member);
  }
}

function isInteger(text: string): boolean {
  return text.length <= 20 && parseInt64(latin1Bytes(text), 0, text.length) !== null;
}
