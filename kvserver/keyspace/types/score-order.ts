/**
 * Members with scores in the order of their scores, then of their bytes, with their ranks: sorted leaves of up to
 * LEAF_MAX members, found by binary search, and a tree of sums over how many each leaf has (Fenwick 1994, "A new data
 * structure for cumulative frequency tables"). A rank, a place by rank and a bound take logarithmic time. Leaves hold
 * plain arrays: a member costs little memory, and a range is read in one go.
 */

const LEAF_MAX = 256;
/** A leaf that falls below joins a neighbour where both together stay below LEAF_JOINED_MAX. */
const LEAF_MIN = LEAF_MAX / 4;
const LEAF_JOINED_MAX = LEAF_MAX / 2;

const outOfDate = new Int32Array(0);

class Leaf {
  readonly scores: number[];
  readonly members: string[];

  constructor(scores: number[], members: string[]) {
    this.scores = scores;
    this.members = members;
  }
}

export interface SortedSetEntry {
  readonly member: string;
  readonly score: number;
}

export class ScoreOrder {
  size = 0;
  /** None is empty, but the only one. */
  readonly #leaves: Leaf[] = [new Leaf([], [])];
  /** Sums of the sizes of leaves, from 1 on, or outOfDate. */
  #sums = new Int32Array(2);

  /** Of a member that is not there. */
  add(score: number, member: string): void {
    const index = this.#leafFor(score, member);
    const leaf = this.#leaves[index];
    insertAt(leaf, placeIn(leaf, score, member), score, member);
    this.size++;
    if (leaf.members.length > LEAF_MAX) this.#split(index);
    else this.#count(index, 1);
  }

  /** Of a member that is there, with the score that it has. */
  remove(score: number, member: string): void {
    const index = this.#leafFor(score, member);
    const leaf = this.#leaves[index];
    const place = placeIn(leaf, score, member);
    removeFrom(leaf, place, 1);
    this.size--;
    this.#count(index, -1);
    if (leaf.members.length < LEAF_MIN) this.#joinWithNeighbour(index);
  }

  /** How many stand before this one. */
  countBefore(score: number, member: string): number {
    const index = this.#leafFor(score, member);
    return this.#sumBefore(index) + placeIn(this.#leaves[index], score, member);
  }

