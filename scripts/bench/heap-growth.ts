/**
 * How much a server's used memory (INFO memory: V8's heap and what hangs off it) grows over 10 million requests.
 * Garbage that waits to be collected makes it a saw tooth: the lowest sample of the last third is held against the
 * lowest of the second.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { execa } from 'execa';
import { type StartedSystem, startSystem } from '../../experiments/index.ts';
import { MIB, printNumber, words } from './print.ts';

const REQUESTS = '10000000';
const WARMUP_REQUESTS = '500000';
const SAMPLE_EVERY_MS = 200;

const [name = ''] = words('SYSTEM');
const system = await startSystem(name);
const load = ['--operation', 'mix', '--keys', '100000', '--connections', '8', '--pipeline', '16'];
await system.load('--populate', ...load, '--requests', WARMUP_REQUESTS);
const samples: number[] = [];
const loading = system.load(...load, '--requests', REQUESTS);
const done = loading.then(() => true);
while (!(await Promise.race([done, sleep(SAMPLE_EVERY_MS, false)]))) samples.push(await usedBytes(system));
const third = Math.floor(samples.length / 3);
const growth = Math.min(...samples.slice(2 * third)) - Math.min(...samples.slice(third, 2 * third));
printNumber(Math.max(growth / MIB, 0), 'MiB');
await system.stop();

async function usedBytes({ address }: StartedSystem): Promise<number> {
  const { stdout } = await execa('redis-cli', [
    '-h',
    address.host,
    '-p',
    `${address.port}`,
    'INFO',
    'memory',
  ]);
  return Number(/^used_memory:(\d+)/m.exec(stdout)?.[1]);
}
