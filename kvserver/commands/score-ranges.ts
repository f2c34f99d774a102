/** Bounds of ranges in a sorted set, by score and by bytes, and the ranks that lie within. */
import type { SortedSetValue } from '../keyspace/types/sorted-set.ts';
import { parseBound } from '../resp/numbers.ts';
import type { ReplyWriter } from '../resp/reply.ts';
import type { Request } from '../resp/request.ts';
import { NOT_AN_INTEGER } from './replies.ts';

/** What the arguments with the lower and the upper bound mean. */
export type RangeKind = 'rank' | 'score' | 'lex';

/** Both ends belong to it; a negative rank counts from the last member, -1. */
interface RankRange {
  kind: 'rank';
  start: number;
  end: number;
}

interface ScoreRange {
  kind: 'score';
  min: number;
  minIsOpen: boolean;
  max: number;
  maxIsOpen: boolean;
}

/** -1: before all members; 1: behind all members; 0: at `text`. */
interface LexBound {
  beyond: -1 | 0 | 1;
  text: string;
  isOpen: boolean;
}

interface LexRange {
  kind: 'lex';
  min: LexBound;
  max: LexBound;
}

export type Range = RankRange | ScoreRange | LexRange;

/** So many members from a rank on, upwards or downwards. */
export interface Span {
  rank: number;
  count: number;
}

const EMPTY: Span = { rank: 0, count: 0 };

/** The range that two arguments give; null with the error written. */
export function readRange(
  kind: RangeKind,
  request: Request,
  reply: ReplyWriter,
  min: number,
  max: number,
): Range | null {
  if (kind === 'rank') {
    const start = request.integer(min);
    const end = request.integer(max);
    if (!Number.isNaN(start) && !Number.isNaN(end)) return { kind, start, end };
    reply.error(NOT_AN_INTEGER);
    return null;
  }
  if (kind === 'score') {
    const minText = request.text(min);
    const maxText = request.text(max);
    const range: ScoreRange = {
      kind,
      min: parseBound(withoutParenthesis(minText)),
      minIsOpen: minText.startsWith('('),
      max: parseBound(withoutParenthesis(maxText)),
      maxIsOpen: maxText.startsWith('('),
    };
    if (!Number.isNaN(range.min) && !Number.isNaN(range.max)) return range;
    reply.error('ERR min or max is not a float');
    return null;
  }
  const low = readLexBound(request.text(min));
  const high = readLexBound(request.text(max));
  if (low !== null && high !== null) return { kind, min: low, max: high };
  reply.error('ERR min or max not valid string range item');
  return null;
}

function withoutParenthesis(text: string): string {
  return text.startsWith('(') ? text.slice(1) : text;
}

function readLexBound(text: string): LexBound | null {
  if (text.startsWith('(')) return { beyond: 0, text: text.slice(1), isOpen: true };
  if (text.startsWith('[')) return { beyond: 0, text: text.slice(1), isOpen: false };
  // C reads the sign alone up to a zero byte.
  const [sign] = text.split('\0', 1);
  if (sign === '-') return { beyond: -1, text: '', isOpen: true };
  if (sign === '+') return { beyond: 1, text: '', isOpen: true };
  return null;
}

/**
 * The members of the set within the range, without the first `offset`, at most `limit` where that is not negative;
 * of ranks all. `reverse`: downwards from the upper end, from which ranks count too.
 */
export function spanOf(
  set: SortedSetValue,
  range: Range,
  reverse: boolean,
  offset: number,
  limit: number,
): Span {
  if (range.kind === 'rank') return spanOfRanks(set, range, reverse);
  if (offset < 0) return EMPTY;
  if (range.kind === 'lex' && set.isCompact) return spanOfCompact(set, range, reverse, offset, limit);
  let from: number;
  let to: number;
  if (range.kind === 'score') {
    from = set.countBelow(range.min, range.minIsOpen);
    to = set.countBelow(range.max, !range.maxIsOpen);
  } else {
    from = range.min.beyond === 0 ? countBelow(set, range.min, range.min.isOpen) : endOf(set, range.min);
    to = range.max.beyond === 0 ? countBelow(set, range.max, !range.max.isOpen) : endOf(set, range.max);
  }
  const all = to - from - offset;
  const count = Math.max(0, limit < 0 ? all : Math.min(limit, all));
  return { rank: reverse ? to - 1 - offset : from + offset, count };
}

function spanOfRanks({ size }: SortedSetValue, range: RankRange, reverse: boolean): Span {
  const start = range.start < 0 ? Math.max(0, range.start + size) : range.start;
  const end = Math.min(size - 1, range.end < 0 ? range.end + size : range.end);
  return { rank: reverse ? size - 1 - start : start, count: Math.max(0, end - start + 1) };
}

function countBelow(set: SortedSetValue, bound: LexBound, inclusive: boolean): number {
  return set.countMembersBelow(bound.text, inclusive);
}

function endOf(set: SortedSetValue, bound: LexBound): number {
  return bound.beyond < 0 ? 0 : set.size;
}

/**
 * As spanOf, of a range by bytes, which is meant for members of one score. Where a small set has several, Redis goes
 * through them from one end to the first within the range, and on to the first that is not.
 */
function spanOfCompact(
  set: SortedSetValue,
  { min, max }: LexRange,
  reverse: boolean,
  offset: number,
  limit: number,
): Span {
  const members: string[] = [];
  set.range(reverse ? set.size - 1 : 0, set.size, reverse, (member) => members.push(member));
  const isAboveMin = (member: string): boolean => {
    if (min.beyond !== 0) return min.beyond < 0;
    return member > min.text || (!min.isOpen && member === min.text);
  };
  const isBelowMax = (member: string): boolean => {
    if (max.beyond !== 0) return max.beyond > 0;
    return member < max.text || (!max.isOpen && member === max.text);
  };
  const [isIn, isStill] = reverse ? [isBelowMax, isAboveMin] : [isAboveMin, isBelowMax];
  const ends = [members[0], members[members.length - 1]];
  const [lowest, highest] = reverse ? ends.reverse() : ends;
  if (isEmptyRange(min, max) || !isAboveMin(highest) || !isBelowMax(lowest)) return EMPTY;
  const first = members.findIndex(isIn);
  if (first < 0 || !isStill(members[first])) return EMPTY;
  const start = first + offset;
  let end = start;
  while (end < members.length && end - start !== limit && isStill(members[end])) end++;
  return { rank: reverse ? set.size - 1 - start : start, count: Math.max(0, end - start) };
}

function isEmptyRange(min: LexBound, max: LexBound): boolean {
  if (min.beyond !== 0 || max.beyond !== 0) return min.beyond >= max.beyond;
  return min.text > max.text || (min.text === max.text && (min.isOpen || max.isOpen));
}