  /** How many have a lower score; with `inclusive` the same score counts too. */
  countBelow(score: number, inclusive: boolean): number {
    const leaves = this.#leaves;
    let low = 0;
    let high = leaves.length - 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const { scores } = leaves[middle];
      if (isBelow(scores[scores.length - 1], score, inclusive)) low = middle + 1;
      else high = middle;
    }
    const { scores } = leaves[low];
    let place = 0;
    let end = scores.length;
    while (place < end) {
      const middle = (place + end) >>> 1;
      if (isBelow(scores[middle], score, inclusive)) place = middle + 1;
      else end = middle;
    }
    return this.#sumBefore(low) + place;
  }

  /** As countBelow by the bytes of members, which all have the same score. */
  countMembersBelow(member: string, inclusive: boolean): number {
    const leaves = this.#leaves;
    let low = 0;
    let high = leaves.length - 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const { members } = leaves[middle];
      if (isMemberBelow(members[members.length - 1], member, inclusive)) low = middle + 1;
      else high = middle;
    }
    const { members } = leaves[low];
    let place = 0;
    let end = members.length;
    while (place < end) {
      const middle = (place + end) >>> 1;
      if (isMemberBelow(members[middle], member, inclusive)) place = middle + 1;
      else end = middle;
    }
    return this.#sumBefore(low) + place;
  }

  /** Calls `visit` for `count` members from this rank on, upwards or downwards, as far as there are any. */
  range(rank: number, count: number, reverse: boolean, visit: (member: string, score: number) => void): void {
    if (rank < 0 || rank >= this.size) return;
    const leaves = this.#leaves;
    let index = this.#leafAt(rank);
    let place = rank - this.#sumBefore(index);
    for (let left = count; left > 0; left--) {
      const leaf = leaves[index];
      visit(leaf.members[place], leaf.scores[place]);
      if (reverse) {
        if (--place >= 0) continue;
        if (--index < 0) return;
        place = leaves[index].members.length - 1;
      } else if (++place === leaf.members.length) {
        if (++index === leaves.length) return;
        place = 0;
      }
    }
  }

  /** The one of this rank, which is there. */
  at(rank: number): SortedSetEntry {
    const index = this.#leafAt(rank);
    const place = rank - this.#sumBefore(index);
    const leaf = this.#leaves[index];
    return { member: leaf.members[place], score: leaf.scores[place] };
  }

  /** Removes so many from this rank on; all of them are there. */
  removeRange(rank: number, count: number): void {
    this.size -= count;
    const leaves = this.#leaves;
    const first = this.#leafAt(rank);
    let place = rank - this.#sumBefore(first);
    let index = first;
    let left = count;
    while (left > 0) {
      const leaf = leaves[index];
      const taken = Math.min(left, leaf.members.length - place);
      removeFrom(leaf, place, taken);
      left -= taken;
      place = 0;
      index++;
    }
    // What was emptied lies between the first and the last that were touched.
    let from = first;
    if (leaves[from].members.length > 0) from++;
    let to = index;
    if (to > from && leaves[to - 1].members.length > 0) to--;
    leaves.splice(from, to - from);
    if (leaves.length === 0) leaves.push(new Leaf([], []));
    this.#sums = outOfDate;
    const touched = Math.min(first, leaves.length - 1);
    if (leaves[touched].members.length < LEAF_MIN) this.#joinWithNeighbour(touched);
  }

  copy(): ScoreOrder {
    const copy = new ScoreOrder();
    copy.size = this.size;
    copy.#leaves.length = 0;
    for (const { scores, members } of this.#leaves) {
      copy.#leaves.push(new Leaf(scores.slice(), members.slice()));
    }
    copy.#sums = outOfDate;
    return copy;
  }

  /** The leaf that has the member, or where it belongs. */
  #leafFor(score: number, member: string): number {
    const leaves = this.#leaves;
    let low = 0;
    let high = leaves.length - 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const leaf = leaves[middle];
      if (precedes(leaf, leaf.members.length - 1, score, member)) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #split(index: number): void {
    const leaf = this.#leaves[index];
    const half = leaf.members.length >>> 1;
    // What is added at an end, in order, leaves full leaves behind it.
    const isLast = index === this.#leaves.length - 1;
    const from = isLast ? leaf.members.length - 1 : half;
    const upper = new Leaf(leaf.scores.splice(from), leaf.members.splice(from));
    this.#leaves.splice(index + 1, 0, upper);
    this.#sums = outOfDate;
  }

  #joinWithNeighbour(index: number): void {
    if (!this.#joinWithNext(index)) this.#joinWithNext(index - 1);
  }

  /** Joins a leaf with the next one, where both together are small or one is empty. */
  #joinWithNext(index: number): boolean {
    const leaves = this.#leaves;
    if (index < 0 || index + 1 >= leaves.length) return false;
    const into = leaves[index];
    const { scores, members } = leaves[index + 1];
    const isOneEmpty = into.members.length === 0 || members.length === 0;
    if (!isOneEmpty && into.members.length + members.length > LEAF_JOINED_MAX) return false;
    for (let i = 0; i < members.length; i++) {
      into.scores.push(scores[i]);
      into.members.push(members[i]);
    }
    leaves.splice(index + 1, 1);
    this.#sums = outOfDate;
    return true;
  }

  #count(index: number, change: number): void {
    const sums = this.#sums;
    if (sums.length === 0) return;
    for (let i = index + 1; i < sums.length; i += i & -i) sums[i] = sums[i] + change;
  }

  #sumBefore(index: number): number {
    if (index === 0) return 0;
    const sums = this.#upToDateSums();
    let sum = 0;
    for (let i = index; i > 0; i -= i & -i) sum += sums[i];
    return sum;
  }

  /** The leaf of a rank that is there. */
  #leafAt(rank: number): number {
    const count = this.#leaves.length;
    if (count === 1) return 0;
    const sums = this.#upToDateSums();
    let index = 0;
    let left = rank;
    for (let step = 1 << (31 - Math.clz32(count)); step > 0; step >>>= 1) {
      const next = index + step;
      if (next <= count && sums[next] <= left) {
        index = next;
        left -= sums[next];
      }
    }
    return index;
  }

  #upToDateSums(): Int32Array {
    if (this.#sums.length > 0) return this.#sums;
    const leaves = this.#leaves;
    const sums = new Int32Array(leaves.length + 1);
    for (let i = 1; i < sums.length; i++) {
      sums[i] = sums[i] + leaves[i - 1].members.length;
      const parent = i + (i & -i);
      if (parent < sums.length) sums[parent] = sums[parent] + sums[i];
    }
    this.#sums = sums;
    return sums;
  }
}

/** Strings of one character a byte compare as their bytes do. */
function precedes(leaf: Leaf, place: number, score: number, member: string): boolean {
  const other = leaf.scores[place];
  return other < score || (other === score && leaf.members[place] < member);
}

function isBelow(score: number, bound: number, inclusive: boolean): boolean {
  return score < bound || (inclusive && score === bound);
}

function isMemberBelow(member: string, bound: string, inclusive: boolean): boolean {
  return member < bound || (inclusive && member === bound);
}

/** Where the member stands in the leaf, or belongs. */
function placeIn(leaf: Leaf, score: number, member: string): number {
  let low = 0;
  let high = leaf.members.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (precedes(leaf, middle, score, member)) low = middle + 1;
    else high = middle;
  }
  return low;
}

function insertAt({ scores, members }: Leaf, place: number, score: number, member: string): void {
  scores.push(score);
  members.push(member);
  for (let i = members.length - 1; i > place; i--) {
    scores[i] = scores[i - 1];
    members[i] = members[i - 1];
  }
  scores[place] = score;
  members[place] = member;
}

function removeFrom({ scores, members }: Leaf, place: number, count: number): void {
  scores.splice(place, count);
  members.splice(place, count);
}
