/**
 * The floor of a round trip over DPDK's memif: two processes of native/floor-dpdk.c, each polling on its own
 * core, exchange frames as long as those of our TCP for the workload's request and its reply.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LoadError } from '../errors.ts';
import { outcomeOfCounts } from './counts.ts';
import { type FloorMessages, messageBytes } from './messages.ts';
import type { FloorOutcome } from './outcome.ts';
import { runPair } from './pair.ts';
import { nativeProgram } from './programs.ts';
import { type FloorWindow, windowArguments } from './window.ts';

export interface DpdkFloorOptions extends FloorMessages, FloorWindow {
  /** Largest IPv4 packet; a longer request or reply takes several frames. */
  mtu: number;
}

/** unix(7). */
const SOCKET_BYTES_MAX = 107;

/**
 * Null when `stop` resolved first. Throws FLOOR_FAILED; LibosError BACKEND_UNAVAILABLE when it is not built.
 */
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
  const [serverCore, clientCore] = options.cores;
  try {
    if (Buffer.byteLength(socket) > SOCKET_BYTES_MAX) {
      const limit = `the path of a Unix socket has at most ${SOCKET_BYTES_MAX} bytes`;
      throw new LoadError('FLOOR_FAILED', `${limit}, ${socket} has more: set TMPDIR to a shorter folder`);
    }
    const pair = {
      program,
      // DPDK keeps its files there; else it leaves them in /var/run.
      env: { ...process.env, RUNTIME_DIRECTORY: folder },
      server: [serverCore, ...common],
      client: () => [clientCore, ...common, counts, ...windowArguments(options)],
    };
    if ((await runPair(pair, stop)) === null) return null;
    return outcomeOfCounts(options.operation, options.cores, readFileSync(counts, 'utf8'));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
