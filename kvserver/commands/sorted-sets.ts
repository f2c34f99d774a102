/** Commands on members of a sorted set; those on ranges and on several sets are in files of their own. */
import type { Client } from '../client.ts';
import { events } from '../keyspace/key-events.ts';
import { ABSENT } from '../keyspace/types/members.ts';
import { SortedSetValue } from '../keyspace/types/sorted-set.ts';
import { TYPE_SORTED_SET } from '../keyspace/types/value.ts';
import type { ReplyWriter } from '../resp/reply.ts';
import type { Request } from '../resp/request.ts';
import { zscan } from './element-scans.ts';
import {
  changed,
  deleteEmptied,
  find,
  isTypeOrAbsent,
  objectToChange,
  objectToRead,
  removeMembers,
  replyEmptyArray,
  replyNil,
  replyZero,
} from './lookup.ts';
import { zrandmember } from './random-members.ts';
import { MUST_BE_POSITIVE, NOT_A_FLOAT, SYNTAX_ERROR } from './replies.ts';
import type { CommandSpec } from './table.ts';

interface AddOptions {
  nx: boolean;
  xx: boolean;
  gt: boolean;
  lt: boolean;
  /** Count the changed members too. */
  ch: boolean;
  incr: boolean;
  /** First argument behind the options. */
  next: number;
}

/** Words begin behind the digits. */
const NINE = 0x39;
const OPTION_WORDS = ['nx', 'xx', 'gt', 'lt', 'ch', 'incr'] as const;

function addOptions(request: Request): AddOptions {
  const options: AddOptions = { nx: false, xx: false, gt: false, lt: false, ch: false, incr: false, next: 2 };
  for (; options.next < request.argc; options.next++) {
    if (request.bytes[request.start[options.next]] <= NINE) break;
    const word = OPTION_WORDS.find((candidate) => request.is(options.next, candidate));
    if (word === undefined) break;
    options[word] = true;
  }
  return options;
}

function zadd(client: Client, request: Request, reply: ReplyWriter): void {
  addScores(client, request, reply, addOptions(request));
}

function zincrby(client: Client, request: Request, reply: ReplyWriter): void {
  addScores(client, request, reply, { ...addOptions(request), incr: true });
}

function addScores(client: Client, request: Request, reply: ReplyWriter, options: AddOptions): void {
  const { nx, xx, gt, lt, ch, incr, next } = options;
  const pairs = (request.argc - next) / 2;
  if (pairs === 0 || !Number.isInteger(pairs)) {
    reply.error(SYNTAX_ERROR);
    return;
  }
  if (nx && xx) {
    reply.error('ERR XX and NX options at the same time are not compatible');
    return;
  }
  if ((gt && (nx || lt)) || (lt && nx)) {
    reply.error('ERR GT, LT, and/or NX options at the same time are not compatible');
    return;
  }
  if (incr && pairs > 1) {
    reply.error('ERR INCR option supports a single increment-element pair');
    return;
  }
  const scores: number[] = [];
  for (let i = next; i < request.argc; i += 2) {
    const score = request.double(i);
    if (Number.isNaN(score)) {
      reply.error(NOT_A_FLOAT);
      return;
    }
    scores.push(score);
  }
  const entry = find(client, request, 1);
  if (!isTypeOrAbsent(client, entry, TYPE_SORTED_SET, reply)) return;
  const set =
    entry === 0
      ? new SortedSetValue(client.database.encodingLimits)
      : (client.database.object(entry) as SortedSetValue);
  let added = 0;
  let updated = 0;
  let result: number | null = null;
  for (let pair = 0; pair < pairs; pair++) {
    const given = scores[pair];
    const index = next + 2 * pair + 1;
    const place = set.find(request.bytes, request.start[index], request.length[index]);
    if (place === ABSENT) {
      if (xx) continue;
      set.set(request.text(index), given);
      result = given;
      added++;
      continue;
    }
    if (nx) continue;
    const former = set.scoreAt(place);
    const score = incr ? former + given : given;
    if (Number.isNaN(score)) {
      reply.error('ERR resulting score is not a number (NaN)');
      return;
    }
    if ((gt && score <= former) || (lt && score >= former)) continue;
    result = score;
    if (score !== former) {
      set.set(request.text(index), score);
      updated++;
    }
  }
  if (entry === 0 && set.size > 0) {
    const { bytes, start, length } = request;
    client.database.insertObject(bytes, start[1], length[1], TYPE_SORTED_SET, set);
  }
  if (added + updated > 0) changed(client, request, 1, incr ? events.zincr : events.zadd);
  if (!incr) reply.integer(ch ? added + updated : added);
  else if (result === null) reply.nil();
  else reply.double(result);
}

function zpopmin(client: Client, request: Request, reply: ReplyWriter): void {
  pop(client, request, reply, false);
}

function zpopmax(client: Client, request: Request, reply: ReplyWriter): void {
  pop(client, request, reply, true);
}

