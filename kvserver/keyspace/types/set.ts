/** A set of strings (one character a byte) from which a random member can be taken in constant time. */

export class SetValue {
  readonly #members: string[] = [];
  readonly #placeOf = new Map<string, number>();

  get size(): number {
    return this.#members.length;
  }

  has(member: string): boolean {
    return this.#placeOf.has(member);
  }

  /** Whether the member is new. */
  add(member: string): boolean {
    if (this.#placeOf.has(member)) return false;
    this.#placeOf.set(member, this.#members.length);
    this.#members.push(member);
    return true;
  }

  /** Whether it was a member. */
  delete(member: string): boolean {
    const place = this.#placeOf.get(member);
    if (place === undefined) return false;
    this.#placeOf.delete(member);
    const last = this.#members.pop()!;
    if (place < this.#members.length) {
      this.#members[place] = last;
      this.#placeOf.set(last, place);
    }
    return true;
  }

  /** A member chosen at random; the set is not empty. */
  random(): string {
    return this.#members[Math.floor(Math.random() * this.#members.length)];
  }

  /** The members themselves, not a copy: do not change the set while going through them. */
  values(): readonly string[] {
    return this.#members;
  }

  copy(): SetValue {
    const copy = new SetValue();
    for (const member of this.#members) copy.add(member);
    return copy;
  }
}
