/** Several threads of one load against a real server: what they send together, and how they fail. */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import net from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { decodeFromCompressedBase64 } from 'hdr-histogram-js';
import { expect, it } from 'vitest';
import { command } from '../loadgen/command.ts';
import { loadResultFormat } from '../results/formats/index.ts';
import { LoadedRedis } from './loaded-redis.ts';
import { refusal } from './refusal.ts';

const bypassbench = join(import.meta.dirname, '..', 'bin', 'bypassbench');
const run = promisify(execFile);

const redis = new LoadedRedis();
const target = () => ['--target', redis.target, '--keys', '100'];

async function load(...args: string[]) {
  const out = redis.nextOut();
  const { stdout, stderr } = await run(bypassbench, ['load', ...target(), '--out', out, ...args]);
  return {
    out,
    stdout,
    stderr,
    result: loadResultFormat.read(await readFile(join(out, 'result.json'), 'utf8')),
  };
}

it('a closed loop of three threads shares its connections and its requests, and merges by count', async () => {
  const { out, stdout, result } = await load(
    ...['--threads', '3', '--connections', '5', '--requests', '1000', '--warmup-s', '0.05', '--populate'],
  );
  const [get] = result.operations;
  expect(get).toMatchObject({ requests: 1000, hits: 1000, slice_p50_ns: [] });
  expect(result.threads?.map(({ connections, kept_schedule }) => [connections, kept_schedule])).toEqual([
    [2, null],
    [2, null],
    [1, null],
  ]);
  const histogram = decodeFromCompressedBase64((await readFile(join(out, 'get.hdr'), 'utf8')).trim());
  expect(histogram.totalCount).toBe(1000);
  expect(histogram.getValueAtPercentile(99)).toBe(get.latency_ns!.p99);
  expect((await readdir(out)).sort()).toEqual(['get.hdr', 'get.hgrm', 'result.json']);
  expect(stdout).toContain('slices, distances, stamps and pauses are of one thread');
});

it('an open loop of two threads sends one schedule: as many as are due, none twice', async () => {
  const { stderr, result } = await load(
    ...['--rate', '2000', '--arrivals', 'constant', '--threads', '2', '--cores', '0', '--connections', '2'],
    ...['--pipeline', '500', '--idle', 'sleep', '--warmup-s', '0.1', '--duration-s', '0.5'],
  );
  const [get] = result.operations;
  expect(Math.abs(get.requests - 1000)).toBeLessThanOrEqual(1);
  expect(get.hits).toBe(get.requests);
  expect(result.rates?.offered_ops).toBe(get.requests / 0.5);
  const threads = result.threads!;
  expect(threads.map(({ core }) => core)).toEqual([0, 0]);
  expect(Math.abs(threads[0].offered_ops! - threads[1].offered_ops!)).toBeLessThanOrEqual(2);
  expect(result.sent_late).toBe(threads[0].sent_late! + threads[1].sent_late!);
  expect(stderr).toContain('2 threads share 1 core');
});

it('the thread that fails is named, and the others end', async () => {
  let accepted = 0;
  const closing = net.createServer((socket) => {
    const isSecond = accepted++ > 0;
    socket.on('error', () => {}).on('data', () => (isSecond ? socket.destroy() : socket.write('$-1\r\n')));
  });
  await once(closing.listen(0, '127.0.0.1'), 'listening');
  const { port } = closing.address() as net.AddressInfo;
  const failed = run(bypassbench, [
    'load',
    '--target',
    `127.0.0.1:${port}`,
    '--threads',
    '2',
    '--connections',
    '2',
  ]);
  await expect(failed).rejects.toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/^bypassbench: thread [01]: lost a connection to 127\.0\.0\.1:\d+: /),
  });
  closing.close();
});

it('SIGINT ends all of them', async () => {
  const threads = ['--threads', '2', '--connections', '2', '--duration-s', '60'];
  const child = spawn(bypassbench, ['load', ...target(), ...threads], { stdio: 'ignore' });
  while ((await redis.clients()) < 3) await sleep(5);
  child.kill('SIGINT');
  expect(await once(child, 'exit')).toEqual([130, null]);
});

it.each([
  [['--threads', '3', '--connections', '2'], 'each thread needs a connection'],
  [['--threads', '2', '--connections', '2', '--core', '0'], 'name the cores of several with --cores'],
  [['--cores', '0,1', '--core', '0'], 'name the cores of several with --cores'],
  [['--cores', '0,0'], 'Core 0 is there twice'],
  [['--threads', '1', '--cores', '0,1'], '--cores names 2 cores for --threads 1'],
  [['--threads', '2', '--connections', '2', '--requests', '1'], 'each thread needs a request'],
  [['--threads', '2', '--connections', '2', '--backend', 'dpdk'], 'a process has one device'],
  [['--threads', '2', '--connections', '2', '--stamps-every', '1', '--out', 'x'], 'stamps are of one thread'],
])('refuses %s', async (words, message) => {
  expect(await refusal(command(), ...target(), ...words)).toContain(message);
});
