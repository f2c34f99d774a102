/** The servers that the benchmarks compare, started on core 0, with the clients on core 1. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { execa, type ResultPromise } from 'execa';
import { freePort } from '../../experiments/index.ts';

export const SERVER_CORE = 0;
export const CLIENT_CORE = 1;
export type SystemName = 'redis' | 'kv-sockets' | 'kv-kernel' | 'kv-rdma' | 'kv-dpdk';

export const bypassbench = join(import.meta.dirname, '..', '..', 'bin', 'bypassbench');
const HOST = '127.0.0.1';
const MEMIF_SERVER = '10.99.0.1';
const READY_TIMEOUT_MS = 15_000;

export interface Server {
  port: number;
  pid: number;
  /** Arguments of `bypassbench load` that reach it. */
  clientArgs: string[];
  stop(): Promise<void>;
}

/** How a server is to be started beside what the system says. */
export interface ServerOptions {
  args?: string[];
  /** Arguments for Node. */
  nodeArgs?: string[];
  /** Told of each line that it prints. */
  onLine?: (line: string) => void;
}

function commandOf(system: SystemName, port: number, folder: string): string[] {
  if (system === 'redis') {
    return ['redis-server', '--port', `${port}`, '--bind', HOST, '--save', '', '--appendonly', 'no'];
  }
  const serve = [bypassbench, 'serve', '--port', `${port}`];
  if (system === 'kv-sockets') return [...serve, '--frontend', 'sockets'];
  const libos = [...serve, '--frontend', 'libos', '--core', `${SERVER_CORE}`];
  if (system === 'kv-kernel') return libos;
  return [...libos, ...(system === 'kv-rdma' ? RDMA_ARGS : memifArgs(folder, 'server'))];
}

/** Over shm, within this machine. */
const RDMA_ARGS = ['--backend', 'rdma'];

function memifArgs(folder: string, role: 'server' | 'client'): string[] {
  const ip = role === 'server' ? `${MEMIF_SERVER}/24` : '10.99.0.2/24';
  const options = [`role=${role}`, `socket=${join(folder, 'memif.sock')}`, `ip=${ip}`];
  return ['--backend', 'dpdk', ...options.flatMap((option) => ['-o', option])];
}

/** Starts a server and waits until it is ready. */
export async function startServer(system: SystemName, options: ServerOptions = {}): Promise<Server> {
  const folder = await mkdtemp(join(tmpdir(), 'bypassbench-server-'));
  const port = await freePort(HOST);
  const [program, ...rest] = [...commandOf(system, port, folder), ...(options.args ?? [])];
  const command = options.nodeArgs
    ? [process.execPath, ...options.nodeArgs, `${program}.ts`, ...rest]
    : [program, ...rest];
  const child = execa('taskset', ['-c', `${SERVER_CORE}`, ...command], {
    stdio: ['ignore', 'pipe', 'inherit'],
    buffer: false,
    reject: false,
  });
  const state = { ended: false, ready: false };
  void child.then(() => {
    state.ended = true;
  });
  void readLines(child, (line) => {
    if (line.startsWith('{"ready":true')) state.ready = true;
    options.onLine?.(line);
  });
  const answers = async () => (system === 'redis' ? (await redisCli(port, 'PING')) === 'PONG' : state.ready);
  const deadline = Date.now() + READY_TIMEOUT_MS;
  while (!(await answers())) {
    if (state.ended || Date.now() > deadline) throw new Error(`${system} did not come up`);
    await sleep(50);
  }
  const host = system === 'kv-dpdk' ? MEMIF_SERVER : HOST;
  return {
    port,
    pid: child.pid!,
    clientArgs: ['--target', `${host}:${port}`, ...clientBackendArgs(system, folder)],
    async stop() {
      await stop(child);
      await rm(folder, { recursive: true });
    },
  };
}

function clientBackendArgs(system: SystemName, folder: string): string[] {
  if (system === 'kv-rdma') return RDMA_ARGS;
  return system === 'kv-dpdk' ? memifArgs(folder, 'client') : [];
}

async function readLines(child: AsyncIterable<unknown>, onLine: (line: string) => void): Promise<void> {
  for await (const line of child) onLine(String(line));
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

export interface LoadResult {
  operation: LoadOperation;
  /** Share of the client's polls that found nothing: 0 where the client has never to wait. */
  idle_polls: number;
}

/** Runs `bypassbench load` against a server. Throws if any reply was not a hit. */
export async function load(server: Server, ...args: string[]): Promise<LoadResult> {
  return measured(`${CLIENT_CORE}`, ['load', ...server.clientArgs, '--core', `${CLIENT_CORE}`, ...args]);
}

/** Runs a subcommand of bypassbench that writes a load result on these cores ('0,1'). */
export async function measured(cores: string, args: string[]): Promise<LoadResult> {
  const dir = await mkdtemp(join(tmpdir(), 'bypassbench-bench-'));
  try {
    await execa('taskset', ['-c', cores, bypassbench, ...args, '--out', dir]);
    const result = JSON.parse(await readFile(join(dir, 'result.json'), 'utf8'));
    const [operation]: LoadOperation[] = result.operations;
    if (operation.hits !== operation.requests)
      throw new Error(`replies other than hits: ${JSON.stringify(operation)}`);
    return { operation, idle_polls: result.idle_polls };
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
