/** Commands that take elements from one of several lists or move them to another list, and those that wait for one. */
import { type Client, IN_MULTI } from '../client.ts';
import { events } from '../keyspace/key-events.ts';
import { ListValue } from '../keyspace/types/list.ts';
import { TYPE_LIST } from '../keyspace/types/value.ts';
import { latin1Bytes } from '../resp/bytes.ts';
import type { ReplyWriter } from '../resp/reply.ts';
import type { Request } from '../resp/request.ts';
import {
  deadline,
  type Pop,
  type PopManyKind,
  popManyOrNil,
  popManyOrWait,
  popOneOrWait,
} from './blocking.ts';
import { find, isTypeOrAbsent, replyNilArray } from './lookup.ts';
import { SYNTAX_ERROR, WRONG_TYPE } from './replies.ts';
import type { CommandSpec, ServerState } from './table.ts';

/** Which end of the source gives, and which end of the target takes. */
interface Ends {
  fromHead: boolean;
  toHead: boolean;
}

const TAIL_TO_HEAD: Ends = { fromHead: false, toHead: true };

/** The words LEFT or RIGHT in arguments 3 and 4; null with the error written. */
function ends(request: Request, reply: ReplyWriter): Ends | null {
  for (const index of [3, 4]) {
    if (!request.is(index, 'left') && !request.is(index, 'right')) {
      reply.error(SYNTAX_ERROR);
      return null;
    }
  }
  return { fromHead: request.is(3, 'left'), toHead: request.is(4, 'left') };
}

/** Moves an element of `source`, which is a list, to `target`, and replies it. */
function moveElement(client: Client, source: string, target: string, ends: Ends, reply: ReplyWriter): void {
  const { database } = client;
  const sourceBytes = latin1Bytes(source);
  const targetBytes = latin1Bytes(target);
  const targetEntry = database.find(targetBytes, 0, targetBytes.length);
  if (targetEntry !== 0 && database.type(targetEntry) !== TYPE_LIST) {
    reply.error(WRONG_TYPE);
    return;
  }
  const sourceEntry = database.find(sourceBytes, 0, sourceBytes.length);
  const from = database.object(sourceEntry) as ListValue;
  let to: ListValue;
  if (targetEntry === 0) {
    to = new ListValue();
    database.insertObject(targetBytes, 0, targetBytes.length, TYPE_LIST, to);
  } else {
    to = database.object(targetEntry) as ListValue;
  }
  const element = ends.fromHead ? from.popHead() : from.popTail();
  if (ends.toHead) to.pushHead(element);
  else to.pushTail(element);
  const { listener } = database;
  listener?.keyChanged(targetBytes, 0, targetBytes.length, ends.toHead ? events.lpush : events.rpush);
  listener?.keyChanged(sourceBytes, 0, sourceBytes.length, ends.fromHead ? events.lpop : events.rpop);
  if (from.length === 0) database.delete(sourceEntry, events.del);
  reply.bulkText(element);
}

/** LMOVE where there is an element; whether there was one, or an error. */
function moved(client: Client, request: Request, reply: ReplyWriter, ends: Ends): boolean {
  const entry = find(client, request, 1);
  if (entry === 0) return false;
  if (isTypeOrAbsent(client, entry, TYPE_LIST, reply)) {
    moveElement(client, request.text(1), request.text(2), ends, reply);
  }
  return true;
}

function moveOrWait(
  client: Client,
  request: Request,
  reply: ReplyWriter,
  server: ServerState,
  ends: Ends,
  deadlineMs: number,
): void {
  if (moved(client, request, reply, ends)) return;
  if ((client.mode & IN_MULTI) !== 0) {
    reply.nil();
    return;
  }
  const target = request.text(2);
  server.blocked.block(client, {
    keys: [request.text(1)],
    type: TYPE_LIST,
    deadlineMs,
    serve: (source, toClient) => moveElement(client, source, target, ends, toClient),
    timedOut: replyNilArray,
  });
}

function lmove(client: Client, request: Request, reply: ReplyWriter): void {
  const chosen = ends(request, reply);
  if (chosen !== null && !moved(client, request, reply, chosen)) reply.nil();
}

function rpoplpush(client: Client, request: Request, reply: ReplyWriter): void {
  if (!moved(client, request, reply, TAIL_TO_HEAD)) reply.nil();
}

