/** Commands about the connection itself. */
import { timingSafeEqual } from 'node:crypto';

import { type Client, IN_MULTI, WATCHED_CHANGED } from '../client.ts';
import { DATABASES } from '../options.ts';
import { latin1Bytes } from '../resp/bytes.ts';
import type { ReplyWriter } from '../resp/reply.ts';
import type { Request } from '../resp/request.ts';
import { DB_OUT_OF_RANGE, NOT_AN_INTEGER, SYNTAX_ERROR, wrongArity } from './replies.ts';
import { type CommandSpec, noSubcommand, RUNS_IN_MULTI, type ServerState } from './table.ts';
import { discardTransaction } from './transactions.ts';
import { REDIS_VERSION } from './version.ts';

function ping(_client: Client, request: Request, reply: ReplyWriter): void {
  if (request.argc === 1) reply.pong();
  else if (request.argc === 2) reply.bulk(request.bytes, request.start[1], request.length[1]);
  else reply.error(wrongArity('ping'));
}

function echo(_client: Client, request: Request, reply: ReplyWriter): void {
  reply.bulk(request.bytes, request.start[1], request.length[1]);
}

function quit(client: Client, _request: Request, reply: ReplyWriter): void {
  reply.ok();
  client.closing = true;
}

function select(client: Client, request: Request, reply: ReplyWriter, server: ServerState): void {
  const index = request.integer(1);
  if (!(Math.abs(index) < 2 ** 31)) {
    reply.error(NOT_AN_INTEGER);
  } else if (index < 0 || index >= DATABASES) {
    reply.error(DB_OUT_OF_RANGE);
  } else {
    selectDatabase(client, index, server);
    reply.ok();
  }
}

function selectDatabase(client: Client, index: number, server: ServerState): void {
  client.databaseIndex = index;
  client.database = server.database(index);
}

const WRONG_PASSWORD = 'WRONGPASS invalid username-password pair or user is disabled.';

/** Whether the only user, `default`, may log in with this password. */
function mayLogIn(user: string, password: string, server: ServerState): boolean {
  const { requirepass } = server.configuration;
  if (user !== 'default') return false;
  if (requirepass === '') return true;
  const given = latin1Bytes(password);
  const wanted = latin1Bytes(requirepass);
  return given.length === wanted.length && timingSafeEqual(given, wanted);
}

function logIn(client: Client): void {
  client.authenticated = true;
  client.request.authenticated = true;
}

function auth(client: Client, request: Request, reply: ReplyWriter, server: ServerState): void {
  if (request.argc > 3) {
    reply.error(SYNTAX_ERROR);
    return;
  }
  if (request.argc === 2 && server.configuration.requirepass === '') {
    reply.error(
      'ERR AUTH <password> called without any password configured for the default user. ' +
        'Are you sure your configuration is correct?',
    );
    return;
  }
  const user = request.argc === 2 ? 'default' : request.text(1);
  if (!mayLogIn(user, request.text(request.argc - 1), server)) {
    reply.error(WRONG_PASSWORD);
    return;
  }
  logIn(client);
  reply.ok();
}

