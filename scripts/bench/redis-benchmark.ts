/**
 * Requests per second that redis-benchmark has of a system with 50 connections, over what it has of redis-server: the
 * least of the ratios of its own tests, or of commands on types with a million members. Each ratio is that of two
 * medians; both servers run on the same core, in turn. All ratios go to standard error.
 *
 *     node scripts/bench/redis-benchmark.ts SYSTEM PIPELINE own|million
 */
import { execa } from 'execa';
import { median } from 'simple-statistics';
import { type StartedSystem, startSystem } from '../../experiments/index.ts';
import { printNumber, words } from './print.ts';

const CONNECTIONS = '50';
const ROUNDS = 5;
/** Less than a second of most tests. */
const REQUESTS = 25_000;
const MEMBERS = 1_000_000;
/** redis-benchmark writes a random number of twelve digits, less than MEMBERS, in the place of the second word. */
const MEMBER = 'member:__rand_int__';

const OWN_TESTS = [
  ...['ping_inline', 'ping_mbulk', 'set', 'get', 'incr', 'lpush', 'rpush', 'lpop', 'rpop', 'sadd', 'hset'],
  ...['spop', 'zadd', 'zpopmin', 'lrange_100', 'lrange_300', 'lrange_500', 'lrange_600', 'mset'],
].map((name) => ({ name, argv: ['-t', name] }));
/** On the types that fill() makes. */
const ON_A_MILLION = [
  ['ZRANK', 'zset', MEMBER],
  ['ZRANGE', 'zset', '500000', '500099'],
  ['HGET', 'hash', MEMBER],
].map((command) => ({ name: command[0], argv: ['-r', `${MEMBERS}`, ...command] }));

const [name = '', pipeline = '', which = ''] = words('SYSTEM PIPELINE own|million');
if (which !== 'own' && which !== 'million') throw new Error('usage: SYSTEM PIPELINE own|million');
const redis = await started('redis');
const system = await started(name);
let least = Number.POSITIVE_INFINITY;
for (const { name: test, argv } of which === 'own' ? OWN_TESTS : ON_A_MILLION) {
  const ratio = await compare(argv);
  console.error(`${test}: ${ratio.toFixed(2)}`);
  least = Math.min(least, ratio);
}
printNumber(least, 'of redis-server');
for (const one of [system, redis]) {
  one.goOn();
  await one.stop();
}

/** A server that polls leaves the core to others only while it stands still. */
async function started(wanted: string): Promise<StartedSystem> {
  const one = await startSystem(wanted);
  if (which === 'million') await fill(one);
  one.standStill();
  return one;
}

async function compare(argv: string[]): Promise<number> {
  const rates: { ours: number; theirs: number }[] = [];
  // In the first round, code is compiled and keys are made.
  for (let round = 0; round <= ROUNDS; round++) {
    rates.push({ theirs: await measure(redis, argv), ours: await measure(system, argv) });
  }
  const counted = rates.slice(1);
  return median(counted.map(({ ours }) => ours)) / median(counted.map(({ theirs }) => theirs));
}

function place({ address }: StartedSystem): string[] {
  return ['-h', address.host, '-p', `${address.port}`];
}

async function measure(of: StartedSystem, argv: string[]): Promise<number> {
  const requests = REQUESTS * (Number(pipeline) > 1 ? 4 : 1);
  const load = [...place(of), '-c', CONNECTIONS, '-P', pipeline, '-n', `${requests}`, '--csv', ...argv];
  of.goOn();
  const { stdout } = await execa('taskset', ['-c', `${of.clientCore}`, 'redis-benchmark', ...load]);
  of.standStill();
  // The first line has the columns' names. A test that needs data fills it in a test before its own.
  const last = stdout.trim().split('\n').at(-1) ?? '';
  const perSecond = Number(/^"[^"]*","([\d.]+)"/.exec(last)?.[1]);
  if (!(perSecond > 0)) throw new Error(`redis-benchmark printed no rate: ${stdout}`);
  return perSecond;
}

async function fill(filled: StartedSystem): Promise<void> {
  const lines: string[] = [];
  for (let number = 0; number < MEMBERS; number++) {
    const member = `member:${String(number).padStart(12, '0')}`;
    lines.push(`ZADD zset ${number} ${member}\r\nHSET hash ${member} ${number}\r\n`);
  }
  await execa('redis-cli', [...place(filled), '--pipe'], { input: lines.join(''), stdout: 'ignore' });
}
