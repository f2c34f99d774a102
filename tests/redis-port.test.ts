/** Redis itself as the engine, over the kernel's sockets: what it does beyond answering at once. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  encode,
  FRONTENDS,
  RespConnection,
  type ServerProcess,
  startKvServer,
} from './kvserver-processes.ts';

const folder = mkdtempSync(join(tmpdir(), 'redis-port-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const startRedis = (frontend: string, ...options: string[]) =>
  startKvServer(frontend, ['--engine', 'redis', '--', '--dir', folder, '--save', '', ...options]);
/** A connection that is lost stays lost. */
const connectTo = (server: ServerProcess) =>
  new Redis(server.port, '127.0.0.1', { retryStrategy: () => null });
const SOON = { timeout: 60_000 };

const numberedKeys = (count: number) =>
  Object.fromEntries(Array.from({ length: count }, (_, i) => [`key${i}`, `${i}`]));
const openTwo = (server: ServerProcess) =>
  Promise.all([RespConnection.open(server.port), RespConnection.open(server.port)]);
const textOf = async (connection: RespConnection, ...command: string[]) =>
  (await connection.command(...command)).text;

async function closeAll(server: ServerProcess, ...connections: RespConnection[]): Promise<void> {
  for (const connection of connections) connection.close();
  expect((await server.stop()).code).toBe(0);
}

const ENDLESS = encode(['EVAL', 'while true do end', '0']);
const KILLED = expect.stringContaining('Script killed by user');

describe.each(FRONTENDS)('Redis behind the front end %s', (frontend) => {
  let server: ServerProcess;
  let client: Redis;

  beforeAll(async () => {
    server = await startRedis(frontend);
    client = connectTo(server);
  });

  afterAll(async () => {
    client.disconnect();
    expect((await server.stop()).code).toBe(0);
  });

  test('answers with its own version, port and peers', async () => {
    expect(await client.info('server')).toMatch(
      new RegExp(`redis_version:7\\.0[\\s\\S]*tcp_port:${server.port}`),
    );
    expect(await client.info('clients')).toMatch(/connected_clients:1\r/);
    expect(await client.client('LIST')).toMatch(
      new RegExp(`addr=127\\.0\\.0\\.1:\\d+ laddr=127\\.0\\.0\\.1:${server.port} `),
    );
  });

  test('a reply of several megabytes, and a request of as many, come whole', async () => {
    const value = Buffer.alloc(5_000_000, 'abcdefg');
    await client.set('large', value);
    expect((await client.getBuffer('large'))?.equals(value)).toBe(true);
  });

  test('a client that waits for an element has it when another one pushes it, or nothing when its time is over', async () => {
    const waiting = connectTo(server);
    const popped = waiting.blpop('queue', 30);
    await expect.poll(() => client.info('clients'), SOON).toMatch(/blocked_clients:1\r/);
    await client.rpush('queue', 'element');
    expect(await popped).toEqual(['queue', 'element']);
    expect(await waiting.blpop('queue', 0.05)).toBeNull();
    waiting.disconnect();
  });

  test('what is published comes unasked', async () => {
    const subscriber = connectTo(server);
    const heard = new Promise((resolve) => subscriber.on('message', (...message) => resolve(message)));
    await subscriber.subscribe('news');
    expect(await client.publish('news', 'all of it')).toBe(1);
    expect(await heard).toEqual(['news', 'all of it']);
    subscriber.disconnect();
  });

  test('a client that goes, or is killed, is one fewer', async () => {
    const going = connectTo(server);
    await going.ping();
    going.disconnect();
    await expect.poll(() => client.info('clients'), SOON).toMatch(/connected_clients:1\r/);
    const killed = connectTo(server);
    const id = await killed.client('ID');
    const ended = new Promise((resolve) => killed.once('end', resolve));
    expect(await client.client('KILL', 'ID', id)).toBe(1);
    await ended;
  });
});

test('during a long script others are told so, and may end it', async () => {
  const server = await startRedis('libos', '--busy-reply-threshold', '50');
  const [scripting, other] = [connectTo(server), connectTo(server)];
  await other.ping();
  const script = scripting.eval('while true do end', 0);
  script.catch(() => {});
  await expect.poll(() => other.ping().catch((error) => String(error)), SOON).toMatch(/BUSY/);
  expect(await other.script('KILL')).toBe('OK');
  await expect(script).rejects.toThrow(/Script killed by user/);
  expect(await scripting.ping()).toBe('PONG');
  scripting.disconnect();
  other.disconnect();
  expect((await server.stop()).code).toBe(0);
});

