/**
 * The server against the real redis-server: the same random sequences of commands, cut at random places, must
 * get the same replies, byte for byte but for the order of what has none and for times that go on.
 */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  absoluteOptions,
  alone,
  command,
  decimal,
  element,
  key,
  keyCount,
  keys,
  many,
  member,
  number,
  options,
  pair,
  pastOrFuture,
  popCount,
  relativeOptions,
  seconds,
  side,
  value,
  word,
} from './kvserver-arguments.ts';
import { channelReplies, channelSteps } from './kvserver-channels.ts';
import { collectionCommands, defaultLimits } from './kvserver-collection-commands.ts';
import { KeyEvents, Monitor } from './kvserver-events.ts';
import {
  encode,
  FRONTENDS,
  type Reply,
  RespConnection,
  type ServerProcess,
  startKvServer,
} from './kvserver-processes.ts';
import { trackingOutcome, trackingSteps } from './kvserver-tracking.ts';
import { type RunningServer, startRedis } from './redis-server.ts';
import { outcomeOfWaiting, stepsOfWaiting } from './waiting-clients.ts';
import { whole } from './whole-runs.ts';

const commands: fc.Arbitrary<string[]>[] = [
  command('PING', many(value, 0, 2)),
  command('ECHO', value),
  command('SELECT', fc.oneof(word('0', '1', '15', '16', '-1', 'x'))),
  command('HELLO', options(alone('2', '3', '4', 'x'), alone('SETNAME', 'AUTH'))),
  command('AUTH', many(value, 1, 3)),
  command('RESET'),
  command('MULTI'),
  command('EXEC'),
  command('DISCARD'),
  command('WATCH', many(key, 1, 2)),
  command('UNWATCH'),
  command('SWAPDB', word('0', '1', '16', 'x'), word('0', '1', 'x')),
  command('WAIT', word('0', '-1', 'x', '1.5'), word('0', '10', '-1', 'x')),
  command('CLIENT', word('REPLY'), word('ON', 'foo')),
  command('CLIENT', word('NO-EVICT'), word('on', 'OFF', 'foo')),
  command('CLIENT', word('UNBLOCK'), word('x', '999999999', '-1'), options(alone('timeout', 'ERROR', 'foo'))),
  command('CLIENT', word('PAUSE'), word('x', '-1', '0'), options(alone('WRITE', 'all', 'foo'))),
  command('CLIENT', word('UNPAUSE')),
  command(
    'CLIENT',
    word('KILL'),
    options(
      fc
        .tuple(word('ID', 'type'), word('x', '0', '999999999', 'pubsub', 'slave', 'foo'))
        .map((both) => [...both]),
      fc.tuple(word('user', 'SKIPME', 'laddr'), word('default', 'no', 'YES', 'foo')).map((both) => [...both]),
    ),
    // Nobody's: no connection of the test is closed.
    word('ADDR'),
    word('1.2.3.4:5'),
  ),
  command('CLIENT', word('LIST'), word('TYPE', 'ID', 'foo'), word('x', 'replica')),
  command('DBSIZE'),
  command('FLUSHDB', options(alone('ASYNC', 'sync', 'foo'))),
  command('CLIENT', word('SETNAME'), member),
  command('CLIENT', word('GETNAME', 'getname', 'FOO')),
  command('CONFIG', word('GET'), word('proto-max-bulk-len', 'sav?', 'nothing', 'append[o]nly')),
  command('CONFIG', word('SET'), word('databases', 'foo'), value),
  command('DEBUG', word('JMAP', 'foo')),
  command('nocommand\r\n', many(value, 0, 4)),
  command('SET', key, value),
  command(
    'SET',
    key,
    value,
    options(
      alone('NX', 'xx', 'GET', 'keepttl', 'foo'),
      fc.tuple(word('EX', 'px'), seconds).map((both) => [...both]),
      alone('EXAT', 'PXAT').map((unit) => [...unit, unit[0] === 'EXAT' ? '99999999999' : '99999999999999']),
    ),
  ),
  command('GET', key),
  command('GETSET', key, value),
  command('GETDEL', key),
  command(
    'GETEX',
    key,
    options(
      alone('PERSIST', 'foo'),
      fc.tuple(word('EX'), seconds).map((both) => [...both]),
      alone('EXAT', 'PXAT').map((unit) => [...unit, unit[0] === 'EXAT' ? '99999999999' : '99999999999999']),
    ),
  ),
  command('SETNX', key, value),
  command('SETEX', key, seconds, value),
  command('PSETEX', key, word('1000000', '0', '-1', 'abc'), value),
  command('MGET', many(key)),
  command('MSET', many(pair)),
  command('MSETNX', many(pair)),
  command('APPEND', key, value),
  command('STRLEN', key),
  command('GETRANGE', key, number, number),
  command('SUBSTR', key, number, number),
  command('SETRANGE', key, word('0', '1', '5', '300', '-1', 'x', '536870912'), member),
  command('INCR', key),
  command('DECR', key),
  command('INCRBY', key, number),
  command('DECRBY', key, number),
  command('INCRBYFLOAT', key, decimal),
  command('DEL', many(key)),
  command('UNLINK', many(key)),
  command('EXISTS', many(key)),
  command('TOUCH', many(key)),
  command('TYPE', key),
  command('RENAME', key, key),
  command('RENAMENX', key, key),
  command(
    'COPY',
    key,
    key,
    options(
      alone('REPLACE', 'foo'),
      fc.tuple(word('DB'), word('0', '1', '16', 'x')).map((both) => [...both]),
    ),
  ),
  command('KEYS', word('*', 'k*', '[a-c]', '[^a-c]*', '?', 'key:\\{1}', '*\\', '[a')),
  command(
    'SCAN',
    word('0', '', 'x', '99999999999999999999'),
    word('COUNT'),
    word('1000', '0', 'x'),
    options(
      fc.tuple(word('MATCH', 'TYPE'), word('*', 'k*', 'string', 'zset')).map((both) => [...both]),
      alone('foo'),
    ),
  ),
  command('EXPIRE', key, seconds, relativeOptions),
  command('PEXPIRE', key, fc.constantFrom('1000000', '0', '9223372036854775807', 'x'), relativeOptions),
  command('EXPIREAT', key, pastOrFuture, absoluteOptions),
  command('PEXPIREAT', key, fc.constantFrom('99999999999999', '1', '-1'), absoluteOptions),
  command('TTL', key),
  command('PTTL', key),
  command('EXPIRETIME', key),
  command('PEXPIRETIME', key),
  command('PERSIST', key),
  command('LPUSH', key, many(value)),
  command('RPUSH', key, many(value)),
  command('LPUSHX', key, many(value)),
  command('RPUSHX', key, many(value)),
  command('LPOP', key, many(number, 0, 1)),
  command('RPOP', key, many(number, 0, 1)),
  command('LRANGE', key, number, number),
  command('LLEN', key),
  command('LINDEX', key, number),
  command('LSET', key, number, value),
  command('LTRIM', key, number, number),
  command('LREM', key, number, element),
  command('LINSERT', key, word('BEFORE', 'after', 'x'), element, value),
  command(
    'LPOS',
    key,
    element,
    options(fc.tuple(word('RANK', 'count', 'MAXLEN', 'x'), number).map((both) => [...both])),
  ),
  command('LMOVE', key, key, side, side),
  command('RPOPLPUSH', key, key),
  command('LMPOP', keyCount, many(key, 1, 2), side, options(popCount)),
  command('MOVE', key, fc.oneof(word('0', '1', '2147483648', '-2147483649'), number)),
  ...collectionCommands,
];

