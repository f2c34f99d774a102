/** Commands on strings; those that count are in counters.ts. */
import type { Client } from '../client.ts';
import { events, type KeyEvent } from '../keyspace/key-events.ts';
import type { Keyspace } from '../keyspace/keyspace.ts';
import { FORM_RAW } from '../keyspace/string-form.ts';
import { TYPE_STRING } from '../keyspace/types/value.ts';
import { copyBytes } from '../resp/bytes.ts';
import type { Int64 } from '../resp/numbers.ts';
import type { ReplyWriter } from '../resp/reply.ts';
import type { Request } from '../resp/request.ts';
import { EX, EXAT, type ExpireUnit, expiryTimeMs, PX, PXAT } from './expire-time.ts';
import { find, findToRead, isTypeOrAbsent, named } from './lookup.ts';
import { invalidExpireTime, NOT_AN_INTEGER, SYNTAX_ERROR, TOO_LONG_STRING, wrongArity } from './replies.ts';
import type { CommandSpec, ServerState } from './table.ts';

/** An APPEND that moves the value reserves as much memory again, up to this. */
const SPARE_BYTES_MAX = 1024 ** 2;

function get(client: Client, request: Request, reply: ReplyWriter): void {
  const entry = findToRead(client, request, 1);
  if (isTypeOrAbsent(client, entry, TYPE_STRING, reply)) writeValue(client.database, entry, reply);
}

/** Writes the value of `entry` as a bulk string, or nil without an entry. */
function writeValue(database: Keyspace, entry: number, reply: ReplyWriter): void {
  if (entry === 0) reply.nil();
  else reply.bulk(database.bytes, database.valueStart, database.valueLength);
}

/** Sets the key in one argument to the value in another and removes its time to live. */
function store(client: Client, request: Request, key: number, value: number, event: KeyEvent): number {
  const { database } = client;
  const entry = database.setString(
    request.bytes,
    request.start[key],
    request.length[key],
    request.bytes,
    request.start[value],
    request.length[value],
  );
  database.persist(entry, null);
  named(client, request, key, event);
  return entry;
}

function set(client: Client, request: Request, reply: ReplyWriter, server: ServerState): void {
  if (request.argc === 3) {
    store(client, request, 1, 2, events.set);
    reply.ok();
  } else {
    setWithOptions(client, request, reply, server);
  }
}

interface StringOptions {
  onlyIf: 'nx' | 'xx' | null;
  get: boolean;
  /** The time to live: set from an argument, removed, kept, or (null) not mentioned. */
  expiry: ExpireUnit | 'persist' | 'keep' | null;
  expiryArgument: number;
}

/** The options of SET or GETEX from argument `from` on; null when the syntax is wrong. */
function stringOptions(request: Request, from: number, ofSet: boolean): StringOptions | null {
  const options: StringOptions = { onlyIf: null, get: false, expiry: null, expiryArgument: 0 };
  for (let i = from; i < request.argc; i++) {
    const unit = expireUnit(request, i);
    if (unit !== null) {
      if ((options.expiry !== null && options.expiry !== unit) || i + 1 === request.argc) return null;
      options.expiry = unit;
      options.expiryArgument = ++i;
    } else if (ofSet && request.is(i, 'nx') && options.onlyIf !== 'xx') {
      options.onlyIf = 'nx';
    } else if (ofSet && request.is(i, 'xx') && options.onlyIf !== 'nx') {
      options.onlyIf = 'xx';
    } else if (ofSet && request.is(i, 'get')) {
      options.get = true;
    } else if (ofSet && request.is(i, 'keepttl') && (options.expiry ?? 'keep') === 'keep') {
      options.expiry = 'keep';
    } else if (!ofSet && request.is(i, 'persist') && (options.expiry ?? 'persist') === 'persist') {
      options.expiry = 'persist';
    } else {
      return null;
    }
  }
  return options;
}

function expireUnit(request: Request, index: number): ExpireUnit | null {
  if (request.is(index, 'ex')) return EX;
  if (request.is(index, 'px')) return PX;
  if (request.is(index, 'exat')) return EXAT;
  if (request.is(index, 'pxat')) return PXAT;
  return null;
}

