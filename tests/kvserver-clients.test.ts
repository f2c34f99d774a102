/** The server with the clients people use, with clients that misbehave, and as a process that starts and stops. */
import { execFile, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { command } from '../kvserver/command.ts';
import { fuzzConnections } from './connection-fuzzer.ts';
import { overSockets } from './connection-lines.ts';
import { driveIoredis, driveNodeRedis, driveNodeRedisCache, driveRedisPy } from './kvserver-libraries.ts';
import {
  encode,
  FRONTENDS,
  type Reply,
  RespConnection,
  type ServerProcess,
  startKvServer,
} from './kvserver-processes.ts';
import { refusal } from './refusal.ts';

const BYPASSBENCH = fileURLToPath(new URL('../bin/bypassbench', import.meta.url));
const MEBIBYTE = 1024 ** 2;
const run = promisify(execFile);

function texts(reply: Reply): (string | null)[] {
  return reply.elements!.map((element) => element.text);
}

async function info(connection: RespConnection, field: string): Promise<string> {
  const text = (await connection.command('INFO')).text!;
  return new RegExp(`^${field}:(.*)\r$`, 'm').exec(text)![1];
}

/** Waits until the server has forgotten all others. */
async function untilAlone(connection: RespConnection): Promise<void> {
  while ((await info(connection, 'connected_clients')) !== '1') await sleep(20);
}

describe.each(FRONTENDS)('%s front end', (frontend) => {
  let server: ServerProcess;
  let client: RespConnection;

  beforeAll(async () => {
    server = await startKvServer(frontend);
    client = await RespConnection.open(server.port);
  }, 20_000);

  afterAll(async () => {
    client?.close();
    await server?.stop();
  });

  it('serves ioredis, with pipelines and binary values', async () => {
    const redis = new Redis(server.port, '127.0.0.1');
    const binary = Buffer.from([0, 255, 13, 10, 42]);
    expect(await redis.set('binary', binary)).toBe('OK');
    expect(await redis.getBuffer('binary')).toEqual(binary);
    const pipeline = redis.pipeline();
    for (let i = 0; i < 1000; i++) pipeline.incr('counter');
    pipeline.hset('hash', { a: '1', b: '2' }).hgetall('hash').lpush('binary', 'x');
    const results = (await pipeline.exec())!;
    expect(results[999]).toEqual([null, 1000]);
    expect(results[1001]).toEqual([null, { a: '1', b: '2' }]);
    expect(results[1002][0]).toMatchObject({ message: expect.stringMatching(/^WRONGTYPE/) });
    const found: string[] = [];
    for await (const keys of redis.scanStream({ count: 2 })) found.push(...(keys as string[]));
    expect(new Set(found)).toEqual(new Set(['binary', 'counter', 'hash']));
    redis.disconnect();
  });

  it('serves ioredis, with transactions, channels, events, a monitor, waiting pops and iterators', () =>
    driveIoredis(server.port));

  it('serves node-redis, in RESP2 and RESP3, and its cache', async () => {
    await driveNodeRedis(server.port, 2);
    await driveNodeRedis(server.port, 3);
    await driveNodeRedisCache(server.port);
  });

  it('serves redis-py', () => driveRedisPy(server.port));

  it('serves redis-cli, in RESP2 and RESP3', async () => {
    const cli = async (...args: string[]) =>
      (await run('redis-cli', ['-p', String(server.port), ...args])).stdout.trim();
    expect(await cli('SET', 'cli', 'value', 'EX', '100')).toBe('OK');
    expect(await cli('GET', 'cli')).toBe('value');
    expect(await cli('--no-raw', 'TTL', 'cli')).toMatch(/^\(integer\) (100|[89]\d)$/);
    expect(await cli('--no-raw', '-3', 'CONFIG', 'GET', 'save')).toBe('1# "save" => ""');
    expect(await cli('nonsense')).toMatch(/^ERR unknown command 'nonsense'/);
  });

  it('runs the whole of redis-benchmark', async () => {
    const benchmark = async (...args: string[]) => {
      const { stdout, stderr } = await run('redis-benchmark', ['-p', String(server.port), '--csv', ...args]);
      expect(stderr).toBe('');
      return stdout.trim().split('\n').slice(1);
    };
    const all = await benchmark('-n', '300', '-c', '10', '-r', '1000');
    expect(all.map((line) => line.split(',')[0].replaceAll('"', '').split(' ')[0])).toEqual(
      'PING_INLINE PING_MBULK SET GET INCR LPUSH RPUSH LPOP RPOP SADD HSET SPOP ZADD ZPOPMIN LPUSH LRANGE_100 LRANGE_300 LRANGE_500 LRANGE_600 MSET'.split(
        ' ',
      ),
    );
    expect(await benchmark('-n', '5000', '-P', '16', '-t', 'set,get')).toHaveLength(2);
  });

  it('answers in the types of RESP3 after HELLO 3', async () => {
    const three = await RespConnection.open(server.port);
    await three.command('FLUSHALL');
    const hello = await three.command('HELLO', '3', 'SETNAME', 'three');
    expect(hello.type).toBe('%');
    expect(texts(hello).slice(0, 6)).toEqual(['server', 'redis', 'version', '7.0.15', 'proto', '3']);
    await three.command('HSET', 'h', 'f', 'v');
    await three.command('SADD', 's', 'm');
    await three.command('ZADD', 'z', '1.5', 'm');
    expect((await three.command('HGETALL', 'h')).type).toBe('%');
    expect((await three.command('SMEMBERS', 's')).type).toBe('~');
    expect(await three.command('ZSCORE', 'z', 'm')).toMatchObject({ type: ',', text: '1.5' });
    expect((await three.command('GET', 'absent')).type).toBe('_');
    expect((await three.command('INFO', 'server')).text).toMatch(/^txt:# Server\r\n/);
    expect((await three.command('CLIENT', 'LIST')).text).toMatch(/name=three .* resp=3$/m);
    three.close();
  });

  it('answers what has no one right answer sensibly', async () => {
    await client.command('FLUSHALL');
    expect((await client.command('RANDOMKEY')).text).toBeNull();
    await client.command('SET', 'only', 'v');
    expect((await client.command('RANDOMKEY')).text).toBe('only');
    await client.command('SADD', 's', 'a', 'b', 'c');
    const drawn = texts(await client.command('SRANDMEMBER', 's', '-10'));
    expect(drawn).toHaveLength(10);
    expect(new Set(['a', 'b', 'c', ...drawn]).size).toBe(3);
    const popped = (await client.command('SPOP', 's')).text!;
    expect((await client.command('SISMEMBER', 's', popped)).text).toBe('0');
    const beforeMs = Date.now();
    const [seconds, microseconds] = texts(await client.command('TIME')).map(Number);
    expect(seconds! * 1000 + microseconds! / 1000).toBeGreaterThan(beforeMs - 10);
    expect(seconds! * 1000 + microseconds! / 1000).toBeLessThan(Date.now() + 10);
    const begun = performance.now();
    expect((await client.command('DEBUG', 'SLEEP', '0.2')).text).toBe('OK');
    expect(performance.now() - begun).toBeGreaterThanOrEqual(199);
    const id = (await client.command('CLIENT', 'ID')).text!;
    expect((await client.command('CLIENT', 'INFO')).text).toMatch(new RegExp(`^id=${id} addr=127.0.0.1:`));
    expect(await info(client, 'tcp_port')).toBe(String(server.port));
    expect(await info(client, 'bypassbench_frontend')).toBe(frontend);
    const docs = await client.command('COMMAND', 'DOCS', 'GET');
    expect(texts(docs.elements![1])).toEqual(['summary', 'Get the value of a key', 'group', 'string']);
  });

  it('expires keys while nobody asks for them', async () => {
    await client.command('FLUSHALL');
    for (let i = 0; i < 100; i++) await client.command('SET', `volatile:${i}`, 'v', 'PX', '50');
    await client.command('SET', 'lasting', 'v');
    while ((await client.command('DBSIZE')).text !== '1') await sleep(50);
    expect((await client.command('GET', 'lasting')).text).toBe('v');
  });

  it('takes and gives a value of 64 MiB', async () => {
    const value = Buffer.alloc(64 * MEBIBYTE);
    for (let i = 0; i < value.length; i += 4096) value.writeUInt32LE(i, i);
    client.send(`*3\r\n$3\r\nSET\r\n$5\r\nlarge\r\n$${value.length}\r\n`);
    client.send(value);
    client.send('\r\n');
    expect((await client.reply()).text).toBe('OK');
    expect((await client.command('STRLEN', 'large')).text).toBe(String(value.length));
    const given = Buffer.from((await client.command('GET', 'large')).text!, 'latin1');
    expect(given.equals(value)).toBe(true);
    expect((await client.command('DEL', 'large')).text).toBe('1');
  });

  it.each([
    ['*1\r\n$-5\r\n', '-ERR Protocol error: invalid bulk length\r\n'],
    ['*1\r\n$600000000\r\n', '-ERR Protocol error: invalid bulk length\r\n'],
    ['*99999999999\r\n', '-ERR Protocol error: invalid multibulk length\r\n'],
    ['*1\r\n+PING\r\n', "-ERR Protocol error: expected '$', got '+'\r\n"],
    ['GET "unbalanced\r\n', '-ERR Protocol error: unbalanced quotes in request\r\n'],
    [`PING\r\n${'x'.repeat(70_000)}`, '+PONG\r\n-ERR Protocol error: too big inline request\r\n'],
    ['PING\r\nQUIT\r\nPING\r\n', '+PONG\r\n+OK\r\n'],
    ['POST / HTTP/1.1\r\nPING\r\n', ''],
    ['PING\r\nHost: example\r\nPING\r\n', '+PONG\r\n'],
  ])('answers %j, closes that connection and goes on serving others', async (request, answer) => {
    const broken = await RespConnection.open(server.port);
    broken.send(request);
    expect(await broken.untilClosed()).toBe(answer);
    expect((await client.command('PING')).text).toBe('PONG');
  });

  it('holds clients to a lower proto-max-bulk-len', async () => {
    await client.command('CONFIG', 'SET', 'proto-max-bulk-len', '1mb');
    const broken = await RespConnection.open(server.port);
    broken.send(`*2\r\n$4\r\nECHO\r\n$${MEBIBYTE + 1}\r\n`);
    expect(await broken.untilClosed()).toBe('-ERR Protocol error: invalid bulk length\r\n');
    expect((await client.command('SETRANGE', 'k', String(MEBIBYTE), 'x')).text).toMatch(
      /^ERR string exceeds/,
    );
    await client.command('CONFIG', 'SET', 'proto-max-bulk-len', '512mb');
  });

  it('forgets a client that leaves or resets in the middle of a request', async () => {
    for (const leave of ['end', 'resetAndDestroy'] as const) {
      const leaving = await RespConnection.open(server.port);
      await leaving.command('PING');
      leaving.send('*3\r\n$3\r\nSET\r\n$4\r\nhalf\r\n$100\r\nxxx');
      await sleep(20);
      leaving.socket[leave]();
    }
    await untilAlone(client);
    expect((await client.command('EXISTS', 'half')).text).toBe('0');
  });

  it('makes an endless reply as its client takes it and for as long as it stays, and serves others', async () => {
    await client.command('SADD', 'endless', 'a');
    const asker = connect({ port: server.port, host: '127.0.0.1' });
    await once(asker, 'connect');
    let bytes = 0;
    asker.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
    });
    asker.write(encode(['SRANDMEMBER', 'endless', '-4611686018427387904']));
    while (bytes < 16 * MEBIBYTE) expect((await client.command('PING')).text).toBe('PONG');
    asker.pause();
    for (let i = 0; i < 20; i++) expect((await client.command('PING')).text).toBe('PONG');
    asker.destroy();
    await untilAlone(client);
  });

  it('answers each of a hundred clients in step, whatever the others do', async () => {
    const seed = Number(process.env.SEED);
    const dial = overSockets({ address: '127.0.0.1', port: server.port });
    const counts = await fuzzConnections({
      dial,
      seed,
      durationMs: 700,
      clients: 100,
      valueBytesMax: 100_000,
    });
    expect(counts.connections).toBeGreaterThan(100);
    await untilAlone(client);
    expect((await client.command('FLUSHALL')).text).toBe('OK');
  });

  it.each([
    ['at once over the hard limit', 'normal 8mb 0 0', 0],
    ['some time over the soft limit', 'normal 0 100kb 1', 2],
  ])(
    'drops a client that never reads, %s, and serves the others meanwhile',
    async (_case, limit, servedMeanwhile) => {
      await client.command('CONFIG', 'SET', 'client-output-buffer-limit', limit);
      const dropped = Number(await info(client, 'client_output_buffer_limit_disconnections'));
      await client.command('SET', 'megabyte', 'x'.repeat(MEBIBYTE));
      const silent = connect({ port: server.port, host: '127.0.0.1' });
      silent.on('error', () => {});
      await once(silent, 'connect');
      silent.write(encode(['GET', 'megabyte']).repeat(40));
      let served = 0;
      let now = dropped;
      for (const begun = performance.now(); now === dropped && performance.now() - begun < 60_000; ) {
        now = Number(await info(client, 'client_output_buffer_limit_disconnections'));
        if (now === dropped) served++;
        await sleep(10);
      }
      expect(now).toBe(dropped + 1);
      if (servedMeanwhile > 0) expect(served).toBeGreaterThanOrEqual(servedMeanwhile);
      expect(await info(client, 'connected_clients')).toBe('1');
      silent.destroy();
    },
  );

  it('lets clients wait for a key until it is made, their time has passed, or they have gone', async () => {
    const open = () => RespConnection.open(server.port);
    const [gone, reset, ended, waiting, late] = await Promise.all([open(), open(), open(), open(), open()]);
    for (const each of [gone, reset, ended, waiting]) {
      each.send(encode(['BLPOP', 'awaited', '0']) + encode(['ECHO', 'behind it']));
    }
    late.send(encode(['BRPOP', 'awaited', '0.01']) + encode(['ECHO', 'behind it']));
    expect((await late.reply()).text).toBe(null);
    expect((await late.reply()).text).toBe('behind it');
    while ((await info(client, 'blocked_clients')) !== '4') await sleep(5);
    gone.close();
    reset.socket.resetAndDestroy();
    ended.socket.end();
    while ((await info(client, 'blocked_clients')) !== '1') await sleep(5);
    await client.command('RPUSH', 'awaited', 'x');
    expect(texts(await waiting.reply())).toEqual(['awaited', 'x']);
    expect((await waiting.reply()).text).toBe('behind it');
    expect(await info(client, 'blocked_clients')).toBe('0');
    for (const each of [waiting, late]) each.close();
  });

  it('stops on SIGTERM and SIGINT, with clients connected', async () => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      const stopping = await startKvServer(frontend);
      const connected = await RespConnection.open(stopping.port);
      await connected.command('PING');
      stopping.process.kill(signal);
      const [code] = (await once(stopping.process, 'exit')) as [number | null];
      expect(code).toBe(0);
      connected.close();
    }
  });

  it('stops cleanly in the middle of a command', async () => {
    const stopping = await startKvServer(frontend);
    const connected = await RespConnection.open(stopping.port);
    await connected.command('SADD', 's', 'a');
    const silent = connect({ port: stopping.port, host: '127.0.0.1' });
    silent.on('error', () => {});
    silent.write(encode(['SRANDMEMBER', 's', '-4611686018427387904']));
    await once(silent, 'readable');
    // Longer than a test may take: who waited for its end would not pass.
    connected.send('DEBUG SLEEP 600\r\n');
    await sleep(100);
    stopping.process.kill('SIGTERM');
    const [code] = (await once(stopping.process, 'exit')) as [number | null];
    expect(code).toBe(0);
    connected.close();
    silent.destroy();
  });

  it('admits no more than --max-clients, and none without --requirepass', async () => {
    const guarded = await startKvServer(frontend, ['--max-clients', '2', '--requirepass', 'secret']);
    const first = await RespConnection.open(guarded.port);
    expect((await first.command('GET', 'k')).text).toBe('NOAUTH Authentication required.');
    expect((await first.command('AUTH', 'wrong')).text).toMatch(/^WRONGPASS /);
    expect((await first.command('AUTH', 'secret')).text).toBe('OK');
    expect((await first.command('PING')).text).toBe('PONG');
    const second = await RespConnection.open(guarded.port);
    expect((await second.command('HELLO', '3')).text).toMatch(/^NOAUTH HELLO must be called/);
    expect((await second.command('HELLO', '3', 'AUTH', 'default', 'secret')).type).toBe('%');
    const third = await RespConnection.open(guarded.port);
    expect(await third.untilClosed()).toBe('-ERR max number of clients reached\r\n');
    second.close();
    await untilAlone(first);
    const fourth = await RespConnection.open(guarded.port);
    expect((await fourth.command('AUTH', 'secret')).text).toBe('OK');
    await guarded.stop();
  });

  it('says on one line which port is busy', () => {
    const args = ['serve', '--frontend', frontend, '--port', String(server.port)];
    const { status, stdout, stderr } = spawnSync(BYPASSBENCH, args, { encoding: 'utf8' });
    expect(stdout).toBe('');
    expect(stderr).toMatch(new RegExp(`^bypassbench: .*${server.port}.*0 takes any free one.*\n$`));
    expect(status).toBe(1);
  });
});

