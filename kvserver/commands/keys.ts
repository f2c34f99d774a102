/** Commands on keys of any type; those on their time to live are in expiry.ts. */
import type { Client } from '../client.ts';
import { ELEMENT_BYTES } from '../heap-room.ts';
import { globMatches } from '../keyspace/glob.ts';
import { events } from '../keyspace/key-events.ts';
import type { Keyspace } from '../keyspace/keyspace.ts';
import { FORM_COPY, FORM_PLAIN } from '../keyspace/string-form.ts';
import {
  type ObjectValue,
  sizeOf,
  TYPE_HASH,
  TYPE_LIST,
  TYPE_SET,
  TYPE_SORTED_SET,
  TYPE_STRING,
} from '../keyspace/types/value.ts';
import { copyBytes } from '../resp/bytes.ts';
import type { ReplyWriter } from '../resp/reply.ts';
import type { Request } from '../resp/request.ts';
import { databaseIndex, find, findToRead, named, peekToRead } from './lookup.ts';
import { NO_SUCH_KEY, SYNTAX_ERROR } from './replies.ts';
import { scanCursor, scanOptions } from './scan-options.ts';
import type { CommandSpec, ServerState } from './table.ts';

/** SCAN looks at up to this many buckets for each element of COUNT: a table may be almost empty. */
const SCAN_BUCKETS_PER_ELEMENT = 10;
/** What SCAN takes for each that it finds. */
const ENTRY_BYTES = 24;
const RANDOM_KEY_TRIES = 100;
const SAME_OBJECT = 'ERR source and destination objects are the same';

const TYPE_NAMES: Record<number, string> = {
  [TYPE_STRING]: 'string',
  [TYPE_LIST]: 'list',
  [TYPE_SET]: 'set',
  [TYPE_HASH]: 'hash',
  [TYPE_SORTED_SET]: 'zset',
};

function del(client: Client, request: Request, reply: ReplyWriter): void {
  let deleted = 0;
  for (let i = 1; i < request.argc; i++) {
    const entry = find(client, request, i);
    if (entry !== 0) {
      client.database.delete(entry, events.del);
      deleted++;
    }
  }
  reply.integer(deleted);
}

function exists(client: Client, request: Request, reply: ReplyWriter): void {
  let found = 0;
  for (let i = 1; i < request.argc; i++) {
    if (peekToRead(client, request, i) !== 0) found++;
  }
  reply.integer(found);
}

function touch(client: Client, request: Request, reply: ReplyWriter): void {
  let found = 0;
  for (let i = 1; i < request.argc; i++) {
    if (findToRead(client, request, i) !== 0) found++;
  }
  reply.integer(found);
}

function type(client: Client, request: Request, reply: ReplyWriter): void {
  const entry = peekToRead(client, request, 1);
  reply.simple(entry === 0 ? 'none' : TYPE_NAMES[client.database.type(entry)]);
}

function sameKey(request: Request): boolean {
  return request.text(1) === request.text(2);
}

/** Inserts the key in argument `index` into `target`, with the value and the expiry of `entry`; the entry made. */
function duplicate(
  source: Keyspace,
  entry: number,
  value: ObjectValue | null,
  target: Keyspace,
  request: Request,
  index: number,
): number {
  const { bytes } = request;
  const start = request.start[index];
  const length = request.length[index];
  source.locate(entry);
  const sourceBytes = source.bytes;
  const { valueStart, valueLength } = source;
  const expiryMs = source.expiryMs(entry);
  let made: number;
  if (value === null) {
    made = target.insertString(bytes, start, length, valueLength);
    if (target.bytes === sourceBytes) {
      target.bytes.copyWithin(target.valueStart, valueStart, valueStart + valueLength);
    } else {
      copyBytes(sourceBytes, valueStart, target.bytes, target.valueStart, valueLength);
    }
    target.setForm(made, source.form(entry));
  } else {
    made = target.insertObject(bytes, start, length, source.type(entry), value);
  }
  if (expiryMs >= 0) target.setExpiryMs(made, expiryMs, null);
  return made;
}

function rename(client: Client, request: Request, reply: ReplyWriter, server: ServerState): void {
  if (renamed(client, request, reply, server, true)) reply.ok();
}

