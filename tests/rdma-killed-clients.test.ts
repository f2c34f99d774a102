/**
 * A server over shm whose clients are killed at random moments, some with a lock of shared memory held: nobody else
 * notices, and what they had is given back. 500 of them: rdma-killed-clients.long.test.ts.
 */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Random } from '../libos/inet/devices/random.ts';
import { type ServerProcess, startKvServer } from './kvserver-processes.ts';
import { KilledClients } from './rdma-kills.ts';

let server: ServerProcess;
let clients: KilledClients;

beforeAll(async () => {
  server = await startKvServer('libos', ['--backend', 'rdma']);
  clients = new KilledClients(server);
});
afterAll(async () => {
  clients.end();
  expect((await server.stop()).code).toBe(0);
});

it('serves the others, and whoever comes next', async () => {
  await clients.kill(12, new Random(Number(process.env.SEED)));
});
