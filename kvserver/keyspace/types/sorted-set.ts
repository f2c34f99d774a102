/** A sorted set: members with their scores, the score of a member at once, and their order (score-order.ts). */
import type { EncodingLimits } from './encoding-limits.ts';
import { ABSENT, Members } from './members.ts';
import { Pages } from './pages.ts';
import { ScoreOrder, type SortedSetEntry } from './score-order.ts';

export class SortedSetValue {
  /** Few short members ever since: Redis would have a listpack. */
  isCompact = true;
  readonly #limits: EncodingLimits;
  readonly #members: Members;
  /** By the member's place. */
  readonly #scores: Pages<number>;
  readonly #order: ScoreOrder;

  constructor(
    limits: EncodingLimits,
    members = new Members(),
    scores = new Pages<number>(),
    order = new ScoreOrder(),
  ) {
    this.#limits = limits;
    this.#members = members;
    this.#scores = scores;
    this.#order = order;
  }

  get size(): number {
    return this.#members.size;
  }

  indexShape(): ReturnType<Members['indexShape']> {
    return this.#members.indexShape();
  }

  get encoding(): string {
    return this.isCompact ? 'listpack' : 'skiplist';
  }

  score(member: string): number | undefined {
    const place = this.#members.findText(member);
    return place === ABSENT ? undefined : this.#scores.at(place);
  }

  /** The place of a member, 0 to size - 1 in no order, or ABSENT. Places change when a member is deleted. */
  find(bytes: Uint8Array, start: number, length: number): number {
    return this.#members.find(bytes, start, length);
  }

  memberAt(place: number): string {
    return this.#members.at(place);
  }

  scoreAt(place: number): number {
    return this.#scores.at(place);
  }

  /** Adds the member or changes its score. */
  set(member: string, score: number): void {
    const place = this.#members.findText(member);
    if (place === ABSENT) {
      this.#members.append(member);
      if (this.isCompact) this.#checkCompact(member);
      const kept = this.#asKept(score);
      this.#scores.push(kept);
      this.#order.add(kept, member);
    } else {
      const kept = this.#asKept(score);
      this.#order.remove(this.#scores.at(place), member);
      this.#scores.set(place, kept);
      this.#order.add(kept, member);
    }
  }

  /** Whether it was a member. */
  delete(member: string): boolean {
    const place = this.#members.findText(member);
    if (place === ABSENT) return false;
    this.#order.remove(this.#scores.at(place), member);
    this.#forget(place);
    return true;
  }

  /** The set is not empty. */
  first(): SortedSetEntry {
    return this.#order.at(0);
  }

  /** The set is not empty. */
  last(): SortedSetEntry {
    return this.#order.at(this.size - 1);
  }

  /** How many members stand before the one in this place. */
  rankAt(place: number): number {
    return this.#order.countBefore(this.#scores.at(place), this.#members.at(place));
  }

  /** How many have a lower score; with `inclusive` the same score counts too. */
  countBelow(score: number, inclusive: boolean): number {
    return this.#order.countBelow(score, inclusive);
  }

  /** How many stand before these bytes, where all have the same score; with `inclusive` up to them. */
  countMembersBelow(member: string, inclusive: boolean): number {
    return this.#order.countMembersBelow(member, inclusive);
  }

  /** Calls `visit` for `count` members from this rank on, upwards or downwards, as far as there are any. */
  range(rank: number, count: number, reverse: boolean, visit: (member: string, score: number) => void): void {
    this.#order.range(rank, count, reverse, visit);
  }

  /** Removes so many from this rank on; all of them are in the set. */
  deleteRange(rank: number, count: number): void {
    this.#order.range(rank, count, false, (member) => this.#forget(this.#members.findText(member)));
    this.#order.removeRange(rank, count);
  }

  /** As if its members had been given to it all at once, which Redis does with a result. */
  remake(): void {
    this.isCompact = this.size <= this.#limits.sortedSetEntries;
    for (let place = 0; place < this.size && this.isCompact; place++) {
      this.#checkCompact(this.#members.at(place));
    }
    for (let place = 0; place < this.size && this.isCompact; place++) {
      if (this.#scores.at(place) === 0) this.set(this.#members.at(place), 0);
    }
  }

  copy(): SortedSetValue {
    const copy = new SortedSetValue(
      this.#limits,
      this.#members.copy(),
      this.#scores.copy(),
      this.#order.copy(),
    );
    copy.isCompact = this.isCompact;
    return copy;
  }

  #checkCompact(member: string): void {
    const { sortedSetEntries, sortedSetBytes } = this.#limits;
    this.isCompact = this.size <= sortedSetEntries && member.length <= sortedSetBytes;
  }

  /** A listpack has no negative zero. */
  #asKept(score: number): number {
    return this.isCompact ? score + 0 : score;
  }

  #forget(place: number): void {
    this.#members.remove(place);
    const last = this.#scores.pop();
    if (place < this.#scores.length) this.#scores.set(place, last);
  }
}
