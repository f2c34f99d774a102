/** Commands on hashes; HSCAN is in element-scans.ts, HRANDFIELD in random-members.ts. */
import type { Client } from '../client.ts';
import { events } from '../keyspace/key-events.ts';
import type { Keyspace } from '../keyspace/keyspace.ts';
import { HashValue } from '../keyspace/types/hash.ts';
import { ABSENT } from '../keyspace/types/members.ts';
import { TYPE_HASH } from '../keyspace/types/value.ts';
import { latin1Bytes } from '../resp/bytes.ts';
import { addInt64, parseInt64 } from '../resp/numbers.ts';
import type { ReplyWriter } from '../resp/reply.ts';
import type { Request } from '../resp/request.ts';
import { hscan } from './element-scans.ts';
import { addLongDoubles, formatLongDouble, isInfinite, parseLongDouble } from './long-double.ts';
import {
  changed,
  objectToChange,
  objectToRead,
  objectToWrite,
  removeMembers,
  replyEmptyArray,
  replyEmptyMap,
  replyNil,
  replyZero,
} from './lookup.ts';
import { hrandfield } from './random-members.ts';
import { FLOAT_OVERFLOW, NOT_A_FLOAT, NOT_AN_INTEGER, OVERFLOW, wrongArity } from './replies.ts';
import type { CommandSpec } from './table.ts';

const makeHash = (database: Keyspace): HashValue => new HashValue(database.encodingLimits);

/** Gives the field in one argument this value. Returns whether the field is new. */
function setField(hash: HashValue, request: Request, field: number, value: string): boolean {
  return hash.set(request.bytes, request.start[field], request.length[field], value);
}

/** The place of the field in one argument, or ABSENT. */
function placeOf(hash: HashValue, request: Request, field: number): number {
  return hash.find(request.bytes, request.start[field], request.length[field]);
}

/** Sets the fields from argument 2 on. Returns how many are new, or -1 when it has written an error. */
function setFields(client: Client, request: Request, reply: ReplyWriter, command: string): number {
  if (request.argc % 2 === 1) {
    reply.error(wrongArity(command));
    return -1;
  }
  const hash = objectToWrite(client, request, reply, TYPE_HASH, makeHash);
  if (!hash) return -1;
  let added = 0;
  for (let i = 2; i < request.argc; i += 2) {
    if (setField(hash, request, i, request.text(i + 1))) added++;
  }
  changed(client, request, 1, events.hset);
  return added;
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
  const isNew = placeOf(hash, request, 2) === ABSENT;
  if (isNew) {
    setField(hash, request, 2, request.text(3));
    changed(client, request, 1, events.hset);
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
  const place = placeOf(hash, request, 2);
  const text = latin1Bytes(place === ABSENT ? '0' : hash.valueAt(place));
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
  setField(hash, request, 2, String(sum));
  changed(client, request, 1, events.hincrby);
  reply.int64(sum);
}

function hincrbyfloat(client: Client, request: Request, reply: ReplyWriter): void {
  const delta = parseLongDouble(request.text(3));
  if (delta === null) {
    reply.error(NOT_A_FLOAT);
    return;
  }
  if (delta === 'infinite') {
    reply.error('ERR value is NaN or Infinity');
    return;
  }
  const hash = objectToWrite(client, request, reply, TYPE_HASH, makeHash);
  if (!hash) return;
  const place = placeOf(hash, request, 2);
  const value = parseLongDouble(place === ABSENT ? '0' : hash.valueAt(place));
  if (value === null) {
    reply.error('ERR hash value is not a float');
    return;
  }
  const sum = value === 'infinite' ? null : addLongDoubles(value, delta);
  if (sum === null || isInfinite(sum)) {
    reply.error(FLOAT_OVERFLOW);
    return;
  }
  const result = formatLongDouble(sum);
  setField(hash, request, 2, result);
  changed(client, request, 1, events.hincrbyfloat);
  reply.bulkText(result);
}

function writeField(hash: HashValue, request: Request, field: number, reply: ReplyWriter): void {
  const place = placeOf(hash, request, field);
  if (place === ABSENT) reply.nil();
  else reply.bulkText(hash.valueAt(place));
}

function hget(client: Client, request: Request, reply: ReplyWriter): void {
  const hash = objectToRead<HashValue>(client, request, reply, TYPE_HASH, replyNil);
  if (hash) writeField(hash, request, 2, reply);
}

function hmget(client: Client, request: Request, reply: ReplyWriter): void {
  const absent = (): void => {
    reply.array(request.argc - 2);
    for (let i = 2; i < request.argc; i++) reply.nil();
  };
  const hash = objectToRead<HashValue>(client, request, reply, TYPE_HASH, absent);
  if (!hash) return;
  reply.array(request.argc - 2);
  for (let i = 2; i < request.argc; i++) writeField(hash, request, i, reply);
}

function hgetall(client: Client, request: Request, reply: ReplyWriter): void {
  const hash = objectToRead<HashValue>(client, request, reply, TYPE_HASH, replyEmptyMap);
  if (!hash) return;
  reply.map(hash.size);
  for (let place = 0; place < hash.size; place++) {
    reply.bulkText(hash.fieldAt(place));
    reply.bulkText(hash.valueAt(place));
  }
}

function hkeys(client: Client, request: Request, reply: ReplyWriter): void {
  const hash = objectToRead<HashValue>(client, request, reply, TYPE_HASH, replyEmptyArray);
  if (!hash) return;
  reply.array(hash.size);
  for (let place = 0; place < hash.size; place++) reply.bulkText(hash.fieldAt(place));
}

function hvals(client: Client, request: Request, reply: ReplyWriter): void {
  const hash = objectToRead<HashValue>(client, request, reply, TYPE_HASH, replyEmptyArray);
  if (!hash) return;
  reply.array(hash.size);
  for (let place = 0; place < hash.size; place++) reply.bulkText(hash.valueAt(place));
}

function hdel(client: Client, request: Request, reply: ReplyWriter): void {
  const hash = objectToChange<HashValue>(client, request, reply, TYPE_HASH, replyZero);
  if (hash) removeMembers(client, request, reply, hash, events.hdel);
}

function hlen(client: Client, request: Request, reply: ReplyWriter): void {
  const hash = objectToRead<HashValue>(client, request, reply, TYPE_HASH, replyZero);
  if (hash) reply.integer(hash.size);
}

function hexists(client: Client, request: Request, reply: ReplyWriter): void {
  const hash = objectToRead<HashValue>(client, request, reply, TYPE_HASH, replyZero);
  if (hash) reply.integer(placeOf(hash, request, 2) === ABSENT ? 0 : 1);
}

function hstrlen(client: Client, request: Request, reply: ReplyWriter): void {
  const hash = objectToRead<HashValue>(client, request, reply, TYPE_HASH, replyZero);
  if (!hash) return;
  const place = placeOf(hash, request, 2);
  reply.integer(place === ABSENT ? 0 : hash.valueAt(place).length);
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
    name: 'hincrbyfloat',
    arity: 4,
    flags: ['write', 'denyoom', 'fast'],
    keys: ONE_KEY,
    summary: 'Add to the decimal value of a field',
    handler: hincrbyfloat,
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
  {
    name: 'hrandfield',
    arity: -2,
    flags: ['readonly'],
    keys: ONE_KEY,
    summary: 'Random fields of a hash',
    handler: hrandfield,
  },
  {
    name: 'hscan',
    arity: -3,
    flags: ['readonly'],
    keys: ONE_KEY,
    summary: 'The fields and values of a hash, some at a time',
    handler: hscan,
  },
];
