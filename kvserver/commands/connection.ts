/** Commands about the connection itself. */
import { timingSafeEqual } from 'node:crypto';

import { type Client, REPLIES_OFF, REPLY_SKIPPED, SKIPS_NEXT_REPLY, SUBSCRIBED } from '../client.ts';
import { latin1Bytes } from '../resp/bytes.ts';
import type { ReplyWriter } from '../resp/reply.ts';
import type { Request } from '../resp/request.ts';
import { clientSubcommands, INVALID_NAME, isName } from './clients.ts';
import { takeForNames } from './kept-names.ts';
import { databaseIndex } from './lookup.ts';
import { SYNTAX_ERROR, wrongArity } from './replies.ts';
import { type CommandSpec, noSubcommand, type ServerState } from './table.ts';
import { ENDS_MULTI, RUNS_IN_MULTI, RUNS_SUBSCRIBED } from './traits.ts';
import { discardTransaction } from './transactions.ts';
import { REDIS_VERSION } from './version.ts';

function ping(client: Client, request: Request, reply: ReplyWriter): void {
  if (request.argc > 2) {
    reply.error(wrongArity('ping'));
    return;
  }
  const asMessage = (client.mode & SUBSCRIBED) !== 0 && client.protocol === 2;
  if (asMessage) {
    reply.array(2);
    reply.bulkText('pong');
  }
  if (request.argc === 2) reply.bulk(request.bytes, request.start[1], request.length[1]);
  else if (asMessage) reply.bulkText('');
  else reply.pong();
}

function echo(_client: Client, request: Request, reply: ReplyWriter): void {
  reply.bulk(request.bytes, request.start[1], request.length[1]);
}

function quit(client: Client, _request: Request, reply: ReplyWriter): void {
  reply.ok();
  client.closing = true;
}

function select(client: Client, request: Request, reply: ReplyWriter, server: ServerState): void {
  const index = databaseIndex(request, 1, reply);
  if (index < 0) return;
  selectDatabase(client, index, server);
  reply.ok();
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

/** AUTH [user] password. */
function authSecrets({ argc }: Request): number[] {
  if (argc > 3) return [];
  return argc === 2 ? [1] : [1, 2];
}

/** HELLO version [AUTH user password] [SETNAME name] */
function helloSecrets(request: Request): number[] {
  const secrets: number[] = [];
  for (let i = 2; i < request.argc; i++) {
    if (request.is(i, 'setname')) i++;
    else if (request.is(i, 'auth') && i + 2 < request.argc) secrets.push(++i, ++i);
  }
  return secrets;
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
  // Each option takes effect at once, whatever follows it.
  for (let i = next; i < request.argc; i++) {
    const left = request.argc - 1 - i;
    if (request.is(i, 'auth') && left >= 2) {
      if (!mayLogIn(request.text(i + 1), request.text(i + 2), server)) {
        reply.error(WRONG_PASSWORD);
        return;
      }
      logIn(client);
      i += 2;
    } else if (request.is(i, 'setname') && left >= 1) {
      if (!isName(request.text(++i))) {
        reply.error(INVALID_NAME);
        return;
      }
      takeForNames(request, i, i + 1, server);
      client.name = request.text(i);
    } else {
      reply.error(`ERR Syntax error in HELLO option '${request.text(i).split('\0')[0]}'`);
      return;
    }
  }
  if (!client.authenticated) {
    reply.error(
      'NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO AUTH <user> <pass> ' +
        'option can be used to authenticate the client and select the RESP protocol version at the same time',
    );
    return;
  }
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

function reset(client: Client, _request: Request, _reply: ReplyWriter, server: ServerState): void {
  client.name = '';
  client.protocol = 2;
  client.authenticated = server.configuration.requirepass === '';
  client.request.authenticated = client.authenticated;
  selectDatabase(client, 0, server);
  discardTransaction(client);
  server.pubsub.leave(client);
  server.monitors.delete(client);
  server.tracking.end(client);
  client.mode &= ~(REPLIES_OFF | SKIPS_NEXT_REPLY);
  // Also where replies were off until now.
  if ((client.mode & REPLY_SKIPPED) !== 0) return;
  server.writeTo(client, (own) => own.simple('RESET'));
}

export const connectionCommands: CommandSpec[] = [
  {
    name: 'ping',
    arity: -1,
    flags: ['fast'],
    traits: RUNS_SUBSCRIBED,
    summary: 'Answer PONG, or the argument',
    handler: ping,
  },
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
    traits: RUNS_IN_MULTI | RUNS_SUBSCRIBED | ENDS_MULTI,
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
    secrets: authSecrets,
  },
  {
    name: 'hello',
    arity: -1,
    flags: ['noscript', 'loading', 'stale', 'fast', 'no_auth', 'allow_busy'],
    summary: 'Choose the protocol version, authenticate and name this connection',
    handler: hello,
    secrets: helloSecrets,
  },
  {
    name: 'reset',
    arity: 1,
    flags: ['noscript', 'loading', 'stale', 'fast', 'no_auth', 'allow_busy'],
    traits: RUNS_IN_MULTI | RUNS_SUBSCRIBED | ENDS_MULTI,
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