function pop(client: Client, request: Request, reply: ReplyWriter, highest: boolean): void {
  if (request.argc > 3) {
    reply.error(SYNTAX_ERROR);
    return;
  }
  const wanted = request.argc === 3 ? request.integer(2) : 1;
  if (Number.isNaN(wanted) || wanted < 0) {
    reply.error(MUST_BE_POSITIVE);
    return;
  }
  const set = objectToChange<SortedSetValue>(client, request, reply, TYPE_SORTED_SET, replyEmptyArray);
  if (!set) return;
  const count = Math.min(wanted, set.size);
  // In RESP3 the members of a counted pop come as pairs.
  const paired = reply.protocol === 3 && request.argc === 3;
  reply.array(paired ? count : 2 * count);
  for (let i = 0; i < count; i++) {
    const { member, score } = highest ? set.last() : set.first();
    if (paired) reply.array(2);
    reply.bulkText(member);
    reply.double(score);
    set.delete(member);
  }
  if (count > 0) changed(client, request, 1, highest ? events.zpopmax : events.zpopmin);
  if (set.size === 0) deleteEmptied(client, request);
}

/** The place of the member in one argument, or ABSENT. */
function placeOf(set: SortedSetValue, request: Request, index: number): number {
  return set.find(request.bytes, request.start[index], request.length[index]);
}

function zscore(client: Client, request: Request, reply: ReplyWriter): void {
  const set = objectToRead<SortedSetValue>(client, request, reply, TYPE_SORTED_SET, replyNil);
  if (set) writeScore(set, placeOf(set, request, 2), reply);
}

function zmscore(client: Client, request: Request, reply: ReplyWriter): void {
  const absent = (): void => {
    reply.array(request.argc - 2);
    for (let i = 2; i < request.argc; i++) reply.nil();
  };
  const set = objectToRead<SortedSetValue>(client, request, reply, TYPE_SORTED_SET, absent);
  if (!set) return;
  reply.array(request.argc - 2);
  for (let i = 2; i < request.argc; i++) writeScore(set, placeOf(set, request, i), reply);
}

function writeScore(set: SortedSetValue, place: number, reply: ReplyWriter): void {
  if (place === ABSENT) reply.nil();
  else reply.double(set.scoreAt(place));
}

function zrank(client: Client, request: Request, reply: ReplyWriter): void {
  writeRank(client, request, reply, false);
}

function zrevrank(client: Client, request: Request, reply: ReplyWriter): void {
  writeRank(client, request, reply, true);
}

function writeRank(client: Client, request: Request, reply: ReplyWriter, reverse: boolean): void {
  const set = objectToRead<SortedSetValue>(client, request, reply, TYPE_SORTED_SET, replyNil);
  if (!set) return;
  const place = placeOf(set, request, 2);
  if (place === ABSENT) {
    reply.nil();
    return;
  }
  const rank = set.rankAt(place);
  reply.integer(reverse ? set.size - 1 - rank : rank);
}

function zcard(client: Client, request: Request, reply: ReplyWriter): void {
  const set = objectToRead<SortedSetValue>(client, request, reply, TYPE_SORTED_SET, replyZero);
  if (set) reply.integer(set.size);
}

function zrem(client: Client, request: Request, reply: ReplyWriter): void {
  const set = objectToChange<SortedSetValue>(client, request, reply, TYPE_SORTED_SET, replyZero);
  if (set) removeMembers(client, request, reply, set, events.zrem);
}

const ONE_KEY = { first: 1, last: 1, step: 1 };

export const sortedSetCommands: CommandSpec[] = [
  {
    name: 'zadd',
    arity: -4,
    flags: ['write', 'denyoom', 'fast'],
    keys: ONE_KEY,
    summary: 'Add members to a sorted set or change their scores',
    handler: zadd,
  },
  {
    name: 'zincrby',
    arity: 4,
    flags: ['write', 'denyoom', 'fast'],
    keys: ONE_KEY,
    summary: 'Add to the score of a member',
    handler: zincrby,
  },
  {
    name: 'zpopmin',
    arity: -2,
    flags: ['write', 'fast'],
    keys: ONE_KEY,
    summary: 'Take the members with the lowest scores',
    handler: zpopmin,
  },
  {
    name: 'zpopmax',
    arity: -2,
    flags: ['write', 'fast'],
    keys: ONE_KEY,
    summary: 'Take the members with the highest scores',
    handler: zpopmax,
  },
  {
    name: 'zrandmember',
    arity: -2,
    flags: ['readonly'],
    keys: ONE_KEY,
    summary: 'Random members of a sorted set',
    handler: zrandmember,
  },
  {
    name: 'zscan',
    arity: -3,
    flags: ['readonly'],
    keys: ONE_KEY,
    summary: 'The members and scores of a sorted set, some at a time',
    handler: zscan,
  },
  {
    name: 'zscore',
    arity: 3,
    flags: ['readonly', 'fast'],
    keys: ONE_KEY,
    summary: 'Score of a member',
    handler: zscore,
  },
  {
    name: 'zmscore',
    arity: -3,
    flags: ['readonly', 'fast'],
    keys: ONE_KEY,
    summary: 'Scores of several members',
    handler: zmscore,
  },
  {
    name: 'zrank',
    arity: 3,
    flags: ['readonly', 'fast'],
    keys: ONE_KEY,
    summary: 'Rank of a member from the lowest score up',
    handler: zrank,
  },
  {
    name: 'zrevrank',
    arity: 3,
    flags: ['readonly', 'fast'],
    keys: ONE_KEY,
    summary: 'Rank of a member from the highest score down',
    handler: zrevrank,
  },
  {
    name: 'zcard',
    arity: 2,
    flags: ['readonly', 'fast'],
    keys: ONE_KEY,
    summary: 'Number of members of a sorted set',
    handler: zcard,
  },
  {
    name: 'zrem',
    arity: -3,
    flags: ['write', 'fast'],
    keys: ONE_KEY,
    summary: 'Remove members from a sorted set',
    handler: zrem,
  },
];
