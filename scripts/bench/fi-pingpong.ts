/** libfabric's own fi_pingpong between two processes over shm: what any endpoint on it can come to. */
import { execa } from 'execa';
import { freePort } from '../../experiments/index.ts';
import { CLIENT_CORE, SERVER_CORE } from './servers.ts';

const TIMEOUT_MS = 60_000;
const CONNECT_TRIES = 40;
const RUNS = 5;

export interface PingPong {
  roundTrip_us: number;
  gbit_per_s: number;
}

/**
 * `iterations` messages there and back, of `bytes` each, in several runs: the program gives means, which one interruption
 * spoils, so the run in the middle is told.
 */
export async function fiPingPong(bytes: number, iterations: number): Promise<PingPong> {
  const runs: PingPong[] = [];
  for (let run = 0; run < RUNS; run++) runs.push(await runOnce(bytes, Math.ceil(iterations / RUNS)));
  return runs.sort((a, b) => a.roundTrip_us - b.roundTrip_us)[(RUNS - 1) / 2];
}

async function runOnce(bytes: number, iterations: number): Promise<PingPong> {
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
