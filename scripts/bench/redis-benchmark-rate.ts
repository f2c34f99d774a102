/** Requests a second of `redis-benchmark -c 50` for GETs of 64 bytes, against redis-server over the loopback. */
import { execa } from 'execa';
import { startSystem } from '../../experiments/index.ts';
import { printNumber } from './print.ts';

/** About a second. */
const REQUESTS = 100_000;

const redis = await startSystem('redis');
const { host, port } = redis.address;
const load = ['-h', host, '-p', `${port}`, '-c', '50', '-n', `${REQUESTS}`, '-d', '64', '--csv'];
// The first run sets the key, and warms both.
await benchmark([...load, '-t', 'set']);
const rate = await benchmark([...load, '-t', 'get']);
await redis.stop();
printNumber(rate, 'requests/s');

async function benchmark(argv: string[]): Promise<number> {
  const { stdout } = await execa('taskset', ['-c', `${redis.clientCore}`, 'redis-benchmark', ...argv]);
  // The first line has the columns' names.
  const last = stdout.trim().split('\n').at(-1) ?? '';
  const perSecond = Number(/^"[^"]*","([\d.]+)"/.exec(last)?.[1]);
  if (!(perSecond > 0)) throw new Error(`redis-benchmark printed no rate: ${stdout}`);
  return perSecond;
}
