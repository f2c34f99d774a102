/**
 * `serve --idle sleep` is an ordinary event loop, by the system calls that it makes: strace sees them from outside. A
 * server that polls asks recv whether something has come: by that this test would know one.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, onTestFinished, test } from 'vitest';
import { bypassbench, type ReadyLine } from './example-servers.ts';
import { RespConnection } from './kvserver-processes.ts';
import { mayTrace } from './rights.ts';

const REQUESTS = 60;
/** Between two requests: the server is asleep again, under strace too. */
const PAUSE_MS = 5;
const TRACED = 'epoll_wait,epoll_pwait,recvfrom,recvmsg,sendto,sendmsg,getrusage';

interface Call {
  name: string;
  /** The file that it is about; of a wait the epoll instance. */
  fd: number;
  result: number;
  /** Of a wait: the files that it reported, and how long it would have waited. */
  reported: number[];
  timeoutMs: number;
}

/** `recvfrom(25, "PING"..., 16384, MSG_DONTWAIT, NULL, NULL) = 14` */
function callOf(line: string): Call | null {
  const [, name, fd, rest, result] = /^(\w+)\((\d+)(.*)\) += (-?\d+)/.exec(line) ?? [];
  if (name === undefined) return null;
  return {
    name,
    fd: Number(fd),
    result: Number(result),
    reported: [...rest.matchAll(/u32=(\d+)/g)].map(([, reported]) => Number(reported)),
    timeoutMs: Number(/, (-?\d+)(?:, NULL, \d+)?$/.exec(rest)?.[1]),
  };
}

const isWait = ({ name }: Call): boolean => name.startsWith('epoll_');
const isReceive = ({ name }: Call): boolean => name.startsWith('recv');
const isSend = ({ name }: Call): boolean => name.startsWith('send');

/** Starts the server under strace and asks it so often, one request at a time; the calls of its data path. */
async function callsOf(...flags: string[]): Promise<Call[]> {
  const folder = mkdtempSync(join(tmpdir(), 'event-loop-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const traced = ['-ff', '-qq', '-e', `trace=${TRACED}`, '-o', join(folder, 'calls')];
  const serve = ['serve', '--frontend', 'libos', '--port', '0', ...flags];
  // A group of its own: strace that is ended leaves running what it traces.
  const child = spawn('strace', [...traced, bypassbench, ...serve], {
    stdio: ['ignore', 'pipe', 'inherit'],
    detached: true,
  });
  const ended = once(child, 'exit');
  onTestFinished(() => {
    if (child.exitCode === null && child.signalCode === null) process.kill(-child.pid!, 'SIGKILL');
  });
  const lines = createInterface({ input: child.stdout });
  const [line] = (await once(lines, 'line')) as [string];
  const { port, pid } = JSON.parse(line) as ReadyLine;
  const client = await RespConnection.open(port);
  for (let i = 0; i < REQUESTS; i++) {
    expect((await client.command('PING')).text).toBe('PONG');
    await sleep(PAUSE_MS);
  }
  client.close();
  process.kill(pid, 'SIGTERM');
  await ended;
  const ofThreads = readdirSync(folder).map((file) =>
    readFileSync(join(folder, file), 'utf8')
      .split('\n')
      .flatMap((text) => callOf(text) ?? []),
  );
  return ofThreads.find((calls) => calls.some(isReceive)) ?? [];
}

/** Receives that are the first of what came, of which epoll had told nothing since the last one. */
function unannounced(calls: Call[]): Call[] {
  const announced = new Set<number>();
  return calls.filter((call) => {
    if (isWait(call)) for (const fd of call.reported) announced.add(fd);
    if (isReceive(call)) return !announced.delete(call.fd);
    return false;
  });
}

describe.runIf(mayTrace())('by its system calls', () => {
  test.each([
    ['typescript', []],
    ['redis', ['--', '--save', '']],
  ] as const)('engine %s, asleep while nothing happens', { timeout: 120_000 }, async (engine, options) => {
    const calls = await callsOf('--idle', 'sleep', '--engine', engine, ...options);
    const receives = calls.filter(isReceive);
    // The last one is the end of the stream.
    expect(receives.length).toBeGreaterThanOrEqual(REQUESTS);
    expect(receives.length).toBeLessThanOrEqual(REQUESTS + 2);
    expect(unannounced(calls)).toEqual([]);
    // A reply is followed by a wait that sleeps; Redis looks once where its timers are due, as they are after the
    // pause.
    const sends = calls.flatMap((call, index) => (isSend(call) ? [index] : []));
    expect(sends).toHaveLength(REQUESTS);
    const nearlyAll = 0.9 * REQUESTS;
    const sleeps = (call: Call | undefined) => call !== undefined && isWait(call) && call.timeoutMs > 0;
    const asleep = sends.filter((at) => calls.slice(at + 1, at + 3).some(sleeps));
    expect(asleep.length).toBeGreaterThan(nearlyAll);
    // And nothing lies between the wait that told of a request, the receive and the reply.
    const inRow = sends.filter((at) => isReceive(calls[at - 1]) && isWait(calls[at - 2]));
    expect(inRow.length).toBeGreaterThan(nearlyAll);
  });

  test('one that polls is told by it', { timeout: 120_000 }, async () => {
    const calls = await callsOf('--idle', 'poll');
    expect(unannounced(calls).length).toBeGreaterThan(REQUESTS);
  });
});
