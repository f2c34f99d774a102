/** Several load generators of one server, as one starts them by hand: they begin when they are told. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { command } from '../loadgen/command.ts';
import { type LoadResult, loadResultFormat, POPULATED_LINE, READY_LINE } from '../results/formats/index.ts';
import { LoadedRedis } from './loaded-redis.ts';
import { refusal } from './refusal.ts';

const bypassbench = join(import.meta.dirname, '..', 'bin', 'bypassbench');
const redis = new LoadedRedis();
const KEYS = 300;
const target = () => ['--target', redis.target, '--keys', `${KEYS}`, '--idle', 'sleep'];

class Generator {
  readonly out = redis.nextOut();
  readonly child: ChildProcess;
  readonly ended: Promise<unknown[]>;
  said = '';
  complained = '';

  constructor(place: number, of: number, words: readonly string[]) {
    const whole = [...target(), ...words, '--generator', `${place}/${of}`, '--out', this.out];
    this.child = spawn(bypassbench, ['load', ...whole], { stdio: 'pipe' });
    onTestFinished(() => void this.child.kill('SIGKILL'));
    this.child.stdout!.on('data', (text) => {
      this.said += text;
    });
    this.child.stderr!.on('data', (text) => {
      this.complained += text;
    });
    this.ended = once(this.child, 'close');
  }

  async untilSaid(line: string): Promise<void> {
    while (!this.said.split('\n').slice(0, -1).includes(line)) {
      await Promise.race([
        once(this.child.stdout!, 'data'),
        this.ended.then(() => Promise.reject(this.complained)),
      ]);
    }
  }

  tell(inMs: number): bigint {
    const moment = BigInt(Date.now() + inMs) * 1_000_000n;
    this.child.stdin!.write(`${moment}\n`);
    return moment / 1000n;
  }

  async result(): Promise<LoadResult> {
    expect(await this.ended, this.complained).toEqual([0, null]);
    return loadResultFormat.read(readFileSync(join(this.out, 'result.json'), 'utf8'));
  }
}

async function together(of: number, words: readonly string[], leadMs: number) {
  const generators = [new Generator(1, of, words)];
  if (words.includes('--populate')) await generators[0]?.untilSaid(POPULATED_LINE);
  while (generators.length < of) generators.push(new Generator(generators.length + 1, of, words));
  await Promise.all(generators.map((one) => one.untilSaid(READY_LINE)));
  const told = generators.map((one) => one.tell(leadMs));
  const results = await Promise.all(generators.map((one) => one.result()));
  return { results, told, generators };
}

it('two closed loops, one of two threads, begin when they are told, warm, and each says what it received when', async () => {
  const words = [
    '--connections',
    '5',
    '--threads',
    '2',
    '--populate',
    '--warmup-s',
    '0.05',
    '--duration-s',
    '0.4',
  ];
  const before = await redis.calls('set');
  const { results, told } = await together(2, words, 300);
  expect((await redis.calls('set')) - before).toBe(KEYS);
  expect(results.map(({ connections }) => connections)).toEqual([3, 2]);
  for (const [index, { generator, operations, rates }] of results.entries()) {
    const { began_us, ended_us, told_us, received, ...place } = generator!;
    const whole = { connections: 5, bulk_connections: 0, rate_ops: null };
    expect(place).toEqual({ place: index + 1, of: 2, whole });
    expect(Math.abs(told_us - Number(told[index]))).toBeLessThanOrEqual(2);
    expect(began_us).toBeGreaterThanOrEqual(told_us - 2);
    expect(ended_us).toBeGreaterThan(began_us);
    const [get] = operations;
    expect(get).toMatchObject({ hits: get!.requests, misses: 0 });
    const counted = received.reduce((sum, slice) => sum + (slice.operations.get ?? 0), 0);
    expect(counted).toBe(get!.hits);
    // The windows of two threads are not of one length to the microsecond.
    expect((rates!.achieved_ops * rates!.window_s) / counted).toBeCloseTo(1, 1);
  }
});

it('two open loops send one schedule: together what is due, each every second request', async () => {
  const rate = ['--rate', '4000', '--arrivals', 'constant', '--connections', '4', '--pipeline', '500'];
  const { results, generators } = await together(
    2,
    [...rate, '--populate', '--warmup-s', '0.1', '--duration-s', '0.5'],
    600,
  );
  for (const [index, { operations, rate_ops, generator, own_lag_us }] of results.entries()) {
    expect(Math.abs(operations[0]?.requests - 1000)).toBeLessThanOrEqual(1);
    expect(rate_ops).toBe(2000);
    expect(generator!.whole.rate_ops).toBe(4000);
    expect(generator!.ended_us - generator!.told_us).toBeLessThan(500_010);
    expect(own_lag_us).not.toBeNull();
    for (const file of ['get.service.hdr', 'schedule.lag.hdr', 'schedule.own-lag.hdr']) {
      expect(existsSync(join(generators[index]?.out ?? '', file)), file).toBe(true);
    }
  }
});

it('without a moment it ends, and says what it lacks', async () => {
  const generator = new Generator(2, 2, ['--connections', '2', '--warmup-s', '0', '--duration-s', '1']);
  await generator.untilSaid(READY_LINE);
  generator.child.stdin!.end();
  expect(await generator.ended).toEqual([1, null]);
  expect(generator.complained).toContain('standard input ended before it said when to begin');
});

it.each([
  [
    ['--generator', '1/3', '--connections', '2'],
    '--connections 2 for 3 generators: each thread needs one, give 3',
  ],
  [['--generator', '2/2', '--connections', '2', '--bulk-connections', '1'], 'each needs one, give 2'],
  [['--generator', '2/200', '--connections', '400', '--threads', '2'], '256 threads can be told apart'],
  [
    ['--generator', '1/2', '--connections', '2', '--stamps-every', '1', '--out', 'x'],
    'stamps are of one clock',
  ],
  [
    ['--generator', '1/2', '--connections', '2', '--core', '0', '--server-core', '1'],
    'nobody may stand still',
  ],
])('refuses %s', async (words, message) => {
  expect(await refusal(command(), ...target(), ...words)).toContain(message);
});