function blmove(client: Client, request: Request, reply: ReplyWriter, server: ServerState): void {
  const chosen = ends(request, reply);
  if (chosen === null) return;
  const deadlineMs = deadline(request, 5, reply, server);
  if (deadlineMs !== null) moveOrWait(client, request, reply, server, chosen, deadlineMs);
}

function brpoplpush(client: Client, request: Request, reply: ReplyWriter, server: ServerState): void {
  const deadlineMs = deadline(request, 3, reply, server);
  if (deadlineMs !== null) moveOrWait(client, request, reply, server, TAIL_TO_HEAD, deadlineMs);
}

/** BLPOP and BRPOP: the key and one element. */
function popOne(atHead: boolean): Pop<ListValue> {
  return {
    type: TYPE_LIST,
    event: atHead ? events.lpop : events.rpop,
    take(key, list, reply) {
      reply.array(2);
      reply.bulkText(key);
      reply.bulkText(atHead ? list.popHead() : list.popTail());
    },
  };
}

/** LMPOP: the key and an array of up to `wanted` elements. */
function popSeveral(atHead: boolean, wanted: number): Pop<ListValue> {
  return {
    type: TYPE_LIST,
    event: atHead ? events.lpop : events.rpop,
    take(key, list, reply) {
      const count = Math.min(wanted, list.length);
      reply.array(2);
      reply.bulkText(key);
      reply.array(count);
      for (let i = 0; i < count; i++) reply.bulkText(atHead ? list.popHead() : list.popTail());
    },
  };
}

const HEAD = popOne(true);
const TAIL = popOne(false);

function blpop(client: Client, request: Request, reply: ReplyWriter, server: ServerState): void {
  popOneOrWait(client, request, HEAD, reply, server);
}

function brpop(client: Client, request: Request, reply: ReplyWriter, server: ServerState): void {
  popOneOrWait(client, request, TAIL, reply, server);
}

const MANY: PopManyKind<ListValue> = {
  words: ['left', 'right'],
  pop: (right, wanted) => popSeveral(!right, wanted),
};

function lmpop(client: Client, request: Request, reply: ReplyWriter): void {
  popManyOrNil(client, request, MANY, reply);
}

function blmpop(client: Client, request: Request, reply: ReplyWriter, server: ServerState): void {
  popManyOrWait(client, request, MANY, reply, server);
}

const TWO_KEYS = { first: 1, last: 2, step: 1 };
const ALL_BUT_LAST = { first: 1, last: -2, step: 1 };

export const movingListCommands: CommandSpec[] = [
  {
    name: 'lmove',
    arity: 5,
    flags: ['write', 'denyoom'],
    keys: TWO_KEYS,
    summary: 'Move an element from one list to another',
    handler: lmove,
  },
  {
    name: 'rpoplpush',
    arity: 3,
    flags: ['write', 'denyoom'],
    keys: TWO_KEYS,
    summary: 'Move the last element of a list to the head of another',
    handler: rpoplpush,
  },
  {
    name: 'lmpop',
    arity: -4,
    flags: ['write', 'movablekeys'],
    summary: 'Take elements from the first of several lists that exists',
    handler: lmpop,
  },
  {
    name: 'blmove',
    arity: 6,
    flags: ['write', 'denyoom', 'noscript', 'blocking'],
    keys: TWO_KEYS,
    summary: 'Move an element from one list to another, or wait for one',
    handler: blmove,
  },
  {
    name: 'brpoplpush',
    arity: 4,
    flags: ['write', 'denyoom', 'noscript', 'blocking'],
    keys: TWO_KEYS,
    summary: 'Move the last element of a list to the head of another, or wait for one',
    handler: brpoplpush,
  },
  {
    name: 'blpop',
    arity: -3,
    flags: ['write', 'noscript', 'blocking'],
    keys: ALL_BUT_LAST,
    summary: 'Take the first element of the first of several lists, or wait for one',
    handler: blpop,
  },
  {
    name: 'brpop',
    arity: -3,
    flags: ['write', 'noscript', 'blocking'],
    keys: ALL_BUT_LAST,
    summary: 'Take the last element of the first of several lists, or wait for one',
    handler: brpop,
  },
  {
    name: 'blmpop',
    arity: -5,
    flags: ['write', 'blocking', 'movablekeys'],
    summary: 'Take elements from the first of several lists that exists, or wait for one',
    handler: blmpop,
  },
];
