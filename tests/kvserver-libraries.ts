/** Drives a server with the clients that people use, through their ordinary operations; fails at a wrong one. */
import { deepStrictEqual as equal } from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Redis } from 'ioredis';
import { BasicClientSideCache, createClient, RESP_TYPES, WatchError } from 'redis';

const run = promisify(execFile);
/** Debian's, of which python3-redis is a part. */
const PYTHON = '/usr/bin/python3';
const redisPyOperations = fileURLToPath(new URL('./redis_py_operations.py', import.meta.url));

export async function driveRedisPy(port: number): Promise<void> {
  await run(PYTHON, [redisPyOperations, `${port}`]);
}

export async function driveIoredis(port: number): Promise<void> {
  const redis = new Redis(port, '127.0.0.1');
  const other = redis.duplicate();
  const listener = redis.duplicate();
  try {
    await redis.flushall();
    equal(await redis.multi().set('a', '1').incr('a').get('a').exec(), [
      [null, 'OK'],
      [null, 2],
      [null, '2'],
    ]);
    await redis.watch('a');
    await other.set('a', '9');
    equal(await redis.multi().set('a', '0').exec(), null);
    equal(await redis.get('a'), '9');
    const [failed, after] = (await redis.multi().lpush('a', 'x').get('a').exec()) as [
      Error | null,
      unknown,
    ][];
    equal([failed[0]?.message.split(' ')[0], after], ['WRONGTYPE', [null, '9']]);

    equal([await listener.subscribe('news', 'more'), await listener.psubscribe('n*')], [2, 3]);
    const message = once(listener, 'messageBuffer');
    const patternMessage = once(listener, 'pmessageBuffer');
    const binary = Buffer.from([0, 255, 13, 10]);
    equal(await redis.publish('news', binary), 2);
    equal(await message, [Buffer.from('news'), binary]);
    equal(await patternMessage, ['n*', Buffer.from('news'), binary]);
    equal([await listener.punsubscribe('n*'), await listener.unsubscribe()], [2, 0]);
    equal(await listener.get('a'), '9');

    const monitor = await redis.monitor();
    const shown = once(monitor, 'monitor');
    equal(await other.set('seen', '1'), 'OK');
    equal((await shown)[1], ['set', 'seen', '1']);
    monitor.disconnect();
    await redis.config('SET', 'notify-keyspace-events', 'K$');
    await listener.psubscribe('__keyspace@0__:*');
    const event = once(listener, 'pmessage');
    await redis.incr('seen');
    equal((await event).slice(1), ['__keyspace@0__:seen', 'incrby']);
    await listener.punsubscribe();
    await redis.config('SET', 'notify-keyspace-events', '');

    const waiting = other.blpop('none', 'list', 5);
    equal(await redis.rpush('list', 'x', 'y'), 2);
    equal(await waiting, ['list', 'x']);
    equal(await other.brpop('list', 1), ['list', 'y']);
    equal(await other.blpop('list', 0.01), null);

    await redis.mset(Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`key:${i}`, i])));
    const found = new Set<string>();
    for await (const keys of redis.scanStream({ match: 'key:*', count: 20 }))
      for (const key of keys as string[]) found.add(key);
    equal(found.size, 300);
    await redis.hset('h', Object.fromEntries(Array.from({ length: 700 }, (_, i) => [`f${i}`, i])));
    const fields = new Map<string, string>();
    for await (const parts of redis.hscanStream('h', { count: 100 }))
      for (let i = 0; i < parts.length; i += 2) fields.set(parts[i], parts[i + 1]);
    equal([fields.size, fields.get('f699')], [700, '699']);
  } finally {
    for (const client of [redis, other, listener]) client.disconnect();
  }
}

export async function driveNodeRedis(port: number, protocol: 2 | 3): Promise<void> {
  const client = createClient({ RESP: protocol, socket: { host: '127.0.0.1', port } });
  const other = client.duplicate();
  const listener = client.duplicate();
  try {
    await Promise.all([client.connect(), other.connect(), listener.connect()]);
    await client.flushAll();
    equal(await client.multi().set('a', '1').incr('a').hSet('h', { f: 'v' }).hGetAll('h').exec(), [
      'OK',
      2,
      1,
      { f: 'v' },
    ]);
    await client.watch('a');
    await other.set('a', '9');
    await client
      .multi()
      .set('a', '0')
      .exec()
      .then(
        () => equal('executed', 'refused'),
        (error) => equal(error instanceof WatchError, true),
      );
    equal(await client.get('a'), '9');
    equal(await Promise.all([client.incr('a'), client.incr('a'), client.get('a')]), [10, 11, '11']);

    const heard: string[] = [];
    const { promise: all, resolve } = Promise.withResolvers<void>();
    const hear = (message: string, channel: string) => {
      if (heard.push(`${channel} ${message}`) === 3) resolve();
    };
    await listener.subscribe('news', hear);
    await listener.pSubscribe('n*', hear);
    await listener.sSubscribe('shard', hear);
    equal([await client.publish('news', 'x'), await client.sPublish('shard', 'y')], [2, 1]);
    await all;
    equal(heard, ['news x', 'news x', 'shard y']);
    await listener.unsubscribe();
    await listener.pUnsubscribe();
    await listener.sUnsubscribe();
    // In RESP2 this client gives bytes after a subscription, whatever the server.
    equal(String(await listener.get('a')), '11');

    const waiting = other.blPop(['none', 'list'], 5);
    equal(await client.rPush('list', ['x', 'y']), 2);
    equal(await waiting, { key: 'list', element: 'x' });
    equal(await other.blPop('gone', 0.01), null);

    await client.mSet(Array.from({ length: 300 }, (_, i): [string, string] => [`key:${i}`, `${i}`]));
    const found = new Set<string>();
    for await (const keys of client.scanIterator({ MATCH: 'key:*', COUNT: 20 }))
      for (const key of keys) found.add(key);
    equal(found.size, 300);
    await client.zAdd('z', [
      { value: 'm', score: 1.5 },
      { value: 'n', score: 2 },
    ]);
    equal(await client.zRangeWithScores('z', 0, -1), [
      { value: 'm', score: 1.5 },
      { value: 'n', score: 2 },
    ]);
    await client.sAdd(
      's',
      Array.from({ length: 700 }, (_, i) => `m${i}`),
    );
    const members = new Set<string>();
    for await (const some of client.sScanIterator('s')) for (const member of some) members.add(member);
    equal(members.size, 700);
    const raw = client.withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer });
    equal(await raw.get('a'), Buffer.from('11'));
  } finally {
    for (const one of [client, other, listener]) one.destroy();
  }
}

/** A client that keeps what it has read until the server says that it has changed. */
export async function driveNodeRedisCache(port: number): Promise<void> {
  const cache = new BasicClientSideCache();
  const socket = { host: '127.0.0.1', port };
  const client = createClient({ RESP: 3, socket, clientSideCache: cache });
  const other = createClient({ socket });
  try {
    await Promise.all([client.connect(), other.connect()]);
    await other.set('kept', '1');
    equal([await client.get('kept'), await client.get('kept'), cache.stats().hitCount], ['1', '1', 1]);
    const invalidated = once(cache, 'invalidate');
    await other.set('kept', '2');
    await invalidated;
    equal([await client.get('kept'), cache.stats().hitCount], ['2', 1]);
  } finally {
    for (const one of [client, other]) one.destroy();
  }
}
