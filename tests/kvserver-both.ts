/** redis-server and the engine in TypeScript side by side, a connection to each: for all tests of a file. */
import { afterAll, beforeAll } from 'vitest';
import { RespConnection, type ServerProcess, startKvServer } from './kvserver-processes.ts';
import { type RunningServer, startRedis } from './redis-server.ts';

/** Valid within tests. */
export interface BothServers {
  redis: RunningServer;
  server: ServerProcess;
  theirs: RespConnection;
  ours: RespConnection;
}

/** Starts both before the tests of the file that calls it, and ends them behind the last one. */
export function startBoth(): BothServers {
  const both = {} as BothServers;
  beforeAll(async () => {
    both.redis = await startRedis(['--enable-debug-command', 'yes']);
    both.server = await startKvServer('sockets');
    both.theirs = await RespConnection.open(both.redis.port);
    both.ours = await RespConnection.open(both.server.port);
  }, 20_000);
  afterAll(async () => {
    both.theirs?.close();
    both.ours?.close();
    await both.server?.stop();
    await both.redis?.stop();
  });
  return both;
}
