/** Commands on lists. */
import type { Client } from '../client.ts';
import { events } from '../keyspace/key-events.ts';
import { ListValue } from '../keyspace/types/list.ts';
import { TYPE_LIST } from '../keyspace/types/value.ts';
import type { ReplyWriter } from '../resp/reply.ts';
import type { Request } from '../resp/request.ts';
import {
  changed,
  deleteEmptied,
  find,
  isTypeOrAbsent,
  objectToChange,
  objectToRead,
  objectToWrite,
  replyEmptyArray,
  replyNil,
  replyNilArray,
  replyOk,
  replyZero,
} from './lookup.ts';
import { MUST_BE_POSITIVE, NO_SUCH_KEY, NOT_AN_INTEGER, SYNTAX_ERROR, wrongArity } from './replies.ts';
import type { CommandSpec } from './table.ts';

const makeList = (): ListValue => new ListValue();

function pushAll(
  client: Client,
  list: ListValue,
  request: Request,
  reply: ReplyWriter,
  atHead: boolean,
): void {
  for (let i = 2; i < request.argc; i++) {
    if (atHead) list.pushHead(request.text(i));
    else list.pushTail(request.text(i));
  }
  changed(client, request, 1, atHead ? events.lpush : events.rpush);
  reply.integer(list.length);
}

function lpush(client: Client, request: Request, reply: ReplyWriter): void {
  const list = objectToWrite(client, request, reply, TYPE_LIST, makeList);
  if (list) pushAll(client, list, request, reply, true);
}

function rpush(client: Client, request: Request, reply: ReplyWriter): void {
  const list = objectToWrite(client, request, reply, TYPE_LIST, makeList);
  if (list) pushAll(client, list, request, reply, false);
}

function lpushx(client: Client, request: Request, reply: ReplyWriter): void {
  const list = objectToChange<ListValue>(client, request, reply, TYPE_LIST, replyZero);
  if (list) pushAll(client, list, request, reply, true);
}

function rpushx(client: Client, request: Request, reply: ReplyWriter): void {
  const list = objectToChange<ListValue>(client, request, reply, TYPE_LIST, replyZero);
  if (list) pushAll(client, list, request, reply, false);
}

function lpop(client: Client, request: Request, reply: ReplyWriter): void {
  pop(client, request, reply, 'lpop');
}

function rpop(client: Client, request: Request, reply: ReplyWriter): void {
  pop(client, request, reply, 'rpop');
}

function pop(client: Client, request: Request, reply: ReplyWriter, command: 'lpop' | 'rpop'): void {
  if (request.argc > 3) {
    reply.error(wrongArity(command));
    return;
  }
  const atHead = command === 'lpop';
  if (request.argc === 2) {
    const list = objectToChange<ListValue>(client, request, reply, TYPE_LIST, replyNil);
    if (!list) return;
    reply.bulkText(atHead ? list.popHead() : list.popTail());
    changed(client, request, 1, events[command]);
    if (list.length === 0) deleteEmptied(client, request);
    return;
  }
  const wanted = request.integer(2);
  if (Number.isNaN(wanted) || wanted < 0) {
    reply.error(MUST_BE_POSITIVE);
    return;
  }
  const list = objectToChange<ListValue>(client, request, reply, TYPE_LIST, replyNilArray);
  if (!list) return;
  const count = Math.min(wanted, list.length);
  reply.array(count);
  for (let i = 0; i < count; i++) reply.bulkText(atHead ? list.popHead() : list.popTail());
  if (count > 0) changed(client, request, 1, events[command]);
  if (list.length === 0) deleteEmptied(client, request);
}

function lrange(client: Client, request: Request, reply: ReplyWriter): void {
  let start = request.integer(2);
  let end = request.integer(3);
  if (Number.isNaN(start) || Number.isNaN(end)) {
    reply.error(NOT_AN_INTEGER);
    return;
  }
  const list = objectToRead<ListValue>(client, request, reply, TYPE_LIST, replyEmptyArray);
  if (!list) return;
  if (start < 0) start = Math.max(0, start + list.length);
  if (end < 0) end += list.length;
  end = Math.min(end, list.length - 1);
  reply.array(Math.max(0, end - start + 1));
  for (let i = start; i <= end; i++) reply.bulkText(list.at(i));
}

function llen(client: Client, request: Request, reply: ReplyWriter): void {
  const list = objectToRead<ListValue>(client, request, reply, TYPE_LIST, replyZero);
  if (list) reply.integer(list.length);
}

