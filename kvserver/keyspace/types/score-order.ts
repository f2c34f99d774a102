/**
 * Members with scores in the order of their scores, then of their bytes, with their ranks: a B+ tree whose
 * branches know how many members each child has (Knuth, vol. 3, 6.2.4 and 6.2.3 on ranks). To add, to remove, a
 * rank, a place by rank and a bound take logarithmic time, however many there are. Leaves hold plain arrays: a
 * member costs little memory, and a range is read in one go.
 */
import {
  addTo,
  Branch,
  childFor,
  copyOf,
  Leaf,
  placeAmong,
  removeFrom,
  type ScoreNode,
  sizeBefore,
} from './score-nodes.ts';

export interface SortedSetEntry {
  readonly member: string;
  readonly score: number;
}

/** Where in its leaf the rank is that was sought last. */
let soughtPlace = 0;

export class ScoreOrder {
  size = 0;
  #root: ScoreNode = new Leaf();
  /** Of the root; a leaf has the height 0. */
  #height = 0;

  /** Of a member that is not there. */
  add(score: number, member: string): void {
    const root = this.#root;
    const split = addTo(root, this.#height, score, member, true);
    this.size++;
    if (split === null) return;
    this.#root = new Branch(
      [root, split.node],
      [this.size - split.size, split.size],
      [split.score],
      [split.member],
    );
    this.#height++;
  }

  /** Of a member that is there, with the score that it has. */
  remove(score: number, member: string): void {
    this.removeRange(this.countBefore(score, member), 1);
  }

  /** How many stand before this one. */
  countBefore(score: number, member: string): number {
    let node = this.#root;
    let before = 0;
    for (let level = this.#height; level > 0; level--) {
      const branch = node as Branch;
      const at = childFor(branch, score, member);
      before += sizeBefore(branch, at);
      node = branch.children[at];
    }
    const { scores, members } = node as Leaf;
    return before + placeAmong(scores, members, score, member);
  }

  /** How many have a lower score; with `inclusive` the same score counts too. */
  countBelow(score: number, inclusive: boolean): number {
    let node = this.#root;
    let before = 0;
    for (let level = this.#height; level > 0; level--) {
      const branch = node as Branch;
      const at = scoresBelow(branch.boundScores, score, inclusive);
      before += sizeBefore(branch, at);
      node = branch.children[at];
    }
    return before + scoresBelow((node as Leaf).scores, score, inclusive);
  }

  /** As countBelow by the bytes of members, which all have the same score. */
  countMembersBelow(member: string, inclusive: boolean): number {
    let node = this.#root;
    let before = 0;
    for (let level = this.#height; level > 0; level--) {
      const branch = node as Branch;
      const at = membersBelow(branch.boundMembers, member, inclusive);
      before += sizeBefore(branch, at);
      node = branch.children[at];
    }
    return before + membersBelow((node as Leaf).members, member, inclusive);
  }

  /** Calls `visit` for `count` members from this rank on, upwards or downwards, as far as there are any. */
  range(rank: number, count: number, reverse: boolean, visit: (member: string, score: number) => void): void {
    if (rank < 0 || rank >= this.size) return;
    let leaf = this.#seek(rank);
    let place = soughtPlace;
    for (let left = count; left > 0; left--) {
      visit(leaf.members[place], leaf.scores[place]);
      if (reverse) {
        if (--place >= 0) continue;
        if (leaf.previous === null) return;
        leaf = leaf.previous;
        place = leaf.members.length - 1;
      } else if (++place === leaf.members.length) {
        if (leaf.next === null) return;
        leaf = leaf.next;
        place = 0;
      }
    }
  }

  /** The one of this rank, which is there. */
  at(rank: number): SortedSetEntry {
    const leaf = this.#seek(rank);
    return { member: leaf.members[soughtPlace], score: leaf.scores[soughtPlace] };
  }

  /** Removes so many from this rank on; all of them are there. */
  removeRange(rank: number, count: number): void {
    for (let left = count; left > 0; ) {
      const removed = removeFrom(this.#root, this.#height, rank, left);
      left -= removed;
      this.size -= removed;
      this.#lowerRoot();
    }
  }

  copy(): ScoreOrder {
    const copy = new ScoreOrder();
    copy.size = this.size;
    copy.#root = copyOf(this.#root, this.#height, null);
    copy.#height = this.#height;
    return copy;
  }

  /** The leaf of a rank that is there; its place in it is `soughtPlace`. */
  #seek(rank: number): Leaf {
    let node = this.#root;
    let left = rank;
    for (let level = this.#height; level > 0; level--) {
      const { children, sizes } = node as Branch;
      let at = 0;
      while (left >= sizes[at]) left -= sizes[at++];
      node = children[at];
    }
    soughtPlace = left;
    return node as Leaf;
  }

  #lowerRoot(): void {
    for (; this.#height > 0; this.#height--) {
      const { children } = this.#root as Branch;
      if (children.length > 1) return;
      if (children.length === 0) {
        this.#root = new Leaf();
        this.#height = 0;
        return;
      }
      [this.#root] = children;
    }
  }
}

/** How many of these, which ascend, are below. */
function scoresBelow(scores: number[], bound: number, inclusive: boolean): number {
  let low = 0;
  let high = scores.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const score = scores[middle];
    if (score < bound || (inclusive && score === bound)) low = middle + 1;
    else high = middle;
  }
  return low;
}

function membersBelow(members: string[], bound: string, inclusive: boolean): number {
  let low = 0;
  let high = members.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const member = members[middle];
    if (member < bound || (inclusive && member === bound)) low = middle + 1;
    else high = middle;
  }
  return low;
}
