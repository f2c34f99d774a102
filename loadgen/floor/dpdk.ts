/**
 * The floor of a round trip over DPDK's memif: two processes of libos/native/floor-dpdk.c, each polling on its own
 * core, exchange frames exactly as long as our TCP makes them of the workload's request and its reply.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nativeProgram } from '../../libos/index.ts';
import { LoadError } from '../errors.ts';
import { GET, SET, Workload } from '../workload.ts';
import { type FloorOutcome, floorOutcome } from './counts.ts';

export interface DpdkFloorOptions {
  operation: 'get' | 'set';
  valueBytes: number;
  warmupS: number;
  durationS: number;
  /** Of the side that answers, and of the side that asks. */
  cores: [number, number];
  /** Largest IPv4 packet; a longer request or reply takes several frames. */
  mtu: number;
}

/** unix(7). */
const SOCKET_BYTES_MAX = 107;
/** How long a side has to end by itself once the other has. */
const END_MS = 1000;
/** What a failing side said last is told; DPDK writes lines before ours that may hold the cause. */
const LINES_TOLD = 3;

/** Null when `stop` resolved first. Throws FLOOR_FAILED; LibosError BACKEND_UNAVAILABLE when it is not built. */
export async function measureDpdkFloor(
  options: DpdkFloorOptions,
  stop: Promise<void>,
): Promise<FloorOutcome | null> {
  const program = nativeProgram('floor-dpdk');
  const folder = mkdtempSync(join(tmpdir(), 'bypassbench-floor-'));
  const counts = join(folder, 'counts');
  const [requestBytes, replyBytes] = messageBytes(options);
  const socket = join(folder, 'memif.sock');
  const common = [socket, options.mtu, requestBytes, replyBytes];
  const window = [options.warmupS, options.durationS, counts];
  const sides: Side[] = [];
  const start = (...args: (string | number)[]): Side => {
    const side = new Side(program, args.map(String), folder);
    sides.push(side);
    return side;
  };
  try {
    if (Buffer.byteLength(socket) > SOCKET_BYTES_MAX) {
      const message = `the path of a Unix socket has at most ${SOCKET_BYTES_MAX} bytes, ${socket} has more: set TMPDIR to a shorter folder`;
      throw new LoadError('FLOOR_FAILED', message);
    }
    const stopped = stop.then(() => 'stopped' as const);
    const server = start('server', options.cores[0], ...common);
    if ((await Promise.race([server.ready, stopped])) === 'stopped') return null;
    const client = start('client', options.cores[1], ...common, ...window);
    const both = Promise.all([client.succeeded, server.succeeded]);
    if ((await Promise.race([both, stopped])) === 'stopped') return null;
    return floorOutcome(options.operation, readFileSync(counts, 'utf8'));
  } finally {
    await Promise.all(sides.map((side) => side.end()));
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Lengths of the request and of its reply; they are the same for every key. */
function messageBytes({ operation, valueBytes }: DpdkFloorOptions): [number, number] {
  const workload = new Workload({
    operation,
    getShare: 0,
    keys: 1,
    keyDistribution: 'single',
    valueBytes,
    seed: 0,
  });
  const kind = operation === 'get' ? GET : SET;
  return [workload.request(kind, 0).length, workload.expectedReply(kind, 0).length];
}

/** One of the two processes. */
class Side {
  /** The process has said that it is ready. Rejects with FLOOR_FAILED when it ends before. */
  readonly ready: Promise<void>;
  /** The process has ended well. Rejects with FLOOR_FAILED. */
  readonly succeeded: Promise<void>;
  readonly #child: ChildProcess;
  readonly #exited: Promise<unknown>;

  constructor(program: string, args: string[], folder: string) {
    // DPDK keeps its files in there, which else are left in /var/run.
    const env = { ...process.env, RUNTIME_DIRECTORY: folder };
    this.#child = spawn(program, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    const child = this.#child;
    let said = '';
    child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
    this.succeeded = once(child, 'close').then(([code, signal]) => {
      if (code === 0) return;
      const words = said.trim().split('\n').slice(-LINES_TOLD).join('; ');
      const how = signal ? `was ended by ${signal}` : `exited with code ${code}`;
      throw new LoadError('FLOOR_FAILED', `the floor's ${args[0]} ${how}: ${words || 'it said nothing'}`);
    });
    this.#exited = this.succeeded.catch(() => {});
    const says = once(child.stdout!, 'data').then(() => {});
    this.ready = Promise.race([says, this.succeeded]);
    // Who is interested awaits them.
    this.ready.catch(() => {});
  }

  async end(): Promise<void> {
    this.#child.kill('SIGTERM');
    const killer = setTimeout(() => this.#child.kill('SIGKILL'), END_MS);
    await this.#exited;
    clearTimeout(killer);
  }
}
