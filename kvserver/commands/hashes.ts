/** Commands on hashes. */
import type { Client } from '../client.ts';
import { HashValue } from '../keyspace/types/hash.ts';
import { TYPE_HASH } from '../keyspace/types/value.ts';
import { latin1Bytes } from '../resp/bytes.ts';
import { addInt64, parseInt64 } from '../resp/numbers.ts';
import type { ReplyWriter } from '../resp/reply.ts';
import type { Request } from '../resp/request.ts';
import {
  changed,
  objectToRead,
  objectToWrite,
  removeMembers,
  replyEmptyArray,
  replyEmptyMap,
  replyNil,
  replyZero,
} from './lookup.ts';
import { NOT_AN_INTEGER, OVERFLOW, wrongArity } from './replies.ts';
import type { CommandSpec } from './table.ts';

const makeHash = (): HashValue => new HashValue();

/** Sets the fields from argument 2 on. Returns how many are new, or -1 when it has written an error. */
function setFields(client: Client, request: Request, reply: ReplyWriter, command: string): number {
  if (request.argc % 2 === 1) {
    reply.error(wrongArity(command));
    return -1;
  }
  const hash = objectToWrite(client, request, reply, TYPE_HASH, makeHash);
  if (!hash) return -1;
  const former = hash.fields.size;
  for (let i = 2; i < request.argc; i += 2) hash.fields.set(request.text(i), request.text(i + 1));
  changed(client, request, 1);
  return hash.fields.size - former;
}

function hset(client: Client, request: Request, reply: ReplyWriter): void {
  const added = setFields(client, request, reply, 'hset');
  if (added >= 0) reply.integer(added);
}

function hmset(client: Client, request: Request, reply: ReplyWriter): void {
  if (setFields(client, request, reply, 'hmset') >= 0) reply.ok();
}

function hsetnx(client: Client, request: Request, reply: ReplyWriter): void {
  const hash = objectToWrite(client, request, reply, TYPE_HASH, makeHash);
  if (!hash) return;
  const field = request.text(2);
  const isNew = !hash.fields.has(field);
  if (isNew) {
    hash.fields.set(field, request.text(3));
    changed(client, request, 1);
  }
  reply.integer(isNew ? 1 : 0);
}

function hincrby(client: Client, request: Request, reply: ReplyWriter): void {
  const delta = request.int64(3);
  if (delta === null) {
    reply.error(NOT_AN_INTEGER);
    return;
  }
  const hash = objectToWrite(client, request, reply, TYPE_HASH, makeHash);
  if (!hash) return;
  const field = request.text(2);
  const text = latin1Bytes(hash.fields.get(field) ?? '0');
  const value = parseInt64(text, 0, text.length);
  if (value === null) {
    reply.error('ERR hash value is not an integer');
    return;
  }
  const sum = addInt64(value, delta);
  if (sum === null) {
    reply.error(OVERFLOW);
    return;
  }
  hash.fields.set(field, String(sum));
  changed(client, request, 1);
  reply.int64(sum);
}

function writeField(hash: HashValue, field: string, reply: ReplyWriter): void {
  const value = hash.fields.get(field);
  if (value === undefined) reply.nil();
  else reply.bulkText(value);
}

function hget(client: Client, request: Request, reply: ReplyWriter): void {
  const hash = objectToRead<HashValue>(client, request, reply, TYPE_HASH, replyNil);
  if (hash) writeField(hash, request.text(2), reply);
}

function hmget(client: Client, request: Request, reply: ReplyWriter): void {
  const absent = (): void => {
    reply.array(request.argc - 2);
    for (let i = 2; i < request.argc; i++) reply.nil();
  };
  const hash = objectToRead<HashValue>(client, request, reply, TYPE_HASH, absent);
  if (!hash) return;
  reply.array(request.argc - 2);
  for (let i = 2; i < request.argc; i++) writeField(hash, request.text(i), reply);
}

function hgetall(client: Client, request: Request, reply: ReplyWriter): void {
  const hash = objectToRead<HashValue>(client, request, reply, TYPE_HASH, replyEmptyMap);
  if (!hash) return;
  reply.map(hash.fields.size);
  for (const [field, value] of hash.fields) {
    reply.bulkText(field);
    reply.bulkText(value);
  }
}

