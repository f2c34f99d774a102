/**
 * A server over shm whose clients are killed at random moments, some with a lock of shared memory held: nobody else
 * notices, and what they had is given back. 500 of them: rdma-killed-clients.long.test.ts.
 */
import { it } from 'vitest';
import { Random } from '../libos/inet/devices/random.ts';
import { killedClients } from './rdma-kills.ts';

const clients = killedClients();

it('serves the others, and whoever comes next', async () => {
  await clients().kill(6, new Random(Number(process.env.SEED)));
});