/** Without their count these commands choose at random. */
const RANDOM = new Set(['SPOP', 'SRANDMEMBER', 'HRANDFIELD', 'ZRANDMEMBER']);

/** Now and then an argument too few or too many, and the name in another case. */
const anyCommand = fc
  .tuple(fc.oneof(...commands), fc.integer({ min: 0, max: 30 }), fc.boolean(), member)
  .map(([args, fault, lower, extra]) => {
    const mayShorten = args.length > 1 && !RANDOM.has(args[0]);
    const changed = fault === 0 && mayShorten ? args.slice(0, -1) : fault === 1 ? [...args, extra] : args;
    return lower ? [changed[0].toLowerCase(), ...changed.slice(1)] : changed;
  });

/** Any command while all keys are watched: EXEC tells whether it changed one of them. */
const watchedCommand = fc
  .tuple(fc.subarray(keys, { minLength: 1 }), anyCommand)
  .map(([watched, args]) => [['WATCH', ...watched], args, ['MULTI'], ['PING'], ['EXEC']]);

/** A command that waits where there is nothing, behind one that makes its first key or finds one of another type. */
const waitingCommand = fc
  .tuple(key, many(key, 0, 1), fc.oneof(number, decimal, word('0x10', '1e-400')), element)
  .chain(([made, others, timeout, text]) => {
    const names = [made, ...others];
    const keysThenTimeout: string[] = [...names, timeout];
    const push = ['RPUSH', made, text, 'm1', 'm2'];
    const add = ['ZADD', made, '1', text, '2', 'm2', '3', 'm3'];
    return fc.oneof(
      command('BLPOP', fc.constant(keysThenTimeout)).map((args) => [push, args]),
      command('BRPOP', fc.constant(keysThenTimeout)).map((args) => [push, args]),
      command('BLMOVE', fc.constant(made), key, side, side, fc.constant(timeout)).map((args) => [push, args]),
      command('BRPOPLPUSH', fc.constant(made), key, fc.constant(timeout)).map((args) => [push, args]),
      command('BLMPOP', fc.constant(timeout), keyCount, fc.constant(names), side, options(popCount)).map(
        (args) => [push, args],
      ),
      command('BZPOPMIN', fc.constant(keysThenTimeout)).map((args) => [add, args]),
      command('BZPOPMAX', fc.constant(keysThenTimeout)).map((args) => [add, args]),
      command(
        'BZMPOP',
        fc.constant(timeout),
        keyCount,
        fc.constant(names),
        word('MIN', 'max', 'x'),
        options(popCount),
      ).map((args) => [add, args]),
    );
  });

