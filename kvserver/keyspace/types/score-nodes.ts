/**
 * The nodes of a tree of members with scores (score-order.ts). All leaves have the same height, 0: a node does not know
 * its own, which is passed with it. None is empty, but a leaf that is the whole tree.
 */

const LEAF_MAX = 128;
const CHILDREN_MAX = 64;
/** A node that falls below this share of the most joins a neighbour, where both together are below the second one. */
const SMALL_SHARE = 1 / 4;
const JOINED_SHARE = 1 / 2;

export type ScoreNode = Leaf | Branch;

export class Leaf {
  readonly scores: number[];
  readonly members: string[];
  /** Neighbours in the order of the tree. */
  next: Leaf | null = null;
  previous: Leaf | null = null;

  constructor(scores: number[] = [], members: string[] = []) {
    this.scores = scores;
    this.members = members;
  }
}

export class Branch {
  readonly children: ScoreNode[];
  /** How many members each child has. */
  readonly sizes: number[];
  /** Between child i and the next one: none of child i is behind bound i, all of the next one are. */
  readonly boundScores: number[];
  readonly boundMembers: string[];

  constructor(children: ScoreNode[], sizes: number[], boundScores: number[], boundMembers: string[]) {
    this.children = children;
    this.sizes = sizes;
    this.boundScores = boundScores;
    this.boundMembers = boundMembers;
  }
}

/** What a node that was too large has given to a new one behind it, and the bound between both. */
interface SplitOff {
  readonly node: ScoreNode;
  readonly size: number;
  readonly score: number;
  readonly member: string;
}