test('what a client sends behind a script and during it is answered whole, in order', async () => {
  const server = await startRedis('libos', '--busy-reply-threshold', '50');
  const [scripting, other] = await openTwo(server);
  // More than Redis reads at a time: the rest is in the front end's buffer while the script runs.
  const behind = Array.from({ length: 4000 }, (_, i) => `${i}`);
  scripting.send(ENDLESS + behind.map((text) => encode(['ECHO', text])).join(''));
  await expect.poll(() => textOf(other, 'PING'), SOON).toMatch(/^BUSY/);
  scripting.send(encode(['ECHO', 'during']));
  // It has come when what another client sent later is answered.
  expect(await textOf(other, 'PING')).toMatch(/^BUSY/);
  expect(await textOf(other, 'SCRIPT', 'KILL')).toBe('OK');
  expect((await scripting.reply()).text).toEqual(KILLED);
  for (const text of [...behind, 'during']) expect((await scripting.reply()).text).toBe(text);
  await closeAll(server, scripting, other);
});

test('a script that had to wait, and runs when a pause ends, can be ended by others', async () => {
  const server = await startRedis('libos', '--busy-reply-threshold', '50');
  const [scripting, other] = await openTwo(server);
  expect(await textOf(other, 'CLIENT', 'PAUSE', '300', 'WRITE')).toBe('OK');
  scripting.send(ENDLESS);
  await expect.poll(() => textOf(other, 'PING'), SOON).toMatch(/^BUSY/);
  expect(await textOf(other, 'SCRIPT', 'KILL')).toBe('OK');
  expect((await scripting.reply()).text).toEqual(KILLED);
  await closeAll(server, scripting, other);
});

test('a script is debugged while everybody else waits; not in a child, which has no connections', async () => {
  const server = await startRedis('libos');
  const [debugging, other] = await openTwo(server);
  const logged = async (...command: string[]) => {
    const { elements } = await debugging.command(...command);
    return (elements ?? []).map(({ text }) => text).join('\n');
  };
  expect(await textOf(debugging, 'SCRIPT', 'DEBUG', 'YES')).toBe('OK');
  expect(await textOf(debugging, 'EVAL', 'return 1', '0')).toMatch(/Fork\(\) failed.*not supported/);

  expect(await textOf(debugging, 'SCRIPT', 'DEBUG', 'SYNC')).toBe('OK');
  const script = "redis.call('incr', 'n')\nreturn redis.call('get', 'n')";
  expect(await logged('EVAL', script, '0')).toMatch(/Stopped at 1/);
  const seen = textOf(other, 'GET', 'n');
  expect(await logged('print', 'none')).toMatch(/No such variable/);
  expect(await logged('step')).toMatch(/Stopped at 2/);
  expect(await logged('redis', 'incr', 'n')).toMatch(/<reply> 2/);
  expect(await logged('continue')).toMatch(/<endsession>/);
  expect(await seen).toBe('2');
  await closeAll(server, other);
});

