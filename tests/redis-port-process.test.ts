/** Redis as a part of a process: what its children keep of it, and how it ends when Redis crashes. */
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { afterAll, expect, onTestFinished, test } from 'vitest';
import { freePort } from '../experiments/index.ts';
import { type ServerProcess, startKvServer } from './kvserver-processes.ts';
import { startRedis as startPackagedRedis } from './redis-server.ts';

const SOON = { timeout: 60_000 };
const folder = mkdtempSync(join(tmpdir(), 'redis-process-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const optionsOf = (port: number, ...options: string[]) => [
  ...['--port', `${port}`, '--engine', 'redis', '--'],
  ...['--dir', folder, '--save', '', ...options],
];
/** A connection that is lost stays lost. */
const connectTo = (port: number) => new Redis(port, '127.0.0.1', { retryStrategy: () => null });

const isRunning = (pid: number) =>
  existsSync(`/proc/${pid}`) && !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));

/** Begins to save, which would take a minute; the child's process. */
async function saveSlowly(client: Redis): Promise<number> {
  await client.mset(Object.fromEntries(Array.from({ length: 600 }, (_, i) => [`key${i}`, `${i}`])));
  await client.config('SET', 'rdb-key-save-delay', 100_000);
  await client.bgsave();
  const file = () => readdirSync(folder).find((name) => /^temp-\d+\.rdb$/.test(name));
  await expect.poll(file, SOON).toBeDefined();
  return Number(/\d+/.exec(file() ?? '')?.[0]);
}

test("a saving child holds none of its server's ports and clients: they change, and the server is killed", async () => {
  const server = await startKvServer('libos', optionsOf(0));
  const client = connectTo(server.port);
  const child = await saveSlowly(client);
  onTestFinished(() => {
    if (isRunning(child)) process.kill(child, 'SIGKILL');
  });
  const open = readdirSync(`/proc/${child}/fd`).length;
  expect(open).toBeLessThan(readdirSync(`/proc/${server.process.pid}/fd`).length / 2);

  const elsewhere = await freePort('127.0.0.1');
  for (const port of [elsewhere, server.port]) {
    await client.config('SET', 'port', port);
    const there = connectTo(port);
    expect(await there.ping()).toBe('PONG');
    there.disconnect();
  }

  // It ends by itself once it notices that its server is gone: not before it was looked at.
  process.kill(child, 'SIGSTOP');
  const ended = once(client, 'end');
  server.process.kill('SIGKILL');
  await ended;
  const next = await startKvServer('libos', optionsOf(server.port));
  expect(isRunning(child)).toBe(true);
  process.kill(child, 'SIGKILL');
  expect((await next.stop()).code).toBe(0);
});

test('a replica synchronises from a child, by a pipe and by a file', async () => {
  const server = await startKvServer('libos', optionsOf(0, '--repl-diskless-sync-delay', '0'));
  const started = await startPackagedRedis(['--dir', mkdtempSync(join(folder, 'replica-'))]);
  const client = connectTo(server.port);
  const replica = connectTo(started.port);
  for (const diskless of ['yes', 'no']) {
    await client.config('SET', 'repl-diskless-sync', diskless);
    await client.set('by', diskless);
    await replica.replicaof('127.0.0.1', server.port);
    await expect.poll(() => replica.info('replication'), SOON).toMatch(/master_link_status:up/);
    expect(await replica.get('by')).toBe(diskless);
    await client.set('later', diskless);
    expect(await client.wait(1, 60_000)).toBe(1);
    expect(await replica.get('later')).toBe(diskless);
    await replica.replicaof('NO', 'ONE');
  }
  expect(await client.info('stats')).toMatch(/sync_full:2\r/);
  client.disconnect();
  replica.disconnect();
  await started.stop();
  expect((await server.stop()).code).toBe(0);
});

/** Ends Redis by one of its commands for that; what the server said on standard error, and its signal. */
async function crash(server: ServerProcess, how: string): Promise<{ said: string; signal: string | null }> {
  let said = '';
  server.process.stderr?.on('data', (chunk) => (said += chunk));
  const closed = once(server.process, 'close');
  const client = connectTo(server.port);
  client.on('error', () => {});
  await client.call('DEBUG', 'LOG', 'said before');
  await client.call('DEBUG', how).catch(() => {});
  client.disconnect();
  const [, signal] = (await closed) as [number | null, string | null];
  return { said, signal };
}

test.each([
  ['SEGFAULT', 'SIGSEGV', /DEBUG LOG: said before\nbypassbench: Redis crashed/],
  ['PANIC', 'SIGABRT', /^=== REDIS BUG REPORT START[\s\S]*Guru Meditation: DEBUG PANIC called/],
])(
  'a crash of Redis ends the server by its signal, with the end of its log: DEBUG %s',
  async (how, name, end) => {
    const logFile = join(folder, `${how}.log`);
    const options = optionsOf(0, '--logfile', logFile, '--enable-debug-command', 'yes');
    const { said, signal } = await crash(await startKvServer('libos', options, 'pipe'), how);
    expect(signal).toBe(name);
    expect(said).toMatch(end);
    expect(
      said.endsWith(`\nbypassbench: Redis crashed (${name}); above is the end of its log, ${logFile}\n`),
    ).toBe(true);
    expect(readFileSync(logFile, 'utf8')).not.toMatch(/MEMORY TEST/);
  },
);
