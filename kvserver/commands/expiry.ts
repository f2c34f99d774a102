/** Commands on the time to live of keys. */
import type { Client } from '../client.ts';
import { events } from '../keyspace/key-events.ts';
import { type Int64, toInt64 } from '../resp/numbers.ts';
import type { ReplyWriter } from '../resp/reply.ts';
import type { Request } from '../resp/request.ts';
import { EX, EXAT, type ExpireUnit, expiryTimeMs, PX, PXAT } from './expire-time.ts';
import { find, peekToRead } from './lookup.ts';
import { invalidExpireTime, NOT_AN_INTEGER } from './replies.ts';
import type { CommandSpec, Handler, ServerState } from './table.ts';

type ExpireCondition = 'nx' | 'xx' | 'gt' | 'lt';

/** The conditions of EXPIRE from argument 3 on; null when the error was written. */
function expireConditions(request: Request, reply: ReplyWriter): Set<ExpireCondition> | null {
  const conditions = new Set<ExpireCondition>();
  for (let i = 3; i < request.argc; i++) {
    const word = request.text(i).toLowerCase();
    if (word !== 'nx' && word !== 'xx' && word !== 'gt' && word !== 'lt') {
      reply.error(`ERR Unsupported option ${request.text(i).split('\0')[0]}`);
      return null;
    }
    conditions.add(word);
  }
  if (conditions.has('nx') && conditions.size > 1) {
    reply.error('ERR NX and XX, GT or LT options at the same time are not compatible');
    return null;
  }
  if (conditions.has('gt') && conditions.has('lt')) {
    reply.error('ERR GT and LT options at the same time are not compatible');
    return null;
  }
  return conditions;
}

function expireCommand(name: string, unit: ExpireUnit): Handler {
  return (client: Client, request: Request, reply: ReplyWriter, server: ServerState): void => {
    const conditions = expireConditions(request, reply);
    if (conditions === null) return;
    const value = request.int64(2);
    if (value === null) {
      reply.error(NOT_AN_INTEGER);
      return;
    }
    const { database } = client;
    const { nowMs } = server.clock;
    const timeMs = expiryTimeMs(value, unit, nowMs);
    if (timeMs === null) {
      reply.error(invalidExpireTime(name));
      return;
    }
    const entry = find(client, request, 1);
    if (entry === 0) {
      reply.integer(0);
      return;
    }
    const currentMs = database.expiryMs(entry);
    if (
      (conditions.has('nx') && currentMs >= 0) ||
      (conditions.has('xx') && currentMs < 0) ||
      (conditions.has('gt') && (currentMs < 0 || timeMs <= currentMs)) ||
      (conditions.has('lt') && currentMs >= 0 && timeMs >= currentMs)
    ) {
      reply.integer(0);
      return;
    }
    if (timeMs <= nowMs) database.delete(entry, events.del);
    else database.setExpiryMs(entry, timeMs, events.expire);
    reply.integer(1);
  };
}

/** Handler of TTL and the like: -2 without the key, -1 without a time to live. */
function timeToLiveCommand(unit: ExpireUnit): Handler {
  return (client: Client, request: Request, reply: ReplyWriter, server: ServerState): void => {
    const entry = peekToRead(client, request, 1);
    const expiryMs = entry === 0 ? -2 : client.database.expiryMs(entry);
    if (expiryMs < 0) {
      reply.int64(expiryMs);
      return;
    }
    const milliseconds = unit.absolute ? expiryMs : leftMs(expiryMs, server.clock.nowMs);
    reply.int64(unit.seconds ? nearestSecond(milliseconds) : milliseconds);
  };
}

function leftMs(expiryMs: Int64, nowMs: number): Int64 {
  if (typeof expiryMs === 'number') return Math.max(0, expiryMs - nowMs);
  return toInt64(expiryMs - BigInt(nowMs));
}

function nearestSecond(milliseconds: Int64): Int64 {
  if (typeof milliseconds === 'number') return Math.floor((milliseconds + 500) / 1000);
  return toInt64((milliseconds + 500n) / 1000n);
}

function persist(client: Client, request: Request, reply: ReplyWriter): void {
  const entry = find(client, request, 1);
  reply.integer(entry !== 0 && client.database.persist(entry, events.persist) ? 1 : 0);
}

const ONE_KEY = { first: 1, last: 1, step: 1 };

export const expiryCommands: CommandSpec[] = [
  {
    name: 'expire',
    arity: -3,
    flags: ['write', 'fast'],
    keys: ONE_KEY,
    summary: 'Set the time to live of a key in seconds',
    handler: expireCommand('expire', EX),
  },
  {
    name: 'pexpire',
    arity: -3,
    flags: ['write', 'fast'],
    keys: ONE_KEY,
    summary: 'Set the time to live of a key in milliseconds',
    handler: expireCommand('pexpire', PX),
  },
  {
    name: 'expireat',
    arity: -3,
    flags: ['write', 'fast'],
    keys: ONE_KEY,
    summary: 'Set when a key expires, in seconds since the epoch',
    handler: expireCommand('expireat', EXAT),
  },
  {
    name: 'pexpireat',
    arity: -3,
    flags: ['write', 'fast'],
    keys: ONE_KEY,
    summary: 'Set when a key expires, in milliseconds since the epoch',
    handler: expireCommand('pexpireat', PXAT),
  },
  {
    name: 'ttl',
    arity: 2,
    flags: ['readonly', 'fast'],
    keys: ONE_KEY,
    summary: 'Time to live of a key in seconds',
    handler: timeToLiveCommand(EX),
  },
  {
    name: 'pttl',
    arity: 2,
    flags: ['readonly', 'fast'],
    keys: ONE_KEY,
    summary: 'Time to live of a key in milliseconds',
    handler: timeToLiveCommand(PX),
  },
  {
    name: 'expiretime',
    arity: 2,
    flags: ['readonly', 'fast'],
    keys: ONE_KEY,
    summary: 'When a key expires, in seconds since the epoch',
    handler: timeToLiveCommand(EXAT),
  },
  {
    name: 'pexpiretime',
    arity: 2,
    flags: ['readonly', 'fast'],
    keys: ONE_KEY,
    summary: 'When a key expires, in milliseconds since the epoch',
    handler: timeToLiveCommand(PXAT),
  },
  {
    name: 'persist',
    arity: 2,
    flags: ['write', 'fast'],
    keys: ONE_KEY,
    summary: 'Remove the time to live of a key',
    handler: persist,
  },
];
