/** CLIENT: what the connections are, and what is done to them. */
import {
  BLOCKED,
  type Client,
  IN_MULTI,
  MONITORS,
  NO_EVICT,
  REPLIES_OFF,
  REPLY_SKIPPED,
  SKIPS_NEXT_REPLY,
  SUBSCRIBED,
  WATCHED_CHANGED,
} from '../client.ts';
import type { ReplyWriter } from '../resp/reply.ts';
import type { Request } from '../resp/request.ts';
import { takeForNames } from './kept-names.ts';
import { NOT_AN_INTEGER, SYNTAX_ERROR, unknownOrArity, writeHelp } from './replies.ts';
import type { CommandSpec, ServerState } from './table.ts';
import { redirection, trackingSubcommands } from './tracking.ts';
import { millisecondsDeadline } from './wait.ts';

export const INVALID_NAME = 'ERR Client names cannot contain spaces, newlines or special characters.';

export function isName(name: string): boolean {
  return /^[!-~]*$/.test(name);
}

function id(client: Client, _request: Request, reply: ReplyWriter): void {
  reply.integer(client.id);
}

function setName(client: Client, request: Request, reply: ReplyWriter, server: ServerState): void {
  takeForNames(request, 2, 3, server);
  const name = request.text(2);
  if (!isName(name)) {
    reply.error(INVALID_NAME);
    return;
  }
  client.name = name;
  reply.ok();
}

function getName(client: Client, _request: Request, reply: ReplyWriter): void {
  if (client.name === '') reply.nil();
  else reply.bulkText(client.name);
}

/** The letters of Redis' field `flags`, in its order. */
function flagLetters({ mode, closing, tracking }: Client): string {
  let letters = '';
  if ((mode & MONITORS) !== 0) letters += 'O';
  if ((mode & SUBSCRIBED) !== 0) letters += 'P';
  if ((mode & IN_MULTI) !== 0) letters += 'x';
  if ((mode & BLOCKED) !== 0) letters += 'b';
  if (tracking !== null) letters += 't';
  if (tracking?.isBroken) letters += 'R';
  if (tracking !== null && tracking.prefixes !== null) letters += 'B';
  if ((mode & WATCHED_CHANGED) !== 0) letters += 'd';
  if (closing) letters += 'c';
  if ((mode & NO_EVICT) !== 0) letters += 'e';
  return letters === '' ? 'N' : letters;
}

/** What CLIENT LIST and CLIENT INFO say of a client: all fields of Redis, 0 or -1 where they have no meaning here. */
function describe(client: Client, server: ServerState): string {
  const { nowMs } = server.clock;
  const age = Math.floor((nowMs - client.connectedMs) / 1000);
  const idle = Math.floor((nowMs - client.lastActiveMs) / 1000);
  const { request, subscriptions, queue } = client;
  const queuedBytes = queue?.usedBytes ?? 0;
  return [
    `id=${client.id}`,
    `addr=${client.peerAddress}`,
    `laddr=${client.localAddress}`,
    'fd=-1',
    `name=${client.name}`,
    `age=${age}`,
    `idle=${idle}`,
    `flags=${flagLetters(client)}`,
    `db=${client.databaseIndex}`,
    `sub=${subscriptions?.channels.size ?? 0}`,
    `psub=${subscriptions?.patterns.size ?? 0}`,
    `ssub=${subscriptions?.shardChannels.size ?? 0}`,
    `multi=${(client.mode & IN_MULTI) === 0 ? -1 : (queue?.size ?? 0)}`,
    `qbuf=${request.heldBytes}`,
    `qbuf-free=${Math.max(0, request.pendingCapacity - request.heldBytes)}`,
    'argv-mem=0',
    `multi-mem=${queuedBytes}`,
    'rbs=0 rbp=0 obl=0 oll=0',
    `omem=${client.outputBytes}`,
    `tot-mem=${request.pendingCapacity + queuedBytes + client.outputBytes}`,
    'events=r',
    `cmd=${client.lastCommand ?? 'NULL'}`,
    'user=default',
    `redir=${redirection(client)}`,
    `resp=${client.protocol}`,
  ].join(' ');
}

function info(client: Client, _request: Request, reply: ReplyWriter, server: ServerState): void {
  reply.verbatim(`${describe(client, server)}\n`);
}

const CLIENT_TYPES = ['normal', 'master', 'replica', 'slave', 'pubsub'];

/** The type of client that an argument names, in lower case; null with the error written. */
function clientType(request: Request, index: number, reply: ReplyWriter): string | null {
  const type = request.text(index).toLowerCase();
  if (CLIENT_TYPES.includes(type)) return type;
  reply.error(`ERR Unknown client type '${request.text(index).split('\0')[0]}'`);
  return null;
}

