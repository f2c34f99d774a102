/** Commands about the server: its databases, configuration, statistics and command table. */
import { type Client, IN_MULTI, MONITORS } from '../client.ts';
import { globMatches } from '../keyspace/glob.ts';
import { DATABASES } from '../options.ts';
import { latin1Bytes } from '../resp/bytes.ts';
import type { ReplyWriter } from '../resp/reply.ts';
import type { Request } from '../resp/request.ts';
import { commandCommand } from './command-table.ts';
import { debugCommand } from './debug.ts';
import { infoText } from './info.ts';
import { isInt32 } from './ranged-integer.ts';
import { DB_OUT_OF_RANGE, SYNTAX_ERROR, writeHelp } from './replies.ts';
import { type CommandSpec, noSubcommand, type ServerState } from './table.ts';

function dbsize(client: Client, _request: Request, reply: ReplyWriter): void {
  reply.integer(client.database.size);
}

/** Checks the one argument of a FLUSH command, ASYNC or SYNC, which makes no difference here. */
function isFlushSyntax(request: Request, reply: ReplyWriter): boolean {
  if (request.argc === 1) return true;
  if (request.argc === 2 && (request.is(1, 'async') || request.is(1, 'sync'))) return true;
  reply.error(SYNTAX_ERROR);
  return false;
}

function flushdb(client: Client, request: Request, reply: ReplyWriter, server: ServerState): void {
  if (!isFlushSyntax(request, reply)) return;
  server.tracking.flushed();
  client.database.clear();
  reply.ok();
}

function flushall(_client: Client, request: Request, reply: ReplyWriter, server: ServerState): void {
  if (!isFlushSyntax(request, reply)) return;
  server.tracking.flushed();
  for (const [, keyspace] of server.databases()) keyspace.clear();
  reply.ok();
}

function swapdb(_client: Client, request: Request, reply: ReplyWriter, server: ServerState): void {
  const one = request.integer(1);
  const other = request.integer(2);
  if (!isInt32(one)) {
    reply.error('ERR invalid first DB index');
  } else if (!isInt32(other)) {
    reply.error('ERR invalid second DB index');
  } else if (one < 0 || one >= DATABASES || other < 0 || other >= DATABASES) {
    reply.error(DB_OUT_OF_RANGE);
  } else {
    server.swapDatabases(one, other);
    reply.ok();
  }
}

function time(_client: Client, _request: Request, reply: ReplyWriter, server: ServerState): void {
  const { nowMs } = server.clock;
  reply.array(2);
  reply.bulkText(String(Math.floor(nowMs / 1000)));
  reply.bulkText(String((nowMs % 1000) * 1000));
}

function info(_client: Client, request: Request, reply: ReplyWriter, server: ServerState): void {
  const names: string[] = [];
  for (let i = 1; i < request.argc; i++) names.push(request.text(i).toLowerCase());
  reply.verbatim(infoText(names, server));
}

function monitor(client: Client, _request: Request, reply: ReplyWriter, server: ServerState): void {
  if ((client.mode & IN_MULTI) !== 0) {
    reply.error("ERR MONITOR isn't allowed for DENY BLOCKING client");
    return;
  }
  // As in Redis, a second MONITOR has no answer.
  if ((client.mode & MONITORS) !== 0) return;
  server.monitors.add(client);
  reply.ok();
}

function configGet(_client: Client, request: Request, reply: ReplyWriter, server: ServerState): void {
  const found = new Map<string, string>();
  for (const [name, parameter] of server.configuration.parameters) {
    const text = latin1Bytes(name);
    for (let i = 2; i < request.argc; i++) {
      const pattern = latin1Bytes(request.text(i).toLowerCase());
      if (globMatches(pattern, 0, pattern.length, text, 0, text.length)) found.set(name, parameter.get());
    }
  }
  reply.map(found.size);
  for (const [name, value] of found) {
    reply.bulkText(name);
    reply.bulkText(value);
  }
}

