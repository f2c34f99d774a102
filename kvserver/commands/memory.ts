/** MEMORY USAGE: about how many bytes a key and its value take. */
import type { Client } from '../client.ts';
import { valueBytes } from '../keyspace/types/memory.ts';
import { TYPE_STRING } from '../keyspace/types/value.ts';
import type { ReplyWriter } from '../resp/reply.ts';
import type { Request } from '../resp/request.ts';
import { NOT_AN_INTEGER, SYNTAX_ERROR, writeHelp } from './replies.ts';
import { type CommandSpec, noSubcommand } from './table.ts';

const SAMPLES_DEFAULT = 5;
/** An entry of the index, and its bucket. */
const KEY_BYTES = 20;

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
  const ofValue = type === TYPE_STRING ? 0 : valueBytes(database.object(entry), samples);
  reply.integer(ofBlock + ofValue);
}

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
