/** What commands do with their keys, as COMMAND GETKEYSANDFLAGS says it. */
import type { Request } from '../resp/request.ts';
import type { CommandSpec } from './table.ts';

const READS = 'RO access';
const REPLACES = 'OW update';
const CHANGES = 'RW access update';

/** The first key, or all keys of a command that does the same with all, unless it reads them. */
const accessToFirst: Record<string, string> = {
  RO:
    'encoding exists freq hexists hlen hstrlen idletime llen refcount scard sismember strlen touch type usage ' +
    'watch zcard',
  'RM delete': 'del unlink',
  'RW access delete':
    'blmove blmpop blpop brpop brpoplpush bzmpop bzpopmax bzpopmin getdel lmove lmpop lpop rename renamenx rpop ' +
    'rpoplpush smove spop zmpop zpopmax zpopmin',
  [CHANGES]:
    'bitfield decr decrby getex getset hincrby hincrbyfloat incr incrby incrbyfloat move set setbit zincrby',
  'RW delete': 'hdel lrem ltrim srem zrem zremrangebylex zremrangebyrank zremrangebyscore',
  'RW insert': 'append hsetnx linsert lpush lpushx rpush rpushx sadd',
  'RW update': 'expire expireat hmset hset lset persist pexpire pexpireat setrange sinterstore zadd',
  'OW insert': 'msetnx setnx',
  [REPLACES]: 'bitop mset psetex sdiffstore setex sunionstore zdiffstore zinterstore zrangestore zunionstore',
};

/** The other keys, where a command does something else with them. */
const accessToOthers: Record<string, string> = {
  [READS]: 'bitop sdiffstore sinterstore sunionstore zdiffstore zinterstore zrangestore zunionstore',
  'RW insert': 'blmove brpoplpush lmove rpoplpush smove',
  'OW insert': 'renamenx',
  [REPLACES]: 'copy rename',
};

const firstByName = byName(accessToFirst);
const othersByName = byName(accessToOthers);

function byName(names: Record<string, string>): Map<string, string> {
  return new Map(
    Object.entries(names).flatMap(([access, list]) => list.split(' ').map((name) => [name, access])),
  );
}

/** The flags of a key, the `index`th of its request, whose own arguments begin at `from`. */
export function keyAccess(spec: CommandSpec, index: number, request: Request, from: number): string[] {
  return accessOf(spec.name, index, request, from).split(' ');
}

function accessOf(name: string, index: number, request: Request, from: number): string {
  const others = index > 0 ? othersByName.get(name) : undefined;
  if (others !== undefined) return others;
  if (name === 'set' && !asksForFormer(request, from)) return REPLACES;
  if (name === 'bitfield' && isReadOnly(request, from)) return READS;
  return firstByName.get(name) ?? READS;
}

/** Whether a SET has the option GET. */
function asksForFormer(request: Request, from: number): boolean {
  for (let i = from + 3; i < request.argc; i++) {
    if (request.is(i, 'get')) return true;
  }
  return false;
}

/** Whether a BITFIELD has no other operation than GET. */
function isReadOnly(request: Request, from: number): boolean {
  for (let i = from + 2; i < request.argc; ) {
    const left = request.argc - i - 1;
    if (request.is(i, 'get') && left >= 2) i += 3;
    else if (request.is(i, 'overflow') && left >= 1) i += 2;
    else return false;
  }
  return true;
}
