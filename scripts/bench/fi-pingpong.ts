/** libfabric's own fi_pingpong between two processes over shm: what any endpoint on it can come to. */
import { execa } from 'execa';
import { freePort } from '../../experiments/index.ts';
import { CLIENT_CORE, SERVER_CORE } from './servers.ts';

const TIMEOUT_MS = 60_000;
const CONNECT_TRIES = 40;

/**
 * `iterations` messages there and back, of `bytes` each. The program gives means: the time of one transfer, which is half
 * a round trip, and the rate of its bytes in it.
 */
export async function fiPingPong(
  bytes: number,
  iterations: number,
): Promise<{ roundTrip_us: number; gbit_per_s: number }> {
  const port = `${await freePort('127.0.0.1')}`;
  const common = ['fi_pingpong', '-p', 'shm', '-e', 'rdm', '-S', `${bytes}`, '-I', `${iterations}`];
  const server = execa('taskset', ['-c', `${SERVER_CORE}`, ...common, '-B', port], {
    timeout: TIMEOUT_MS,
    reject: false,
  });
  for (let tried = 1; ; tried++) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    const client = await execa('taskset', ['-c', `${CLIENT_CORE}`, ...common, '-P', port, '127.0.0.1'], {
      timeout: TIMEOUT_MS,
      reject: false,
    });
    const columns = client.stdout.trim().split('\n').at(-1)?.trim().split(/\s+/) ?? [];
    // bytes, sent, acknowledged, total, time, MB/sec, usec/xfer, Mxfers/sec: the rate has the most digits.
    const megabytesPerS = Number(columns[5]);
    if (client.exitCode === 0 && megabytesPerS > 0) {
      await server;
      return { roundTrip_us: (2 * bytes) / megabytesPerS, gbit_per_s: (megabytesPerS * 8) / 1000 };
    }
    if (tried === CONNECT_TRIES) {
      server.kill('SIGKILL');
      throw new Error(`fi_pingpong failed: ${client.stderr || client.stdout}`);
    }
  }
}
