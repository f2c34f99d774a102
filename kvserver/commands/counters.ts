/** Commands that count, on strings that hold a number. */
import type { Client } from '../client.ts';
import { events } from '../keyspace/key-events.ts';
import { FORM_PLAIN, FORM_TEXT } from '../keyspace/string-form.ts';
import { TYPE_STRING } from '../keyspace/types/value.ts';
import { copyBytes, latin1, latin1Bytes } from '../resp/bytes.ts';
import { addInt64, type Int64, multiplyInt64, parseInt64 } from '../resp/numbers.ts';
import { type ReplyWriter, writeInteger } from '../resp/reply.ts';
import type { Request } from '../resp/request.ts';
import { addLongDoubles, formatLongDouble, isInfinite, parseLongDouble, TEXT_MAX } from './long-double.ts';
import { find, isTypeOrAbsent, named } from './lookup.ts';
import { FLOAT_OVERFLOW, NOT_A_FLOAT, NOT_AN_INTEGER, OVERFLOW } from './replies.ts';
import type { CommandSpec } from './table.ts';

/** Scratch memory for the digits of a sum, before they go to the value. */
const digits = new Uint8Array(24);

function incr(client: Client, request: Request, reply: ReplyWriter): void {
  add(client, request, reply, 1);
}

function decr(client: Client, request: Request, reply: ReplyWriter): void {
  add(client, request, reply, -1);
}

function incrby(client: Client, request: Request, reply: ReplyWriter): void {
  const delta = request.int64(2);
  if (delta === null) reply.error(NOT_AN_INTEGER);
  else add(client, request, reply, delta);
}

function decrby(client: Client, request: Request, reply: ReplyWriter): void {
  const delta = request.int64(2);
  if (delta === null) {
    reply.error(NOT_AN_INTEGER);
    return;
  }
  const negated = multiplyInt64(delta, -1);
  if (negated === null) reply.error('ERR decrement would overflow');
  else add(client, request, reply, negated);
}

/** Adds to the integer under the key in argument 1. */
function add(client: Client, request: Request, reply: ReplyWriter, delta: Int64): void {
  const { database } = client;
  let entry = find(client, request, 1);
  if (!isTypeOrAbsent(client, entry, TYPE_STRING, reply)) return;
  const value = entry === 0 ? 0 : parseInt64(database.bytes, database.valueStart, database.valueLength);
  if (value === null) {
    reply.error(NOT_AN_INTEGER);
    return;
  }
  const sum = addInt64(value, delta);
  if (sum === null) {
    reply.error(OVERFLOW);
    return;
  }
  if (typeof sum === 'bigint') {
    replaceText(client, request, String(sum));
    named(client, request, 1, events.incrby);
    reply.int64(sum);
    return;
  }
  const length = writeInteger(digits, 0, sum);
  if (entry === 0) {
    entry = database.insertString(request.bytes, request.start[1], request.length[1], length);
  } else if (length !== database.valueLength) {
    database.resizeString(entry, length, false, 0);
  } else {
    database.setForm(entry, FORM_PLAIN);
    database.changed(entry, null);
  }
  copyBytes(digits, 0, database.bytes, database.valueStart, length);
  named(client, request, 1, events.incrby);
  reply.integer(sum);
}

function incrbyfloat(client: Client, request: Request, reply: ReplyWriter): void {
  const { database } = client;
  const entry = find(client, request, 1);
  if (!isTypeOrAbsent(client, entry, TYPE_STRING, reply)) return;
  // No number is longer than this; the value may be longer than any text can be.
  const length = Math.min(database.valueLength, TEXT_MAX);
  const text = entry === 0 ? '0' : latin1(database.bytes, database.valueStart, length);
  const value = parseLongDouble(text);
  const delta = parseLongDouble(request.text(2));
  if (value === null || delta === null) {
    reply.error(NOT_A_FLOAT);
    return;
  }
  if (value === 'infinite' || delta === 'infinite') {
    reply.error(FLOAT_OVERFLOW);
    return;
  }
  const sum = addLongDoubles(value, delta);
  if (isInfinite(sum)) {
    reply.error(FLOAT_OVERFLOW);
    return;
  }
  const result = formatLongDouble(sum);
  database.setForm(replaceText(client, request, result), FORM_TEXT);
  named(client, request, 1, events.incrbyfloat);
  reply.bulkText(result);
}

/** Sets the key in argument 1 to a text; a time to live stays. Returns the entry. */
function replaceText(client: Client, request: Request, text: string): number {
  const value = latin1Bytes(text);
  const { bytes, start, length } = request;
  return client.database.setString(bytes, start[1], length[1], value, 0, value.length);
}

const ONE_KEY = { first: 1, last: 1, step: 1 };

export const counterCommands: CommandSpec[] = [
  {
    name: 'incr',
    arity: 2,
    flags: ['write', 'denyoom', 'fast'],
    keys: ONE_KEY,
    summary: 'Add one to the integer value of a key',
    handler: incr,
  },
  {
    name: 'decr',
    arity: 2,
    flags: ['write', 'denyoom', 'fast'],
    keys: ONE_KEY,
    summary: 'Subtract one from the integer value of a key',
    handler: decr,
  },
  {
    name: 'incrby',
    arity: 3,
    flags: ['write', 'denyoom', 'fast'],
    keys: ONE_KEY,
    summary: 'Add to the integer value of a key',
    handler: incrby,
  },
  {
    name: 'decrby',
    arity: 3,
    flags: ['write', 'denyoom', 'fast'],
    keys: ONE_KEY,
    summary: 'Subtract from the integer value of a key',
    handler: decrby,
  },
  {
    name: 'incrbyfloat',
    arity: 3,
    flags: ['write', 'denyoom', 'fast'],
    keys: ONE_KEY,
    summary: 'Add to the decimal value of a key',
    handler: incrbyfloat,
  },
];
