/** Commands on the members of a sorted set whose rank, score or bytes lie within a range. */
import type { Client } from '../client.ts';
import { ELEMENT_BYTES } from '../heap-room.ts';
import { events, type KeyEvent } from '../keyspace/key-events.ts';
import { SortedSetValue } from '../keyspace/types/sorted-set.ts';
import { TYPE_SORTED_SET } from '../keyspace/types/value.ts';
import type { ReplyWriter } from '../resp/reply.ts';
import type { Request } from '../resp/request.ts';
import {
  changed,
  deleteEmptied,
  deleteKey,
  find,
  findToRead,
  isTypeOrAbsent,
  objectToRead,
  replyZero,
  storeObject,
} from './lookup.ts';
import { NOT_AN_INTEGER, SYNTAX_ERROR } from './replies.ts';
import { type Range, type RangeKind, readRange, spanOf } from './score-ranges.ts';
import type { CommandSpec, ServerState } from './table.ts';

const WHOLE = -1;

interface RangeOptions {
  kind: RangeKind;
  reverse: boolean;
  withScores: boolean;
  offset: number;
  /** Negative: all. */
  limit: number;
}

/** What the name of a command says already; null where options say it. */
interface Named {
  kind: RangeKind | null;
  reverse: boolean | null;
}

/** The options behind the key in argument `source` and the two bounds; null with the error written. */
function rangeOptions(
  request: Request,
  reply: ReplyWriter,
  source: number,
  named: Named,
  stores: boolean,
): RangeOptions | null {
  let { kind, reverse } = named;
  let withScores = false;
  let offset = 0;
  let limit = WHOLE;
  for (let i = source + 3; i < request.argc; i++) {
    if (!stores && request.is(i, 'withscores')) {
      withScores = true;
    } else if (request.is(i, 'limit') && i + 2 < request.argc) {
      offset = request.integer(i + 1);
      limit = request.integer(i + 2);
      if (Number.isNaN(offset) || Number.isNaN(limit)) {
        reply.error(NOT_AN_INTEGER);
        return null;
      }
      i += 2;
    } else if (reverse === null && request.is(i, 'rev')) {
      reverse = true;
    } else if (kind === null && request.is(i, 'bylex')) {
      kind = 'lex';
    } else if (kind === null && request.is(i, 'byscore')) {
      kind = 'score';
    } else {
      reply.error(SYNTAX_ERROR);
      return null;
    }
  }
  if (limit !== WHOLE && (kind ?? 'rank') === 'rank') {
    reply.error(`${SYNTAX_ERROR}, LIMIT is only supported in combination with either BYSCORE or BYLEX`);
    return null;
  }
  if (withScores && kind === 'lex') {
    reply.error(`${SYNTAX_ERROR}, WITHSCORES not supported in combination with BYLEX`);
    return null;
  }
  return { kind: kind ?? 'rank', reverse: reverse ?? false, withScores, offset, limit };
}

/** The range behind the key in argument `source`; a reversed one by score or bytes begins with its upper bound. */
function rangeBehind(
  request: Request,
  reply: ReplyWriter,
  source: number,
  { kind, reverse }: RangeOptions,
): Range | null {
  const swapped = reverse && kind !== 'rank';
  return readRange(kind, request, reply, source + (swapped ? 2 : 1), source + (swapped ? 1 : 2));
}

function range(named: Named): CommandSpec['handler'] {
  return (client, request, reply) => {
    const options = rangeOptions(request, reply, 1, named, false);
    if (options === null) return;
    const bounds = rangeBehind(request, reply, 1, options);
    if (bounds === null) return;
    const entry = findToRead(client, request, 1);
    if (entry === 0) {
      reply.array(0);
      return;
    }
    if (!isTypeOrAbsent(client, entry, TYPE_SORTED_SET, reply)) return;
    const set = client.database.object(entry) as SortedSetValue;
    const { reverse, withScores, offset, limit } = options;
    const { rank, count } = spanOf(set, bounds, reverse, offset, limit);
    writeMembers(set, rank, count, reverse, withScores, reply);
  };
}

/** Writes `count` members from this rank on, with scores in RESP3 as pairs. */
export function writeMembers(
  set: SortedSetValue,
  rank: number,
  count: number,
  reverse: boolean,
  withScores: boolean,
  reply: ReplyWriter,
): void {
  const paired = withScores && reply.protocol === 3;
  reply.array(withScores && !paired ? 2 * count : count);
  set.range(rank, count, reverse, (member, score) => {
    if (paired) reply.array(2);
    reply.bulkText(member);
    if (withScores) reply.double(score);
  });
}

