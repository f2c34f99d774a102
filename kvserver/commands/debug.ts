/** DEBUG: what tests ask of the server. */
import type { Client } from '../client.ts';
import { ListValue } from '../keyspace/types/list.ts';
import { TYPE_STRING } from '../keyspace/types/value.ts';
import { DATABASES } from '../options.ts';
import type { ReplyWriter } from '../resp/reply.ts';
import type { Request } from '../resp/request.ts';
import { digestValues } from './digest.ts';
import { encodingOf, references } from './objects.ts';
import { NO_SUCH_KEY, NOT_A_FLOAT, NOT_AN_INTEGER, unknownOrArity, writeHelp } from './replies.ts';
import type { CommandSpec, ServerState } from './table.ts';

/** What DEBUG PROTOCOL replies to each name: the same as Redis, for tests of clients. */
const protocolReplies: Record<string, (reply: ReplyWriter) => void> = {
  string: (reply) => reply.bulkText('Hello World'),
  integer: (reply) => reply.integer(12_345),
  double: (reply) => reply.double(3141 / 1000),
  bignum: (reply) => reply.bigNumber('1234567999999999999999999999999999999'),
  null: (reply) => reply.nil(),
  array: (reply) => {
    reply.array(3);
    for (let i = 0; i < 3; i++) reply.integer(i);
  },
  set: (reply) => {
    reply.set(3);
    for (let i = 0; i < 3; i++) reply.integer(i);
  },
  map: (reply) => {
    reply.map(3);
    for (let i = 0; i < 3; i++) {
      reply.integer(i);
      reply.boolean(i === 1);
    }
  },
  attrib: (reply) => {
    if (reply.protocol === 3) {
      reply.attribute(1);
      reply.bulkText('key-popularity');
      reply.array(2);
      reply.bulkText('key:123');
      reply.integer(90);
    }
    reply.bulkText('Some real reply following the attribute');
  },
  push: (reply) => {
    if (reply.protocol === 2) {
      reply.error('ERR RESP2 is not supported by this command');
      return;
    }
    reply.push(2);
    reply.bulkText('server-cpu-usage');
    reply.integer(42);
    reply.bulkText('Some real reply following the push reply');
  },
  verbatim: (reply) => reply.verbatim('This is a verbatim\nstring'),
  true: (reply) => reply.boolean(true),
  false: (reply) => reply.boolean(false),
};

function protocol(request: Request, reply: ReplyWriter): void {
  const name = request.text(2).toLowerCase();
  if (Object.hasOwn(protocolReplies, name)) {
    protocolReplies[name](reply);
    return;
  }
  const names = 'string|integer|double|bignum|null|array|set|map|attrib|push|verbatim|true|false';
  reply.error(`ERR Wrong protocol type name. Please use one of the following: ${names}`);
}

function object(client: Client, request: Request, reply: ReplyWriter, server: ServerState): void {
  const { database } = client;
  const entry = database.peek(request.bytes, request.start[2], request.length[2]);
  if (entry === 0) {
    reply.error(NO_SUCH_KEY);
    return;
  }
  reply.simple(
    `Value at:0x${database.placeOf(entry).toString(16)} refcount:${references(client, entry, server)} ` +
      `encoding:${encodingOf(client, entry)} lru_seconds_idle:${database.idleSeconds(entry)}`,
  );
}

/** The index of a database: tables of buckets, a chain of keys in each, as Redis has them. */
function indexOfDatabase(request: Request, reply: ReplyWriter, server: ServerState): void {
  const index = request.integer(2);
  if (Number.isNaN(index)) {
    reply.error(NOT_AN_INTEGER);
    return;
  }
  if (index < 0 || index >= DATABASES) {
    reply.error('ERR Out of range database');
    return;
  }
  const database = server.database(index);
  const tables = database.chainLengths().map(tableText).join('');
  const { volatileCount } = database;
  reply.verbatim(`[Dictionary HT]\n${tables}[Expires HT]\nNo hash table: ${volatileCount} keys expire\n`);
}

function tableText(chains: number[], table: number): string {
  const name = table === 0 ? 'main hash table' : 'rehashing target';
  const head = `Hash table ${table} stats (${name}):\n`;
  const buckets = chains.reduce((sum, count) => sum + count);
  const keys = chains.reduce((sum, count, length) => sum + count * length, 0);
  if (keys === 0) return `${head}No stats available for empty dictionaries\n`;
  const used = buckets - chains[0];
  const shares = chains.flatMap((count, length) =>
    count === 0 ? [] : [`   ${length}: ${count} (${((100 * count) / buckets).toFixed(2)}%)\n`],
  );
  return (
    `${head} table size: ${buckets}\n number of elements: ${keys}\n different slots: ${used}\n` +
    ` max chain length: ${chains.length - 1}\n avg chain length: ${(keys / used).toFixed(2)}\n` +
    ` Chain length distribution:\n${shares.join('')}`
  );
}

