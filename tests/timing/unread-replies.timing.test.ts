/**
 * Many clients pipeline requests for large values and read nothing of the replies: how long that keeps another client
 * waiting. No longer than redis-server lets it wait under the same load in the same run.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect } from 'vitest';
import { startKvServer } from '../kvserver-processes.ts';
import { pumpUntil } from '../raw-socket.ts';
import { Side } from '../redis-answers.ts';
import { acceptedConnections } from '../redis-crowd.ts';
import { REDIS_SERVER, startPort } from '../redis-port-servers.ts';
import { startRedis } from '../redis-server.ts';
import { serverCore } from './disturbance.ts';
import { timed } from './timed.ts';

const CLIENTS = 300;
const REQUESTS = 60;
const VALUE_BYTES = 65_536;
/** For so long the other client asks, and until its last PING is answered. */
const ASKS_MS = 3000;
const BETWEEN_MS = 2;
/** What a wait of this test's own adds, and a machine now and then. */
const SLACK_MS = 20;

/** The longest that a PING takes while all of that is on its way, in milliseconds. */
async function longestPing(side: Side): Promise<number> {
  await side.control.command('SET', 'large', 'x'.repeat(VALUE_BYTES));
  const [asking, ...others] = await acceptedConnections(side, CLIENTS + 1);
  try {
    for (const other of others) {
      other.reads = false;
      other.write('GET large\r\n'.repeat(REQUESTS));
      other.pump();
    }
    let longestMs = 0;
    for (const until = performance.now() + ASKS_MS; performance.now() < until; await sleep(BETWEEN_MS)) {
      asking.clear();
      const askedMs = performance.now();
      asking.write('PING\r\n');
      await pumpUntil([asking], 'an answer', () => asking.text === '+PONG\r\n');
      longestMs = Math.max(longestMs, performance.now() - askedMs);
    }
    return longestMs;
  } finally {
    for (const socket of [asking, ...others]) socket.reset();
  }
}

async function longestPingOfRedis(): Promise<number> {
  const redis = await startRedis([], REDIS_SERVER);
  const side = await Side.open(redis.port);
  try {
    return await longestPing(side);
  } finally {
    side.close();
    await redis.stop();
  }
}

const onCore = ['--core', `${serverCore}`];

async function startOurs(): Promise<{ side: Side; close(): Promise<unknown> }> {
  const server = await startKvServer('libos', ['--idle', 'poll', ...onCore]);
  const side = await Side.open(server.port);
  const close = () => {
    side.close();
    return server.stop();
  };
  return { side, close };
}

/** Each with how many times as long as redis-server it may take: where Redis' own code runs the requests, the noise. */
const servers = {
  kvserver: [startOurs, 1],
  'Redis on the libOS': [() => startPort('kernel', [], onCore), 1.5],
} as const;

describe('clients that do not read delay others no longer than by redis-server', () => {
  for (const [name, [start, times]] of Object.entries(servers)) {
    timed(name, async (endWith) => {
      const theirs = await longestPingOfRedis();
      const server = await start();
      endWith(() => server.close());
      const ours = await longestPing(server.side);
      const text = `${ours.toFixed(0)} ms at most; of redis-server ${theirs.toFixed(0)} ms`;
      console.log(`timing: ${name}: a PING took ${text}`);
      expect(ours).toBeLessThan(times * theirs + SLACK_MS);
    });
  }
});
