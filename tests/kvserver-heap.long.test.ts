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

  it('refuses what is made of values that are there, and what names are kept, again and again', async () => {
    const server = await start(frontend);
    const client = await RespConnection.open(server.port);
    for (let n = 0; n < 200_000; n += MEMBERS_PER_REQUEST) {
      const members = Array.from({ length: MEMBERS_PER_REQUEST }, (_, i) => `member:${n + i}`);
      await client.command('SADD', 'set', ...members);
      await client.command('RPUSH', 'list', ...members);
      await client.command('HSET', 'hash', ...members.flatMap((member) => [member, 'v']));
      await client.command('ZADD', 'sorted', ...members.flatMap((member, i) => [`${n + i}`, member]));
    }
    // In one request more than the heap can hold in any form.
    const names = (n: number) => Array.from({ length: 20_000 }, (_, i) => `name:${n}:${i}`);
    const kinds: ((n: number) => string[])[] = [
      ...['set', 'list', 'hash', 'sorted'].map((from) => (n: number) => ['COPY', from, `copy:${from}:${n}`]),
      (n) => ['SUNIONSTORE', `union:${n}`, 'set'],
      (n) => ['ZUNIONSTORE', `union:${n}`, '1', 'sorted'],
      (n) => ['ZRANGESTORE', `range:${n}`, 'sorted', '0', '-1'],
      (n) => ['WATCH', ...names(n)],
      (n) => ['SUBSCRIBE', ...names(n)],
      (n) => ['PSUBSCRIBE', ...names(n)],
    ];
    for (const kind of kinds) {
      const asking = await RespConnection.open(server.port);
      let refused = false;
      for (let n = 0; !refused; n++) {
        const request = kind(n);
        asking.request(...request);
        const replies = request[0].endsWith('SUBSCRIBE') ? request.length - 1 : 1;
        for (let left = replies; left > 0 && !refused; left--) refused = (await asking.reply()).type === '-';
      }
      asking.close();
      for (let n = 0; (await client.command('DEL', ...deletable(n))).text !== '0'; n++);
    }
    expect((await client.command('SCARD', 'set')).text).toBe('200000');
    client.close();
    expect((await server.stop()).code).toBe(0);
  });
});

/** Some of the keys that the test has made. */
function deletable(n: number): string[] {
  const made = [...['set', 'list', 'hash', 'sorted'].map((from) => `copy:${from}`), 'union', 'range'];
  return made.flatMap((name) => [`${name}:${2 * n}`, `${name}:${2 * n + 1}`]);
}
