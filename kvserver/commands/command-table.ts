/** COMMAND and its subcommands: what the server has. */
import type { Client } from '../client.ts';
import { globMatches } from '../keyspace/glob.ts';
import { latin1Bytes } from '../resp/bytes.ts';
import type { ReplyWriter } from '../resp/reply.ts';
import type { Request } from '../resp/request.ts';
import { categoriesOf } from './categories.ts';
import { keyAccess } from './key-access.ts';
import { hasKeys, keyPlaces } from './key-places.ts';
import { SYNTAX_ERROR, writeHelp } from './replies.ts';
import type { Command, CommandSpec, ServerState } from './table.ts';

const BAR = 0x7c;
/** Where the request stands whose keys are asked for. */
const INNER = 2;

/** The command of an argument, also as "config|get"; null when there is none. */
function namedCommand(request: Request, index: number, server: ServerState): Command | null {
  const start = request.start[index];
  const length = request.length[index];
  const bar = request.bytes.subarray(start, start + length).indexOf(BAR);
  if (bar < 0) return server.commands.lookup(request.bytes, start, length);
  const container = server.commands.lookup(request.bytes, start, bar);
  return container?.subcommands?.lookup(request.bytes, start + bar + 1, length - bar - 1) ?? null;
}

function everyCommand(server: ServerState): Command[] {
  return server.commands.commands.flatMap((command) => [command, ...(command.subcommands?.commands ?? [])]);
}

function commandAll(_client: Client, _request: Request, reply: ReplyWriter, server: ServerState): void {
  reply.array(server.commands.commands.length);
  for (const command of server.commands.commands) writeCommandInfo(command, reply);
}

function commandCount(_client: Client, _request: Request, reply: ReplyWriter, server: ServerState): void {
  reply.integer(server.commands.commands.length);
}

function commandList(_client: Client, request: Request, reply: ReplyWriter, server: ServerState): void {
  const isWanted = request.argc === 2 ? () => true : commandFilter(request);
  if (isWanted === null) {
    reply.error(SYNTAX_ERROR);
    return;
  }
  const wanted = everyCommand(server).filter(isWanted);
  reply.array(wanted.length);
  for (const command of wanted) reply.bulkText(command.fullName);
}

/** What FILTERBY lets pass; null when the syntax is wrong. */
function commandFilter(request: Request): ((command: Command) => boolean) | null {
  if (request.argc !== 5 || !request.is(2, 'filterby')) return null;
  // No command comes from a module.
  if (request.is(3, 'module')) return () => false;
  if (request.is(3, 'aclcat')) {
    const category = request.text(4).toLowerCase();
    return (command) => categoriesOf(command).includes(category);
  }
  if (!request.is(3, 'pattern')) return null;
  const pattern = latin1Bytes(request.text(4).toLowerCase());
  return ({ fullName }) => globMatches(pattern, 0, pattern.length, latin1Bytes(fullName), 0, fullName.length);
}

function commandInfo(client: Client, request: Request, reply: ReplyWriter, server: ServerState): void {
  if (request.argc === 2) {
    commandAll(client, request, reply, server);
    return;
  }
  reply.array(request.argc - 2);
  for (let i = 2; i < request.argc; i++) {
    const command = namedCommand(request, i, server);
    if (command === null) reply.nil();
    else writeCommandInfo(command, reply);
  }
}

/** The ten fields of COMMAND INFO; the tips and key specifications are left empty. */
function writeCommandInfo(command: Command, reply: ReplyWriter): void {
  const { spec } = command;
  const keys = spec.keys ?? { first: 0, last: 0, step: 0 };
  reply.array(10);
  reply.bulkText(command.fullName);
  reply.integer(spec.arity);
  reply.set(spec.flags.length);
  for (const flag of spec.flags) reply.simple(flag);
  reply.integer(keys.first);
  reply.integer(keys.last);
  reply.integer(keys.step);
  const categories = categoriesOf(command);
  reply.set(categories.length);
  for (const category of categories) reply.simple(`@${category}`);
  reply.array(0);
  reply.array(0);
  const subcommands = command.subcommands?.commands ?? [];
  reply.array(subcommands.length);
  for (const subcommand of subcommands) writeCommandInfo(subcommand, reply);
}

function commandDocs(_client: Client, request: Request, reply: ReplyWriter, server: ServerState): void {
  let chosen: readonly Command[] = server.commands.commands;
  if (request.argc > 2) {
    const named: Command[] = [];
    for (let i = 2; i < request.argc; i++) {
      const command = namedCommand(request, i, server);
      if (command !== null) named.push(command);
    }
    chosen = named;
  }
  reply.map(chosen.length);
  for (const command of chosen) writeCommandDocs(command, reply);
}

