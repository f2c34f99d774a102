/** Ten thousand connections more than Redis on the libOS takes, and many that do not read. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { pumpUntil } from './raw-socket.ts';
import {
  acceptedConnections,
  connectionsAtOnce,
  outcomesOf,
  pingAll,
  REFUSAL,
  residentBytes,
  storm,
} from './redis-crowd.ts';
import { overEachBackend, type PortServer, startPort } from './redis-port-servers.ts';

const MAX_CLIENTS = 100;
const CROWD = 10_000;
/**
 * Half a buffer of the libOS for each connection that is gone. Less is what is not collected yet, and what its own TCP
 * keeps of connections in TIME-WAIT.
 */
const MAX_GROWTH_BYTES = CROWD * 8 * 1024;

overEachBackend((backend) => {
  let server: PortServer;

  beforeAll(async () => {
    server = await startPort(backend, ['--maxclients', `${MAX_CLIENTS}`, '--protected-mode', 'no']);
  });

  afterAll(async () => {
    expect(await server?.close()).toBe(0);
  });

  /** As many as files may be open at a time, until there were CROWD; what it takes for good is in memory before. */
  async function inWaves(wave: (count: number) => Promise<void>): Promise<void> {
    const atOnce = Math.min(CROWD, connectionsAtOnce());
    console.log(`${backend}: ${CROWD} connections, ${atOnce} at a time (open files: ${connectionsAtOnce()})`);
    await wave(atOnce);
    const before = residentBytes(server.process.process.pid as number);
    for (let left = CROWD; left > 0; left -= atOnce) await wave(Math.min(left, atOnce));
    const growth = residentBytes(server.process.process.pid as number) - before;
    expect(growth).toBeLessThan(MAX_GROWTH_BYTES);
  }

  test('each of ten thousand over maxclients is told so and closed, the others are served', async () => {
    const accepted = await acceptedConnections(server.side, MAX_CLIENTS - 1);
    try {
      await inWaves(async (count) => {
        expect(await outcomesOf(server.side, count)).toEqual({ [`${REFUSAL}end`]: count });
        await pingAll(accepted);
      });
    } finally {
      for (const socket of accepted) socket.close();
    }
    await expect.poll(() => server.side.info('connected_clients'), { timeout: 60_000 }).toBe('1');
    for (const socket of await acceptedConnections(server.side, MAX_CLIENTS - 1)) socket.close();
  });

  test('ten thousand that go in the middle of a request leave nothing behind', async () => {
    await inWaves(async (count) => {
      for (let left = count; left > 0; left -= MAX_CLIENTS) await storm(server.side, MAX_CLIENTS);
      await expect.poll(() => server.side.info('connected_clients'), { timeout: 60_000 }).toBe('1');
    });
  });

  test('many that do not read keep no other waiting, and have all when they read', async () => {
    const value = 'abcdefg'.repeat(150_000);
    await server.side.control.command('SET', 'long', value);
    const slow = Array.from({ length: 30 }, () => server.side.connect());
    for (const socket of slow) {
      socket.reads = false;
      socket.write('GET long\r\n'.repeat(10));
    }
    await pumpUntil(slow, 'all is sent', () => slow.every(({ hasUnsent }) => !hasUnsent));
    const fast = await acceptedConnections(server.side, 20);
    for (let round = 0; round < 200; round++) await pingAll(fast);
    for (const socket of slow) socket.reads = true;
    const bytes = 10 * `$${value.length}\r\n${value}\r\n`.length;
    await pumpUntil(slow, 'all has come', () => slow.every(({ receivedBytes }) => receivedBytes === bytes));
    for (const socket of slow) expect(socket.text).toBe(`$${value.length}\r\n${value}\r\n`.repeat(10));
    for (const socket of [...slow, ...fast]) socket.close();
  });

  test('a client that is silent for too long is closed, not one that waits or listens', async () => {
    const { side } = server;
    const all = await acceptedConnections(side, 3);
    const [silent, waiting, listening] = all;
    waiting.write('BLPOP nothing 0\r\n');
    listening.write('SUBSCRIBE news\r\n');
    await pumpUntil(all, 'one waits, one listens', () => listening.text.endsWith(':1\r\n'));
    expect((await side.control.command('CONFIG', 'SET', 'timeout', '1')).text).toBe('OK');
    const isClosed = async () => {
      await side.control.command('PING');
      for (const socket of all) socket.pump();
      return silent.closed;
    };
    await expect.poll(isClosed, { timeout: 60_000 }).toBe('end');
    expect((await side.control.command('CONFIG', 'SET', 'timeout', '0')).text).toBe('OK');
    expect(all.map(({ closed }) => closed)).toEqual(['end', null, null]);
    for (const socket of all) socket.close();
  });
});