function configSet(_client: Client, request: Request, reply: ReplyWriter, server: ServerState): void {
  if (request.argc % 2 === 1) {
    reply.error(SYNTAX_ERROR);
    return;
  }
  const { parameters } = server.configuration;
  const wanted = new Map<string, string>();
  for (let i = 2; i < request.argc; i += 2) {
    const name = request.text(i).toLowerCase();
    const parameter = parameters.get(name);
    if (!parameter) {
      const shown = request.text(i).split('\0')[0];
      reply.error(`ERR Unknown option or number of arguments for CONFIG SET - '${shown}'`);
      return;
    }
    if (wanted.has(name) || !parameter.set) {
      reply.error(
        configSetError(name, wanted.has(name) ? 'duplicate parameter' : "can't set immutable config"),
      );
      return;
    }
    wanted.set(name, request.text(i + 1));
  }
  const former: [string, string][] = [];
  for (const [name, value] of wanted) {
    const before = parameters.get(name)!.get();
    const problem = parameters.get(name)!.set!(value);
    if (problem !== null) {
      for (const [changed, formerValue] of former) parameters.get(changed)!.set!(formerValue);
      reply.error(configSetError(name, problem));
      return;
    }
    former.push([name, before]);
  }
  reply.ok();
}

function configSetError(name: string, problem: string): string {
  return `ERR CONFIG SET failed (possibly related to argument '${name}') - ${problem}`;
}

function configResetStat(_client: Client, _request: Request, reply: ReplyWriter, server: ServerState): void {
  server.resetStats();
  reply.ok();
}

function configRewrite(_client: Client, _request: Request, reply: ReplyWriter): void {
  reply.error('ERR The server is running without a config file');
}

function configHelp(_client: Client, request: Request, reply: ReplyWriter): void {
  writeHelp(request, reply, [
    ['GET <pattern> [<pattern> ...]', 'The parameters whose names match, and their values.'],
    ['RESETSTAT', 'Sets the statistics of INFO to zero.'],
    ['REWRITE', 'Fails: there is no file.'],
    ['SET <parameter> <value> [<parameter> <value> ...]', 'Changes parameters, all of them or none.'],
  ]);
}

const ADMIN: CommandSpec['flags'] = ['admin', 'noscript', 'loading', 'stale'];

const configSubcommands: CommandSpec[] = [
  { name: 'get', arity: -3, flags: ADMIN, summary: 'Parameters by pattern', handler: configGet },
  { name: 'set', arity: -4, flags: ADMIN, summary: 'Change parameters', handler: configSet },
  { name: 'resetstat', arity: 2, flags: ADMIN, summary: 'Reset the statistics', handler: configResetStat },
  { name: 'rewrite', arity: 2, flags: ADMIN, summary: 'Fails: there is no file', handler: configRewrite },
  { name: 'help', arity: 2, flags: ['loading', 'stale'], summary: 'What CONFIG can do', handler: configHelp },
];

export const serverCommands: CommandSpec[] = [
  {
    name: 'dbsize',
    arity: 1,
    flags: ['readonly', 'fast'],
    summary: 'Number of keys of the database',
    handler: dbsize,
  },
  {
    name: 'flushdb',
    arity: -1,
    flags: ['write'],
    summary: 'Delete all keys of the database',
    handler: flushdb,
  },
  {
    name: 'swapdb',
    arity: 3,
    flags: ['write', 'fast'],
    summary: 'Exchange two databases',
    handler: swapdb,
  },
  { name: 'flushall', arity: -1, flags: ['write'], summary: 'Delete all keys', handler: flushall },
  {
    name: 'time',
    arity: 1,
    flags: ['loading', 'stale', 'fast'],
    summary: 'Time of the server',
    handler: time,
  },
  { name: 'info', arity: -1, flags: ['loading', 'stale'], summary: 'State of the server', handler: info },
  debugCommand,
  { name: 'monitor', arity: 1, flags: ADMIN, summary: 'See every command that runs', handler: monitor },
  {
    name: 'config',
    arity: -2,
    flags: [],
    summary: 'Parameters of the server',
    handler: noSubcommand,
    subcommands: configSubcommands,
  },
  commandCommand,
];