function writeCommandDocs(command: Command, reply: ReplyWriter): void {
  const subcommands = command.subcommands?.commands ?? [];
  reply.bulkText(command.fullName);
  reply.map(subcommands.length > 0 ? 3 : 2);
  reply.bulkText('summary');
  reply.bulkText(command.spec.summary);
  reply.bulkText('group');
  reply.bulkText(command.group);
  if (subcommands.length === 0) return;
  reply.bulkText('subcommands');
  reply.map(subcommands.length);
  for (const subcommand of subcommands) writeCommandDocs(subcommand, reply);
}

function commandGetKeys(_client: Client, request: Request, reply: ReplyWriter, server: ServerState): void {
  const found = keysOfInner(request, reply, server);
  if (found === null) return;
  reply.array(found.places.length);
  for (const place of found.places) reply.bulkText(request.text(place + INNER));
}

function commandGetKeysAndFlags(
  _client: Client,
  request: Request,
  reply: ReplyWriter,
  server: ServerState,
): void {
  const found = keysOfInner(request, reply, server);
  if (found === null) return;
  reply.array(found.places.length);
  for (const [index, place] of found.places.entries()) {
    const flags = keyAccess(found.spec, index, request, INNER);
    reply.array(2);
    reply.bulkText(request.text(place + INNER));
    reply.set(flags.length);
    for (const flag of flags) reply.simple(flag);
  }
}

interface InnerKeys {
  spec: CommandSpec;
  /** Among the arguments of the inner request. */
  places: number[];
}

/** Of the request that stands from argument INNER on and is not run; null with the error written. */
function keysOfInner(request: Request, reply: ReplyWriter, server: ServerState): InnerKeys | null {
  const argc = request.argc - INNER;
  let command = server.commands.lookup(request.bytes, request.start[2], request.length[2]);
  if (command?.subcommands && argc > 1) {
    command = command.subcommands.lookup(request.bytes, request.start[3], request.length[3]);
  }
  if (command === null) {
    reply.error('ERR Invalid command specified');
  } else if (!readsKeys(command)) {
    reply.error('ERR The command has no key arguments');
  } else if (command.arity > 0 ? argc !== command.arity : argc < -command.arity) {
    reply.error('ERR Invalid number of arguments specified for command');
  } else {
    const places = keyPlaces(command.spec, request, INNER);
    if (places !== null) return { spec: command.spec, places };
    reply.error('ERR Invalid arguments specified for command');
  }
  return null;
}

/** Channels stand where keys do for COMMAND INFO, and are none. */
function readsKeys({ spec, group }: Command): boolean {
  return group !== 'pubsub' && hasKeys(spec);
}

function commandHelp(_client: Client, request: Request, reply: ReplyWriter): void {
  writeHelp(request, reply, [
    ['(no subcommand)', 'What all commands take.'],
    ['COUNT', 'How many commands there are.'],
    ['DOCS [<command> ...]', 'What these commands, or all, do.'],
    ['GETKEYS <command> [<argument> ...]', 'The keys of a request.'],
    ['GETKEYSANDFLAGS <command> [<argument> ...]', 'The keys of a request, and what is done with each.'],
    ['INFO [<command> ...]', 'What these commands, or all, take.'],
    ['LIST [FILTERBY (MODULE|ACLCAT|PATTERN) <text>]', 'The names of commands.'],
  ]);
}

const ANY_TIME: CommandSpec['flags'] = ['loading', 'stale'];

const subcommands: CommandSpec[] = [
  { name: 'count', arity: 2, flags: ANY_TIME, summary: 'Number of commands', handler: commandCount },
  { name: 'list', arity: -2, flags: ANY_TIME, summary: 'Names of commands', handler: commandList },
  { name: 'info', arity: -2, flags: ANY_TIME, summary: 'What commands take', handler: commandInfo },
  { name: 'docs', arity: -2, flags: ANY_TIME, summary: 'What commands do', handler: commandDocs },
  { name: 'getkeys', arity: -4, flags: ANY_TIME, summary: 'Keys of a request', handler: commandGetKeys },
  {
    name: 'getkeysandflags',
    arity: -4,
    flags: ANY_TIME,
    summary: 'Keys of a request, and what it does with them',
    handler: commandGetKeysAndFlags,
  },
  { name: 'help', arity: 2, flags: ANY_TIME, summary: 'What COMMAND can tell', handler: commandHelp },
];

export const commandCommand: CommandSpec = {
  name: 'command',
  arity: -1,
  flags: ANY_TIME,
  summary: 'The command table',
  handler: commandAll,
  subcommands,
};