const UNORDERED = new Set([
  ...['KEYS', 'HKEYS', 'HVALS', 'CONFIG', 'SCAN', 'SSCAN', 'HSCAN', 'ZSCAN'],
  ...['SMEMBERS', 'SPOP', 'SINTER', 'SUNION', 'SDIFF', 'SRANDMEMBER', 'HRANDFIELD', 'ZRANDMEMBER'],
]);
const PAIRS = new Set(['HGETALL']);
/** Time goes on between the two servers: replies of these, in such a fraction of a second, are compared coarsely. */
const TIMES = new Map([
  ['TTL', 1],
  ['EXPIRETIME', 1],
  ['PTTL', 1000],
  ['PEXPIRETIME', 1000],
]);
/** No time that the commands set lies near a multiple of this, nor does it change during a run. */
const COARSE_SECONDS = 301;

/** One line for a reply, without what may differ between two right servers. */
function comparable(args: string[], reply: Reply): string {
  const name = args[0].toUpperCase();
  const { type, text, elements } = reply;
  if (type === ':' && TIMES.has(name) && Number(text) > 0) {
    return `:about ${Math.round(Number(text) / TIMES.get(name)! / COARSE_SECONDS)}`;
  }
  if (elements === null) return JSON.stringify([type, text]);
  let lines = elements.map((element) => comparable([name], element));
  if (name === 'HELLO') lines = lines.filter((_, index) => index !== 7);
  if (PAIRS.has(name)) lines = lines.map((line, i) => (i % 2 === 0 ? `${line}${lines[i + 1]}` : '')).sort();
  if (UNORDERED.has(name)) lines.sort();
  return `${type}${elements.length} ${lines.join(' ')}`;
}