function zrangestore(client: Client, request: Request, reply: ReplyWriter, server: ServerState): void {
  const options = rangeOptions(request, reply, 2, { kind: null, reverse: null }, true);
  if (options === null) return;
  const bounds = rangeBehind(request, reply, 2, options);
  if (bounds === null) return;
  const { database } = client;
  const entry = findToRead(client, request, 2);
  if (!isTypeOrAbsent(client, entry, TYPE_SORTED_SET, reply)) return;
  const stored = new SortedSetValue(database.encodingLimits);
  if (entry !== 0) {
    const set = database.object(entry) as SortedSetValue;
    const { rank, count } = spanOf(set, bounds, options.reverse, options.offset, options.limit);
    server.heapRoom.take(count * ELEMENT_BYTES);
    set.range(rank, count, options.reverse, (member, score) => stored.set(member, score));
  }
  if (stored.size === 0) deleteKey(client, request, 1);
  else storeObject(client, request, 1, TYPE_SORTED_SET, stored, events.zrangestore);
  reply.integer(stored.size);
}

function count(kind: RangeKind): CommandSpec['handler'] {
  return (client, request, reply) => {
    const bounds = readRange(kind, request, reply, 2, 3);
    if (bounds === null) return;
    const set = objectToRead<SortedSetValue>(client, request, reply, TYPE_SORTED_SET, replyZero);
    if (set) reply.integer(spanOf(set, bounds, false, 0, WHOLE).count);
  };
}

function remove(kind: RangeKind, event: KeyEvent): CommandSpec['handler'] {
  return (client, request, reply) => {
    const bounds = readRange(kind, request, reply, 2, 3);
    if (bounds === null) return;
    const entry = find(client, request, 1);
    if (!isTypeOrAbsent(client, entry, TYPE_SORTED_SET, reply)) return;
    if (entry === 0) {
      reply.integer(0);
      return;
    }
    const set = client.database.object(entry) as SortedSetValue;
    const span = spanOf(set, bounds, false, 0, WHOLE);
    if (span.count > 0) {
      set.deleteRange(span.rank, span.count);
      changed(client, request, 1, event);
    }
    if (set.size === 0) deleteEmptied(client, request);
    reply.integer(span.count);
  };
}

const ONE_KEY = { first: 1, last: 1, step: 1 };

export const sortedSetRangeCommands: CommandSpec[] = [
  {
    name: 'zrange',
    arity: -4,
    flags: ['readonly'],
    keys: ONE_KEY,
    summary: 'Members of a sorted set within a range of ranks, scores or bytes',
    handler: range({ kind: null, reverse: null }),
  },
  {
    name: 'zrevrange',
    arity: -4,
    flags: ['readonly'],
    keys: ONE_KEY,
    summary: 'Members of a sorted set by rank, from the highest score down',
    handler: range({ kind: 'rank', reverse: true }),
  },
  {
    name: 'zrangebyscore',
    arity: -4,
    flags: ['readonly'],
    keys: ONE_KEY,
    summary: 'Members of a sorted set within a range of scores',
    handler: range({ kind: 'score', reverse: false }),
  },
  {
    name: 'zrevrangebyscore',
    arity: -4,
    flags: ['readonly'],
    keys: ONE_KEY,
    summary: 'Members of a sorted set within a range of scores, from the highest down',
    handler: range({ kind: 'score', reverse: true }),
  },
  {
    name: 'zrangebylex',
    arity: -4,
    flags: ['readonly'],
    keys: ONE_KEY,
    summary: 'Members of a sorted set within a range of bytes',
    handler: range({ kind: 'lex', reverse: false }),
  },
  {
    name: 'zrevrangebylex',
    arity: -4,
    flags: ['readonly'],
    keys: ONE_KEY,
    summary: 'Members of a sorted set within a range of bytes, from the last down',
    handler: range({ kind: 'lex', reverse: true }),
  },
  {
    name: 'zrangestore',
    arity: -5,
    flags: ['write', 'denyoom'],
    keys: { first: 1, last: 2, step: 1 },
    summary: 'Store the members of a sorted set within a range',
    handler: zrangestore,
  },
  {
    name: 'zcount',
    arity: 4,
    flags: ['readonly', 'fast'],
    keys: ONE_KEY,
    summary: 'Number of members within a range of scores',
    handler: count('score'),
  },
  {
    name: 'zlexcount',
    arity: 4,
    flags: ['readonly', 'fast'],
    keys: ONE_KEY,
    summary: 'Number of members within a range of bytes',
    handler: count('lex'),
  },
  {
    name: 'zremrangebyrank',
    arity: 4,
    flags: ['write'],
    keys: ONE_KEY,
    summary: 'Remove the members within a range of ranks',
    handler: remove('rank', events.zremrangebyrank),
  },
  {
    name: 'zremrangebyscore',
    arity: 4,
    flags: ['write'],
    keys: ONE_KEY,
    summary: 'Remove the members within a range of scores',
    handler: remove('score', events.zremrangebyscore),
  },
  {
    name: 'zremrangebylex',
    arity: 4,
    flags: ['write'],
    keys: ONE_KEY,
    summary: 'Remove the members within a range of bytes',
    handler: remove('lex', events.zremrangebylex),
  },
];
