/**
 * The floor of a round trip over DPDK's memif: two processes of libos/native/floor-dpdk.c, each polling on its own
 * core, exchange frames exactly as long as our TCP makes them of the workload's request and its reply.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nativeProgram } from '../../libos/index.ts';
import { LoadError } from '../errors.ts';
import { outcomeOfCounts } from './dpdk-counts.ts';
import { type Exchange, messageBytes } from './messages.ts';
import type { FloorOutcome } from './outcome.ts';
import { Side } from './side.ts';

export interface DpdkFloorOptions extends Exchange {
  warmupS: number;
  durationS: number;
  /** Of the side that answers, and of the side that asks. */
  cores: [number, number];
  /** Largest IPv4 packet; a longer request or reply takes several frames. */
  mtu: number;
}

/** unix(7). */
const SOCKET_BYTES_MAX = 107;

/**
 * Resolves when the client has written what it measured; rejects with the failure that was first. After that the server's end
 * is not waited for: net_memif of DPDK 22.11 sometimes crashes where it takes its ring down, when all has been measured.
 */
async function resultOf(client: Side, server: Side): Promise<void> {
  let failure: unknown;
  server.succeeded.catch((error) => {
    failure = error;
  });
  try {
    await client.succeeded;
  } catch (error) {
    throw failure ?? error;
  }
}

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
  // DPDK keeps its files in there, which else are left in /var/run.
  const env = { ...process.env, RUNTIME_DIRECTORY: folder };
  const sides: Side[] = [];
  const start = (name: string, ...args: (string | number)[]): Side => {
    const side = new Side(name, [program, name, ...args.map(String)], env);
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
    if ((await Promise.race([server.spoke(), stopped])) === 'stopped') return null;
    const client = start('client', options.cores[1], ...common, ...window);
    if ((await Promise.race([resultOf(client, server), stopped])) === 'stopped') return null;
    return outcomeOfCounts(options.operation, readFileSync(counts, 'utf8'));
  } finally {
    await Promise.all(sides.map((side) => side.end()));
    rmSync(folder, { recursive: true, force: true });
  }
}