/** A line for each reply, one for each event of a key, and one for each command as a monitor sees it. */
async function outcome(
  port: number,
  sequence: string[][],
  cut: number,
): Promise<{ lines: string[]; events: string[]; seen: string[] }> {
  const connection = await RespConnection.open(port);
  try {
    await connection.command('FLUSHALL');
    await connection.command('CONFIG', 'SET', ...defaultLimits);
    const keyEvents = await KeyEvents.listen(port);
    const monitor = await Monitor.listen(port);
    const bytes = sequence.map(encode).join('');
    for (let at = 0; at < bytes.length; at += cut) connection.send(bytes.slice(at, at + cut));
    const lines: string[] = [];
    let queued: string[][] = [];
    for (const args of sequence) {
      const reply = await connection.reply();
      const { text, elements } = reply;
      if (elements !== null && elements.length > 0 && args[0].toUpperCase() === 'EXEC') {
        lines.push(elements.map((element, i) => comparable(queued[i], element)).join(' '));
      } else {
        lines.push(comparable(args, reply));
      }
      if (text === 'QUEUED') queued.push(args);
      else if (['EXEC', 'DISCARD', 'RESET'].includes(args[0].toUpperCase())) queued = [];
    }
    return { lines, events: await keyEvents.end(), seen: await monitor.end(connection.socket.localPort!) };
  } finally {
    connection.close();
  }
}

describe.each(FRONTENDS)('%s front end against redis-server', (frontend) => {
  let redis: RunningServer;
  let server: ServerProcess;

  beforeAll(async () => {
    redis = await startRedis(['--enable-debug-command', 'yes']);
    server = await startKvServer(frontend);
  }, 20_000);

  afterAll(async () => {
    await server?.stop();
    await redis?.stop();
  });

  it('gives the same replies to random sequences, and tells of the same events and commands', async () => {
    const steps = fc.oneof(
      { weight: 10, arbitrary: anyCommand.map((args) => [args]) },
      { weight: 1, arbitrary: watchedCommand },
      { weight: 1, arbitrary: waitingCommand },
    );
    const sequences = fc.array(steps, { minLength: 1, maxLength: 80, size: 'max' }).map((all) => all.flat());
    const cuts = fc.oneof(fc.constant(2 ** 30), fc.integer({ min: 7, max: 5000 }));
    await fc.assert(
      fc.asyncProperty(
        sequences,
        cuts,
        whole(async (sequence, cut) => {
          const wanted = await outcome(redis.port, sequence, 2 ** 30);
          const given = await outcome(server.port, sequence, cut);
          const differing = wanted.lines.findIndex((line, index) => line !== given.lines[index]);
          const around = sequence.slice(0, differing + 1).slice(-1);
          expect({ around, line: given.lines[differing] }).toEqual({ around, line: wanted.lines[differing] });
          expect(given.events).toEqual(wanted.events);
          expect(given.seen).toEqual(wanted.seen);
        }),
      ),
    );
  });

  it('sends the same messages to clients that use channels at random', async () => {
    await fc.assert(
      fc.asyncProperty(
        channelSteps,
        whole(async (sequence) => {
          const wanted = await channelReplies(redis.port, sequence);
          const given = await channelReplies(server.port, sequence);
          expect(given).toEqual(wanted);
        }),
      ),
    );
  });

  it('tells clients of what they have read and of what changes', async () => {
    await fc.assert(
      fc.asyncProperty(
        trackingSteps,
        whole(async (steps) => {
          expect(await trackingOutcome(server.port, steps)).toEqual(await trackingOutcome(redis.port, steps));
        }),
      ),
    );
  });

  it('serves clients that wait as Redis does', async () => {
    await fc.assert(
      fc.asyncProperty(
        stepsOfWaiting,
        whole(async (steps) => {
          expect(await outcomeOfWaiting(server.port, steps)).toEqual(
            await outcomeOfWaiting(redis.port, steps),
          );
        }),
      ),
    );
  });

  it('finds every command in the table that Redis has too, with the same arity, flags and keys', async () => {
    const ours = await RespConnection.open(server.port);
    const theirs = await RespConnection.open(redis.port);
    const names = (await ours.command('COMMAND', 'LIST')).elements!.map((name) => name.text!);
    expect(names.length).toBeGreaterThan(90);
    const shape = (reply: Reply) => {
      const [name, arity, flags, ...keys] = reply.elements!.slice(0, 6);
      return [
        name!.text,
        arity!.text,
        flags!.elements!.map((flag) => flag.text).sort(),
        keys.map((k) => k.text),
      ];
    };
    const mine = (await ours.command('COMMAND', 'INFO', ...names)).elements!.map(shape);
    const redisKnows = (await theirs.command('COMMAND', 'INFO', ...names)).elements!.map(shape);
    expect(mine).toEqual(redisKnows);
    ours.close();
    theirs.close();
  });
});