function lindex(client: Client, request: Request, reply: ReplyWriter): void {
  const list = objectToRead<ListValue>(client, request, reply, TYPE_LIST, replyNil);
  if (!list) return;
  let index = request.integer(2);
  if (Number.isNaN(index)) {
    reply.error(NOT_AN_INTEGER);
    return;
  }
  if (index < 0) index += list.length;
  if (index < 0 || index >= list.length) reply.nil();
  else reply.bulkText(list.at(index));
}

function lset(client: Client, request: Request, reply: ReplyWriter): void {
  const entry = find(client, request, 1);
  if (entry === 0) {
    reply.error(NO_SUCH_KEY);
    return;
  }
  if (!isTypeOrAbsent(client, entry, TYPE_LIST, reply)) return;
  const list = client.database.object(entry) as ListValue;
  let index = request.integer(2);
  if (Number.isNaN(index)) {
    reply.error(NOT_AN_INTEGER);
    return;
  }
  if (index < 0) index += list.length;
  if (index < 0 || index >= list.length) {
    reply.error('ERR index out of range');
    return;
  }
  list.replace(index, request.text(3));
  changed(client, request, 1, events.lset);
  reply.ok();
}

function ltrim(client: Client, request: Request, reply: ReplyWriter): void {
  let start = request.integer(2);
  let end = request.integer(3);
  if (Number.isNaN(start) || Number.isNaN(end)) {
    reply.error(NOT_AN_INTEGER);
    return;
  }
  const list = objectToChange<ListValue>(client, request, reply, TYPE_LIST, replyOk);
  if (!list) return;
  if (start < 0) start = Math.max(0, start + list.length);
  if (end < 0) end += list.length;
  end = Math.min(end, list.length - 1);
  if (start <= end) {
    list.dropTail(list.length - 1 - end);
    list.dropHead(start);
  }
  changed(client, request, 1, events.ltrim);
  if (start > end) deleteEmptied(client, request);
  reply.ok();
}

function lrem(client: Client, request: Request, reply: ReplyWriter): void {
  const count = request.integer(2);
  if (Number.isNaN(count)) {
    reply.error(NOT_AN_INTEGER);
    return;
  }
  const list = objectToChange<ListValue>(client, request, reply, TYPE_LIST, replyZero);
  if (!list) return;
  const removed = list.remove(request.text(3), count === 0 ? Infinity : Math.abs(count), count < 0);
  if (removed > 0) changed(client, request, 1, events.lrem);
  if (list.length === 0) deleteEmptied(client, request);
  reply.integer(removed);
}

function linsert(client: Client, request: Request, reply: ReplyWriter): void {
  const after = request.is(2, 'after');
  if (!after && !request.is(2, 'before')) {
    reply.error(SYNTAX_ERROR);
    return;
  }
  const list = objectToChange<ListValue>(client, request, reply, TYPE_LIST, replyZero);
  if (!list) return;
  const pivot = list.indexOf(request.text(3));
  if (pivot < 0) {
    reply.integer(-1);
    return;
  }
  list.insert(after ? pivot + 1 : pivot, request.text(4));
  changed(client, request, 1, events.linsert);
  reply.integer(list.length);
}

interface Search {
  /** Which of the matches is the first that counts; from the tail where `fromTail`. */
  rank: number;
  fromTail: boolean;
  /** How many matches are wanted, 0 for all; null for one that is not in an array. */
  count: number | null;
  /** How many elements are looked at, 0 for all. */
  lengthMax: number;
}

/** C's negation leaves it as it is: as a rank it is below that of any match, and COUNT has no effect. */
const LOWEST = '-9223372036854775808';

const RANK_ZERO =
  "ERR RANK can't be zero: use 1 to start from the first match, 2 from the second ... " +
  'or use negative to start from the end of the list';

/** The options of LPOS; null with the error written. */
function searchOptions(request: Request, reply: ReplyWriter): Search | null {
  const search: Search = { rank: 1, fromTail: false, count: null, lengthMax: 0 };
  for (let i = 3; i < request.argc; i += 2) {
    const value = i + 1 < request.argc ? request.integer(i + 1) : Number.NaN;
    if (i + 1 < request.argc && request.is(i, 'rank')) {
      if (Number.isNaN(value) || value === 0) {
        reply.error(value === 0 ? RANK_ZERO : NOT_AN_INTEGER);
        return null;
      }
      search.fromTail = value < 0;
      search.rank = request.text(i + 1) === LOWEST ? -Infinity : Math.abs(value);
    } else if (i + 1 < request.argc && request.is(i, 'count')) {
      if (!(value >= 0)) {
        reply.error("ERR COUNT can't be negative");
        return null;
      }
      search.count = value;
    } else if (i + 1 < request.argc && request.is(i, 'maxlen')) {
      if (!(value >= 0)) {
        reply.error("ERR MAXLEN can't be negative");
        return null;
      }
      search.lengthMax = value;
    } else {
      reply.error(SYNTAX_ERROR);
      return null;
    }
  }
  return search;
}

