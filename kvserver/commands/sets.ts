/** Commands on sets; those on several sets are in set-algebra.ts, SSCAN and SRANDMEMBER beside. */
import type { Client } from '../client.ts';
import { events } from '../keyspace/key-events.ts';
import type { Keyspace } from '../keyspace/keyspace.ts';
import { SetValue } from '../keyspace/types/set.ts';
import { TYPE_SET } from '../keyspace/types/value.ts';
import type { ReplyWriter } from '../resp/reply.ts';
import type { Request } from '../resp/request.ts';
import { sscan } from './element-scans.ts';
import {
  changed,
  deleteEmptied,
  objectToChange,
  objectToRead,
  objectToWrite,
  removeMembers,
  replyEmptySet,
  replyNil,
  replyZero,
} from './lookup.ts';
import { srandmember } from './random-members.ts';
import { MUST_BE_POSITIVE, SYNTAX_ERROR } from './replies.ts';
import type { CommandSpec } from './table.ts';

const makeSet = (database: Keyspace): SetValue => new SetValue(database.encodingLimits);

/** A set of which an SPOP leaves a smaller share than one in so many is made anew by Redis. */
const REMADE_SHARE = 5;

function sadd(client: Client, request: Request, reply: ReplyWriter): void {
  const set = objectToWrite(client, request, reply, TYPE_SET, makeSet);
  if (!set) return;
  let added = 0;
  for (let i = 2; i < request.argc; i++) {
    if (set.add(request.text(i))) added++;
  }
  if (added > 0) changed(client, request, 1, events.sadd);
  reply.integer(added);
}

function srem(client: Client, request: Request, reply: ReplyWriter): void {
  const set = objectToChange<SetValue>(client, request, reply, TYPE_SET, replyZero);
  if (set) removeMembers(client, request, reply, set, events.srem);
}

function spop(client: Client, request: Request, reply: ReplyWriter): void {
  if (request.argc > 3) {
    reply.error(SYNTAX_ERROR);
    return;
  }
  if (request.argc === 2) {
    const set = objectToChange<SetValue>(client, request, reply, TYPE_SET, replyNil);
    if (!set) return;
    reply.bulkText(set.takeRandom());
    changed(client, request, 1, events.spop);
    if (set.size === 0) deleteEmptied(client, request);
    return;
  }
  const wanted = request.integer(2);
  if (Number.isNaN(wanted) || wanted < 0) {
    reply.error(MUST_BE_POSITIVE);
    return;
  }
  const set = objectToChange<SetValue>(client, request, reply, TYPE_SET, replyEmptySet);
  if (!set) return;
  const count = Math.min(wanted, set.size);
  reply.set(count);
  for (let i = 0; i < count; i++) reply.bulkText(set.takeRandom());
  if (count > 0) changed(client, request, 1, events.spop);
  if (set.size === 0) deleteEmptied(client, request);
  else if (set.size * REMADE_SHARE <= count) set.remake();
}

function scard(client: Client, request: Request, reply: ReplyWriter): void {
  const set = objectToRead<SetValue>(client, request, reply, TYPE_SET, replyZero);
  if (set) reply.integer(set.size);
}

function smembers(client: Client, request: Request, reply: ReplyWriter): void {
  const set = objectToRead<SetValue>(client, request, reply, TYPE_SET, replyEmptySet);
  if (!set) return;
  reply.set(set.size);
  for (let place = 0; place < set.size; place++) reply.bulkText(set.at(place));
}

function sismember(client: Client, request: Request, reply: ReplyWriter): void {
  const set = objectToRead<SetValue>(client, request, reply, TYPE_SET, replyZero);
  if (set) reply.integer(includes(set, request, 2) ? 1 : 0);
}

function includes(set: SetValue, request: Request, index: number): boolean {
  return set.includes(request.bytes, request.start[index], request.length[index]);
}

function smismember(client: Client, request: Request, reply: ReplyWriter): void {
  const absent = (): void => {
    reply.array(request.argc - 2);
    for (let i = 2; i < request.argc; i++) reply.integer(0);
  };
  const set = objectToRead<SetValue>(client, request, reply, TYPE_SET, absent);
  if (!set) return;
  reply.array(request.argc - 2);
  for (let i = 2; i < request.argc; i++) reply.integer(includes(set, request, i) ? 1 : 0);
}

const ONE_KEY = { first: 1, last: 1, step: 1 };

export const setCommands: CommandSpec[] = [
  {
    name: 'sadd',
    arity: -3,
    flags: ['write', 'denyoom', 'fast'],
    keys: ONE_KEY,
    summary: 'Add members to a set',
    handler: sadd,
  },
  {
    name: 'srem',
    arity: -3,
    flags: ['write', 'fast'],
    keys: ONE_KEY,
    summary: 'Remove members from a set',
    handler: srem,
  },
  {
    name: 'spop',
    arity: -2,
    flags: ['write', 'fast'],
    keys: ONE_KEY,
    summary: 'Take random members from a set',
    handler: spop,
  },
  {
    name: 'srandmember',
    arity: -2,
    flags: ['readonly'],
    keys: ONE_KEY,
    summary: 'Random members of a set',
    handler: srandmember,
  },
  {
    name: 'sscan',
    arity: -3,
    flags: ['readonly'],
    keys: ONE_KEY,
    summary: 'The members of a set, some at a time',
    handler: sscan,
  },
  {
    name: 'scard',
    arity: 2,
    flags: ['readonly', 'fast'],
    keys: ONE_KEY,
    summary: 'Number of members of a set',
    handler: scard,
  },
  {
    name: 'smembers',
    arity: 2,
    flags: ['readonly'],
    keys: ONE_KEY,
    summary: 'All members of a set',
    handler: smembers,
  },
  {
    name: 'sismember',
    arity: 3,
    flags: ['readonly', 'fast'],
    keys: ONE_KEY,
    summary: 'Whether something is a member of a set',
    handler: sismember,
  },
  {
    name: 'smismember',
    arity: -3,
    flags: ['readonly', 'fast'],
    keys: ONE_KEY,
    summary: 'Which of several things are members of a set',
    handler: smismember,
  },
];
