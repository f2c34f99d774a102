/**
 * `bypassbench knee` against a server whose capacity is known: it answers one message after the other, each in its
 * time.
 */
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { command } from '../loadgen/knee/command.ts';
import { kneeFormat } from '../results/formats/index.ts';
import { refusal } from './refusal.ts';

const bypassbench = join(import.meta.dirname, '..', 'bin', 'bypassbench');
const run = promisify(execFile);
const MESSAGE_BYTES = 64;
const SERVICE_MS = 4;

/** Echoes each message when `SERVICE_MS` are over since the one before it: 250 a second at most. */
async function serialServer(): Promise<net.Server> {
  let freeMs = 0;
  const server = net.createServer((socket) => {
    let left = Buffer.alloc(0);
    socket
      .on('error', () => {})
      .on('data', (data: Buffer) => {
        left = Buffer.concat([left, data]);
        for (; left.length >= MESSAGE_BYTES; left = left.subarray(MESSAGE_BYTES)) {
          const message = left.subarray(0, MESSAGE_BYTES);
          freeMs = Math.max(freeMs, performance.now()) + SERVICE_MS;
          setTimeout(() => socket.write(message), freeMs - performance.now());
        }
      });
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return server;
}

it('ends below what the server can answer, with an interval, in text and as JSON', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'bypassbench-knee-'));
  const json = join(folder, 'knee.json');
  const server = await serialServer();
  const { port } = server.address() as net.AddressInfo;
  const { stdout, stderr } = await run(bypassbench, [
    ...[
      'knee',
      '--protocol',
      'echo',
      '--target',
      `127.0.0.1:${port}`,
      '--value-bytes',
      String(MESSAGE_BYTES),
    ],
    ...['--limit-us', '60000', '--percentile', '50', '--trials', '2', '--within', '60', '--start-rate', '60'],
    ...['--pipeline', '1000', '--idle', 'sleep', '--warmup-s', '0.02', '--duration-s', '0.6', '--json', json],
  ]);
  const knee = kneeFormat.read(await readFile(json, 'utf8'));
  await rm(folder, { recursive: true });
  server.close();
  // Beyond 250 a second half of the requests of a trial soon wait for longer than that. The machine may be busy.
  expect(knee.passes_ops!).toBeLessThan(500);
  expect(knee.passes_ops!).toBeGreaterThanOrEqual(15);
  expect(knee).toMatchObject({
    percentile: 50,
    limit_us: 60000,
    confidence: 0.75,
    pipeline: 1000,
    threads: 1,
  });
  expect(['found', 'generator']).toContain(knee.end);
  if (knee.end === 'found') expect(knee.fails_ops! / knee.passes_ops!).toBeLessThanOrEqual(1.6);
  expect(stderr.trim().split('\n').length).toBeGreaterThanOrEqual(knee.rates.length);
  expect(stdout).toContain(`${knee.trials} trials of ${knee.rates.length} rates`);
});

it.each([
  [['--limit-us', '0'], 'It must be a number from 0.1'],
  [['--limit-us', '10', '--start-rate', '5'], 'must lie between --lowest-rate 10 and'],
  [['--limit-us', '10', '--arrivals', 'pareto'], 'pareto lacks shape'],
  [['--limit-us', '10', '--threads', '2'], 'each thread needs a connection'],
  [['--limit-us', '10', '--rate', '5'], "unknown option '--rate'"],
])('refuses %s', async (words, message) => {
  expect(await refusal(command(), '--target', '127.0.0.1:6379', ...words)).toContain(message);
});
