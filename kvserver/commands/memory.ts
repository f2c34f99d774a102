/** MEMORY USAGE: about how many bytes a key and its value take. */
import type { Client } from '../client.ts';
import type { HashValue } from '../keyspace/types/hash.ts';
import type { ListValue } from '../keyspace/types/list.ts';
import type { SetValue } from '../keyspace/types/set.ts';
import type { SortedSetValue } from '../keyspace/types/sorted-set.ts';
import {
  type ObjectValue,
  TYPE_HASH,
  TYPE_LIST,
  TYPE_SET,
  TYPE_SORTED_SET,
  TYPE_STRING,
} from '../keyspace/types/value.ts';
import type { ReplyWriter } from '../resp/reply.ts';
import type { Request } from '../resp/request.ts';
import { NOT_AN_INTEGER, SYNTAX_ERROR, writeHelp } from './replies.ts';
import { type CommandSpec, noSubcommand } from './table.ts';

const SAMPLES_DEFAULT = 5;
/** An entry of the index, and its bucket. */
const KEY_BYTES = 20;
/** A text of V8 without its characters, and where it is kept. */
const TEXT_BYTES = 12 + 8;
/** A slot in the index of members, of which a quarter or more is free. */
const MEMBER_BYTES = 16;
/** A score beside its member, and once more in the order. */
const SCORE_BYTES = 8 + 8 + 8;
/** A value without elements: its objects and their first arrays. */
const VALUE_BYTES = 300;

function usage(client: Client, request: Request, reply: ReplyWriter): void {
  let samples = SAMPLES_DEFAULT;
  for (let i = 3; i < request.argc; i += 2) {
    if (!request.is(i, 'samples') || i + 1 === request.argc) {
      reply.error(SYNTAX_ERROR);
      return;
    }
    samples = request.integer(i + 1);
    if (Number.isNaN(samples) || samples < 0) {
      reply.error(Number.isNaN(samples) ? NOT_AN_INTEGER : SYNTAX_ERROR);
      return;
    }
  }
  const { database } = client;
  const entry = database.peek(request.bytes, request.start[2], request.length[2]);
  if (entry === 0) {
    reply.nil();
    return;
  }
  const type = database.type(entry);
  const ofBlock = KEY_BYTES + database.blockBytes(entry);
  const ofValue = type === TYPE_STRING ? 0 : objectBytes(type, database.object(entry), samples);
  reply.integer(ofBlock + ofValue);
}

/** By so many samples of its elements; 0: by all. */
function objectBytes(type: number, value: ObjectValue, samples: number): number {
  const size = 'length' in value ? value.length : value.size;
  const seen = samples === 0 ? size : Math.min(samples, size);
  let characters = 0;
  for (let place = 0; place < seen; place++) characters += lengthAt[type](value, place);
  return VALUE_BYTES + Math.ceil(size * (bytesBeside[type] + characters / seen));
}

const lengthAt: Record<number, (value: ObjectValue, place: number) => number> = {
  [TYPE_LIST]: (value, place) => (value as ListValue).at(place).length,
  [TYPE_SET]: (value, place) => (value as SetValue).at(place).length,
  [TYPE_HASH]: (value, place) =>
    (value as HashValue).fieldAt(place).length + (value as HashValue).valueAt(place).length,
  [TYPE_SORTED_SET]: (value, place) => (value as SortedSetValue).memberAt(place).length,
};

/** What an element takes beside its characters. */
const bytesBeside: Record<number, number> = {
  [TYPE_LIST]: TEXT_BYTES,
  [TYPE_SET]: TEXT_BYTES + MEMBER_BYTES,
  [TYPE_HASH]: 2 * TEXT_BYTES + MEMBER_BYTES,
  [TYPE_SORTED_SET]: TEXT_BYTES + MEMBER_BYTES + SCORE_BYTES,
};

function help(_client: Client, request: Request, reply: ReplyWriter): void {
  writeHelp(request, reply, [
    ['USAGE <key> [SAMPLES <count>]', 'Bytes of a key and its value, by so many of its elements; 0: by all.'],
  ]);
}

const subcommands: CommandSpec[] = [
  {
    name: 'usage',
    arity: -3,
    flags: ['readonly'],
    keys: { first: 2, last: 2, step: 1 },
    summary: 'Bytes that a key and its value take',
    handler: usage,
  },
  { name: 'help', arity: 2, flags: ['loading', 'stale'], summary: 'What MEMORY can tell', handler: help },
];

export const memoryCommands: CommandSpec[] = [
  {
    name: 'memory',
    arity: -2,
    flags: [],
    summary: 'The memory that keys take',
    handler: noSubcommand,
    subcommands,
  },
];