/**
 * The time in an argument, in milliseconds since the epoch. Writes the error and returns null when it is
 * wrong.
 */
function expiryArgumentMs(
  request: Request,
  index: number,
  unit: ExpireUnit,
  command: string,
  reply: ReplyWriter,
  server: ServerState,
): Int64 | null {
  const value = request.int64(index);
  if (value === null) {
    reply.error(NOT_AN_INTEGER);
    return null;
  }
  const timeMs = value <= 0 ? null : expiryTimeMs(value, unit, server.clock.nowMs);
  if (timeMs === null) reply.error(invalidExpireTime(command));
  return timeMs;
}

function setWithOptions(client: Client, request: Request, reply: ReplyWriter, server: ServerState): void {
  const options = stringOptions(request, 3, true);
  if (options === null) {
    reply.error(SYNTAX_ERROR);
    return;
  }
  const { expiry } = options;
  let timeMs: Int64 | null = -1;
  if (expiry !== null && typeof expiry === 'object') {
    timeMs = expiryArgumentMs(request, options.expiryArgument, expiry, 'set', reply, server);
    if (timeMs === null) return;
  }
  const { database } = client;
  const former = options.get ? findToRead(client, request, 1) : find(client, request, 1);
  if (options.get) {
    if (!isTypeOrAbsent(client, former, TYPE_STRING, reply)) return;
    writeValue(database, former, reply);
  }
  if (options.onlyIf !== null && (former !== 0) !== (options.onlyIf === 'xx')) {
    if (!options.get) reply.nil();
    return;
  }
  const keptMs = expiry === 'keep' && former !== 0 ? database.expiryMs(former) : timeMs;
  const entry = store(client, request, 1, 2, events.set);
  if (keptMs >= 0) database.setExpiryMs(entry, keptMs, expiry === 'keep' ? null : events.expire);
  if (!options.get) reply.ok();
}

function setnx(client: Client, request: Request, reply: ReplyWriter): void {
  if (find(client, request, 1) !== 0) {
    reply.integer(0);
    return;
  }
  store(client, request, 1, 2, events.set);
  reply.integer(1);
}

function setex(client: Client, request: Request, reply: ReplyWriter, server: ServerState): void {
  storeExpiring(client, request, EX, 'setex', reply, server);
}

function psetex(client: Client, request: Request, reply: ReplyWriter, server: ServerState): void {
  storeExpiring(client, request, PX, 'psetex', reply, server);
}

function storeExpiring(
  client: Client,
  request: Request,
  unit: ExpireUnit,
  command: string,
  reply: ReplyWriter,
  server: ServerState,
): void {
  const timeMs = expiryArgumentMs(request, 2, unit, command, reply, server);
  if (timeMs === null) return;
  client.database.setExpiryMs(store(client, request, 1, 3, events.set), timeMs, events.expire);
  reply.ok();
}

function getset(client: Client, request: Request, reply: ReplyWriter): void {
  const entry = findToRead(client, request, 1);
  if (!isTypeOrAbsent(client, entry, TYPE_STRING, reply)) return;
  writeValue(client.database, entry, reply);
  store(client, request, 1, 2, events.set);
}

function getdel(client: Client, request: Request, reply: ReplyWriter): void {
  const entry = findToRead(client, request, 1);
  if (!isTypeOrAbsent(client, entry, TYPE_STRING, reply)) return;
  writeValue(client.database, entry, reply);
  if (entry !== 0) client.database.delete(entry, events.del);
}

function getex(client: Client, request: Request, reply: ReplyWriter, server: ServerState): void {
  const options = stringOptions(request, 2, false);
  if (options === null) {
    reply.error(SYNTAX_ERROR);
    return;
  }
  const { database } = client;
  const entry = findToRead(client, request, 1);
  if (!isTypeOrAbsent(client, entry, TYPE_STRING, reply)) return;
  if (entry === 0) {
    reply.nil();
    return;
  }
  const { expiry } = options;
  if (expiry === null || typeof expiry === 'string') {
    writeValue(database, entry, reply);
    if (expiry === 'persist') database.persist(entry, events.persist);
    return;
  }
  const timeMs = expiryArgumentMs(request, options.expiryArgument, expiry, 'getex', reply, server);
  if (timeMs === null) return;
  writeValue(database, entry, reply);
  if (timeMs <= server.clock.nowMs) database.delete(entry, events.del);
  else database.setExpiryMs(entry, timeMs, events.expire);
}

