/**
 * Requests per second that redis-benchmark has of a system, with 50 connections: of one of its own tests, or of a
 * command on a type with a million members.
 *
 *     node scripts/bench/redis-benchmark.ts SYSTEM TEST PIPELINE
 */
import { execa } from 'execa';
import { startSystem } from '../../experiments/index.ts';
import { printNumber, words } from './print.ts';

const CONNECTIONS = '50';
/** One test takes a second or so of a server that answers this many requests in one. */
const REQUESTS = 100_000;
const MEMBERS = 1_000_000;
/** Of MEMBERS; redis-benchmark writes a random number of twelve digits in its place. */
const MEMBER = 'member:__rand_int__';

/** Commands on the types that fill() makes. */
const ON_A_MILLION: Record<string, string[]> = {
  zrank_million: ['ZRANK', 'zset', MEMBER],
  zrange_million: ['ZRANGE', 'zset', '500000', '500099'],
  hget_million: ['HGET', 'hash', MEMBER],
};

const [name = '', test = '', pipeline = ''] = words('SYSTEM TEST PIPELINE');
const system = await startSystem(name);
const { host, port } = system.address;
const place = ['-h', host, '-p', `${port}`];
const command = ON_A_MILLION[test];
if (command !== undefined) await fill();
const load = [...place, '-c', CONNECTIONS, '-P', pipeline, '--csv'];
const tested = command === undefined ? ['-t', test] : ['-r', `${MEMBERS}`, ...command];
const requests = Number(pipeline) > 1 ? 4 * REQUESTS : REQUESTS;
// What is compiled while it runs is, and the keys are there.
await measure(requests / 2);
printNumber(await measure(requests), 'requests/s');
await system.stop();

async function measure(count: number): Promise<number> {
  const argv = ['redis-benchmark', ...load, '-n', `${count}`, ...tested];
  const { stdout } = await execa('taskset', ['-c', `${system.clientCore}`, ...argv]);
  // The first line has the columns' names. A test that needs data fills it in a test before its own.
  const last = stdout.trim().split('\n').at(-1) ?? '';
  const perSecond = Number(/^"[^"]*","([\d.]+)"/.exec(last)?.[1]);
  if (!(perSecond > 0)) throw new Error(`redis-benchmark printed no rate: ${stdout}`);
  return perSecond;
}

async function fill(): Promise<void> {
  const lines: string[] = [];
  for (let number = 0; number < MEMBERS; number++) {
    const member = `member:${String(number).padStart(12, '0')}`;
    lines.push(`ZADD zset ${number} ${member}\r\nHSET hash ${member} ${number}\r\n`);
  }
  await execa('redis-cli', [...place, '--pipe'], { input: lines.join(''), stdout: 'ignore' });
}