function renamenx(client: Client, request: Request, reply: ReplyWriter, server: ServerState): void {
  if (renamed(client, request, reply, server, false)) reply.integer(1);
}

/** Renames a key. Returns false when it did not and has written the reply. */
function renamed(
  client: Client,
  request: Request,
  reply: ReplyWriter,
  server: ServerState,
  overwrite: boolean,
): boolean {
  const { database } = client;
  const entry = find(client, request, 1);
  if (entry === 0) {
    reply.error(NO_SUCH_KEY);
    return false;
  }
  if (sameKey(request)) {
    if (overwrite) return true;
    reply.integer(0);
    return false;
  }
  const former = find(client, request, 2);
  if (former !== 0 && !overwrite) {
    reply.integer(0);
    return false;
  }
  server.machineRoom.take(database.blockBytes(entry));
  if (former !== 0) database.delete(former, null);
  const value = database.type(entry) === TYPE_STRING ? null : database.object(entry);
  duplicate(database, entry, value, database, request, 2);
  database.delete(entry, events.rename_from);
  named(client, request, 2, events.rename_to);
  return true;
}

function copy(client: Client, request: Request, reply: ReplyWriter, server: ServerState): void {
  let target = client.database;
  let replace = false;
  for (let i = 3; i < request.argc; i++) {
    if (request.is(i, 'replace')) {
      replace = true;
    } else if (request.is(i, 'db') && i + 1 < request.argc) {
      const index = databaseIndex(request, ++i, reply);
      if (index < 0) return;
      target = server.database(index);
    } else {
      reply.error(SYNTAX_ERROR);
      return;
    }
  }
  const source = client.database;
  if (target === source && sameKey(request)) {
    reply.error(SAME_OBJECT);
    return;
  }
  const entry = findToRead(client, request, 1);
  if (entry === 0) {
    reply.integer(0);
    return;
  }
  const isString = source.type(entry) === TYPE_STRING;
  const bytes = isString ? source.valueLength : 0;
  const former = target.find(request.bytes, request.start[2], request.length[2]);
  if (former !== 0 && !replace) {
    reply.integer(0);
    return;
  }
  server.machineRoom.take(bytes);
  if (!isString) server.heapRoom.take(sizeOf(source.object(entry)) * ELEMENT_BYTES);
  if (former !== 0) target.delete(former, null);
  const value = isString ? null : source.object(entry).copy();
  const made = duplicate(source, entry, value, target, request, 2);
  if (value === null && source.form(entry) === FORM_PLAIN) target.setForm(made, FORM_COPY);
  target.listener?.keyEvent(request.bytes, request.start[2], request.length[2], events.copy_to);
  reply.integer(1);
}

function move(client: Client, request: Request, reply: ReplyWriter, server: ServerState): void {
  const index = databaseIndex(request, 2, reply);
  if (index < 0) return;
  if (index === client.databaseIndex) {
    reply.error(SAME_OBJECT);
    return;
  }
  const source = client.database;
  const target = server.database(index);
  const entry = find(client, request, 1);
  if (entry === 0 || target.find(request.bytes, request.start[1], request.length[1]) !== 0) {
    reply.integer(0);
    return;
  }
  const value = source.type(entry) === TYPE_STRING ? null : source.object(entry);
  duplicate(source, entry, value, target, request, 1);
  source.delete(entry, events.move_from);
  target.listener?.keyEvent(request.bytes, request.start[1], request.length[1], events.move_to);
  reply.integer(1);
}

function randomkey(client: Client, _request: Request, reply: ReplyWriter): void {
  const { database } = client;
  for (let tries = 0; tries < RANDOM_KEY_TRIES; tries++) {
    const entry = database.randomEntry();
    if (entry === 0) break;
    if (database.deleteIfExpired(entry)) continue;
    writeKey(database, entry, reply);
    return;
  }
  reply.nil();
}

function writeKey(database: Keyspace, entry: number, reply: ReplyWriter): void {
  database.locate(entry);
  reply.bulk(database.bytes, database.keyStart, database.keyLength);
}

function keyMatches(database: Keyspace, entry: number, request: Request, pattern: number): boolean {
  database.locate(entry);
  const start = request.start[pattern];
  const end = start + request.length[pattern];
  const { bytes, keyStart, keyLength } = database;
  return globMatches(request.bytes, start, end, bytes, keyStart, keyStart + keyLength);
}

