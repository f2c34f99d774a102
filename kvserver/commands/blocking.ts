/**
 * What commands that wait for a key have in common: the timeout, the list of keys, and the value that is taken from the
 * first key that has one, at once or when a client that waits is served.
 */

import { type Client, IN_MULTI } from '../client.ts';
import { events, type KeyEvent } from '../keyspace/key-events.ts';
import { isEmpty, type ObjectValue } from '../keyspace/types/value.ts';
import { latin1Bytes } from '../resp/bytes.ts';
import type { ReplyWriter } from '../resp/reply.ts';
import type { Request } from '../resp/request.ts';
import { takeForNames } from './kept-names.ts';
import { ceilProduct, parseLongDouble } from './long-double.ts';
import { find, isTypeOrAbsent, replyNilArray } from './lookup.ts';
import { SYNTAX_ERROR } from './replies.ts';
import type { ServerState } from './table.ts';

const MS_PER_S = 1000n;

/** Keys of a request: `count` arguments from `first` on. */
export interface KeyArguments {
  first: number;
  count: number;
}

/** How a command takes from a value. */
export interface Pop<T extends ObjectValue> {
  type: number;
  /** What the taking is called. */
  event: KeyEvent;
  /** Takes from the value of this key, which is not empty, and writes the reply. */
  take(key: string, value: T, reply: ReplyWriter): void;
}

/**
 * When the timeout in argument `index`, in seconds, will have passed: milliseconds since the epoch, 0 for never. null
 * with the error written (timeout.c, getTimeoutFromObjectOrReply).
 */
export function deadline(
  request: Request,
  index: number,
  reply: ReplyWriter,
  { clock }: ServerState,
): number | null {
  const value = parseLongDouble(request.text(index));
  if (value === null) {
    reply.error('ERR timeout is not a float or out of range');
    return null;
  }
  // What does not fit C's 64 bits becomes the lowest number.
  const ms = value === 'infinite' ? Infinity : Number(ceilProduct(value, MS_PER_S));
  if (ms < 0 || ms >= 2 ** 63) {
    reply.error('ERR timeout is negative');
    return null;
  }
  return ms > 0 ? clock.update() + ms : 0;
}

/** Takes from the first key that has a value. Whether there was one, or one of a wrong type: then it has replied. */
function popFirst<T extends ObjectValue>(
  client: Client,
  request: Request,
  keys: KeyArguments,
  pop: Pop<T>,
  reply: ReplyWriter,
): boolean {
  for (let i = keys.first; i < keys.first + keys.count; i++) {
    const entry = find(client, request, i);
    if (entry === 0) continue;
    if (isTypeOrAbsent(client, entry, pop.type, reply)) takeFrom(client, request.text(i), pop, reply);
    return true;
  }
  return false;
}

/** As popFirst, but where there is no value the client waits for one, until `deadlineMs`. */
function popFirstOrWait<T extends ObjectValue>(
  client: Client,
  request: Request,
  keys: KeyArguments,
  deadlineMs: number,
  pop: Pop<T>,
  reply: ReplyWriter,
  server: ServerState,
): void {
  if (popFirst(client, request, keys, pop, reply)) return;
  if ((client.mode & IN_MULTI) !== 0) {
    reply.nilArray();
    return;
  }
  takeForNames(request, keys.first, keys.first + keys.count, server);
  const names: string[] = [];
  for (let i = keys.first; i < keys.first + keys.count; i++) names.push(request.text(i));
  server.blocked.block(client, {
    keys: names,
    type: pop.type,
    deadlineMs,
    serve: (key, toClient) => takeFrom(client, key, pop, toClient),
    timedOut: replyNilArray,
  });
}

/** BLPOP and its kin: keys from argument 1 on, and the timeout as the last one. */
export function popOneOrWait<T extends ObjectValue>(
  client: Client,
  request: Request,
  pop: Pop<T>,
  reply: ReplyWriter,
  server: ServerState,
): void {
  const deadlineMs = deadline(request, request.argc - 1, reply, server);
  if (deadlineMs === null) return;
  popFirstOrWait(client, request, { first: 1, count: request.argc - 2 }, deadlineMs, pop, reply, server);
}

/** What LMPOP and ZMPOP have of their own: the two words, and how values are taken from the end that one names. */
export interface PopManyKind<T extends ObjectValue> {
  words: readonly [string, string];
  pop(second: boolean, wanted: number): Pop<T>;
}

/** LMPOP and ZMPOP. */
export function popManyOrNil<T extends ObjectValue>(
  client: Client,
  request: Request,
  kind: PopManyKind<T>,
  reply: ReplyWriter,
): void {
  const many = popMany(request, 1, kind.words, reply);
  if (many === null) return;
  if (!popFirst(client, request, many.keys, kind.pop(many.second, many.count), reply)) reply.nilArray();
}

/** BLMPOP and BZMPOP: as the former, behind a timeout. */
export function popManyOrWait<T extends ObjectValue>(
  client: Client,
  request: Request,
  kind: PopManyKind<T>,
  reply: ReplyWriter,
  server: ServerState,
): void {
  const many = popMany(request, 2, kind.words, reply);
  if (many === null) return;
  const deadlineMs = deadline(request, 1, reply, server);
  if (deadlineMs === null) return;
  popFirstOrWait(client, request, many.keys, deadlineMs, kind.pop(many.second, many.count), reply, server);
}

function takeFrom<T extends ObjectValue>(client: Client, key: string, pop: Pop<T>, reply: ReplyWriter): void {
  const { database } = client;
  const bytes = latin1Bytes(key);
  const entry = database.find(bytes, 0, bytes.length);
  const value = database.object(entry) as T;
  try {
    pop.take(key, value, reply);
  } finally {
    database.listener?.keyChanged(bytes, 0, bytes.length, pop.event);
    if (isEmpty(value)) database.delete(entry, events.del);
  }
}

/** Which end, and how many: what follows the keys of LMPOP, ZMPOP and those that wait. */
interface PopMany {
  keys: KeyArguments;
  /** The second of the two words stands behind the keys. */
  second: boolean;
  count: number;
}

/**
 * The arguments from `index` on: the number of keys, the keys, one of two words (in lower case), and COUNT with a
 * number. null with the error written.
 */
function popMany(
  request: Request,
  index: number,
  words: readonly [string, string],
  reply: ReplyWriter,
): PopMany | null {
  const count = request.integer(index);
  if (!(count >= 1)) {
    reply.error('ERR numkeys should be greater than 0');
    return null;
  }
  const keys = { first: index + 1, count };
  const word = keys.first + count;
  if (word >= request.argc || !(request.is(word, words[0]) || request.is(word, words[1]))) {
    reply.error(SYNTAX_ERROR);
    return null;
  }
  const found: PopMany = { keys, second: request.is(word, words[1]), count: 1 };
  if (word + 1 === request.argc) return found;
  if (!request.is(word + 1, 'count') || word + 2 === request.argc) {
    reply.error(SYNTAX_ERROR);
    return null;
  }
  found.count = request.integer(word + 2);
  if (!(found.count >= 1)) {
    reply.error('ERR count should be greater than 0');
    return null;
  }
  if (word + 3 < request.argc) {
    reply.error(SYNTAX_ERROR);
    return null;
  }
  return found;
}