function lpos(client: Client, request: Request, reply: ReplyWriter): void {
  const search = searchOptions(request, reply);
  if (search === null) return;
  const absent = search.count === null ? replyNil : replyEmptyArray;
  const list = objectToRead<ListValue>(client, request, reply, TYPE_LIST, absent);
  if (!list) return;
  const found = positions(list, request.text(2), search);
  if (search.count !== null) {
    reply.array(found.length);
    for (const index of found) reply.integer(index);
  } else if (found.length === 0) {
    reply.nil();
  } else {
    reply.integer(found[0]);
  }
}

function positions(list: ListValue, element: string, search: Search): number[] {
  const { rank, fromTail, count, lengthMax } = search;
  const looks = lengthMax === 0 ? list.length : Math.min(lengthMax, list.length);
  const found: number[] = [];
  let matches = 0;
  for (let i = 0; i < looks; i++) {
    const index = fromTail ? list.length - 1 - i : i;
    if (list.at(index) !== element) continue;
    if (++matches < rank) continue;
    found.push(index);
    if (count === null || (rank > 0 && found.length === count)) break;
  }
  return found;
}

const ONE_KEY = { first: 1, last: 1, step: 1 };

export const listCommands: CommandSpec[] = [
  {
    name: 'lpush',
    arity: -3,
    flags: ['write', 'denyoom', 'fast'],
    keys: ONE_KEY,
    summary: 'Put elements at the head of a list',
    handler: lpush,
  },
  {
    name: 'rpush',
    arity: -3,
    flags: ['write', 'denyoom', 'fast'],
    keys: ONE_KEY,
    summary: 'Put elements at the tail of a list',
    handler: rpush,
  },
  {
    name: 'lpushx',
    arity: -3,
    flags: ['write', 'denyoom', 'fast'],
    keys: ONE_KEY,
    summary: 'Put elements at the head of a list that exists',
    handler: lpushx,
  },
  {
    name: 'rpushx',
    arity: -3,
    flags: ['write', 'denyoom', 'fast'],
    keys: ONE_KEY,
    summary: 'Put elements at the tail of a list that exists',
    handler: rpushx,
  },
  {
    name: 'lpop',
    arity: -2,
    flags: ['write', 'fast'],
    keys: ONE_KEY,
    summary: 'Take elements from the head of a list',
    handler: lpop,
  },
  {
    name: 'rpop',
    arity: -2,
    flags: ['write', 'fast'],
    keys: ONE_KEY,
    summary: 'Take elements from the tail of a list',
    handler: rpop,
  },
  {
    name: 'lrange',
    arity: 4,
    flags: ['readonly'],
    keys: ONE_KEY,
    summary: 'A range of a list',
    handler: lrange,
  },
  {
    name: 'llen',
    arity: 2,
    flags: ['readonly', 'fast'],
    keys: ONE_KEY,
    summary: 'Length of a list',
    handler: llen,
  },
  {
    name: 'lindex',
    arity: 3,
    flags: ['readonly'],
    keys: ONE_KEY,
    summary: 'An element of a list by its index',
    handler: lindex,
  },
  {
    name: 'ltrim',
    arity: 4,
    flags: ['write'],
    keys: ONE_KEY,
    summary: 'Keep a range of a list and remove the rest',
    handler: ltrim,
  },
  {
    name: 'lrem',
    arity: 4,
    flags: ['write'],
    keys: ONE_KEY,
    summary: 'Remove elements that are equal to one',
    handler: lrem,
  },
  {
    name: 'linsert',
    arity: 5,
    flags: ['write', 'denyoom'],
    keys: ONE_KEY,
    summary: 'Put an element before or after another one',
    handler: linsert,
  },
  {
    name: 'lpos',
    arity: -3,
    flags: ['readonly'],
    keys: ONE_KEY,
    summary: 'Where elements stand that are equal to one',
    handler: lpos,
  },
  {
    name: 'lset',
    arity: 4,
    flags: ['write', 'denyoom'],
    keys: ONE_KEY,
    summary: 'Replace an element of a list',
    handler: lset,
  },
];