function mget(client: Client, request: Request, reply: ReplyWriter): void {
  const { database } = client;
  reply.array(request.argc - 1);
  for (let i = 1; i < request.argc; i++) {
    const entry = findToRead(client, request, i);
    writeValue(database, entry !== 0 && database.type(entry) === TYPE_STRING ? entry : 0, reply);
  }
}

function mset(client: Client, request: Request, reply: ReplyWriter): void {
  if (request.argc % 2 === 0) {
    reply.error(wrongArity('mset'));
    return;
  }
  for (let i = 1; i < request.argc; i += 2) store(client, request, i, i + 1, events.set);
  reply.ok();
}

function msetnx(client: Client, request: Request, reply: ReplyWriter): void {
  if (request.argc % 2 === 0) {
    reply.error(wrongArity('msetnx'));
    return;
  }
  for (let i = 1; i < request.argc; i += 2) {
    if (find(client, request, i) !== 0) {
      reply.integer(0);
      return;
    }
  }
  for (let i = 1; i < request.argc; i += 2) store(client, request, i, i + 1, events.set);
  reply.integer(1);
}

function strlen(client: Client, request: Request, reply: ReplyWriter): void {
  const entry = findToRead(client, request, 1);
  if (!isTypeOrAbsent(client, entry, TYPE_STRING, reply)) return;
  reply.integer(entry === 0 ? 0 : client.database.valueLength);
}

function append(client: Client, request: Request, reply: ReplyWriter, server: ServerState): void {
  const { database } = client;
  const entry = find(client, request, 1);
  if (!isTypeOrAbsent(client, entry, TYPE_STRING, reply)) return;
  if (entry === 0) {
    store(client, request, 1, 2, events.append);
    reply.integer(request.length[2]);
    return;
  }
  const former = database.valueLength;
  const added = request.length[2];
  const length = former + added;
  if (length > server.configuration.requestLimits.bulkBytesMax) {
    reply.error(TOO_LONG_STRING);
    return;
  }
  database.resizeString(entry, length, true, Math.min(length, SPARE_BYTES_MAX));
  copyBytes(request.bytes, request.start[2], database.bytes, database.valueStart + former, added);
  named(client, request, 1, events.append);
  reply.integer(length);
}

function setrange(client: Client, request: Request, reply: ReplyWriter, server: ServerState): void {
  const { database } = client;
  const offset = request.integer(2);
  if (Number.isNaN(offset)) {
    reply.error(NOT_AN_INTEGER);
    return;
  }
  if (offset < 0) {
    reply.error('ERR offset is out of range');
    return;
  }
  let entry = find(client, request, 1);
  if (!isTypeOrAbsent(client, entry, TYPE_STRING, reply)) return;
  const former = entry === 0 ? 0 : database.valueLength;
  const written = request.length[3];
  if (written === 0) {
    reply.integer(former);
    return;
  }
  if (offset + written > server.configuration.requestLimits.bulkBytesMax) {
    reply.error(TOO_LONG_STRING);
    return;
  }
  const length = Math.max(former, offset + written);
  if (entry === 0) {
    entry = database.insertString(request.bytes, request.start[1], request.length[1], length);
    database.setForm(entry, FORM_RAW);
  } else {
    database.resizeString(entry, length, true, 0);
  }
  const { bytes, valueStart } = database;
  if (offset > former) bytes.fill(0, valueStart + former, valueStart + offset);
  copyBytes(request.bytes, request.start[3], bytes, valueStart + offset, written);
  named(client, request, 1, events.setrange);
  reply.integer(length);
}