function keys(client: Client, request: Request, reply: ReplyWriter): void {
  const { database } = client;
  // An array of JavaScript's own would end the process at 113 million elements.
  const found = new Int32Array(database.size);
  let count = 0;
  database.forEach((entry) => {
    if (keyMatches(database, entry, request, 1) && !database.deleteIfExpired(entry)) found[count++] = entry;
  });
  reply.array(count);
  for (let i = 0; i < count; i++) writeKey(database, found[i], reply);
}

function scan(client: Client, request: Request, reply: ReplyWriter, server: ServerState): void {
  const { database } = client;
  const given = scanCursor(request.text(1));
  if (given === null) {
    reply.error('ERR invalid cursor');
    return;
  }
  const options = scanOptions(request, reply, 2, true);
  if (options === null) return;
  const { count, pattern, typeName } = options;
  let cursor = Number(BigInt.asUintN(32, given));
  server.heapRoom.take(Math.min(count, database.size) * ENTRY_BYTES);
  const entries: number[] = [];
  let buckets = count * SCAN_BUCKETS_PER_ELEMENT;
  do {
    cursor = database.scan(cursor, entries);
  } while (cursor !== 0 && --buckets > 0 && entries.length < count);
  const found = entries.filter(
    (entry) =>
      (pattern === 0 || keyMatches(database, entry, request, pattern)) &&
      (typeName === '' || TYPE_NAMES[database.type(entry)] === typeName) &&
      !database.deleteIfExpired(entry),
  );
  reply.array(2);
  reply.bulkText(String(cursor));
  reply.array(found.length);
  for (const entry of found) writeKey(database, entry, reply);
}

const ONE_KEY = { first: 1, last: 1, step: 1 };
const TWO_KEYS = { first: 1, last: 2, step: 1 };
const ALL_KEYS = { first: 1, last: -1, step: 1 };

export const keyCommands: CommandSpec[] = [
  {
    name: 'del',
    arity: -2,
    flags: ['write'],
    keys: ALL_KEYS,
    summary: 'Delete keys',
    handler: del,
  },
  {
    name: 'unlink',
    arity: -2,
    flags: ['write', 'fast'],
    keys: ALL_KEYS,
    summary: 'Delete keys (here the same as DEL)',
    handler: del,
  },
  {
    name: 'exists',
    arity: -2,
    flags: ['readonly', 'fast'],
    keys: ALL_KEYS,
    summary: 'Count the keys that exist',
    handler: exists,
  },
  {
    name: 'touch',
    arity: -2,
    flags: ['readonly', 'fast'],
    keys: ALL_KEYS,
    summary: 'Count the keys that exist; they count as used',
    handler: touch,
  },
  {
    name: 'type',
    arity: 2,
    flags: ['readonly', 'fast'],
    keys: ONE_KEY,
    summary: 'Type of the value of a key',
    handler: type,
  },
  {
    name: 'rename',
    arity: 3,
    flags: ['write'],
    keys: TWO_KEYS,
    summary: 'Rename a key, replacing another one',
    handler: rename,
  },
  {
    name: 'renamenx',
    arity: 3,
    flags: ['write', 'fast'],
    keys: TWO_KEYS,
    summary: 'Rename a key if the new name is free',
    handler: renamenx,
  },
  {
    name: 'copy',
    arity: -3,
    flags: ['write', 'denyoom'],
    keys: TWO_KEYS,
    summary: 'Copy a key, also to another database',
    handler: copy,
  },
  {
    name: 'move',
    arity: 3,
    flags: ['write', 'fast'],
    keys: ONE_KEY,
    summary: 'Move a key to another database',
    handler: move,
  },
  {
    name: 'randomkey',
    arity: 1,
    flags: ['readonly'],
    summary: 'Some key of the database',
    handler: randomkey,
  },
  {
    name: 'keys',
    arity: 2,
    flags: ['readonly'],
    summary: 'All keys that match a pattern',
    handler: keys,
  },
  {
    name: 'scan',
    arity: -2,
    flags: ['readonly'],
    summary: 'The keys of the database, some at a time',
    handler: scan,
  },
];
