/** A server whose heap is filled by its clients: it refuses, goes on, and takes more when there is room again. */
import { afterEach, describe, expect, it } from 'vitest';
import {
  encode,
  FRONTENDS,
  RespConnection,
  type ServerProcess,
  startKvServer,
} from './kvserver-processes.ts';

const HEAP_MIB = 192;
const MEMBERS_PER_REQUEST = 1000;
const PADDING = 'x'.repeat(200);

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
  delete process.env.NODE_OPTIONS;
});

async function start(frontend: string): Promise<ServerProcess> {
  process.env.NODE_OPTIONS = `--max-old-space-size=${HEAP_MIB}`;
  const server = await startKvServer(frontend);
  ends.push(() => server.stop());
  return server;
}

describe.each(FRONTENDS)('over %s', (frontend) => {
  it.each([
    ['SADD', (n: number) => [`${PADDING}${n}`]],
    ['HSET', (n: number) => [`${PADDING}${n}`, 'value']],
    ['ZADD', (n: number) => [`${n}`, `${PADDING}${n}`]],
    ['RPUSH', (n: number) => [`${PADDING}${n}`]],
  ] as const)('refuses %s when the heap is full, and lives', async (command, element) => {
    const server = await start(frontend);
    const client = await RespConnection.open(server.port);
    let refused = false;
    for (let n = 0; !refused; n += MEMBERS_PER_REQUEST) {
      const elements = Array.from({ length: MEMBERS_PER_REQUEST }, (_, i) => element(n + i)).flat();
      refused = (await client.command(command, `key:${Math.floor(n / 50_000)}`, ...elements)).type === '-';
    }
    expect((await client.command(command, 'key', ...element(1))).text).toMatch(/^OOM /);
    for (let i = 0; i < 100; i++) client.send(encode(['EXISTS', 'key:0']).repeat(100));
    for (let i = 0; i < 100 * 100; i++) expect((await client.reply()).text).toBe('1');
    expect((await client.command('FLUSHALL')).text).toBe('OK');
    await expect
      .poll(async () => (await client.command(command, 'key', ...element(1))).type, { timeout: 60_000 })
      .toBe(':');
    client.close();
    expect((await server.stop()).code).toBe(0);
  });
});