test('a signal that could not be followed is not the last one; a second SIGINT ends it at once', async () => {
  const place = mkdtempSync(join(folder, 'signals-'));
  const logFile = join(folder, 'signals.log');
  const server = await startRedis('libos', '--dir', place, '--logfile', logFile, '--save', '3600', '1');
  const client = connectTo(server);
  await client.set('key', 'value');
  // The file that it would save to cannot be put in the place of a folder.
  mkdirSync(join(place, 'dump.rdb'));
  server.process.kill('SIGTERM');
  await expect
    .poll(() => readFileSync(logFile, 'utf8'), SOON)
    .toMatch(/Error trying to save the DB, can't exit/);
  expect(await client.ping()).toBe('PONG');
  rmSync(join(place, 'dump.rdb'), { recursive: true });

  // Saving would take a minute.
  await client.mset(numberedKeys(600));
  await client.config('SET', 'rdb-key-save-delay', 100_000);
  client.disconnect();
  const ended = new Promise((resolve) => server.process.once('exit', resolve));
  server.process.kill('SIGINT');
  await expect.poll(() => readdirSync(place), SOON).toEqual([expect.stringMatching(/^temp-/)]);
  server.process.kill('SIGINT');
  expect(await ended).toBe(1);
  expect(readdirSync(place)).toEqual([]);
});

test('a signal while it loads ends it in good order', async () => {
  const place = mkdtempSync(join(folder, 'loading-'));
  const logFile = join(folder, 'loading.log');
  const first = await startRedis('libos', '--dir', place);
  const client = connectTo(first);
  await client.mset(numberedKeys(20_000));
  await client.save();
  client.disconnect();
  await first.stop();
  const slowly = ['--key-load-delay', '1000', '--loading-process-events-interval-bytes', '1024'];
  const loading = startRedis('libos', '--dir', place, '--logfile', logFile, ...slowly).catch(String);
  await expect.poll(() => readFileSync(logFile, 'utf8'), SOON).toMatch(/RDB memory usage when created/);
  process.kill(Number(/pid=(\d+)/.exec(readFileSync(logFile, 'utf8'))?.[1]), 'SIGTERM');
  expect(await loading).toMatch(/ended before it was ready/);
  expect(readFileSync(logFile, 'utf8')).toMatch(/ready to exit, bye bye/);
});

test('it listens elsewhere when told, and says so when it cannot', async () => {
  const server = await startRedis('libos');
  const taken = await startRedis('libos');
  const client = connectTo(server);
  await expect(client.config('SET', 'port', taken.port)).rejects.toThrow(/Unable to listen on this port/);
  expect(await client.ping()).toBe('PONG');
  await taken.stop();
  await client.config('SET', 'port', taken.port);
  const there = connectTo(taken);
  expect(await there.ping()).toBe('PONG');
  client.disconnect();
  there.disconnect();
  await server.stop();
});

test('what it saves in the background, and in its append-only file, is there after a restart', async () => {
  const options = ['--appendonly', 'yes', '--appendfsync', 'always'];
  let server = await startRedis('libos', ...options);
  let client = connectTo(server);
  await client.set('first', '1');
  await client.bgrewriteaof();
  await expect
    .poll(() => client.info('persistence'), SOON)
    .toMatch(/aof_rewrite_in_progress:0[\s\S]*aof_last_bgrewrite_status:ok/);
  await client.bgsave();
  await expect
    .poll(() => client.info('persistence'), SOON)
    .toMatch(/rdb_bgsave_in_progress:0[\s\S]*rdb_last_bgsave_status:ok/);
  await client.set('second', '2');
  client.disconnect();
  server.process.kill('SIGKILL');

  server = await startRedis('libos', ...options);
  client = connectTo(server);
  expect(await client.mget('first', 'second')).toEqual(['1', '2']);
  // SHUTDOWN ends the process, and not with an error.
  const ended = new Promise((resolve) => server.process.once('exit', resolve));
  await client.shutdown('NOSAVE').catch(() => {});
  client.disconnect();
  expect(await ended).toBe(0);
});

/** All that comes back to a client that sends this and then its end. */
async function answersTo(port: number, requests: string): Promise<string> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  socket.end(requests);
  let answer = '';
  for await (const chunk of socket.setEncoding('latin1')) answer += chunk;
  return answer;
}

// Redis writes what a socket's buffer takes, and drops the rest at the client's end.
test.each([
  ['typescript', 3_000_000],
  ['redis', 200_000],
])('a client that sends its end has its answers: %s', async (engine, bytes) => {
  const server = await (engine === 'redis' ? startRedis('libos') : startKvServer('libos'));
  const value = 'v'.repeat(bytes);
  expect(await answersTo(server.port, encode(['SET', 'large', value]))).toBe('+OK\r\n');
  const answers = await answersTo(server.port, 'GET large\r\nPING\r\n');
  expect(answers === `$${bytes}\r\n${value}\r\n+PONG\r\n`).toBe(true);
  await server.stop();
});

test("a client that sends its end during its own long script has the script's answer", async () => {
  const server = await startRedis('libos', '--busy-reply-threshold', '20');
  const script =
    'local t = redis.call("TIME")[1] + 1 while redis.call("TIME")[1] + 0 <= t do end return "done"';
  const request = ['EVAL', script, '0'];
  const words = request.map((word) => `$${word.length}\r\n${word}\r\n`).join('');
  expect(await answersTo(server.port, `*3\r\n${words}PING\r\n`)).toBe('$4\r\ndone\r\n+PONG\r\n');
  await server.stop();
});

test('clients that send their end behind a request have the answer when its log is on disk', async () => {
  const options = [
    '--dir',
    mkdtempSync(join(folder, 'ends-')),
    '--appendonly',
    'yes',
    '--appendfsync',
    'always',
  ];
  const server = await startRedis('libos', ...options);
  const requests = Array.from({ length: 50 }, (_, i) => encode(['SET', `ending${i}`, 'value']));
  const answers = await Promise.all(requests.map((request) => answersTo(server.port, request)));
  expect(answers).toEqual(requests.map(() => '+OK\r\n'));
  await server.stop();
});
