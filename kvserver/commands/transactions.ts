/** Transactions: commands that are queued and run together, if no watched key has changed meanwhile. */
import { type Client, IN_MULTI, MULTI_FAILED, WATCHED_CHANGED } from '../client.ts';
import type { ReplyWriter } from '../resp/reply.ts';
import type { Request } from '../resp/request.ts';
import { unwatchAll } from '../watches.ts';
import { takeForNames } from './kept-names.ts';
import type { CommandSpec, ServerState } from './table.ts';
import { ENDS_MULTI, RUNS_IN_MULTI, RUNS_QUEUE } from './traits.ts';

function multi(client: Client, _request: Request, reply: ReplyWriter): void {
  if ((client.mode & IN_MULTI) !== 0) {
    reply.error('ERR MULTI calls can not be nested');
    return;
  }
  client.mode |= IN_MULTI;
  reply.ok();
}

/** Forgets what the client has queued and what it watches. */
export function discardTransaction(client: Client): void {
  client.queue = null;
  client.mode &= ~(IN_MULTI | MULTI_FAILED | WATCHED_CHANGED);
  unwatchAll(client);
}

function discard(client: Client, _request: Request, reply: ReplyWriter): void {
  if ((client.mode & IN_MULTI) === 0) {
    reply.error('ERR DISCARD without MULTI');
    return;
  }
  discardTransaction(client);
  reply.ok();
}

function exec(client: Client, _request: Request, reply: ReplyWriter, server: ServerState): void {
  if ((client.mode & IN_MULTI) === 0) {
    reply.error('ERR EXEC without MULTI');
    return;
  }
  // A key that has expired without being touched is found so now, by the time itself and not by that of the batch.
  if (client.watches.length > 0) server.clock.update();
  for (const { key, database } of client.watches.slice()) database.expire(key);
  const { queue } = client;
  if ((client.mode & MULTI_FAILED) !== 0) {
    reply.error('EXECABORT Transaction discarded because of previous errors.');
  } else if ((client.mode & WATCHED_CHANGED) !== 0) {
    reply.nilArray();
  } else if (queue === null) {
    reply.array(0);
  } else {
    unwatchAll(client);
    reply.array(queue.size);
    server.runQueued(client, queue);
  }
  discardTransaction(client);
}

function watch(client: Client, request: Request, reply: ReplyWriter, server: ServerState): void {
  if ((client.mode & IN_MULTI) !== 0) {
    reply.error('ERR WATCH inside MULTI is not allowed');
    return;
  }
  if ((client.mode & WATCHED_CHANGED) === 0) {
    takeForNames(request, 1, request.argc, server);
    server.clock.update();
    const watches = server.watches(client.databaseIndex);
    for (let i = 1; i < request.argc; i++) watches.add(client, request.text(i));
  }
  reply.ok();
}

function unwatch(client: Client, _request: Request, reply: ReplyWriter): void {
  unwatchAll(client);
  client.mode &= ~WATCHED_CHANGED;
  reply.ok();
}

const FLAGS: CommandSpec['flags'] = ['noscript', 'loading', 'stale', 'fast', 'allow_busy'];

export const transactionCommands: CommandSpec[] = [
  {
    name: 'multi',
    arity: 1,
    flags: FLAGS,
    traits: RUNS_IN_MULTI,
    summary: 'Queue the commands that follow',
    handler: multi,
  },
  {
    name: 'exec',
    arity: 1,
    flags: ['noscript', 'loading', 'stale', 'skip_slowlog'],
    traits: RUNS_IN_MULTI | RUNS_QUEUE | ENDS_MULTI,
    summary: 'Run the queued commands, if no watched key has changed',
    handler: exec,
  },
  {
    name: 'discard',
    arity: 1,
    flags: FLAGS,
    traits: RUNS_IN_MULTI | ENDS_MULTI,
    summary: 'Forget the queued commands',
    handler: discard,
  },
  {
    name: 'watch',
    arity: -2,
    flags: FLAGS,
    keys: { first: 1, last: -1, step: 1 },
    traits: RUNS_IN_MULTI,
    summary: 'Make EXEC depend on keys: it does nothing if one has changed',
    handler: watch,
  },
  {
    name: 'unwatch',
    arity: 1,
    flags: FLAGS,
    summary: 'Watch no key any more',
    handler: unwatch,
  },
];