function getrange(client: Client, request: Request, reply: ReplyWriter): void {
  const { database } = client;
  const from = request.int64(2);
  const to = request.int64(3);
  if (from === null || to === null) {
    reply.error(NOT_AN_INTEGER);
    return;
  }
  const entry = findToRead(client, request, 1);
  if (!isTypeOrAbsent(client, entry, TYPE_STRING, reply)) return;
  const length = entry === 0 ? 0 : database.valueLength;
  const backwards = from < 0 && to < 0 && from > to;
  const start = Math.max(0, Number(from) + (from < 0 ? length : 0));
  const end = Math.min(Math.max(0, Number(to) + (to < 0 ? length : 0)), length - 1);
  if (backwards || start > end || length === 0) reply.bulkText('');
  else reply.bulk(database.bytes, database.valueStart + start, end - start + 1);
}

const ONE_KEY = { first: 1, last: 1, step: 1 };
const ALL_KEYS = { first: 1, last: -1, step: 1 };
const PAIRS = { first: 1, last: -1, step: 2 };

export const stringCommands: CommandSpec[] = [
  {
    name: 'get',
    arity: 2,
    flags: ['readonly', 'fast'],
    keys: ONE_KEY,
    summary: 'Get the value of a key',
    handler: get,
  },
  {
    name: 'set',
    arity: -3,
    flags: ['write', 'denyoom'],
    keys: ONE_KEY,
    summary: 'Set the value of a key, with conditions and a time to live',
    handler: set,
  },
  {
    name: 'setnx',
    arity: 3,
    flags: ['write', 'denyoom', 'fast'],
    keys: ONE_KEY,
    summary: 'Set a key that does not exist',
    handler: setnx,
  },
  {
    name: 'setex',
    arity: 4,
    flags: ['write', 'denyoom'],
    keys: ONE_KEY,
    summary: 'Set a key with a time to live in seconds',
    handler: setex,
  },
  {
    name: 'psetex',
    arity: 4,
    flags: ['write', 'denyoom'],
    keys: ONE_KEY,
    summary: 'Set a key with a time to live in milliseconds',
    handler: psetex,
  },
  {
    name: 'getset',
    arity: 3,
    flags: ['write', 'denyoom', 'fast'],
    keys: ONE_KEY,
    summary: 'Set a key and get its former value',
    handler: getset,
  },
  {
    name: 'getdel',
    arity: 2,
    flags: ['write', 'fast'],
    keys: ONE_KEY,
    summary: 'Get the value of a key and delete it',
    handler: getdel,
  },
  {
    name: 'getex',
    arity: -2,
    flags: ['write', 'fast'],
    keys: ONE_KEY,
    summary: 'Get the value of a key and change its time to live',
    handler: getex,
  },
  {
    name: 'mget',
    arity: -2,
    flags: ['readonly', 'fast'],
    keys: ALL_KEYS,
    summary: 'Get the values of several keys',
    handler: mget,
  },
  {
    name: 'mset',
    arity: -3,
    flags: ['write', 'denyoom'],
    keys: PAIRS,
    summary: 'Set several keys',
    handler: mset,
  },
  {
    name: 'msetnx',
    arity: -3,
    flags: ['write', 'denyoom'],
    keys: PAIRS,
    summary: 'Set several keys if none of them exists',
    handler: msetnx,
  },
  {
    name: 'strlen',
    arity: 2,
    flags: ['readonly', 'fast'],
    keys: ONE_KEY,
    summary: 'Length of the value of a key',
    handler: strlen,
  },
  {
    name: 'append',
    arity: 3,
    flags: ['write', 'denyoom', 'fast'],
    keys: ONE_KEY,
    summary: 'Append to the value of a key',
    handler: append,
  },
  {
    name: 'setrange',
    arity: 4,
    flags: ['write', 'denyoom'],
    keys: ONE_KEY,
    summary: 'Overwrite a part of the value of a key',
    handler: setrange,
  },
  {
    name: 'getrange',
    arity: 4,
    flags: ['readonly'],
    keys: ONE_KEY,
    summary: 'Get a part of the value of a key',
    handler: getrange,
  },
  {
    name: 'substr',
    arity: 4,
    flags: ['readonly'],
    keys: ONE_KEY,
    summary: 'Get a part of the value of a key (the former name of GETRANGE)',
    handler: getrange,
  },
];