/** The index of a set, a hash or a sorted set: parts with slots; a member is looked for in one after the other. */
function indexOfValue(client: Client, request: Request, reply: ReplyWriter): void {
  const { database } = client;
  const entry = database.peek(request.bytes, request.start[2], request.length[2]);
  if (entry === 0) {
    reply.error(NO_SUCH_KEY);
    return;
  }
  const value = database.type(entry) === TYPE_STRING ? null : database.object(entry);
  if (value === null || value instanceof ListValue) {
    reply.error('ERR The value stored at the specified key is not represented using an hash table');
    return;
  }
  const { parts, slots, looksMax } = value.indexShape();
  reply.verbatim(
    `Index stats:\n number of elements: ${value.size}\n parts: ${parts}\n slots: ${slots}\n` +
      ` max slots looked at: ${looksMax}\n`,
  );
}

function sleep(request: Request, reply: ReplyWriter, server: ServerState): void {
  const seconds = request.double(2);
  if (Number.isNaN(seconds)) {
    reply.error(NOT_A_FLOAT);
    return;
  }
  // Blocks the thread of the data path, which is what DEBUG SLEEP is for.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, Math.max(0, seconds * 1000));
  server.clock.update();
  reply.ok();
}

function help(request: Request, reply: ReplyWriter): void {
  writeHelp(request, reply, [
    ['DIGEST-VALUE <key> [<key> ...]', 'Digests of values, the same as those of Redis.'],
    ['HTSTATS <database>', 'How many keys the buckets of its index have.'],
    ['HTSTATS-KEY <key>', 'Parts and slots of the index of a set, a hash or a sorted set.'],
    ['OBJECT <key>', 'Where the value of a key lies, and the form in which Redis would hold it.'],
    [
      'PAUSE-CRON <0|1>',
      'Whether the server rests from what it does by itself: keys expire, and limits are looked at.',
    ],
    [
      'PROTOCOL <type>',
      'A reply of a type: string, integer, double, bignum, null, array, set, map, attrib, ...',
    ],
    ['QUICKLIST-PACKED-THRESHOLD <bytes>', 'Changes nothing.'],
    ['SET-ACTIVE-EXPIRE <0|1>', 'Whether keys expire that nobody asks for.'],
    ['SLEEP <seconds>', 'Keeps the server from serving anybody.'],
  ]);
}

/** Whether argument 2 is a number other than 0, as C reads one. */
function isOn(request: Request): boolean {
  return /^\s*[+-]?0*[1-9]/.test(request.text(2));
}

function debug(client: Client, request: Request, reply: ReplyWriter, server: ServerState): void {
  if (request.is(1, 'digest-value')) {
    digestValues(client, request, reply);
  } else if (request.is(1, 'help') && request.argc === 2) {
    help(request, reply);
  } else if (request.argc !== 3) {
    reply.error(unknownOrArity(request));
  } else if (request.is(1, 'htstats')) {
    indexOfDatabase(request, reply, server);
  } else if (request.is(1, 'htstats-key')) {
    indexOfValue(client, request, reply);
  } else if (request.is(1, 'object')) {
    object(client, request, reply, server);
  } else if (request.is(1, 'pause-cron')) {
    server.configuration.regularWork = !isOn(request);
    reply.ok();
  } else if (request.is(1, 'protocol')) {
    protocol(request, reply);
  } else if (request.is(1, 'quicklist-packed-threshold')) {
    // Of how Redis lays out lists, which has no like here.
    reply.ok();
  } else if (request.is(1, 'set-active-expire')) {
    server.configuration.activeExpiry = isOn(request);
    reply.ok();
  } else if (request.is(1, 'sleep')) {
    sleep(request, reply, server);
  } else {
    reply.error(unknownOrArity(request));
  }
}

export const debugCommand: CommandSpec = {
  name: 'debug',
  arity: -2,
  flags: ['admin', 'noscript', 'loading', 'stale'],
  summary: 'Lets the server sleep, replies of each type, digests of values and the like, for tests',
  handler: debug,
};
