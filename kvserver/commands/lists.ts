/** Commands on lists. */
import type { Client } from '../client.ts';
import { ListValue } from '../keyspace/types/list.ts';
import { TYPE_LIST } from '../keyspace/types/value.ts';
import type { ReplyWriter } from '../resp/reply.ts';
import type { Request } from '../resp/request.ts';
import {
  changed,
  deleteEmptied,
  find,
  isTypeOrAbsent,
  objectToRead,
  objectToWrite,
  replyEmptyArray,
  replyNil,
  replyNilArray,
  replyZero,
} from './lookup.ts';
import { MUST_BE_POSITIVE, NO_SUCH_KEY, NOT_AN_INTEGER, wrongArity } from './replies.ts';
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
  changed(client, request, 1);
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
  const list = objectToRead<ListValue>(client, request, reply, TYPE_LIST, replyZero);
  if (list) pushAll(client, list, request, reply, true);
}

function rpushx(client: Client, request: Request, reply: ReplyWriter): void {
  const list = objectToRead<ListValue>(client, request, reply, TYPE_LIST, replyZero);
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
    const list = objectToRead<ListValue>(client, request, reply, TYPE_LIST, replyNil);
    if (!list) return;
    reply.bulkText(atHead ? list.popHead() : list.popTail());
    changed(client, request, 1);
    if (list.length === 0) deleteEmptied(client, request);
    return;
  }
  const wanted = request.integer(2);
  if (Number.isNaN(wanted) || wanted < 0) {
    reply.error(MUST_BE_POSITIVE);
    return;
  }
  const list = objectToRead<ListValue>(client, request, reply, TYPE_LIST, replyNilArray);
  if (!list) return;
  const count = Math.min(wanted, list.length);
  reply.array(count);
  for (let i = 0; i < count; i++) reply.bulkText(atHead ? list.popHead() : list.popTail());
  if (count > 0) changed(client, request, 1);
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
  changed(client, request, 1);
  reply.ok();
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
    name: 'lset',
    arity: 4,
    flags: ['write', 'denyoom'],
    keys: ONE_KEY,
    summary: 'Replace an element of a list',
    handler: lset,
  },
];