function hello(client: Client, request: Request, reply: ReplyWriter, server: ServerState): void {
  let next = 1;
  let protocol = client.protocol;
  if (request.argc > 1) {
    const version = request.integer(1);
    next = 2;
    if (Number.isNaN(version)) {
      reply.error('ERR Protocol version is not an integer or out of range');
      return;
    }
    if (version !== 2 && version !== 3) {
      reply.error('NOPROTO unsupported protocol version');
      return;
    }
    protocol = version;
  }
  let user: string | null = null;
  let password = '';
  let name: string | null = null;
  for (let i = next; i < request.argc; i++) {
    const left = request.argc - 1 - i;
    if (request.is(i, 'auth') && left >= 2) {
      user = request.text(i + 1);
      password = request.text(i + 2);
      i += 2;
    } else if (request.is(i, 'setname') && left >= 1) {
      name = request.text(++i);
      if (!isName(name)) {
        reply.error(INVALID_NAME);
        return;
      }
    } else {
      reply.error(`ERR Syntax error in HELLO option '${request.text(i).split('\0')[0]}'`);
      return;
    }
  }
  if (user !== null) {
    if (!mayLogIn(user, password, server)) {
      reply.error(WRONG_PASSWORD);
      return;
    }
    logIn(client);
  }
  if (!client.authenticated) {
    reply.error(
      'NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO <proto> AUTH ' +
        '<user> <pass> option can be used to authenticate the client and select the RESP protocol version ' +
        'at the same time',
    );
    return;
  }
  if (name !== null) client.name = name;
  client.protocol = protocol;
  reply.protocol = protocol;
  reply.map(7);
  reply.bulkText('server');
  reply.bulkText('redis');
  reply.bulkText('version');
  reply.bulkText(REDIS_VERSION);
  reply.bulkText('proto');
  reply.integer(protocol);
  reply.bulkText('id');
  reply.integer(client.id);
  reply.bulkText('mode');
  reply.bulkText('standalone');
  reply.bulkText('role');
  reply.bulkText('master');
  reply.bulkText('modules');
  reply.array(0);
}

function reset(client: Client, _request: Request, reply: ReplyWriter, server: ServerState): void {
  client.name = '';
  client.protocol = 2;
  reply.protocol = 2;
  client.authenticated = server.configuration.requirepass === '';
  client.request.authenticated = client.authenticated;
  selectDatabase(client, 0, server);
  discardTransaction(client);
  reply.simple('RESET');
}

const INVALID_NAME = 'ERR Client names cannot contain spaces, newlines or special characters.';

function isName(name: string): boolean {
  return /^[!-~]*$/.test(name);
}

function clientId(client: Client, _request: Request, reply: ReplyWriter): void {
  reply.integer(client.id);
}

function clientSetName(client: Client, request: Request, reply: ReplyWriter): void {
  const name = request.text(2);
  if (!isName(name)) {
    reply.error(INVALID_NAME);
    return;
  }
  client.name = name;
  reply.ok();
}

function clientGetName(client: Client, _request: Request, reply: ReplyWriter): void {
  if (client.name === '') reply.nil();
  else reply.bulkText(client.name);
}

/** The letters of Redis' field `flags`, in its order. */
function flagLetters({ mode, closing }: Client): string {
  let letters = '';
  if ((mode & IN_MULTI) !== 0) letters += 'x';
  if ((mode & WATCHED_CHANGED) !== 0) letters += 'd';
  if (closing) letters += 'c';
  return letters === '' ? 'N' : letters;
}

/**
 * What CLIENT LIST and CLIENT INFO say of a client; Redis's fields that have no meaning here are left out.
 */
function describe(client: Client, server: ServerState): string {
  const { nowMs } = server.clock;
  const age = Math.floor((nowMs - client.connectedMs) / 1000);
  const idle = Math.floor((nowMs - client.lastActiveMs) / 1000);
  const { pendingBytes, pendingCapacity } = client.request;
  return [
    `id=${client.id}`,
    `addr=${client.peerAddress}`,
    `laddr=${client.localAddress}`,
    `name=${client.name}`,
    `age=${age}`,
    `idle=${idle}`,
    `flags=${flagLetters(client)}`,
    `db=${client.databaseIndex}`,
    'sub=0',
    'psub=0',
    'ssub=0',
    `multi=${(client.mode & IN_MULTI) === 0 ? -1 : (client.queue?.size ?? 0)}`,
    `qbuf=${pendingBytes}`,
    `qbuf-free=${pendingCapacity - pendingBytes}`,
    `omem=${client.outputBytes}`,
    `cmd=${client.lastCommand ?? 'NULL'}`,
    'user=default',
    'redir=-1',
    `resp=${client.protocol}`,
  ].join(' ');
}

