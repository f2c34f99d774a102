/** Redis as the engine of a front end in this process, which has no memory for replies for a while. */
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as nextLoop } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { LibosFrontEnd } from '../kvserver/frontends/libos-loop.ts';
import { RedisEngine } from '../kvserver/redis/engine.ts';
import { createLibos, PauseLog } from '../libos/index.ts';

const SOON = { timeout: 60_000 };
const CLIENTS_MAX = 2;

/** Collects what comes. */
async function open(port: number): Promise<{ socket: Socket; received: () => string }> {
  const socket = connect({ port, host: '127.0.0.1' });
  let received = '';
  socket.setEncoding('latin1').on('data', (text) => (received += text));
  socket.on('error', () => {});
  await once(socket, 'connect');
  return { socket, received: () => received };
}

test('what Redis writes once is sent when there is memory for it: to a replica, and to a client too many', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'redis-blocks-'));
  const startedIn = process.cwd();
  const logFile = join(folder, 'redis.log');
  const log = () => readFileSync(logFile, 'utf8');
  const args = `--dir ${folder} --logfile ${logFile} --loglevel verbose --maxclients ${CLIENTS_MAX} --save`;
  const replication = '--repl-diskless-sync no --shutdown-timeout 0';
  let withheld = true;
  const libos = createLibos({ backend: 'kernel' });
  let engine!: RedisEngine;
  const frontEnd = new LibosFrontEnd(libos, {
    pauses: new PauseLog(),
    busy: null,
    sleeps: false,
    createEngine: (forEngine) => {
      const takeBlock = forEngine.takeBlock.bind(forEngine);
      forEngine.takeBlock = () => (withheld ? null : takeBlock());
      engine = new RedisEngine(
        ['redis-server', ...args.split(' '), '', ...replication.split(' ')],
        forEngine,
      );
      return engine;
    },
    stopRequested: () => false,
    lingerMs: 1000,
  });
  const endpoint = frontEnd.start({ bind: '127.0.0.1', port: 0 });
  const port = endpoint?.port ?? 0;
  const serve = async () => {
    while (engine.exitCode === null) {
      frontEnd.turn(0);
      await nextLoop();
    }
  };
  const served = serve();

  const replica = await open(port);
  const client = await open(port);
  replica.socket.write('PSYNC ? -1\r\n');
  client.socket.write('PING\r\n');
  await expect.poll(log, SOON).toMatch(/Background saving terminated with success/);
  const refused = await open(port);
  await expect.poll(() => log().match(/Accepted 127/g)?.length, SOON).toBe(CLIENTS_MAX + 1);
  expect([replica.received(), client.received(), refused.received()]).toEqual(['', '', '']);

  withheld = false;
  await once(refused.socket, 'close');
  expect(refused.received()).toBe('-ERR max number of clients reached\r\n');
  await expect.poll(client.received, SOON).toBe('+PONG\r\n');
  await expect.poll(replica.received, SOON).toMatch(/^\+FULLRESYNC \w{40} \d+\r\n\$\d+\r\nREDIS/);

  replica.socket.destroy();
  client.socket.destroy();
  engine.stop();
  await served;
  expect(engine.exitCode).toBe(0);
  libos.shutdown();
  // Signals are node's again, and so is the folder.
  process.once('SIGTERM', nextLoop).removeAllListeners('SIGTERM');
  process.chdir(startedIn);
  rmSync(folder, { recursive: true });
});
