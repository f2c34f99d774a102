/** OBJECT: how Redis would hold the value of a key. */
import type { Client } from '../client.ts';
import { FORM_PLAIN, FORM_RAW, FORM_TEXT } from '../keyspace/string-form.ts';
import type { HashValue } from '../keyspace/types/hash.ts';
import type { SetValue } from '../keyspace/types/set.ts';
import type { SortedSetValue } from '../keyspace/types/sorted-set.ts';
import { TYPE_LIST, TYPE_STRING } from '../keyspace/types/value.ts';
import { parseInteger } from '../resp/numbers.ts';
import type { ReplyWriter } from '../resp/reply.ts';
import type { Request } from '../resp/request.ts';
import { writeHelp } from './replies.ts';
import { type CommandSpec, noSubcommand, type ServerState } from './table.ts';

/** Redis keeps a text of up to so many bytes together with what it knows of it. */
const EMBEDDED_BYTES_MAX = 44;
/** Redis has the integers below once, for all keys; it counts no references to them. */
const SHARED_INTEGERS = 10_000;
const SHARED_REFERENCES = 2 ** 31 - 1;

/** The entry of the key in argument 2, which is not touched by that; 0, and nil written, when there is none. */
function peek(client: Client, request: Request, reply: ReplyWriter, server: ServerState): number {
  const entry = client.database.peek(request.bytes, request.start[2], request.length[2]);
  // It counts, but nobody is told of a miss.
  if (entry === 0) {
    server.stats.misses++;
    reply.nil();
  } else {
    server.stats.hits++;
  }
  return entry;
}

/** The integer that a string is, in a form in which Redis has one as such; else NaN. */
function integerOf(client: Client, entry: number): number {
  const { database } = client;
  const form = database.form(entry);
  if (form === FORM_TEXT || form === FORM_RAW) return Number.NaN;
  return parseInteger(database.bytes, database.valueStart, database.valueLength);
}

function stringEncoding(client: Client, entry: number): string {
  const { database } = client;
  if (!Number.isNaN(integerOf(client, entry))) return 'int';
  const isShort = database.valueLength <= EMBEDDED_BYTES_MAX;
  return isShort && database.form(entry) !== FORM_RAW ? 'embstr' : 'raw';
}

/** The form in which Redis would hold the value. */
export function encodingOf(client: Client, entry: number): string {
  const type = client.database.type(entry);
  if (type === TYPE_STRING) return stringEncoding(client, entry);
  if (type === TYPE_LIST) return 'quicklist';
  return (client.database.object(entry) as SetValue | HashValue | SortedSetValue).encoding;
}

function encoding(client: Client, request: Request, reply: ReplyWriter, server: ServerState): void {
  const entry = peek(client, request, reply, server);
  if (entry !== 0) reply.bulkText(encodingOf(client, entry));
}

/** The references that Redis would have to the value. */
export function references(client: Client, entry: number, server: ServerState): number {
  const { database } = client;
  const isShared = server.memory.mayShareValues;
  const isPlain = isShared && database.type(entry) === TYPE_STRING && database.form(entry) === FORM_PLAIN;
  const integer = isPlain ? integerOf(client, entry) : Number.NaN;
  return integer >= 0 && integer < SHARED_INTEGERS ? SHARED_REFERENCES : 1;
}

function refcount(client: Client, request: Request, reply: ReplyWriter, server: ServerState): void {
  const entry = peek(client, request, reply, server);
  if (entry !== 0) reply.integer(references(client, entry, server));
}

const POLICIES_CHANGE =
  'Please note that when switching between policies at runtime LRU and LFU data will take some time to adjust.';

function idletime(client: Client, request: Request, reply: ReplyWriter, server: ServerState): void {
  const entry = peek(client, request, reply, server);
  if (entry === 0) return;
  if (server.memory.countsUses) {
    reply.error(`ERR An LFU maxmemory policy is selected, idle time not tracked. ${POLICIES_CHANGE}`);
  } else {
    reply.integer(client.database.idleSeconds(entry));
  }
}

function freq(client: Client, request: Request, reply: ReplyWriter, server: ServerState): void {
  const entry = peek(client, request, reply, server);
  if (entry === 0) return;
  if (server.memory.countsUses) {
    reply.integer(client.database.useCount(entry));
  } else {
    reply.error(
      `ERR An LFU maxmemory policy is not selected, access frequency not tracked. ${POLICIES_CHANGE}`,
    );
  }
}

function help(_client: Client, request: Request, reply: ReplyWriter): void {
  writeHelp(request, reply, [
    ['ENCODING <key>', 'The form in which Redis would hold the value of a key.'],
    ['FREQ <key>', 'How often a key is used, where maxmemory-policy has lfu in its name.'],
    ['IDLETIME <key>', 'Seconds since a key was last used.'],
    ['REFCOUNT <key>', 'The references that Redis would have to the value of a key.'],
  ]);
}

const KEY = { first: 2, last: 2, step: 1 };
const READS: CommandSpec['flags'] = ['readonly'];

const subcommands: CommandSpec[] = [
  {
    name: 'encoding',
    arity: 3,
    flags: READS,
    keys: KEY,
    summary: 'Form in which Redis would hold the value of a key',
    handler: encoding,
  },
  {
    name: 'refcount',
    arity: 3,
    flags: READS,
    keys: KEY,
    summary: 'References that Redis would have to the value of a key',
    handler: refcount,
  },
  {
    name: 'idletime',
    arity: 3,
    flags: READS,
    keys: KEY,
    summary: 'Seconds since a key was last used',
    handler: idletime,
  },
  {
    name: 'freq',
    arity: 3,
    flags: READS,
    keys: KEY,
    summary: 'How often a key is used',
    handler: freq,
  },
  { name: 'help', arity: 2, flags: ['loading', 'stale'], summary: 'What OBJECT can tell', handler: help },
];

export const objectCommands: CommandSpec[] = [
  {
    name: 'object',
    arity: -2,
    flags: [],
    summary: 'What is known of the value of a key',
    handler: noSubcommand,
    subcommands,
  },
];