describe('the command line', () => {
  it.each([
    [['--frontend', 'pipes'], '--frontend pipes: wanted one of: libos, sockets'],
    [['--frontend', 'libos', '--backend', 'smoke'], "there is no backend 'smoke'; there is kernel"],
    [['--frontend', 'sockets', '--port', '65536'], '--port 65536: wanted a whole number from 0 to 65,535'],
    [['--frontend', 'sockets', '--bind', 'here'], '--bind here: wanted an IPv4 address'],
    [['--frontend', 'sockets', '--core', '0'], "start it with 'taskset -c 0'"],
    [['--frontend', 'sockets', '-o', 'mtu=9000'], '--backend-option apply to --frontend libos'],
    [['--frontend', 'libos', '-o', 'mtu'], "--backend-option: 'mtu' is not KEY=VALUE"],
    [['--frontend', 'libos', '-o', 'mtu=1', '-o', 'mtu=2'], "mtu is given twice, as '1' and as '2'"],
    [['--frontend', 'libos', '-o', 'mtu=1'], 'the kernel backend takes no options: leave out mtu'],
    [
      ['--frontend', 'sockets', '--client-output-buffer-limit', '1'],
      '--client-output-buffer-limit 1: wanted',
    ],
  ])('%j is refused in one line', async (args, message) => {
    const said = await refusal(command(), ...args);
    expect(said).toContain(message);
    expect(said.trim().split('\n')).toHaveLength(1);
  });
});