function isOfType(client: Client, type: string): boolean {
  return type === ((client.mode & SUBSCRIBED) === 0 ? 'normal' : 'pubsub');
}

function list(_client: Client, request: Request, reply: ReplyWriter, server: ServerState): void {
  let chosen: Iterable<Client> = server.clients.values();
  if (request.argc === 4 && request.is(2, 'type')) {
    const type = clientType(request, 3, reply);
    if (type === null) return;
    chosen = [...chosen].filter((client) => isOfType(client, type));
  } else if (request.argc > 3 && request.is(2, 'id')) {
    const byId: Client[] = [];
    for (let i = 3; i < request.argc; i++) {
      const wanted = request.integer(i);
      if (Number.isNaN(wanted)) {
        reply.error('ERR Invalid client ID');
        return;
      }
      const found = server.clients.get(wanted);
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

/** Which clients CLIENT KILL means; null for what does not matter. */
interface KillFilter {
  id: number | null;
  type: string | null;
  address: string | null;
  localAddress: string | null;
  /** The client that asks is spared. */
  skipMe: boolean;
}

/** The options of CLIENT KILL; null with the error written. */
function killFilter(request: Request, reply: ReplyWriter): KillFilter | null {
  const filter: KillFilter = { id: null, type: null, address: null, localAddress: null, skipMe: true };
  for (let i = 2; i < request.argc; i += 2) {
    const last = i + 1 === request.argc;
    if (request.is(i, 'id') && !last) {
      filter.id = request.integer(i + 1);
      if (!(filter.id > 0)) {
        reply.error('ERR client-id should be greater than 0');
        return null;
      }
    } else if (request.is(i, 'type') && !last) {
      filter.type = clientType(request, i + 1, reply);
      if (filter.type === null) return null;
    } else if (request.is(i, 'addr') && !last) {
      filter.address = request.text(i + 1);
    } else if (request.is(i, 'laddr') && !last) {
      filter.localAddress = request.text(i + 1);
    } else if (request.is(i, 'user') && !last) {
      if (request.text(i + 1) !== 'default') {
        reply.error(`ERR No such user '${request.text(i + 1).split('\0')[0]}'`);
        return null;
      }
    } else if (request.is(i, 'skipme') && !last && (request.is(i + 1, 'yes') || request.is(i + 1, 'no'))) {
      filter.skipMe = request.is(i + 1, 'yes');
    } else {
      reply.error(SYNTAX_ERROR);
      return null;
    }
  }
  return filter;
}

function kill(client: Client, request: Request, reply: ReplyWriter, server: ServerState): void {
  // The old form, by address alone.
  const old = request.argc === 3;
  const filter = old
    ? { id: null, type: null, address: request.text(2), localAddress: null, skipMe: false }
    : killFilter(request, reply);
  if (filter === null) return;
  const chosen = [...server.clients.values()].filter(
    (other) =>
      (filter.address === null || other.peerAddress === filter.address) &&
      (filter.localAddress === null || other.localAddress === filter.localAddress) &&
      (filter.type === null || isOfType(other, filter.type)) &&
      (filter.id === null || other.id === filter.id) &&
      !(filter.skipMe && other === client),
  );
  for (const other of chosen) {
    if (other !== client) server.kill(other);
  }
  if (!old) reply.integer(chosen.length);
  else if (chosen.length > 0) reply.ok();
  else reply.error('ERR No such client');
  if (chosen.includes(client)) client.closing = true;
}

function replies(client: Client, request: Request, reply: ReplyWriter, server: ServerState): void {
  if (request.is(2, 'on')) {
    client.mode &= ~(REPLIES_OFF | REPLY_SKIPPED);
    server.writeTo(client, (own) => own.ok());
  } else if (request.is(2, 'off')) {
    client.mode |= REPLIES_OFF;
  } else if (request.is(2, 'skip')) {
    if ((client.mode & REPLIES_OFF) === 0) client.mode |= SKIPS_NEXT_REPLY;
  } else {
    reply.error(SYNTAX_ERROR);
  }
}

function pause(_client: Client, request: Request, reply: ReplyWriter, server: ServerState): void {
  if (request.argc > 4) {
    reply.error(unknownOrArity(request));
    return;
  }
  const ofWrites = request.argc === 4 && request.is(3, 'write');
  if (request.argc === 4 && !ofWrites && !request.is(3, 'all')) {
    reply.error('ERR CLIENT PAUSE mode must be WRITE or ALL');
    return;
  }
  const deadlineMs = millisecondsDeadline(request, 2, reply, server);
  if (deadlineMs === null) return;
  if (deadlineMs > 0 || server.pause.kind !== 0) server.pause.begin(ofWrites ? 'write' : 'all', deadlineMs);
  reply.ok();
}

function unpause(_client: Client, _request: Request, reply: ReplyWriter, server: ServerState): void {
  server.pause.end();
  reply.ok();
}

function unblock(_client: Client, request: Request, reply: ReplyWriter, server: ServerState): void {
  if (request.argc > 4) {
    reply.error(unknownOrArity(request));
    return;
  }
  const withError = request.argc === 4 && request.is(3, 'error');
  if (request.argc === 4 && !withError && !request.is(3, 'timeout')) {
    reply.error('ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR');
    return;
  }
  const wanted = request.integer(2);
  if (Number.isNaN(wanted)) {
    reply.error(NOT_AN_INTEGER);
    return;
  }
  const target = server.clients.get(wanted);
  const waited = target !== undefined && server.blocked.unblock(target, withError ? 'error' : 'timeout');
  reply.integer(waited ? 1 : 0);
}

/** No client is ever evicted here: CLIENT LIST shows the wish. */
function noEvict(client: Client, request: Request, reply: ReplyWriter): void {
  if (request.is(2, 'on')) {
    client.mode |= NO_EVICT;
    reply.ok();
  } else if (request.is(2, 'off')) {
    client.mode &= ~NO_EVICT;
    reply.ok();
  } else {
    reply.error(SYNTAX_ERROR);
  }
}

function help(_client: Client, request: Request, reply: ReplyWriter): void {
  writeHelp(request, reply, [
    ['CACHING (YES|NO)', 'Whether what the next request reads counts as kept.'],
    ['GETNAME', 'The name of this connection.'],
    ['GETREDIR', 'The connection that is told in the place of this one.'],
    ['ID', 'The id of this connection.'],
    ['INFO', 'What this connection is and does.'],
    ['KILL <ip:port>', 'Close the connection from there.'],
    [
      'KILL <option> <value> [<option> <value> ...]',
      'Close connections, by ADDR, LADDR, ID, TYPE, USER, SKIPME.',
    ],
    ['LIST [TYPE <type>] [ID <id> ...]', 'What the connections are and do.'],
    ['NO-EVICT (ON|OFF)', 'Accepted: no connection is closed to free memory.'],
    ['PAUSE <milliseconds> [WRITE|ALL]', 'Let requests wait, or those that write.'],
    ['REPLY (ON|OFF|SKIP)', 'Whether this connection gets replies.'],
    ['SETNAME <name>', 'Name this connection.'],
    [
      'TRACKING (ON|OFF) [REDIRECT <id>] [BCAST] [PREFIX <prefix> ...] [OPTIN] [OPTOUT] [NOLOOP]',
      'Whether this connection is told when what it has read changes.',
    ],
    ['TRACKINGINFO', 'What this connection is told of.'],
    ['UNBLOCK <id> [TIMEOUT|ERROR]', 'End the waiting of a connection.'],
    ['UNPAUSE', 'End what PAUSE began.'],
  ]);
}

const OWN: CommandSpec['flags'] = ['noscript', 'loading', 'stale'];
const ADMIN: CommandSpec['flags'] = ['admin', 'noscript', 'loading', 'stale'];

export const clientSubcommands: CommandSpec[] = [
  { name: 'id', arity: 2, flags: OWN, summary: 'Id of this connection', handler: id },
  { name: 'info', arity: 2, flags: OWN, summary: 'State of this connection', handler: info },
  { name: 'list', arity: -2, flags: ADMIN, summary: 'State of all connections', handler: list },
  { name: 'setname', arity: 3, flags: OWN, summary: 'Name this connection', handler: setName },
  { name: 'getname', arity: 2, flags: OWN, summary: 'Name of this connection', handler: getName },
  { name: 'kill', arity: -3, flags: ADMIN, summary: 'Close connections', handler: kill },
  { name: 'reply', arity: 3, flags: OWN, summary: 'Whether this connection gets replies', handler: replies },
  { name: 'pause', arity: -3, flags: ADMIN, summary: 'Let requests wait for some time', handler: pause },
  { name: 'unpause', arity: 2, flags: ADMIN, summary: 'End a pause', handler: unpause },
  { name: 'unblock', arity: -3, flags: ADMIN, summary: 'End the waiting of a connection', handler: unblock },
  {
    name: 'no-evict',
    arity: 3,
    flags: ADMIN,
    summary: 'Shown in CLIENT LIST: no connection is closed to free memory',
    handler: noEvict,
  },
  ...trackingSubcommands,
  { name: 'help', arity: 2, flags: ['loading', 'stale'], summary: 'What CLIENT can do', handler: help },
];
