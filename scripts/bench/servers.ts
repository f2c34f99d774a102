/** The servers that the benchmarks compare, started on core 0, with the clients on core 1. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { execa, type ResultPromise } from 'execa';
import { freePort } from '../../experiments/index.ts';

export const SERVER_CORE = 0;
export const CLIENT_CORE = 1;
export type SystemName = 'redis' | 'kv-sockets' | 'kv-kernel';

const bypassbench = join(import.meta.dirname, '..', '..', 'bin', 'bypassbench');
const HOST = '127.0.0.1';
const READY_TIMEOUT_MS = 15_000;

export interface Server {
  port: number;
  pid: number;
  stop(): Promise<void>;
}

function commandOf(system: SystemName, port: number): string[] {
  if (system === 'redis') {
    return ['redis-server', '--port', `${port}`, '--bind', HOST, '--save', '', '--appendonly', 'no'];
  }
  const frontend = system === 'kv-kernel' ? ['libos', '--core', `${SERVER_CORE}`] : ['sockets'];
  return [bypassbench, 'serve', '--port', `${port}`, '--frontend', ...frontend];
}

/** Starts a server and waits until it answers PING. */
export async function startServer(system: SystemName): Promise<Server> {
  const port = await freePort(HOST);
  const args = ['-c', `${SERVER_CORE}`, ...commandOf(system, port)];
  const child = execa('taskset', args, { stdio: ['ignore', 'ignore', 'inherit'], reject: false });
  let ended = false;
  void child.then(() => {
    ended = true;
  });
  const deadline = Date.now() + READY_TIMEOUT_MS;
  while ((await redisCli(port, 'PING')) !== 'PONG') {
    if (ended || Date.now() > deadline) throw new Error(`${system} did not come up`);
    await sleep(50);
  }
  return { port, pid: child.pid!, stop: () => stop(child) };
}

async function stop(child: ResultPromise): Promise<void> {
  child.kill('SIGTERM', undefined);
  await child;
}

export async function redisCli(port: number, ...args: string[]): Promise<string> {
  const { stdout } = await execa('redis-cli', ['-p', `${port}`, ...args], { reject: false });
  return stdout.trim();
}

/** One field of INFO as a number. */
export async function infoNumber(port: number, section: string, field: string): Promise<number> {
  const line = (await redisCli(port, 'INFO', section)).split('\n').find((one) => one.startsWith(`${field}:`));
  return Number(line?.slice(field.length + 1));
}

/** Resident memory of a process in bytes. */
export async function residentBytes(pid: number): Promise<number> {
  return Number(/VmRSS:\s+(\d+) kB/.exec(await readFile(`/proc/${pid}/status`, 'utf8'))![1]) * 1024;
}

export interface LoadOperation {
  requests: number;
  hits: number;
  throughput_ops: number;
  latency_ns: { p50: number; p99: number; p999: number };
}

/** Runs `bypassbench load` against a server; its one operation. Throws if any reply was not a hit. */
export async function load(port: number, ...args: string[]): Promise<LoadOperation> {
  const dir = await mkdtemp(join(tmpdir(), 'bypassbench-bench-'));
  try {
    const fixed = ['load', '--target', `${HOST}:${port}`, '--core', `${CLIENT_CORE}`, '--out', dir];
    await execa('taskset', ['-c', `${CLIENT_CORE}`, bypassbench, ...fixed, ...args]);
    const result = JSON.parse(await readFile(join(dir, 'result.json'), 'utf8'));
    const [operation]: LoadOperation[] = result.operations;
    if (operation.hits !== operation.requests)
      throw new Error(`replies other than hits: ${JSON.stringify(operation)}`);
    return operation;
  } finally {
    await rm(dir, { recursive: true });
  }
}

/** Requests per second that redis-benchmark reports, by test name ('SET', 'GET'). */
export async function redisBenchmark(port: number, ...args: string[]): Promise<Record<string, number>> {
  const fixed = ['-c', `${CLIENT_CORE}`, 'redis-benchmark', '-p', `${port}`, '--csv'];
  const { stdout } = await execa('taskset', [...fixed, ...args]);
  const rows = stdout.split('\n').map((line) => line.replaceAll('"', '').split(','));
  return Object.fromEntries(rows.slice(1).map(([test, rate]) => [test, Number(rate)]));
}
