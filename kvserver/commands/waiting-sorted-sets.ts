/** Commands that take members from the first of several sorted sets, or wait for one. */
import type { Client } from '../client.ts';
import { events } from '../keyspace/key-events.ts';
import type { SortedSetValue } from '../keyspace/types/sorted-set.ts';
import { TYPE_SORTED_SET } from '../keyspace/types/value.ts';
import type { ReplyWriter } from '../resp/reply.ts';
import type { Request } from '../resp/request.ts';
import { type Pop, type PopManyKind, popManyOrNil, popManyOrWait, popOneOrWait } from './blocking.ts';
import type { CommandSpec, ServerState } from './table.ts';

function writeLast(set: SortedSetValue, highest: boolean, reply: ReplyWriter): void {
  const { member, score } = highest ? set.last() : set.first();
  reply.bulkText(member);
  reply.double(score);
  set.delete(member);
}

/** BZPOPMIN and BZPOPMAX: the key, one member and its score. */
function popOne(highest: boolean): Pop<SortedSetValue> {
  return {
    type: TYPE_SORTED_SET,
    event: highest ? events.zpopmax : events.zpopmin,
    take(key, set, reply) {
      reply.array(3);
      reply.bulkText(key);
      writeLast(set, highest, reply);
    },
  };
}

/** ZMPOP and BZMPOP: the key, and an array of up to `wanted` pairs of member and score. */
function popSeveral(highest: boolean, wanted: number): Pop<SortedSetValue> {
  return {
    type: TYPE_SORTED_SET,
    event: highest ? events.zpopmax : events.zpopmin,
    take(key, set, reply) {
      const count = Math.min(wanted, set.size);
      reply.array(2);
      reply.bulkText(key);
      reply.array(count);
      for (let i = 0; i < count; i++) {
        reply.array(2);
        writeLast(set, highest, reply);
      }
    },
  };
}

const LOWEST = popOne(false);
const HIGHEST = popOne(true);

function bzpopmin(client: Client, request: Request, reply: ReplyWriter, server: ServerState): void {
  popOneOrWait(client, request, LOWEST, reply, server);
}

function bzpopmax(client: Client, request: Request, reply: ReplyWriter, server: ServerState): void {
  popOneOrWait(client, request, HIGHEST, reply, server);
}

const MANY: PopManyKind<SortedSetValue> = { words: ['min', 'max'], pop: popSeveral };

function zmpop(client: Client, request: Request, reply: ReplyWriter): void {
  popManyOrNil(client, request, MANY, reply);
}

function bzmpop(client: Client, request: Request, reply: ReplyWriter, server: ServerState): void {
  popManyOrWait(client, request, MANY, reply, server);
}

const ALL_BUT_LAST = { first: 1, last: -2, step: 1 };

export const waitingSortedSetCommands: CommandSpec[] = [
  {
    name: 'bzpopmin',
    arity: -3,
    flags: ['write', 'noscript', 'fast', 'blocking'],
    keys: ALL_BUT_LAST,
    summary: 'Take the member with the lowest score of the first of several sorted sets, or wait for one',
    handler: bzpopmin,
  },
  {
    name: 'bzpopmax',
    arity: -3,
    flags: ['write', 'noscript', 'fast', 'blocking'],
    keys: ALL_BUT_LAST,
    summary: 'Take the member with the highest score of the first of several sorted sets, or wait for one',
    handler: bzpopmax,
  },
  {
    name: 'zmpop',
    arity: -4,
    flags: ['write', 'movablekeys'],
    summary: 'Take members from the first of several sorted sets that exists',
    handler: zmpop,
  },
  {
    name: 'bzmpop',
    arity: -5,
    flags: ['write', 'blocking', 'movablekeys'],
    summary: 'Take members from the first of several sorted sets that exists, or wait for one',
    handler: bzmpop,
  },
];