function hkeys(client: Client, request: Request, reply: ReplyWriter): void {
  const hash = objectToRead<HashValue>(client, request, reply, TYPE_HASH, replyEmptyArray);
  if (!hash) return;
  reply.array(hash.fields.size);
  for (const field of hash.fields.keys()) reply.bulkText(field);
}

function hvals(client: Client, request: Request, reply: ReplyWriter): void {
  const hash = objectToRead<HashValue>(client, request, reply, TYPE_HASH, replyEmptyArray);
  if (!hash) return;
  reply.array(hash.fields.size);
  for (const value of hash.fields.values()) reply.bulkText(value);
}

function hdel(client: Client, request: Request, reply: ReplyWriter): void {
  const hash = objectToRead<HashValue>(client, request, reply, TYPE_HASH, replyZero);
  if (hash) removeMembers(client, request, reply, hash.fields);
}

function hlen(client: Client, request: Request, reply: ReplyWriter): void {
  const hash = objectToRead<HashValue>(client, request, reply, TYPE_HASH, replyZero);
  if (hash) reply.integer(hash.fields.size);
}

function hexists(client: Client, request: Request, reply: ReplyWriter): void {
  const hash = objectToRead<HashValue>(client, request, reply, TYPE_HASH, replyZero);
  if (hash) reply.integer(hash.fields.has(request.text(2)) ? 1 : 0);
}

function hstrlen(client: Client, request: Request, reply: ReplyWriter): void {
  const hash = objectToRead<HashValue>(client, request, reply, TYPE_HASH, replyZero);
  if (hash) reply.integer(hash.fields.get(request.text(2))?.length ?? 0);
}

const ONE_KEY = { first: 1, last: 1, step: 1 };

export const hashCommands: CommandSpec[] = [
  {
    name: 'hset',
    arity: -4,
    flags: ['write', 'denyoom', 'fast'],
    keys: ONE_KEY,
    summary: 'Set fields of a hash',
    handler: hset,
  },
  {
    name: 'hmset',
    arity: -4,
    flags: ['write', 'denyoom', 'fast'],
    keys: ONE_KEY,
    summary: 'Set fields of a hash (the former name of HSET)',
    handler: hmset,
  },
  {
    name: 'hsetnx',
    arity: 4,
    flags: ['write', 'denyoom', 'fast'],
    keys: ONE_KEY,
    summary: 'Set a field of a hash that does not exist',
    handler: hsetnx,
  },
  {
    name: 'hincrby',
    arity: 4,
    flags: ['write', 'denyoom', 'fast'],
    keys: ONE_KEY,
    summary: 'Add to the integer value of a field',
    handler: hincrby,
  },
  {
    name: 'hget',
    arity: 3,
    flags: ['readonly', 'fast'],
    keys: ONE_KEY,
    summary: 'Value of a field of a hash',
    handler: hget,
  },
  {
    name: 'hmget',
    arity: -3,
    flags: ['readonly', 'fast'],
    keys: ONE_KEY,
    summary: 'Values of several fields of a hash',
    handler: hmget,
  },
  {
    name: 'hgetall',
    arity: 2,
    flags: ['readonly'],
    keys: ONE_KEY,
    summary: 'All fields and values of a hash',
    handler: hgetall,
  },
  {
    name: 'hkeys',
    arity: 2,
    flags: ['readonly'],
    keys: ONE_KEY,
    summary: 'All fields of a hash',
    handler: hkeys,
  },
  {
    name: 'hvals',
    arity: 2,
    flags: ['readonly'],
    keys: ONE_KEY,
    summary: 'All values of a hash',
    handler: hvals,
  },
  {
    name: 'hdel',
    arity: -3,
    flags: ['write', 'fast'],
    keys: ONE_KEY,
    summary: 'Delete fields of a hash',
    handler: hdel,
  },
  {
    name: 'hlen',
    arity: 2,
    flags: ['readonly', 'fast'],
    keys: ONE_KEY,
    summary: 'Number of fields of a hash',
    handler: hlen,
  },
  {
    name: 'hexists',
    arity: 3,
    flags: ['readonly', 'fast'],
    keys: ONE_KEY,
    summary: 'Whether a hash has a field',
    handler: hexists,
  },
  {
    name: 'hstrlen',
    arity: 3,
    flags: ['readonly', 'fast'],
    keys: ONE_KEY,
    summary: 'Length of the value of a field',
    handler: hstrlen,
  },
];
