/**
 * The floor of a round trip over the kernel's sockets: two processes of native/floor-sockets.c, each polling
 * on its own core, exchange messages as long as the workload's request and its reply over TCP, or UDP, on loopback.
 */
import { LoadError } from '../errors.ts';
import { outcomeOfCounts } from './counts.ts';
import { type FloorMessages, messageBytes } from './messages.ts';
import type { FloorOutcome } from './outcome.ts';
import { numberSaid, runPair } from './pair.ts';
import { nativeProgram } from './programs.ts';
import { type FloorWindow, windowArguments } from './window.ts';

export interface KernelFloorOptions extends FloorMessages, FloorWindow {
  /** Each message is a datagram. */
  datagrams: boolean;
}

/** Of UDP over IPv4: 65,535 less both headers. */
const DATAGRAM_BYTES_MAX = 65_507;

/**
 * Null when `stop` resolved first. Throws FLOOR_FAILED; LibosError BACKEND_UNAVAILABLE when it is not built.
 */
export async function measureKernelFloor(
  options: KernelFloorOptions,
  stop: Promise<void>,
): Promise<FloorOutcome | null> {
  const lengths = messageBytes(options);
  const longest = Math.max(...lengths);
  if (options.datagrams && longest > DATAGRAM_BYTES_MAX) {
    const limit = `a datagram has at most ${DATAGRAM_BYTES_MAX} bytes`;
    throw new LoadError(
      'FLOOR_FAILED',
      `${limit}, a message here has ${longest}: give a smaller --value-bytes`,
    );
  }
  const [serverCore, clientCore] = options.cores;
  const kind = options.datagrams ? ['datagrams'] : [];
  const pair = {
    program: nativeProgram('floor-sockets'),
    env: process.env,
    server: [serverCore, ...lengths, ...kind],
    client: (said: string) => [
      clientCore,
      numberSaid(said, 'port'),
      ...lengths,
      ...windowArguments(options),
      ...kind,
    ],
  };
  const counts = await runPair(pair, stop);
  return counts === null ? null : outcomeOfCounts(options.operation, options.cores, counts);
}