function clientInfo(client: Client, _request: Request, reply: ReplyWriter, server: ServerState): void {
  reply.verbatim(`${describe(client, server)}\n`);
}

const CLIENT_TYPES = ['normal', 'master', 'replica', 'slave', 'pubsub'];

function clientList(_client: Client, request: Request, reply: ReplyWriter, server: ServerState): void {
  let chosen: Iterable<Client> = server.clients.values();
  if (request.argc === 4 && request.is(2, 'type')) {
    const type = request.text(3).toLowerCase();
    if (!CLIENT_TYPES.includes(type)) {
      reply.error(`ERR Unknown client type '${request.text(3).split('\0')[0]}'`);
      return;
    }
    if (type !== 'normal') chosen = [];
  } else if (request.argc > 3 && request.is(2, 'id')) {
    const byId: Client[] = [];
    for (let i = 3; i < request.argc; i++) {
      const id = request.integer(i);
      if (Number.isNaN(id)) {
        reply.error('ERR Invalid client ID');
        return;
      }
      const found = server.clients.get(id);
      if (found) byId.push(found);
    }
    chosen = byId;
  } else if (request.argc !== 2) {
    reply.error(SYNTAX_ERROR);
    return;
  }
  let text = '';
  for (const client of chosen) text += `${describe(client, server)}\n`;
  reply.verbatim(text);
}

const clientSubcommands: CommandSpec[] = [
  {
    name: 'id',
    arity: 2,
    flags: ['noscript', 'loading', 'stale'],
    summary: 'Id of this connection',
    handler: clientId,
  },
  {
    name: 'info',
    arity: 2,
    flags: ['noscript', 'loading', 'stale'],
    summary: 'State of this connection',
    handler: clientInfo,
  },
  {
    name: 'list',
    arity: -2,
    flags: ['admin', 'noscript', 'loading', 'stale'],
    summary: 'State of all connections',
    handler: clientList,
  },
  {
    name: 'setname',
    arity: 3,
    flags: ['noscript', 'loading', 'stale'],
    summary: 'Name this connection',
    handler: clientSetName,
  },
  {
    name: 'getname',
    arity: 2,
    flags: ['noscript', 'loading', 'stale'],
    summary: 'Name of this connection',
    handler: clientGetName,
  },
];

export const connectionCommands: CommandSpec[] = [
  { name: 'ping', arity: -1, flags: ['fast'], summary: 'Answer PONG, or the argument', handler: ping },
  {
    name: 'echo',
    arity: 2,
    flags: ['loading', 'stale', 'fast'],
    summary: 'Answer the argument',
    handler: echo,
  },
  {
    name: 'quit',
    arity: -1,
    flags: ['noscript', 'loading', 'stale', 'fast', 'no_auth', 'allow_busy'],
    traits: RUNS_IN_MULTI,
    summary: 'Close the connection',
    handler: quit,
  },
  {
    name: 'select',
    arity: 2,
    flags: ['loading', 'stale', 'fast'],
    summary: 'Choose the database of this connection',
    handler: select,
  },
  {
    name: 'auth',
    arity: -2,
    flags: ['noscript', 'loading', 'stale', 'fast', 'no_auth', 'allow_busy'],
    summary: 'Authenticate this connection',
    handler: auth,
  },
  {
    name: 'hello',
    arity: -1,
    flags: ['noscript', 'loading', 'stale', 'fast', 'no_auth', 'allow_busy'],
    summary: 'Choose the protocol version, authenticate and name this connection',
    handler: hello,
  },
  {
    name: 'reset',
    arity: 1,
    flags: ['noscript', 'loading', 'stale', 'fast', 'no_auth', 'allow_busy'],
    traits: RUNS_IN_MULTI,
    summary: 'Put this connection back to how it began',
    handler: reset,
  },
  {
    name: 'client',
    arity: -2,
    flags: [],
    summary: 'Commands about connections',
    handler: noSubcommand,
    subcommands: clientSubcommands,
  },
];
