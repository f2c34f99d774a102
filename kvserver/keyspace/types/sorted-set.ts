/**
 * A sorted set: members by score, then by their bytes. A skip list with spans gives ranks and ranges in
 * logarithmic time (Pugh 1990; with spans and a backward link as Redis's t_zset.c has it), a map the score of
 * a member. The lists are rings through the header, which stands before the first member and behind the last.
 */

const LEVELS_MAX = 32;
const LEVEL_PROBABILITY = 0.25;

class Node {
  readonly member: string;
  readonly score: number;
  readonly forward: Node[];
  /** How many members lie between this node and the next one of the level, that one included. */
  readonly span: number[];
  backward: Node;

  /** A ring of its own. */
  constructor(member: string, score: number, levels: number) {
    this.member = member;
    this.score = score;
    this.forward = new Array(levels).fill(this);
    this.backward = this;
    this.span = new Array(levels).fill(0);
  }
}

export type SortedSetEntry = Pick<Node, 'member' | 'score'>;

export class SortedSetValue {
  readonly #scores = new Map<string, number>();
  readonly #header = new Node('', 0, LEVELS_MAX);
  #levels = 1;

  get size(): number {
    return this.#scores.size;
  }

  score(member: string): number | undefined {
    return this.#scores.get(member);
  }

  /** Adds the member or changes its score. */
  set(member: string, score: number): void {
    const former = this.#scores.get(member);
    if (former !== undefined) this.#unlink(member, former);
    this.#scores.set(member, score);
    this.#link(member, score);
  }

  /** Whether it was a member. */
  delete(member: string): boolean {
    const score = this.#scores.get(member);
    if (score === undefined) return false;
    this.#scores.delete(member);
    this.#unlink(member, score);
    return true;
  }

  /** The set is not empty. */
  first(): SortedSetEntry {
    return this.#header.forward[0];
  }

  /** The set is not empty. */
  last(): SortedSetEntry {
    return this.#header.backward;
  }

  /** How many members come before this one, which is in the set. */
  rank(member: string): number {
    return this.#countBefore(this.#scores.get(member)!, member);
  }

  /** Calls `visit` for `count` members from this rank on, which is in the set, upwards or downwards. */
  range(rank: number, count: number, reverse: boolean, visit: (entry: SortedSetEntry) => void): void {
    let node = this.#at(rank);
    for (; count > 0 && node !== this.#header; count--) {
      visit(node);
      node = reverse ? node.backward : node.forward[0];
    }
  }

  copy(): SortedSetValue {
    const copy = new SortedSetValue();
    for (const [member, score] of this.#scores) copy.set(member, score);
    return copy;
  }

  /** The header where the rank is beyond the last. */
  #at(rank: number): Node {
    const header = this.#header;
    let left = rank + 1;
    let node = header;
    for (let level = this.#levels - 1; level >= 0; level--) {
      while (node.forward[level] !== header && node.span[level] <= left) {
        left -= node.span[level];
        node = node.forward[level];
      }
      if (left === 0) return node;
    }
    return header;
  }

  #countBefore(score: number, member: string): number {
    const header = this.#header;
    let count = 0;
    let node = header;
    for (let level = this.#levels - 1; level >= 0; level--) {
      let next = node.forward[level];
      while (next !== header && precedes(next, score, member)) {
        count += node.span[level];
        node = next;
        next = node.forward[level];
      }
    }
    return count;
  }

  #link(member: string, score: number): void {
    const header = this.#header;
    const before: Node[] = [];
    const rankOf: number[] = [];
    let node = header;
    let rank = 0;
    for (let level = this.#levels - 1; level >= 0; level--) {
      let next = node.forward[level];
      while (next !== header && precedes(next, score, member)) {
        rank += node.span[level];
        node = next;
        next = node.forward[level];
      }
      before[level] = node;
      rankOf[level] = rank;
    }
    const levels = randomLevels();
    for (; this.#levels < levels; this.#levels++) {
      before[this.#levels] = header;
      rankOf[this.#levels] = 0;
      header.span[this.#levels] = this.#scores.size - 1;
    }
    const added = new Node(member, score, levels);
    for (let level = 0; level < levels; level++) {
      const previous = before[level];
      const skipped = rank - rankOf[level];
      added.forward[level] = previous.forward[level];
      added.span[level] = previous.span[level] - skipped;
      previous.forward[level] = added;
      previous.span[level] = skipped + 1;
    }
    for (let level = levels; level < this.#levels; level++) before[level].span[level]++;
    added.backward = before[0];
    added.forward[0].backward = added;
  }

  #unlink(member: string, score: number): void {
    const header = this.#header;
    const before: Node[] = [];
    let node = header;
    for (let level = this.#levels - 1; level >= 0; level--) {
      let next = node.forward[level];
      while (next !== header && precedes(next, score, member)) {
        node = next;
        next = node.forward[level];
      }
      before[level] = node;
    }
    const removed = before[0].forward[0];
    for (let level = 0; level < this.#levels; level++) {
      const previous = before[level];
      if (previous.forward[level] === removed) {
        previous.span[level] += removed.span[level] - 1;
        previous.forward[level] = removed.forward[level];
      } else {
        previous.span[level]--;
      }
    }
    removed.forward[0].backward = removed.backward;
    while (this.#levels > 1 && header.forward[this.#levels - 1] === header) this.#levels--;
  }
}

/** Strings of one character a byte compare as their bytes do. */
function precedes(node: Node, score: number, member: string): boolean {
  return node.score < score || (node.score === score && node.member < member);
}

function randomLevels(): number {
  let levels = 1;
  while (levels < LEVELS_MAX && Math.random() < LEVEL_PROBABILITY) levels++;
  return levels;
}
