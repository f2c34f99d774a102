/** What the load generator says of servers that stop answering, on all connections or on some of them. */
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { command } from '../loadgen/command.ts';
import { type LoadResult, loadResultFormat } from '../results/formats/index.ts';
import { answer } from './answer.ts';
import { startCounting } from './counted-requests.ts';
import { startRedis } from './redis-server.ts';
import { refusal } from './refusal.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bypassbench-silence-'));
});
afterAll(() => rm(folder, { recursive: true }));

let runs = 0;
/** How a load ends, and the folder that it was to write into. */
async function load(port: number, ...args: string[]): Promise<{ code: number; stderr: string; out: string }> {
  const out = join(folder, `run-${runs++}`);
  const words = ['--target', `127.0.0.1:${port}`, '--keys', '10', '--out', out, ...args];
  const { exitCode, stderr } = await answer(command(), ...words);
  return { code: exitCode, stderr, out };
}

/** What one says that fails, and leaves nothing. */
async function failure(port: number, ...args: string[]): Promise<string> {
  const out = join(folder, `run-${runs++}`);
  const words = ['--target', `127.0.0.1:${port}`, '--keys', '10', '--out', out, ...args];
  const said = await refusal(command(), ...words);
  expect(await readdir(out)).toEqual([]);
  return said;
}

async function resultIn(out: string): Promise<LoadResult> {
  return loadResultFormat.read(await readFile(join(out, 'result.json'), 'utf8'));
}

type Behaviour = (connection: number, request: number) => 'miss' | 'nothing' | 'close';

/** A server that does as it is told with each request of each connection, both counted from 0. */
async function startServer(behaviour: Behaviour): Promise<number> {
  let connections = 0;
  const listener = net.createServer((socket) => {
    const connection = connections++;
    let requests = 0;
    socket
      .on('error', () => {})
      .on('data', (data) => {
        for (const _ of data.toString('latin1').matchAll(/\*\d\r\n\$3\r\n[GS]ET/g)) {
          const todo = behaviour(connection, requests++);
          if (todo === 'miss') socket.write('$-1\r\n');
          if (todo === 'close') socket.destroy();
        }
      });
  });
  await once(listener.listen(0, '127.0.0.1'), 'listening');
  onTestFinished(() => void listener.close());
  return (listener.address() as net.AddressInfo).port;
}

describe('a server that stops answering', () => {
  // Spinning and asleep: it notices the same.
  it.each([
    ['a closed loop', [], 1],
    ['a pipeline', ['--connections', '2', '--pipeline', '4', '--idle', 'sleep'], 8],
  ])('in the window of %s', async (_what, args, outstanding) => {
    const answered = 10;
    const server = await startRedis();
    onTestFinished(() => server.stop());
    const counting = await startCounting(server.port, (count) =>
      count > answered ? new Promise(() => {}) : undefined,
    );
    onTestFinished(() => counting.close());
    // Without a warm-up the window begins with the first.
    const times = ['--populate', '--warmup-s', '0', '--duration-s', '0.3', '--reply-timeout-s', '0.8'];
    const { code, stderr, out } = await load(counting.port, ...times, ...args);
    expect(code).toBe(2);
    const were =
      outstanding === 1 ? 'request of the measured window was' : 'requests of the measured window were';
    const said = new RegExp(
      `^bypassbench: ${outstanding} ${were} never answered, and given up after [\\d.]+ s and more: `,
    );
    expect(stderr).toMatch(said);
    const result = await resultIn(out);
    const [get] = result.operations;
    expect([result.unanswered, get.hits]).toEqual([outstanding, answered]);
    expect(get.at_least_ns).toBeGreaterThan(0.5e9);
    expect(get.latency_ns!.max).toBeGreaterThan(0.8e9 * 0.99);
    // The window is no longer for the wait, and what it gave before is all that it gave.
    expect(result.elapsed_s).toBeLessThan(0.8);
    expect(result.rates!.achieved_ops * result.elapsed_s).toBeCloseTo(answered, 3);
  });

  it('on two of eight connections: the others go on, and are measured', async () => {
    const asked: number[] = [];
    const port = await startServer((connection, request) => {
      asked[connection] = request + 1;
      return connection < 2 && request >= 3 ? 'nothing' : 'miss';
    });
    const times = [
      '--connections',
      '8',
      '--warmup-s',
      '0',
      '--duration-s',
      '0.6',
      '--reply-timeout-s',
      '0.5',
    ];
    const { code, stderr, out } = await load(port, ...times, '--idle', 'sleep');
    expect([code, stderr]).toEqual([2, expect.stringMatching(/^bypassbench: 2 requests .* never answered/)]);
    const result = await resultIn(out);
    expect(result.unanswered).toBe(2);
    const [first, second, ...others] = asked;
    expect([first, second]).toEqual([4, 4]);
    expect(Math.min(...others)).toBeGreaterThan(8);
  });

  it('on two of three connections of an open loop', async () => {
    const port = await startServer((connection) => (connection < 2 ? 'nothing' : 'miss'));
    const rate = ['--rate', '100', '--arrivals', 'constant', '--connections', '3', '--idle', 'sleep'];
    const times = ['--warmup-s', '0', '--duration-s', '0.6', '--reply-timeout-s', '0.5'];
    const { code, out } = await load(port, ...rate, ...times);
    const { unanswered, operations } = await resultIn(out);
    expect(code).toBe(2);
    // Two, and what a machine that is slow has not sent in time.
    expect(unanswered).toBeGreaterThanOrEqual(2);
    expect(operations[0].requests).toBeGreaterThan(20);
    expect(operations[0].requests + unanswered!).toBe(60);
  });

  it.each([
    ['in the warm-up', ['--warmup-s', '0.1'], ['1 of 2 connections for 0.3 s'], (c: number) => c === 1],
    ['while keys are set', ['--populate'], [' has not answered for 0.3 s'], () => true],
  ])('%s, and nothing was measured', async (_when, args, said, isMute) => {
    const port = await startServer((connection) => (isMute(connection) ? 'nothing' : 'miss'));
    const stderr = await failure(port, '--connections', '2', '--reply-timeout-s', '0.3', ...args);
    expect(stderr).toContain(said[0]);
  });

  it('one that closes a connection: the load fails and says so', async () => {
    const port = await startServer((connection, request) =>
      connection === 1 && request > 2 ? 'close' : 'miss',
    );
    const times = ['--warmup-s', '0', '--duration-s', '0.3'];
    const stderr = await failure(port, '--connections', '2', ...times);
    expect(stderr).toContain(`lost a connection to 127.0.0.1:${port}: the server closed the connection`);
  });
});