/** Where a member stands among others in order, or belongs. */
export function placeAmong(scores: number[], members: string[], score: number, member: string): number {
  let low = 0;
  let high = members.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const other = scores[middle];
    // Strings of one character a byte compare as their bytes do.
    if (other < score || (other === score && members[middle] < member)) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The child that has a member, or where it belongs. */
export function childFor({ boundScores, boundMembers }: Branch, score: number, member: string): number {
  return placeAmong(boundScores, boundMembers, score, member);
}

export function sizeBefore({ sizes }: Branch, child: number): number {
  let sum = 0;
  for (let i = 0; i < child; i++) sum += sizes[i];
  return sum;
}

/** Adds a member that is not there. `isLast`: nothing is behind this node. Returns what it has split off, or null. */
export function addTo(
  node: ScoreNode,
  height: number,
  score: number,
  member: string,
  isLast: boolean,
): SplitOff | null {
  if (height === 0) return addToLeaf(node as Leaf, score, member, isLast);
  const branch = node as Branch;
  const { children, sizes } = branch;
  const at = childFor(branch, score, member);
  sizes[at] = sizes[at] + 1;
  const split = addTo(children[at], height - 1, score, member, isLast && at === children.length - 1);
  if (split === null) return null;
  sizes[at] = sizes[at] - split.size;
  children.splice(at + 1, 0, split.node);
  sizes.splice(at + 1, 0, split.size);
  branch.boundScores.splice(at, 0, split.score);
  branch.boundMembers.splice(at, 0, split.member);
  if (children.length <= CHILDREN_MAX) return null;
  return splitBranch(branch, isLast && at === children.length - 2);
}

function addToLeaf(leaf: Leaf, score: number, member: string, isLast: boolean): SplitOff | null {
  const { scores, members } = leaf;
  const place = placeAmong(scores, members, score, member);
  const last = members.length;
  scores.push(score);
  members.push(member);
  for (let i = last; i > place; i--) {
    scores[i] = scores[i - 1];
    members[i] = members[i - 1];
  }
  scores[place] = score;
  members[place] = member;
  if (members.length <= LEAF_MAX) return null;
  // What is added in order leaves full nodes behind it.
  const from = isLast && place === last ? last : members.length >>> 1;
  const upper = new Leaf(scores.splice(from), members.splice(from));
  linkBehind(leaf, upper);
  return { node: upper, size: upper.members.length, score: scores[from - 1], member: members[from - 1] };
}

function splitBranch(branch: Branch, inOrder: boolean): SplitOff {
  const { children, sizes, boundScores, boundMembers } = branch;
  const from = inOrder ? children.length - 1 : children.length >>> 1;
  const upper = new Branch(
    children.splice(from),
    sizes.splice(from),
    boundScores.splice(from),
    boundMembers.splice(from),
  );
  // The bound behind the last child that stays is the one between both.
  const score = boundScores.pop() as number;
  const member = boundMembers.pop() as string;
  return { node: upper, size: sizeBefore(upper, upper.children.length), score, member };
}

function linkBehind(leaf: Leaf, added: Leaf): void {
  added.next = leaf.next;
  added.previous = leaf;
  if (leaf.next !== null) leaf.next.previous = added;
  leaf.next = added;
}

function unlink(leaf: Leaf): void {
  if (leaf.next !== null) leaf.next.previous = leaf.previous;
  if (leaf.previous !== null) leaf.previous.next = leaf.next;
}

/** Removes up to `count` from this rank on, which is there; returns how many, at least one. */
export function removeFrom(node: ScoreNode, height: number, rank: number, count: number): number {
  if (height === 0) {
    const { scores, members } = node as Leaf;
    const removed = Math.min(count, members.length - rank);
    for (let i = rank; i + removed < members.length; i++) {
      scores[i] = scores[i + removed];
      members[i] = members[i + removed];
    }
    for (let i = 0; i < removed; i++) {
      scores.pop();
      members.pop();
    }
    return removed;
  }
  const branch = node as Branch;
  const { children, sizes } = branch;
  let at = 0;
  let left = rank;
  while (left >= sizes[at]) left -= sizes[at++];
  const removed = removeFrom(children[at], height - 1, left, count);
  sizes[at] = sizes[at] - removed;
  if (sizes[at] === 0) dropChild(branch, at, height);
  else if (isSmall(children[at], height - 1) && !joinWithNext(branch, at, height)) {
    joinWithNext(branch, at - 1, height);
  }
  return removed;
}

function lengthOf(node: ScoreNode, height: number): number {
  return height === 0 ? (node as Leaf).members.length : (node as Branch).children.length;
}

function lengthMax(height: number): number {
  return height === 0 ? LEAF_MAX : CHILDREN_MAX;
}

function isSmall(node: ScoreNode, height: number): boolean {
  return lengthOf(node, height) < lengthMax(height) * SMALL_SHARE;
}

/** Of a branch of this height. */
function dropChild(branch: Branch, at: number, height: number): void {
  const [dropped] = branch.children.splice(at, 1);
  branch.sizes.splice(at, 1);
  const bound = Math.min(at, branch.boundScores.length - 1);
  if (bound >= 0) {
    branch.boundScores.splice(bound, 1);
    branch.boundMembers.splice(bound, 1);
  }
  if (height === 1) unlink(dropped as Leaf);
}

/** Joins a child of a branch of this height with the next one, where there is one and both together are not large. */
function joinWithNext(branch: Branch, at: number, height: number): boolean {
  const { children, sizes } = branch;
  if (at < 0 || at + 1 >= children.length) return false;
  const both = lengthOf(children[at], height - 1) + lengthOf(children[at + 1], height - 1);
  if (both > lengthMax(height - 1) * JOINED_SHARE) return false;
  const [score] = branch.boundScores.splice(at, 1);
  const [member] = branch.boundMembers.splice(at, 1);
  const [joined] = children.splice(at + 1, 1);
  const [size] = sizes.splice(at + 1, 1);
  sizes[at] = sizes[at] + size;
  if (height === 1) {
    const into = children[at] as Leaf;
    const leaf = joined as Leaf;
    into.scores.push(...leaf.scores);
    into.members.push(...leaf.members);
    unlink(leaf);
  } else {
    const into = children[at] as Branch;
    const other = joined as Branch;
    into.children.push(...other.children);
    into.sizes.push(...other.sizes);
    into.boundScores.push(score, ...other.boundScores);
    into.boundMembers.push(member, ...other.boundMembers);
  }
  return true;
}

/** A copy of a node and of all below it; its first leaf is linked to `before`. */
export function copyOf(node: ScoreNode, height: number, before: Leaf | null): ScoreNode {
  if (height === 0) {
    const { scores, members } = node as Leaf;
    const copy = new Leaf(scores.slice(), members.slice());
    if (before !== null) linkBehind(before, copy);
    return copy;
  }
  const { children, sizes, boundScores, boundMembers } = node as Branch;
  const copies: ScoreNode[] = [];
  let last = before;
  for (const child of children) {
    const copy = copyOf(child, height - 1, last);
    last = lastLeaf(copy, height - 1);
    copies.push(copy);
  }
  return new Branch(copies, sizes.slice(), boundScores.slice(), boundMembers.slice());
}

function lastLeaf(node: ScoreNode, height: number): Leaf {
  let last = node;
  for (let level = height; level > 0; level--) last = (last as Branch).children.at(-1) as ScoreNode;
  return last as Leaf;
}
